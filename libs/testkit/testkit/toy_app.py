"""The toy service as a process that may die: `python -m testkit.toy_app`, told by its environment.

Its counters rest after a moment, and ring a bell outside. With `--nursery` it reads one environment a line, and forks a
process for each: imports are paid once, and a killed process is back at once.
"""

import asyncio
import contextlib
import importlib
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import asyncpg
import structlog
import uvicorn
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import CommitFailedError, IllegalStateError

from common import broker, failpoints, postgres
from common.calls import Outcome
from common.decisions import Call, CallFinished, Consumers, Decision, Due, On, Result, Thing
from common.logs import set_up_logs
from common.messages import Value
from common.records import Record
from common.service import Service
from common.settings import ServiceSettings
from testkit import toy

log = structlog.get_logger()

RINGS = "ring"  # the text of a message that rings the bell
RESTS_AFTER = timedelta(seconds=0.3)


class Bell(Value):
    """What is said at the bell."""

    counter_id: uuid.UUID


class BellChannel:
    """A provider that keeps every call in a file, one line each, and can be asked. Told twice, it rings twice."""

    payload: type[Value] = Bell

    def __init__(self, path: Path) -> None:
        self.path = path

    async def call(self, call_id: uuid.UUID, payload: Bell) -> str:  # noqa: ARG002  the protocol's arguments
        """Ring: the line is written whole or not at all."""
        line = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(line, f"{call_id}\n".encode())
        finally:
            os.close(line)
        return "rung"

    async def was_accepted(self, call_id: uuid.UUID, payload: Bell) -> Outcome | None:  # noqa: ARG002  as above
        """Look into the file."""
        return Outcome(result=Result.ACCEPTED, detail="rung") if str(call_id) in rung_at(self.path) else None


def rung_at(path: Path) -> list[str]:
    """The call ids of every ring, in order."""
    return path.read_text().split() if path.exists() else []


@dataclass(frozen=True)
class RingingCounter(toy.Counter):
    """A counter that knows how often its bell was heard."""

    heard: int = 0
    unheard: int = 0


COUNTER = Thing(name="counter", state=RingingCounter, next_due_at=lambda counter: counter.rests_at)


def open_counter(counter: RingingCounter | None, command: toy.OpenCounter, now: datetime) -> Decision[RingingCounter]:
    """An open counter stays as it is."""
    return Decision(counter or RingingCounter(rests_at=now + RESTS_AFTER), answer={"opened": str(command.counter_id)})


def add_to_counter(counter: RingingCounter, command: toy.AddToCounter, now: datetime) -> Decision[RingingCounter]:
    """As the toy's own; rests soon, and rings when it is told so."""
    plain = toy.add_to_counter(counter, command, now)
    total = plain.state.total
    bell = Call(
        call_id=uuid.uuid5(command.counter_id, str(total)), channel="bell", payload=Bell(counter_id=command.counter_id)
    )
    return Decision(
        replace(counter, total=total, rests_at=now + RESTS_AFTER),
        send=plain.send,
        calls=[bell] if command.text == RINGS else [],
        answer=plain.answer,
    )


def rest_counter(counter: RingingCounter, due: Due, _now: datetime) -> Decision[RingingCounter]:
    """It rests until it is moved again."""
    assert counter.rests_at is not None
    assert counter.rests_at <= due.due_at
    return Decision(replace(counter, rests_at=None))


def hear_bell(counter: RingingCounter, outcome: CallFinished, _now: datetime) -> Decision[RingingCounter]:
    """Count what was rung for certain, and what nobody knows of."""
    if outcome.result is Result.ACCEPTED:
        return Decision(replace(counter, heard=counter.heard + 1))
    return Decision(replace(counter, unheard=counter.unheard + 1))


CONSUMERS = Consumers(
    on=(
        On(message=toy.OpenCounter, handler=open_counter, thing=COUNTER, opens=True),
        On(message=toy.AddToCounter, handler=add_to_counter, thing=COUNTER),
        On(message=Due, handler=rest_counter, thing=COUNTER),
        On(message=CallFinished, handler=hear_bell, thing=COUNTER),
    )
)


class ToyService(Service):
    """Knows how many records it was handed: what comes again is counted by it."""

    taken = 0

    async def _on_batch(self, records: Sequence[Record]) -> None:
        self.taken += len(records)
        await super()._on_batch(records)


async def serve() -> None:
    """Run as the environment says until SIGTERM. `BELL_FILE` is the provider. A test that can't wait for the plumbing's
    own limits shortens them; `ANSWERS_HTTP` opens the pages of health; SIGUSR1 blocks the event loop until `WAKE_FILE`
    exists.
    """
    set_up_logs("toy")
    settings = ServiceSettings()  # pyright: ignore[reportCallIssue]  the environment gives what is missing
    structlog.contextvars.bind_contextvars(instance=settings.instance, pid=os.getpid())
    told = asyncio.Event()
    _obey(told)
    taken = 0
    while not told.is_set():
        service = ToyService(
            "toy",
            settings=settings,
            catalogue=toy.CATALOGUE,
            topics=["toy.requests.v1"],
            consumers=CONSUMERS,
            channels={"bell": BellChannel(Path(os.environ["BELL_FILE"]))},
        )
        try:
            async with service.running(), _answering(service):
                await told.wait()
        except (OSError, asyncpg.PostgresError):  # the database is away: whoever runs processes starts it again
            await asyncio.sleep(0.2)
        taken += service.taken
    log.info("toy_ended", taken=taken)


def _obey(told: asyncio.Event) -> None:
    """What the environment and signals say."""
    broker.SESSION_TIMEOUT_MS = int(os.environ.get("SESSION_TIMEOUT_MS", broker.SESSION_TIMEOUT_MS))
    broker.LONGEST_HANDLING_MS = int(os.environ.get("LONGEST_HANDLING_MS", broker.LONGEST_HANDLING_MS))
    postgres.LONGEST_SILENCE = os.environ.get("LONGEST_SILENCE", postgres.LONGEST_SILENCE)
    _tell_refused_commits()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, told.set)
    loop.add_signal_handler(signal.SIGUSR1, _block)


def _block() -> None:
    wake_file = Path(os.environ["WAKE_FILE"])
    log.warning("toy_blocked")
    while not wake_file.exists():
        time.sleep(0.1)


def _tell_refused_commits() -> None:
    """FastStream keeps a refused acknowledgement to itself: here it is logged."""
    consumer_class: Any = AIOKafkaConsumer
    commit = consumer_class.commit

    async def commit_and_tell(consumer: Any, offsets: Any = None) -> None:
        try:
            await commit(consumer, offsets)
        except (CommitFailedError, IllegalStateError) as fault:
            log.warning("commit_refused", by=type(fault).__name__)
            raise

    consumer_class.commit = commit_and_tell


class _Pages(uvicorn.Server):
    """HTTP beside a service that runs already; signals are the toy's own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Any:
        yield


@contextlib.asynccontextmanager
async def _answering(service: Service) -> AsyncGenerator[None]:
    if "ANSWERS_HTTP" not in os.environ:
        yield
        return
    port = service.settings.http_port
    pages = _Pages(uvicorn.Config(service.app(), port=port, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(pages.serve())
    try:
        yield
    finally:
        pages.should_exit = True
        await serving


def nurse() -> None:
    """Fork a process for each line of stdin (its environment as JSON); say `born PID` and `died PID STATUS`."""
    living: set[int] = set()

    def bury(_signal: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                living.discard(pid)
                os.write(1, f"died {pid} {os.waitstatus_to_exitcode(status)}\n".encode())

    signal.signal(signal.SIGCHLD, bury)
    for line in sys.stdin:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})  # nobody dies before it is told that he was born
        pid = os.fork()
        if not pid:
            _live(json.loads(line))
        living.add(pid)
        os.write(1, f"born {pid}\n".encode())
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for pid in living:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _live(environment: dict[str, str]) -> None:
    """What a forked process does, to its end."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        os.dup2(2, 1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(environment)
        importlib.reload(failpoints)  # the names it is armed with are read at import
        asyncio.run(serve())
        status = 0
    finally:
        os._exit(status)


if __name__ == "__main__":
    if "--nursery" in sys.argv:
        nurse()
    else:
        asyncio.run(serve())
