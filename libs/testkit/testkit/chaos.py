"""Chaos with real processes: toy services that are killed at every named instant and at random ones, and their account.

`python -m testkit.chaos_report --kills N --seed S` does it on a broker and a database of its own. The seed
decides faults, pauses and input; what the machine does in between it does not.
"""

import asyncio
import contextlib
import json
import os
import random
import re
import secrets
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from common.ids import new_event_id
from common.messages import Message
from common.migrate import migrations_of
from kafka_admin import create_topics, end_offsets
from local_stack.ports import any_free_port
from testkit import toy
from testkit.chaos_account import Tally, draw_up, read_topic
from testkit.toy_app import RINGS

REQUESTS, SAID = "toy.requests.v1", "toy.counters.v1"
RANDOM_INSTANT = "a random instant"
BACKENDS = "pg_terminate_backend"
LONGEST_LIFE_SECONDS = 40  # a failpoint that was not reached by then was not injected
LONGEST_QUIET_SECONDS = 90
LONGEST_BACKLOG = 3_000
CALLED = re.compile(r'failpoint\("(\w+)"\)')


def failpoint_names() -> tuple[str, ...]:
    """Every instant that the plumbing names, read from its source."""
    sources = [path.read_text("utf-8") for path in Path(str(files("common"))).glob("*.py")]
    return tuple(sorted({name for source in sources for name in CALLED.findall(source)}))


@dataclass(frozen=True)
class Life:
    """One process, from its birth to its death; `died` has its exit code (-9 after SIGKILL)."""

    pid: int
    died: "asyncio.Future[int]"

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if not self.died.done():
            os.kill(self.pid, number)


class Nursery:
    """Starts toy processes and hears of their deaths."""

    def __init__(self, log_file: Path) -> None:
        self.log_file = log_file
        self.deaths: dict[int, asyncio.Future[int]] = {}
        self.births: asyncio.Queue[int] = asyncio.Queue()
        self.program: asyncio.subprocess.Process

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncGenerator["Nursery"]:
        """At its end every process that it started is dead."""
        with self.log_file.open("ab") as log:
            self.program = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "testkit.toy_app", "--nursery",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
            )  # fmt: skip
        listening = asyncio.create_task(self._listen())
        try:
            yield self
        finally:
            assert self.program.stdin is not None
            self.program.stdin.close()
            await self.program.wait()
            listening.cancel()

    async def bear(self, environment: Mapping[str, str]) -> Life:
        """One more process."""
        assert self.program.stdin is not None
        self.program.stdin.write(json.dumps(dict(environment)).encode() + b"\n")
        pid = await asyncio.wait_for(self.births.get(), 30)
        return Life(pid, self._death(pid))

    def _death(self, pid: int) -> "asyncio.Future[int]":
        return self.deaths.setdefault(pid, asyncio.get_running_loop().create_future())

    async def _listen(self) -> None:
        assert self.program.stdout is not None
        async for line in self.program.stdout:
            word, pid, *status = line.decode().split()
            if word == "born":
                self.births.put_nowait(int(pid))
            else:
                self._death(int(pid)).set_result(int(status[0]))


@dataclass(kw_only=True)
class World:
    """The topics and the database of one run, who feeds them, and the processes that live on them. `toy_bootstrap` and
    `toy_database_url` are what the processes are told: a proxy may stand before them.
    """

    seed: int
    bootstrap: str
    database_url: str
    prefix: str
    folder: Path
    nursery: Nursery
    toy_bootstrap: str = ""
    toy_database_url: str = ""
    session_timeout_ms: int = 30_000
    injected: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311  a schedule, no secret
        self.feed_rng = random.Random(self.seed + 1)  # noqa: S311  as above
        self.stop_feeding = asyncio.Event()

    @property
    def kills(self) -> int:
        """How many processes were killed so far."""
        return sum(times for name, times in self.injected.items() if name != BACKENDS)

    @property
    def bell_file(self) -> Path:
        """The provider outside."""
        return self.folder / "bell"

    async def begin_life(self, *, member: int = 0, failpoints: str = "") -> Life:
        """A process of the toy service; `failpoints` as in FAILPOINTS."""
        return await self.nursery.bear(
            {
                "DATABASE_URL": self.toy_database_url or self.database_url,
                "KAFKA_BOOTSTRAP_SERVERS": self.toy_bootstrap or self.bootstrap,
                "TOPIC_PREFIX": self.prefix,
                "INSTANCE": f"toy-{member}",
                "HTTP_PORT": str(any_free_port()),
                "BELL_FILE": str(self.bell_file),
                "SESSION_TIMEOUT_MS": str(self.session_timeout_ms),
                "FAILPOINTS": failpoints,
            }
        )

    # --- input -----------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def fed(self) -> AsyncGenerator[None]:
        """Input keeps coming while the block lasts: good, repeated and poisonous."""
        self.stop_feeding.clear()
        feeding = asyncio.create_task(self._feed())
        try:
            yield
        finally:
            self.stop_feeding.set()
            await feeding

    async def _feed(self) -> None:
        producer: Any = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            while not self.stop_feeding.is_set():
                for message, event_id, value in self.burst():
                    await self._send(producer, message, event_id=event_id, value=value)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.stop_feeding.wait(), 0.1)
        finally:
            await producer.stop()

    def burst(self) -> list[tuple[Message, UUID, bytes | None]]:
        """Two counters are opened and moved; something comes twice, and something is poison."""
        rng = self.feed_rng
        sent: list[tuple[Message, UUID, bytes | None]] = []
        for _ in range(2):
            key = UUID(int=rng.getrandbits(128), version=4)
            sent.append((toy.OpenCounter(counter_id=key), new_event_id(), None))
            for _ in range(rng.randint(1, 6)):
                text = RINGS if rng.random() < 0.2 else ""  # noqa: PLR2004  one in five
                sent.append(
                    (toy.AddToCounter(counter_id=key, number=rng.randint(1, 9), text=text), new_event_id(), None)
                )
        sent.extend(rng.sample(sent, 2))
        poison = UUID(int=rng.getrandbits(128), version=4)  # alone on its key: what follows a dead letter waits
        chosen = rng.randrange(6)
        if chosen == 0:
            sent.append((toy.AddToCounter(counter_id=poison, number=1), new_event_id(), b"{not json"))
        elif chosen <= 2:  # noqa: PLR2004  refused by the handler, or by the database
            sent.append((toy.OpenCounter(counter_id=poison), new_event_id(), None))
            number = 0 if chosen == 1 else 5_000
            sent.append((toy.AddToCounter(counter_id=poison, number=number), new_event_id(), None))
        return sent

    async def _send(self, producer: Any, message: Message, *, event_id: UUID, value: bytes | None) -> None:
        headers = [("ce_id", str(event_id).encode()), ("ce_type", message.type_name().encode())]
        body = message.model_dump_json().encode() if value is None else value
        key = str(message.key()).encode()
        while True:  # the broker may be away; a repeat is a repeat like any other
            try:
                await producer.send_and_wait(self.prefix + REQUESTS, body, key=key, headers=headers)
            except KafkaError:
                await asyncio.sleep(0.2)
            else:
                return

    # --- faults ----------------------------------------------------------------------------------------

    async def kill_at(self, name: str) -> None:
        """A life that ends at a failpoint. Raises AssertionError when it did not come there."""
        life = await self.begin_life(failpoints=f"{name}=kill")
        done, _ = await asyncio.wait([life.died], timeout=LONGEST_LIFE_SECONDS)
        assert done, f"seed {self.seed}: the failpoint {name} was not reached in {LONGEST_LIFE_SECONDS} s"
        assert life.died.result() == -signal.SIGKILL, f"before {name} it ended with {life.died.result()}"
        self.injected[name] += 1

    async def kill_at_random(self, *, and_backends: bool = False) -> None:
        """A life that ends whenever; its database sessions may be ended before."""
        life = await self.begin_life()
        await asyncio.sleep(self.rng.uniform(0.05, 1.5))
        if and_backends:
            self.injected[BACKENDS] += await self.terminate_backends()
            await asyncio.sleep(self.rng.uniform(0.05, 0.5))
        assert not life.died.done(), f"it ended by itself with {life.died.result()}"
        life.send(signal.SIGKILL)
        assert await life.died == -signal.SIGKILL
        self.injected[RANDOM_INSTANT] += 1

    async def terminate_backends(self) -> int:
        """End the database sessions of all processes; returns how many."""
        return await self.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'toy%'"
        )

    # --- the end ---------------------------------------------------------------------------------------

    async def ask(self, sql: str) -> int:
        """A number from the database, past any proxy."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval(sql) or 0)
        finally:
            await connection.close()

    async def settle(self) -> Tally:
        """Until nothing is left to do; then the account. Some process must live."""
        name = self.prefix + REQUESTS
        ends = await asyncio.to_thread(end_offsets, self.bootstrap, [name])
        wanted = sum(latest for _, latest in ends.values())
        busy = {
            "records not consumed": f"SELECT {wanted} - coalesce(sum(next_offset), 0) FROM progress",  # noqa: S608
            "rows in the outbox": "SELECT count(*) FROM outbox",
            "open calls": "SELECT count(*) FROM outside_call",
            "due rows": "SELECT count(*) FROM counter WHERE due_at IS NOT NULL",
        }
        left: dict[str, int] = {}
        for _ in range(LONGEST_QUIET_SECONDS * 5):
            left = {what: n for what, sql in busy.items() if (n := await self.ask(sql))}
            if not left:
                break
            await asyncio.sleep(0.2)
        tally = await self.draw_up()
        tally.faults += [f"after {LONGEST_QUIET_SECONDS} s: {n} {what}" for what, n in left.items()]
        return tally

    async def draw_up(self) -> Tally:
        """The account as it stands now."""
        return await draw_up(
            self.database_url,
            requests=await read_topic(self.bootstrap, self.prefix + REQUESTS),
            said=await read_topic(self.bootstrap, self.prefix + SAID),
            bell_file=self.bell_file,
            topic=REQUESTS,
        )


@contextlib.asynccontextmanager
async def a_world(
    *,
    seed: int,
    bootstrap: str,
    database_url: str,
    folder: Path,
    session_timeout_ms: int = 30_000,
    replication: int = 1,
) -> AsyncGenerator[World]:
    """Topics and tables of a run in an empty database."""
    prefix = f"t{secrets.token_hex(5)}_"
    await asyncio.to_thread(create_topics, bootstrap, toy.TOPICS, prefix, replication=replication)
    connection = await asyncpg.connect(database_url)
    try:
        for migration in migrations_of("common"):
            await connection.execute(migration.sql)
        await connection.execute(toy.SCHEMA)
    finally:
        await connection.close()
    async with Nursery(folder / "toy.log").open() as nursery:
        yield World(
            seed=seed, bootstrap=bootstrap, database_url=database_url, prefix=prefix, folder=folder, nursery=nursery,
            session_timeout_ms=session_timeout_ms,
        )  # fmt: skip


def plan_of(rng: random.Random, *, kills: int, names: Sequence[str]) -> list[str]:
    """Which kill comes when: half at failpoints, each in turn and each at least once if they fit; half at random."""
    at_names = max(kills // 2, min(kills, len(names)))
    plan = [names[n % len(names)] for n in range(at_names)]
    plan += [RANDOM_INSTANT if n % 3 else BACKENDS for n in range(1, kills - at_names + 1)]
    rng.shuffle(plan)
    return plan


async def run_kills(world: World, *, kills: int, until: float = float("inf")) -> Tally:
    """Kill under load, then let one life finish, and draw up the account. Raises AssertionError for a fault that was
    planned and not injected. `until`, in the loop's seconds, ends a run early: the injected count says how far it came.
    """
    plan = plan_of(world.rng, kills=kills, names=failpoint_names())
    loop = asyncio.get_running_loop()
    async with world.fed():
        for fault in plan:
            if loop.time() > until:
                break
            if fault in {RANDOM_INSTANT, BACKENDS}:
                await world.kill_at_random(and_backends=fault == BACKENDS)
            else:
                await world.kill_at(fault)
    last = await world.begin_life()
    tally = await world.settle()
    assert not last.died.done(), f"the last process ended by itself with {last.died.result()}"
    last.send(signal.SIGTERM)
    if loop.time() <= until:
        missing = set(plan) - {name for name, times in world.injected.items() if times}
        tally.faults += [f"{name} was planned and never injected" for name in sorted(missing)]
    return tally
