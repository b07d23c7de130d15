"""Whole services in one process against seeded faults: the real runner, fold, relay and alarms, and nothing slow.

`Simulation` holds the topics and the services; `run` goes on until all is quiet. The seed is the reproduction: the
same one gives the same life, statement by statement (`fingerprint`).
"""

import asyncio
import contextlib
import hashlib
import random
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from datetime import datetime
from typing import Protocol
from unittest import mock
from uuid import UUID

from common import outbox, relay
from common.calls import Channel
from common.decisions import Consumers
from common.messages import Catalogue
from testkit.simulation_broker import PRODUCER_FAULTS, SimBroker
from testkit.simulation_faults import CALM, Severity
from testkit.simulation_service import ALARM_FAULTS, CONSUMER_FAULTS, RELAY_FAULTS, SimService
from testkit.simulation_store import Query, Row

ALL_FAULTS = (*CONSUMER_FAULTS, *RELAY_FAULTS, *ALARM_FAULTS, *PRODUCER_FAULTS, "partitions_reordered", "clock_jump")
MOST_STEPS = 20_000
ROWS_A_RELAY_BATCH = 3
MOST_TURNS = 4


class Stuck(AssertionError):  # noqa: N818  what the reader sees is that it is stuck
    """It does not come to rest."""


class Outside(Protocol):
    """Whoever acts on the services from the outside, at instants of his own."""

    def next_at(self) -> datetime | None:
        """When he acts next."""
        ...

    def act(self, *, is_quiet: bool) -> bool:
        """Act now, if he wants to; whether he did. At his instant he must when all is quiet."""
        ...


class Simulation:
    """Topics, services and one seed."""

    def __init__(self, seed: int, *, now: datetime, severity: Severity | None = None) -> None:
        self.seed, self.rng, self.now = seed, random.Random(seed), now  # noqa: S311  a seed, no secret
        self.severity = Severity() if severity is None else severity
        self.id_rng = random.Random(f"ids {seed}")  # noqa: S311  a seed, no secret
        self.broker = SimBroker()
        self.faults: Counter[str] = Counter()
        self.services: list[SimService] = []
        self.outside: Outside | None = None
        self.laggard: SimService | None = None  # comes last at this instant: facts of two owners overtake each other
        self.trace = hashlib.sha256()

    def add(
        self,
        name: str,
        *,
        catalogue: Catalogue,
        topics: Sequence[str],
        consumers: Consumers,
        channels: Mapping[str, Channel] | None = None,
        queries: Mapping[str, Query] | None = None,
        defaults: Mapping[str, Callable[[], Row]] | None = None,
        checks: Mapping[str, Callable[[Row], bool]] | None = None,
    ) -> SimService:
        """A service: what it consumes and its table, the doubles of its channels, the twins of its named queries by
        their SQL, the columns that its database draws, and the checks of its tables.
        """
        service = SimService(
            name,
            world=self,
            catalogue=catalogue,
            topics=topics,
            consumers=consumers,
            channels=channels or {},
            queries=queries or {},
            defaults=defaults or {},
            checks=checks or {},
        )
        self.services.append(service)
        return service

    def move_to(self, now: datetime) -> None:
        """The clock of all services."""
        self.now = now
        for service in self.services:
            service.store.now = now

    def read_clock(self) -> datetime:
        """The time of whoever asks for the system's."""
        return self.now

    def new_event_id(self) -> UUID:
        """Of this seed, so that a life can be lived again."""
        return UUID(int=self.id_rng.getrandbits(128), version=4)

    @contextlib.contextmanager
    def _seeded(self) -> Generator[None]:
        with (
            mock.patch.object(relay, "BATCH_ROWS", ROWS_A_RELAY_BATCH),
            mock.patch.object(relay, "system_now", self.read_clock),
            mock.patch.object(outbox, "new_event_id", self.new_event_id),
        ):
            yield

    async def run(self, *, until: datetime) -> None:
        """Until all is quiet and nothing more is due before `until`. Raises Stuck."""
        with self._seeded():
            for _ in range(MOST_STEPS):
                busy = [service for service in self.services if service.is_busy()]
                if self.outside is not None and self.outside.act(is_quiet=not busy):
                    continue
                if busy and self.severity is CALM:
                    for service in busy:
                        await service.do_everything()
                    continue
                if busy:
                    await self._step(self.rng.choice([s for s in busy if s is not self.laggard] or busy))
                    continue
                due = self._next_at(until)
                if due >= until:
                    return
                self.faults["clock_jump"] += 1
                self.laggard = self.rng.choice((None, *self.services))
                self.move_to(max(due, self.now))
        raise Stuck(f"seed {self.seed}: no rest after {MOST_STEPS} steps; {dict(self.faults)}")

    def _next_at(self, until: datetime) -> datetime:
        instants = [due for service in self.services if (due := service.next_due_at()) is not None]
        if self.outside is not None and (at := self.outside.next_at()) is not None:
            instants.append(at)
        return min(instants, default=until)

    async def _step(self, service: SimService) -> None:
        kinds, deed = self.rng.choice(service.deeds())
        is_struck = self._faults_so_far() < self.severity.most and self.rng.random() < self.severity.chance
        fault = self.rng.choice(kinds) if is_struck else None
        self.trace.update(f"{self.now} {service.name} {deed.__name__} {fault}\n".encode())
        await deed(fault)
        if any(service.is_calling() for service in self.services):
            for _ in range(self.rng.randrange(MOST_TURNS)):
                await asyncio.sleep(0)

    def _faults_so_far(self) -> int:
        return self.faults.total() - self.faults["clock_jump"] - self.faults["partitions_reordered"]

    def fingerprint(self) -> str:
        """SHA-256 of all that was done, published and stored."""
        whole = self.trace.copy()
        for (topic, partition), log in sorted(self.broker.logs.items()):
            for record in log:
                whole.update(repr((topic, partition, record.key, record.value, record.headers)).encode())
        for service in self.services:
            for table, rows in sorted(service.store.tables.items()):
                whole.update(repr((service.name, table, list(rows.items()))).encode())
        whole.update(repr(sorted(self.faults.items())).encode())
        return whole.hexdigest()


__all__ = ["ALL_FAULTS", "CALM", "Severity", "SimService", "Simulation", "Stuck"]
