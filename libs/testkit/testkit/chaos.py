"""The world of chaos: real processes of the toy service on real servers, who feeds them, and their account.

The seed decides the input; what the machine does in between it does not.
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
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from confluent_kafka import KafkaException

from common.ids import new_event_id
from common.messages import Message
from common.migrate import migrations_of
from kafka_admin import create_topics, end_offsets
from local_stack.ports import any_free_port
from testkit import toy
from testkit.chaos_account import Tally, draw_up, read_topic
from testkit.chaos_desk import ASKED, Desk
from testkit.toy_app import RINGS

REQUESTS, SAID = "toy.requests.v1", "toy.counters.v1"
PARTITIONS = 4  # of each
LONGEST_QUIET_SECONDS = 240
LONGEST_WAIT_SECONDS = 120  # for what must come, on a machine that is slow and busy
NEXT_OFFSET = "SELECT coalesce(max(next_offset), 0) FROM progress WHERE partition = {partition}"
CALLED = re.compile(r'failpoint\("(\w+)"\)')


def failpoint_names() -> tuple[str, ...]:
    """Every instant that the plumbing names, read from its source."""
    sources = [path.read_text("utf-8") for path in Path(str(files("common"))).glob("*.py")]
    return tuple(sorted({name for source in sources for name in CALLED.findall(source)}))


@dataclass(frozen=True)
class Life:
    """One process, from its birth to its death; `died` has its exit code (-9 after SIGKILL)."""

    pid: int
    http_port: int
    died: "asyncio.Future[int]"

    def send(self, number: signal.Signals) -> None:
        """Signal it, if it lives."""
        if not self.died.done():
            os.kill(self.pid, number)

    def is_stopped(self) -> bool:
        """Whether it sleeps by SIGSTOP."""
        return Path(f"/proc/{self.pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] == "T"


class Nursery:
    """Starts toy processes and hears of their deaths."""

    def __init__(self, log_file: Path) -> None:
        self.log_file = log_file
        self.deaths: dict[int, asyncio.Future[int]] = {}  # of the living
        self.births: asyncio.Queue[tuple[int, asyncio.Future[int]]] = asyncio.Queue()
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
        pid, died = await asyncio.wait_for(self.births.get(), LONGEST_WAIT_SECONDS)
        return Life(pid, int(environment["HTTP_PORT"]), died)

    async def _listen(self) -> None:
        assert self.program.stdout is not None
        async for line in self.program.stdout:
            self.hear(line.decode())

    def hear(self, line: str) -> None:
        """`born PID`, or `died PID STATUS`; a number comes again when the system has used them all."""
        word, pid, *status = line.split()
        if word == "born":
            died = self.deaths[int(pid)] = asyncio.get_running_loop().create_future()
            self.births.put_nowait((int(pid), died))
        else:
            self.deaths.pop(int(pid)).set_result(int(status[0]))


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
    settings: dict[str, str] = field(default_factory=dict[str, str])
    unknown_calls: int = 0  # that a test made: nobody can tell whether the provider heard them
    injected: Counter[str] = field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311  a schedule, no secret
        self.feed_rng = random.Random(self.seed + 1)  # noqa: S311  as above
        self.desk: Desk | None = None
        self.stop_feeding = asyncio.Event()
        self.feeding: asyncio.Task[None] | None = None

    @property
    def bell_file(self) -> Path:
        """The provider outside."""
        return self.folder / "bell"

    async def begin_life(self, *, member: int = 0, failpoints: str = "", http_port: int | None = None) -> Life:
        """A process of the toy service; `failpoints` as in FAILPOINTS."""
        return await self.nursery.bear(
            self.settings
            | {
                "DATABASE_URL": self.toy_database_url or self.database_url,
                "KAFKA_BOOTSTRAP_SERVERS": self.toy_bootstrap or self.bootstrap,
                "TOPIC_PREFIX": self.prefix,
                "INSTANCE": f"toy-{member}",
                "HTTP_PORT": str(http_port or any_free_port()),
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
        self.feeding = asyncio.create_task(self._feed())
        try:
            yield
        finally:
            self.stop_feeding.set()
            await self.feeding

    @contextlib.asynccontextmanager
    async def worked(self, desk: Desk) -> AsyncGenerator[None]:
        """Somebody works at the desk while the block lasts, and so what is refused is followed by more on its key."""
        self.desk = desk
        working = asyncio.create_task(desk.work())
        try:
            yield
        finally:
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)

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
            if self.desk is not None:
                sent.append((toy.OpenCounter(counter_id=poison), new_event_id(), None))
            sent.append((toy.AddToCounter(counter_id=poison, number=1), new_event_id(), b"{not json"))
        elif chosen <= 2:  # noqa: PLR2004  refused by the handler, or by the database
            sent.append((toy.OpenCounter(counter_id=poison), new_event_id(), None))
            number = 0 if chosen == 1 else 5_000
            sent.append((toy.AddToCounter(counter_id=poison, number=number), new_event_id(), None))
        if self.desk is not None and chosen <= 2:  # noqa: PLR2004  somebody is there who lets it go on
            followers = [toy.AddToCounter(counter_id=poison, number=number) for number in range(1, rng.randint(1, 3))]
            sent.extend((follower, new_event_id(), None) for follower in followers)
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

    async def terminate_backends(self) -> int:
        """End the database sessions of all processes; returns how many."""
        return await self.ask(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'toy%'"
        )

    # --- the end ---------------------------------------------------------------------------------------

    async def ask(self, sql: str, *arguments: object) -> int:
        """A number from the database, past any proxy."""
        connection = await asyncpg.connect(self.database_url)
        try:
            return int(await connection.fetchval(sql, *arguments) or 0)
        finally:
            await connection.close()

    async def until(self, sql: str) -> int:
        """Wait for a number that is not 0. Raises AssertionError when it does not come."""
        for _ in range(LONGEST_WAIT_SECONDS * 5):
            if number := await self.ask(sql):
                return number
            await asyncio.sleep(0.2)
        raise AssertionError(f"after {LONGEST_WAIT_SECONDS} s still nothing: {sql}")

    async def every_partition_moves(self) -> None:
        """Wait until records of all partitions were consumed from now on."""
        before = {p: await self.ask(NEXT_OFFSET.format(partition=p)) for p in range(PARTITIONS)}
        for partition, offset in before.items():
            await self.until(f"SELECT 1 WHERE ({NEXT_OFFSET.format(partition=partition)}) > {offset}")

    def logged(self, event: str, **fields: object) -> list[dict[str, Any]]:
        """What the processes logged of an event with these fields."""
        entries = [json.loads(line) for line in self._lines() if f'"{event}"' in line and line.startswith("{")]
        return [entry for entry in entries if entry.get("event") == event and fields.items() <= entry.items()]

    def _lines(self) -> list[str]:
        return self.nursery.log_file.read_text("utf-8", "replace").splitlines()

    async def until_logged(self, event: str, *, more_than: int = 0, **fields: object) -> list[dict[str, Any]]:
        """Wait until an event was logged more often than that; returns what. Raises AssertionError when it is not."""
        for _ in range(LONGEST_WAIT_SECONDS * 5):
            if len(found := self.logged(event, **fields)) > more_than:
                return found
            await asyncio.sleep(0.2)
        raise AssertionError(f"after {LONGEST_WAIT_SECONDS} s not logged: {event} {fields}")

    async def until_reached(self, failpoint: str, *, times: int = 1) -> None:
        """Wait until processes came to a failpoint (as in FAILPOINTS) so often. Raises AssertionError otherwise."""
        for _ in range(LONGEST_WAIT_SECONDS * 5):
            if self._lines().count(f"failpoint {failpoint}") >= times:
                return
            await asyncio.sleep(0.2)
        raise AssertionError(f"after {LONGEST_WAIT_SECONDS} s {failpoint} was not reached {times} times")

    async def ends(self) -> dict[int, int]:
        """Where the requests end, by partition; waits for a broker that has just started to lead them all. Raises
        AssertionError when it does not.
        """
        for _ in range(LONGEST_WAIT_SECONDS * 5):
            with contextlib.suppress(KafkaException):
                found = await asyncio.to_thread(end_offsets, self.bootstrap, [self.prefix + REQUESTS])
                if len(found) == PARTITIONS:
                    return {partition: latest for (_, partition), (_, latest) in found.items()}
            await asyncio.sleep(0.2)
        raise AssertionError(f"after {LONGEST_WAIT_SECONDS} s nobody leads {REQUESTS}")

    async def acknowledged(self) -> dict[int, int]:
        """What the group has committed, by partition of the requests."""
        client: Any = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await client.start()
        try:
            offsets = await client.list_consumer_group_offsets(f"{self.prefix}toy")
        finally:
            await client.close()
        return {place.partition: found.offset for place, found in offsets.items()}

    async def settle(self) -> Tally:
        """No more input, until nothing is left to do; then the account. Some process must live."""
        self.stop_feeding.set()
        if self.feeding is not None:
            await self.feeding  # its last burst is on its way
        wanted = sum((await self.ends()).values())
        busy = {
            "records not consumed": f"SELECT {wanted} - coalesce(sum(next_offset), 0) FROM progress",  # noqa: S608
            "rows in the outbox": "SELECT count(*) FROM outbox",
            "open calls": "SELECT count(*) FROM outside_call",
            "due rows": "SELECT count(*) FROM counter WHERE due_at IS NOT NULL",
        }
        if self.desk is not None:
            busy |= {
                "messages that wait": "SELECT count(*) FROM waiting",
                "letters that were asked for": f"SELECT count(*) FROM dead_letter WHERE {ASKED}",  # noqa: S608  ours
            }
        left: dict[str, int] = {}
        for _ in range(LONGEST_QUIET_SECONDS * 5):
            if self.desk is not None:
                await self.desk.clear()
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
            unknown_calls=self.unknown_calls,
        )


@contextlib.asynccontextmanager
async def a_world(
    *,
    seed: int,
    bootstrap: str,
    database_url: str,
    folder: Path,
    session_timeout_ms: int = 30_000,
    settings: Mapping[str, str] | None = None,
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
            session_timeout_ms=session_timeout_ms, settings=dict(settings or {}),
        )  # fmt: skip
