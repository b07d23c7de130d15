"""Whole services in one process against seeded faults: the real runner, fold, relay and alarms, and nothing slow.

`Simulation` holds the topics and the services; `run` goes on until all is quiet. The seed is the reproduction.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from unittest import mock

import asyncpg

from common import relay
from common.calls import Caller, Channel
from common.decisions import Consumers, Due
from common.messages import Catalogue
from common.records import Record, safe_parser
from common.runner import Runner
from testkit.simulation_broker import PRODUCER_FAULTS, SimBroker, SimConsumer, SimRelay
from testkit.simulation_store import Crash, Query, Row, SimPool, SimStore

CONSUMER_FAULTS = (
    "db_error", "crash_before_commit", "crash_after_commit", "crash_before_ack", "rebalance", "zombie_late",
    "zombie_overlaps", "alarms_overlap",
)  # fmt: skip
RELAY_FAULTS = ("relay_crash_before_commit", "relay_crash_after_commit", "two_relays")
ALARM_FAULTS = ("alarm_crash_before_commit", "alarm_crash_after_commit")
ALL_FAULTS = (*CONSUMER_FAULTS, *RELAY_FAULTS, *ALARM_FAULTS, *PRODUCER_FAULTS, "partitions_reordered", "clock_jump")
MOST_STEPS = 5_000
ROWS_A_RELAY_BATCH = 3
MOST_FAULTS = 25


class Stuck(AssertionError):  # noqa: N818  what the reader sees is that it is stuck
    """It does not come to rest."""


class SimService:
    """One service: its database, where it stands on its topics, and a process that may die."""

    def __init__(
        self,
        name: str,
        *,
        simulation: "Simulation",
        catalogue: Catalogue,
        topics: Sequence[str],
        consumers: Consumers,
        channels: Mapping[str, Channel] | None = None,
        queries: Mapping[str, Query] | None = None,
        defaults: Mapping[str, Callable[[], Row]] | None = None,
        checks: Mapping[str, Callable[[Row], bool]] | None = None,
    ) -> None:
        self.name, self.catalogue, self.consumers, self.channels = name, catalogue, consumers, channels or {}
        self.rng, self.faults, self.broker = simulation.rng, simulation.faults, simulation.broker
        self.store = SimStore(self.rng, now=simulation.now, queries=queries, defaults=defaults, checks=checks)
        self.consumer = SimConsumer(self.broker, topics, self.rng)
        self.zombie: tuple[Runner, Sequence[Record]] | None = None
        self.runner = self._new_runner()
        self.relay = self._new_relay()

    def _new_runner(self) -> Runner:
        pool: Any = SimPool(self.store)
        return Runner(
            service=self.name,
            instance=f"{self.name}-0",
            pool=pool,
            catalogue=self.catalogue,
            consumers=self.consumers,
            caller=Caller(self.channels),
        )

    def _new_relay(self) -> SimRelay:
        return SimRelay(service=self.name, broker=self.broker, store=self.store, faults=self.faults)

    async def die(self) -> None:
        """Nothing in memory survives; a new process asks about the calls that the old one left open."""
        for call in list(self.runner.calls_under_way):
            call.cancel()
        self.store.fault = None
        self.consumer.restart()
        self.runner, self.relay = self._new_runner(), self._new_relay()
        await self.runner.resume_calls()

    def is_busy(self) -> bool:
        """Whether anything is left to do at this instant."""
        due = self.next_due_at()
        return bool(
            self.consumer.behind()
            or self.store.rows("outbox")
            or self.store.rows("outside_call")
            or (due is not None and due <= self.store.now)
        )

    def next_due_at(self) -> datetime | None:
        """The earliest instant at which a row is due."""
        names = [thing.name for thing in self.consumers.things()]
        return min((r["due_at"] for n in names for r in self.store.rows(n) if r.get("due_at")), default=None)

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
        other = self._new_runner()
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
        things = [t for t in self.consumers.things() if self.consumers.line_for(Due, t) is not None]
        return sum([await runner.take_due(thing) for thing in things])

    async def take_due(self, fault: str | None) -> None:
        """Look for alarms, struck by a crash."""
        due = self.next_due_at()
        self.store.arm(fault.removeprefix("alarm_") if fault and due and due <= self.store.now else None)
        try:
            await self._alarms(self.runner)
        except Crash as crash:
            self.faults[f"alarm_{crash}"] += 1
            await self.die()
        self.store.arm(None)

    async def publish(self, fault: str | None) -> None:
        """A pass of the relay, of two at once, or of one that dies in it."""
        if not self.store.rows("outbox"):
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


async def keep_batch(batch: Any) -> Any:
    """FastStream's own parser decodes every header's value here."""
    for record in batch:
        for _, value in record.headers:
            value.decode()
    return batch


class Simulation:
    """Topics, services and one seed."""

    def __init__(self, seed: int, *, now: datetime) -> None:
        self.seed, self.rng, self.now = seed, random.Random(seed), now  # noqa: S311  a seed, no secret
        self.broker = SimBroker()
        self.faults: Counter[str] = Counter()
        self.services: list[SimService] = []

    def add(self, name: str, **wiring: Any) -> SimService:
        """A service; see `SimService`."""
        service = SimService(name, simulation=self, **wiring)
        self.services.append(service)
        return service

    def move_to(self, now: datetime) -> None:
        """The clock of all services."""
        self.now = now
        for service in self.services:
            service.store.now = now

    async def run(self, *, until: datetime) -> None:
        """Until all is quiet and nothing more is due before `until`. Raises Stuck."""
        with mock.patch.object(relay, "BATCH_ROWS", ROWS_A_RELAY_BATCH):
            for _ in range(MOST_STEPS):
                busy = [service for service in self.services if service.is_busy()]
                if busy:
                    await self._step(self.rng.choice(busy))
                    continue
                due = min((d for s in self.services if (d := s.next_due_at()) is not None), default=until)
                if due >= until:
                    return
                self.faults["clock_jump"] += 1
                self.move_to(max(due, self.now))
        raise Stuck(f"seed {self.seed}: no rest after {MOST_STEPS} steps; {dict(self.faults)}")

    async def _step(self, service: SimService) -> None:
        kind, deed = self.rng.choice(
            (
                (CONSUMER_FAULTS, service.consume),
                (RELAY_FAULTS, service.publish),
                (ALARM_FAULTS, service.take_due),
            )
        )
        is_struck = self.faults.total() < MOST_FAULTS and self.rng.random() < 0.6  # noqa: PLR2004
        await deed(self.rng.choice(kind) if is_struck else None)
        for _ in range(3):  # calls to the outside go on beside
            await asyncio.sleep(0)
