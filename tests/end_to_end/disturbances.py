"""What is done to the five services while the demo plays: killed at every named instant, put to sleep, cut off."""

import asyncio
import os
import random
import re
import signal
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

from nursery import Forked

from cli.demo.bank_days import LOCAL, local_day
from local_stack.platform import SERVICES
from local_stack.postgres import run_sql

LOOK_EVERY_SECONDS = 0.03
RANDOM_INSTANT = "a random instant"
BY_BATCHES = (
    "after_validate",
    "after_inbox_insert",
    "after_effects",
    "before_db_commit",
    "after_db_commit",
    "before_ack",
)
BY_RELAY = ("after_delete", "between_sends", "after_acks", "after_relay_commit")
BY_ALARMS = ("after_take", "after_alarm_commit")
BY_CALLS = ("before_outside_call", "after_outside_call", "before_outcome_commit")
BY_DESK = ("after_letter_taken", "after_redrive", "before_letter_commit", "after_letter_commit")
NOTHING_DUE = dict.fromkeys(BY_ALARMS, "no row of it has a due_at")
NO_CALLS = dict.fromkeys(BY_CALLS, "it calls nobody outside")
NO_LETTERS = dict.fromkeys(BY_DESK, "nothing parks in the demo, so nobody asks anything of a dead letter")
OUT_OF_REACH = {  # a service whose plan is done lives on armed with these, and must not die of them
    "intake": NOTHING_DUE | NO_CALLS | NO_LETTERS,
    "dunning": NO_CALLS | NO_LETTERS,
    "notifications": NO_LETTERS,
    "ledger": NO_LETTERS,
    "legal": NOTHING_DUE | NO_CALLS | NO_LETTERS,
}
ANY_TIME = {  # from this local day and hour on, these are killed wherever they are
    (date(2026, 3, 3), 9): ["notifications", "dunning"],  # the first notices leave
    (date(2026, 3, 3), 11): ["intake"],  # files and claims come in
    (date(2026, 3, 10), 6): ["ledger"],  # a statement with the most entries
    (date(2026, 3, 24), 9): ["legal"],  # a file is handed off
    (date(2026, 4, 8), 9): list(SERVICES),
}
PRINTING, TEXTING = (date(2026, 3, 4), 17), (date(2026, 3, 23), 9)  # the hours of first letters and of first SMS
CHANNELS = {"notifications": {"smtp", "twilio", "print"}, "ledger": {"payment_file"}}
LAST_WORDS = re.compile(r"failpoint (\w+)=(?:kill|stop)")


def plan_of(service):
    """The instants at which a service is killed, in an order in which one piece of work reaches many of them."""
    names = (*BY_ALARMS, *BY_BATCHES, *BY_RELAY, *BY_CALLS)
    return [name for name in names if name not in OUT_OF_REACH[service]]


def last_words(platform, service, *, since):
    """The named instant at which the process of a service stands or died, from what it wrote behind this place of its
    log; None when it named none. Its children may write after it.
    """
    written = platform.processes.log_path(service).read_bytes()[since:].decode(errors="replace").splitlines()
    places = [found[1] for line in written if (found := LAST_WORDS.fullmatch(line))]
    return places[-1] if places else None


def begin_life(platform, service, *, failpoints):
    """Start a service with these instants armed; answers where its words begin in its log."""
    begins = platform.processes.log_path(service).stat().st_size
    platform.env_of.setdefault(service, {})["FAILPOINTS"] = failpoints
    platform.start_service(service)
    return begins


class Plans:
    """What is due at a step: `take` answers and forgets it."""

    def __init__(self, plans):
        self.left = dict(plans)

    def take(self, now):
        today = (local_day(now), now.astimezone(LOCAL).hour)
        return [self.left.pop(at) for at in sorted(at for at in self.left if at <= today)]


class Watched:
    """Looks at the processes all the time of a play; `with` it fails when the looking did."""

    def __init__(self, nursery):
        self.nursery = nursery
        self.born_at: dict[str, int] = {}  # where the words of a life begin in the log of its service

    @asynccontextmanager
    async def __call__(self, platform):
        self.platform = platform
        platform.processes = Forked(platform.state_dir, self.nursery)
        watching = asyncio.create_task(self._watch())
        try:
            yield self.beside_step
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if not watching.cancelled():
                watching.result()

    async def _watch(self):
        while True:
            self.look()
            await asyncio.sleep(LOOK_EVERY_SECONDS)


class Killer(Watched):
    """Each service dies at each instant that it can reach, and at random ones; what is dead is started again."""

    def __init__(self, nursery, *, seed=1):
        super().__init__(nursery)
        self.rng = random.Random(seed)  # noqa: S311  a schedule, no secret
        self.left = {service: plan_of(service) for service in SERVICES}
        self.any_time = Plans(ANY_TIME)
        self.around_calls = Plans({PRINTING: "once more", TEXTING: "until each channel had its turn"})
        self.insists = False
        self.killed: Counter[tuple[str, str]] = Counter()
        self.open_calls: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self.is_armed = False

    async def beside_step(self, now):
        if not self.is_armed:
            self.is_armed = True
            for service in SERVICES:
                self.kill(service)
        for again in self.around_calls.take(now):
            self.insists = again.startswith("until")
            self.left["notifications"] += BY_CALLS
            self.kill("notifications")
        for services in self.any_time.take(now):
            await asyncio.sleep(self.rng.uniform(0.02, 0.2))  # they have begun
            for service in services:
                self.kill(service)

    def kill(self, service):
        if self.platform.kill_service(service):
            self.revive(service, RANDOM_INSTANT)

    def look(self):
        for service in SERVICES:
            if self.is_armed and not self.platform.processes.is_running(service):
                place = last_words(self.platform, service, since=self.born_at[service])
                assert place, f"{service} ended by itself:\n{self.platform.processes.log_tail(service, 40)}"
                assert place in self.left[service][:1], f"{service} came to {place}, which was thought out of reach"
                self.left[service].pop(0)
                self.note_open_calls(service, place)
                self.revive(service, place)

    def note_open_calls(self, service, place):
        if place in BY_CALLS:
            rows = run_sql(self.platform.database(service).owner_url, "SELECT DISTINCT channel FROM outside_call")
            self.open_calls[service, place].update(channel for [channel] in rows)
            if self.insists and not self.left[service] and self.channels_left(service):
                self.left[service] += BY_CALLS

    def channels_left(self, service):
        """Channels without an open call at one of its deaths."""
        return {channel for name in BY_CALLS for channel in CHANNELS[service] - self.open_calls[service, name]}

    def revive(self, service, died_at):
        self.killed[service, died_at] += 1
        names = self.left[service][:1] or OUT_OF_REACH[service]
        self.born_at[service] = begin_life(
            self.platform, service, failpoints=",".join(f"{name}=kill" for name in names)
        )


class Breaker(Watched):
    """Sleep, ended sessions, a database and a broker that crash and come back. No service dies of any of them."""

    SLEEP_SECONDS = 1.0
    LONG_SLEEP_SECONDS = 4.0

    def __init__(self, nursery, *, postgres, kafka, seed=1):
        super().__init__(nursery)
        self.postgres, self.kafka = postgres, kafka
        self.rng = random.Random(seed)  # noqa: S311  a schedule, no secret
        self.plans = Plans(
            {
                (date(2026, 3, 2), 6): self.arm,
                (date(2026, 3, 3), 9): self.end_sessions,
                (date(2026, 3, 3), 11): self.crash_database,  # files and claims come in
                (date(2026, 3, 5), 9): self.end_sessions,
                (date(2026, 3, 10), 6): self.end_sessions,  # a statement with the most entries
                (date(2026, 3, 10), 11): self.sleep_all,
                (date(2026, 3, 17), 9): self.crash_broker,
                (date(2026, 3, 18), 9): self.crash_database,
                (date(2026, 3, 24), 9): self.end_sessions,  # a file is handed off
            }
        )
        self.done: Counter[str] = Counter()
        self.slept: Counter[tuple[str, str]] = Counter()
        self.waking: dict[str, asyncio.Task[None]] = {}
        self.pids: dict[str, int] = {}

    async def beside_step(self, now):
        for fault in self.plans.take(now):
            await asyncio.sleep(self.rng.uniform(0.0, 0.1))
            await fault()
            self.done[fault.__name__] += 1

    async def arm(self):
        for service in SERVICES:
            self.platform.kill_service(service)
            failpoints = ",".join(f"{name}=stop*1" for name in plan_of(service))
            self.born_at[service] = begin_life(self.platform, service, failpoints=failpoints)
            self.pids[service] = self.pid(service)
        await asyncio.to_thread(self.platform.wait_until_ready)

    async def end_sessions(self):
        names = ", ".join(f"'{service}'" for service in SERVICES)
        sql = f"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ({names})"  # noqa: S608
        [[ended]] = await asyncio.to_thread(run_sql, self.postgres.url, sql)
        self.done["sessions"] += int(ended)

    async def crash_database(self):
        """No checkpoint, no farewell: what was committed must be in its log."""
        os.kill(self.postgres.processes.child("postgres").pid, signal.SIGQUIT)
        while self.postgres.processes.is_running("postgres"):  # noqa: ASYNC110  a process tells nobody
            await asyncio.sleep(0.05)
        await asyncio.to_thread(self.postgres.start)

    async def crash_broker(self):
        self.kafka.kill()
        await asyncio.sleep(1)
        await asyncio.to_thread(self.kafka.start)

    async def sleep_all(self):
        for service in SERVICES:
            os.kill(self.pid(service), signal.SIGSTOP)
        await asyncio.sleep(self.LONG_SLEEP_SECONDS)
        for service in SERVICES:
            os.kill(self.pid(service), signal.SIGCONT)

    def look(self):
        for service, pid in self.pids.items():
            assert self.platform.processes.is_running(service), (
                f"{service} died of it:\n{self.platform.processes.log_tail(service, 40)}"
            )
            place = last_words(self.platform, service, since=self.born_at[service])
            if place and not self.slept[service, place] and is_asleep(pid):
                self.slept[service, place] += 1
                self.waking[service] = asyncio.create_task(self.wake(pid))

    async def wake(self, pid):
        await asyncio.sleep(self.SLEEP_SECONDS)
        os.kill(pid, signal.SIGCONT)

    def pid(self, service):
        return self.platform.processes.child(service).pid


def is_asleep(pid):
    """Whether a process was stopped by SIGSTOP."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
