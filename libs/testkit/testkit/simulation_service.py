"""One service of a simulation: its database, where it stands on its topics, and processes that may die."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import asyncpg

from common import redrive
from common.calls import Caller, Channel, OpenCall
from common.decisions import Consumers, Due
from common.errors import TemporaryFailure
from common.messages import Catalogue
from common.records import Record, safe_parser
from common.runner import Answer, Runner, Submission
from common.under_way import CallsUnderWay
from testkit.simulation_broker import SimBroker, SimConsumer, SimRelay
from testkit.simulation_desk import DeskPool, desk_queries, has_asked, open_letters
from testkit.simulation_faults import Severity
from testkit.simulation_store import Crash, Query, Row, SimStore

CONSUMER_FAULTS = (
    "db_error", "crash_before_commit", "crash_after_commit", "crash_before_ack", "rebalance", "zombie_late",
    "zombie_overlaps", "alarms_overlap",
)  # fmt: skip
RELAY_FAULTS = ("relay_crash_before_commit", "relay_crash_after_commit", "two_relays")
ALARM_FAULTS = ("alarm_crash_before_commit", "alarm_crash_after_commit")
SUBMIT_FAULTS = ("submit_db_error", "submit_crash_before_commit", "submit_crash_after_commit", "submitted_twice")
CALL_FAULTS = ("crash_in_call", "call_crash_before_commit", "call_crash_after_commit")
DESK_FAULTS = ("desk_db_error", "desk_crash_before_commit", "desk_crash_after_commit", "two_desks")
MOST_TURNS_OF_CALLS = 6
Deed = Callable[[str | None], Awaitable[None]]


class World(Protocol):
    """What a service needs of its simulation."""

    rng: random.Random
    now: datetime
    severity: Severity
    faults: Counter[str]
    broker: SimBroker


class SimService:
    """One service. `strangers` are the messages of clients, files and pages that it was not yet seen to answer."""

    def __init__(
        self,
        name: str,
        *,
        world: World,
        catalogue: Catalogue,
        topics: Sequence[str],
        consumers: Consumers,
        channels: Mapping[str, Channel],
        queries: Mapping[str, Query],
        defaults: Mapping[str, Callable[[], Row]],
        checks: Mapping[str, Callable[[Row], bool]],
    ) -> None:
        self.name, self.catalogue, self.consumers, self.channels = name, catalogue, consumers, channels
        self.world, self.rng, self.faults, self.broker = world, world.rng, world.faults, world.broker
        self.things = consumers.things()
        own = {**desk_queries(self.things), **queries}
        self.store = SimStore(self.rng, now=world.now, queries=own, defaults=defaults, checks=checks)
        self.consumer = SimConsumer(self.broker, topics, self.rng)
        self.alarmed = [thing for thing in self.things if consumers.line_for(Due, thing) is not None]
        self.zombie: tuple[Runner, Sequence[Record]] | None = None
        self.strangers: deque[Submission] = deque()
        self.answers: dict[tuple[str, str], list[Answer]] = {}
        self.runner = self._new_runner("0")
        self.others: list[SimRunner] = []  # processes beside, which make calls of their own
        self.relay = self._new_relay()
        self.due: tuple[int, datetime | None] = (-1, None)  # at this number of commits

    def _new_runner(self, instance: str) -> "SimRunner":
        pool: Any = DeskPool(self.store)
        return SimRunner(
            service=self.name,
            instance=instance,
            pool=pool,
            catalogue=self.catalogue,
            consumers=self.consumers,
            caller=Caller(self.channels),
        )

    def _new_relay(self) -> SimRelay:
        severity = self.world.severity
        return SimRelay(service=self.name, broker=self.broker, store=self.store, faults=self.faults, severity=severity)

    async def _reborn(self, dead: "SimRunner") -> "SimRunner":
        """Its calls end with it, wherever they are; its heir asks about those that it left open."""
        for call in list(dead.calls.tasks):
            call.cancel()
        heir = self._new_runner(dead.instance)
        await heir.calls.resume()
        return heir

    async def die(self) -> None:
        """Nothing in memory survives."""
        self.store.fault = None
        self.consumer.restart()
        self.runner, self.relay = await self._reborn(self.runner), self._new_relay()

    # --- what there is to do -----------------------------------------------------------------------------

    def next_due_at(self) -> datetime | None:
        """The earliest instant at which a row is due."""
        store = self.store
        if self.due[0] != store.commits:
            rows = (row["due_at"] for thing in self.things for row in store.tables.get(thing.name, {}).values())
            self.due = store.commits, min((due_at for due_at in rows if due_at is not None), default=None)
        return self.due[1]

    def _has_due(self) -> bool:
        due = self.next_due_at()
        return due is not None and due <= self.store.now

    def is_busy(self) -> bool:
        """Whether anything is left to do at this instant."""
        tables = self.store.tables
        return bool(
            self.strangers
            or tables.get("outbox")
            or tables.get("outside_call")
            or self.consumer.is_behind()
            or self._has_due()
            or has_asked(self.store)
        )

    def deeds(self) -> list[tuple[Sequence[str], Deed]]:
        """What there is to do now, each with the faults that may strike it."""
        deeds: list[tuple[Sequence[str], Deed]] = []
        if self.consumer.is_behind():
            deeds.append((CONSUMER_FAULTS, self.consume))
        if self.store.tables.get("outbox"):
            deeds.append((RELAY_FAULTS, self.publish))
        if self._has_due():
            deeds.append((ALARM_FAULTS, self.take_due))
        if self.strangers:
            deeds.append((SUBMIT_FAULTS, self.answer_strangers))
        if self.store.tables.get("outside_call"):
            deeds.append((CALL_FAULTS, self.call_outside))
        if any(letter.get("asked_as") for _, letter in open_letters(self.store)):
            deeds.append((DESK_FAULTS, self.settle_letters))
        return deeds

    async def do_everything(self) -> None:
        """All of it, one after the other, without a fault."""
        if self.consumer.is_behind():
            await self.runner.take_records(await safe_parser(self.consumer.poll_everything(), keep_batch))
            self.consumer.acknowledge()
        if self.strangers:
            await self._answer(list(self.strangers))
            self.strangers.clear()
        await self.take_due(None)
        await self.publish(None)
        for _ in range(MOST_TURNS_OF_CALLS if self.is_calling() else 0):
            await asyncio.sleep(0)

    def is_calling(self) -> bool:
        """Whether a call to the outside is open."""
        return bool(self.store.tables.get("outside_call"))

    # --- what a process does -----------------------------------------------------------------------------

    async def consume(self, fault: str | None) -> None:
        """A batch and its acknowledgement, struck by one fault."""
        batch = await safe_parser(self.consumer.poll(self.rng.choice((1, 4, 12))), keep_batch)
        if not batch:
            self.consumer.acknowledge()
            return
        if len({record.partition for record in batch}) > 1:
            self.faults["partitions_reordered"] += 1
        try:
            if fault in {"zombie_overlaps", "alarms_overlap"}:
                await self._overlap(batch, fault)
            else:
                self.store.arm(fault)
                await self.runner.take_records(batch)
            if fault in {"crash_before_ack", "rebalance", "zombie_late"}:
                self.faults[fault] += 1
                if fault == "zombie_late":
                    self.zombie = (self.runner, batch)
                raise Crash(fault)  # noqa: TRY301  it dies here, whatever it has done
            self.consumer.acknowledge()
        except asyncpg.ConnectionDoesNotExistError:
            self.faults["db_error"] += 1
            self.consumer.restart()
        except Crash as crash:
            if fault in {"crash_before_commit", "crash_after_commit"}:
                self.faults[str(crash)] += 1
            await self.die()
        self.store.arm(None)
        await self._wake_zombie()

    async def _wake_zombie(self) -> None:
        """An owner that was taken for dead goes on with the batch that he has, while his successor works."""
        if self.zombie is not None and self.rng.random() < 0.5:  # noqa: PLR2004
            (runner, batch), self.zombie = self.zombie, None
            await runner.take_records(batch)

    async def _overlap(self, batch: Sequence[Record], fault: str) -> None:
        other = self._new_runner(f"{len(self.others) + 1}")
        self.others.append(other)
        self.store.overlapping = True
        turned = sorted(batch, key=lambda record: (-record.partition, record.offset))  # another order of partitions
        also = (
            [other.take_records(turned)]
            if fault == "zombie_overlaps"
            else [self._alarms(other), other.take_records(turned)]
        )
        try:
            outcomes = await asyncio.gather(self.runner.take_records(batch), *also, return_exceptions=True)
        finally:
            self.store.overlapping = False
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        self.faults[fault] += 1

    async def _alarms(self, runner: Runner) -> int:
        return sum([await runner.take_due(thing) for thing in self.alarmed])

    async def take_due(self, fault: str | None) -> None:
        """Look for alarms, struck by a crash."""
        if not self._has_due():
            return
        self.store.arm(fault.removeprefix("alarm_") if fault else None)
        try:
            await self._alarms(self.runner)
        except Crash as crash:
            self.faults[f"alarm_{crash}"] += 1
            await self.die()
        self.store.arm(None)

    async def publish(self, fault: str | None) -> None:
        """A pass of the relay, of two at once, or of one that dies in it."""
        if not self.store.tables.get("outbox"):
            return
        try:
            if fault == "two_relays":
                self.faults[fault] += 1
                self.store.overlapping = True
                await asyncio.gather(self.relay.attempt(), self._new_relay().attempt())
            else:
                self.store.arm(fault.removeprefix("relay_") if fault else None)
                await self.relay.attempt()
        except Crash as crash:
            self.faults[f"relay_{crash}"] += 1
            await self.die()
        finally:
            self.store.overlapping = False
            self.store.arm(None)

    async def answer_strangers(self, fault: str | None) -> None:
        """Take what strangers said; one who was not answered says it again, under the same id."""
        batch = [self.strangers[n] for n in range(min(len(self.strangers), self.rng.choice((1, 2, 5))))]
        if fault == "submitted_twice":
            self.faults[fault] += 1
            await self._answer(batch)
        else:
            self.store.arm(fault.removeprefix("submit_") if fault else None)
        try:
            await self._answer(batch)
        except (asyncpg.ConnectionDoesNotExistError, TemporaryFailure):
            self.faults["submit_db_error"] += int(fault == "submit_db_error")
        except Crash as crash:
            self.faults[f"submit_{crash}"] += 1
            await self.die()
        else:
            for _ in batch:
                self.strangers.popleft()
        self.store.arm(None)

    async def _answer(self, batch: Sequence[Submission]) -> None:
        answers = await self.runner.submit(batch)
        for submission, answer in zip(batch, answers, strict=True):
            self.answers.setdefault((submission.source, submission.id), []).append(answer)

    async def settle_letters(self, fault: str | None) -> None:
        """Do what was asked of dead letters, alone or two processes at once, struck by one fault."""
        desks = [redrive.settle_asked(self.runner)]
        if fault == "two_desks":
            self.faults[fault] += 1
            self.others.append(self._new_runner(f"{len(self.others) + 1}"))
            desks.append(redrive.settle_asked(self.others[-1]))
            self.store.overlapping = True
        else:
            self.store.arm(fault.removeprefix("desk_") if fault else None)
        failed, crash = 0, None
        for outcome in await asyncio.gather(*desks, return_exceptions=True):
            if isinstance(outcome, Crash):
                crash = outcome
            elif isinstance(outcome, asyncpg.ConnectionDoesNotExistError):
                failed += 1
            elif isinstance(outcome, BaseException):
                raise outcome
            else:
                failed += outcome
        self.store.overlapping = False
        assert not failed or fault == "desk_db_error", "nothing struck, and a letter was not settled"
        self.faults["desk_db_error"] += failed
        self.store.arm(None)
        if crash is not None:
            self.faults[f"desk_{crash}"] += 1
            await self.die()

    async def call_outside(self, fault: str | None) -> None:
        """Let calls to the outside go on, and perhaps die in the middle of one, or at the commit of its outcome."""
        self.store.arm(fault.removeprefix("call_") if fault else None)  # crash_in_call strikes no statement
        for _ in range(self.rng.randint(0, MOST_TURNS_OF_CALLS)):
            await asyncio.sleep(0)
        self.store.arm(None)
        if fault == "crash_in_call" and self.runner.calls.tasks:
            self.runner.calls.has_died = True
        for runner in (self.runner, *self.others):
            if runner.calls.has_died:  # without a fault of this deed: that of an earlier one struck its call
                self.faults[fault or "crash_in_call"] += 1
                await self._bury(runner)

    async def _bury(self, runner: "SimRunner") -> None:
        if runner is self.runner:
            await self.die()
        else:
            self.others[self.others.index(runner)] = await self._reborn(runner)


class SimCalls(CallsUnderWay):
    """Calls of a process that may die in one of them."""

    has_died = False

    async def make(self, call: OpenCall, *, earlier_life: bool) -> None:
        """As it is, but for the end of the process."""
        try:
            await super().make(call, earlier_life=earlier_life)
        except Crash:
            self.has_died = True


class SimRunner(Runner):
    """The runner, as part of a process that may die in a call to the outside."""

    calls: SimCalls

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.calls = SimCalls(self.pool, self.caller, instance=self.instance, on_outcome=self.outcomes.take)


async def keep_batch(batch: Any) -> Any:
    """FastStream's own parser decodes every header's value here."""
    for record in batch:
        for _, value in record.headers:
            value.decode()
    return batch
