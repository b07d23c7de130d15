"""A broker in memory: topics whose order holds inside a partition only, a consumer that is thrown back, a producer that
loses, delays and repeats.
"""

import asyncio
import random
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiokafka import ConsumerRecord
from aiokafka.errors import KafkaError, KafkaTimeoutError

from common.records import Record
from common.relay import Relay
from testkit.simulation_faults import Severity
from testkit.simulation_store import SimConnection, SimStore

PARTITIONS = 3
Headers = Sequence[tuple[str, bytes]]


class SimBroker:
    """All topics."""

    def __init__(self) -> None:
        self.logs: dict[tuple[str, int], list[Record]] = {}
        self.written = 0  # records on all topics
        self.on_its_way: Callable[[Record], Record] = lambda told: told  # what becomes of a record
        self.readers: dict[str, list[SimConsumer]] = {}  # topic ->

    def append(self, topic: str, key: bytes | None, value: bytes | None, headers: Headers) -> Record:
        """Write a record behind the others of its partition."""
        partition = zlib.crc32(key or b"") % PARTITIONS
        log = self.logs.setdefault((topic, partition), [])
        size = len(value or b"")
        told: Record = ConsumerRecord(topic, partition, len(log), 0, 0, key, value, None, 0, size, tuple(headers))
        log.append(record := self.on_its_way(told))
        self.written += 1
        for reader in self.readers.get(topic, ()):
            reader.unread += 1
        return record

    def records(self, topic: str) -> list[Record]:
        """Everything on a topic, partition after partition."""
        return [record for (name, _), log in sorted(self.logs.items()) if name == topic for record in log]


class SimConsumer:
    """The group of one service: where it stands, and where a restarted owner begins."""

    def __init__(self, broker: SimBroker, topics: Sequence[str], rng: random.Random) -> None:
        self.broker, self.topics, self.rng = broker, frozenset(topics), rng
        self.position: Counter[tuple[str, int]] = Counter()
        self.acknowledged: Mapping[tuple[str, int], int] = {}
        self.places: list[tuple[str, int]] = []
        self.logs_seen = 0
        self.unread = sum(len(log) for (topic, _), log in broker.logs.items() if topic in self.topics)
        for topic in self.topics:
            broker.readers.setdefault(topic, []).append(self)

    def _places(self) -> list[tuple[str, int]]:
        if self.logs_seen != len(self.broker.logs):
            self.logs_seen = len(self.broker.logs)
            self.places = [place for place in sorted(self.broker.logs) if place[0] in self.topics]
        return self.places

    def poll(self, most: int) -> tuple[Record, ...]:
        """A batch of at most so many records a partition, of any of its partitions, in any order."""
        logs, position = self.broker.logs, self.position
        places = [place for place in self._places() if len(logs[place]) > position[place]]
        batch: list[Record] = []
        for place in self.rng.sample(places, self.rng.randint(min(1, len(places)), len(places))):
            taken = logs[place][position[place] : position[place] + self.rng.randint(1, most)]
            position[place] += len(taken)
            batch += taken
        return tuple(batch)

    def poll_everything(self) -> tuple[Record, ...]:
        """All that is left, partition after partition."""
        batch: list[Record] = []
        for place in self._places():
            batch += self.broker.logs[place][self.position[place] :]
            self.position[place] = len(self.broker.logs[place])
        return tuple(batch)

    def acknowledge(self) -> None:
        """Commit every position."""
        self.unread -= self.position.total() - sum(self.acknowledged.values())
        self.acknowledged = dict(self.position)

    def restart(self) -> None:
        """What a crash, a negative acknowledgement and a rebalance come to."""
        self.position = Counter(self.acknowledged)

    def is_behind(self) -> bool:
        """Whether any record is not acknowledged."""
        return self.unread > 0


class SimProducer:
    """An idempotent producer. After its first failure nothing more goes through it, as measured with the real one."""

    def __init__(self, broker: SimBroker, store: SimStore, faults: Counter[str], severity: Severity) -> None:
        self.broker, self.store, self.faults, self.severity = broker, store, faults, severity
        self.has_failed = False
        self.late: list[tuple[str, bytes, bytes, Headers]] = []

    async def send(self, topic: str, value: bytes, *, key: bytes, headers: Headers) -> "asyncio.Future[object]":
        """Write now, late or never; acknowledged or not."""
        await self.store.give_turns()
        outcome = "fenced" if self.has_failed else self._outcome()
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        if outcome in {"written", "acknowledgement_lost"}:
            self.broker.append(topic, key, value, headers)
        elif outcome == "record_delayed":
            self.late.append((topic, key, value, headers))
        if outcome == "written":
            future.set_result(None)
        else:
            self.has_failed = True
            future.set_exception(KafkaTimeoutError(outcome))
        return future

    def _outcome(self) -> str:
        if (
            sum(self.faults[name] for name in PRODUCER_FAULTS) >= self.severity.most_sends
            or self.store.rng.random() > self.severity.chance_a_send
        ):
            return "written"
        outcome = self.store.rng.choice(PRODUCER_FAULTS)
        self.faults[outcome] += 1
        return outcome

    async def stop(self) -> None:
        """What was under way may still be written."""
        for topic, key, value, headers in self.late:
            self.broker.append(topic, key, value, headers)
        self.late.clear()


PRODUCER_FAULTS = ("acknowledgement_lost", "record_lost", "record_delayed")


class SimRelay(Relay):
    """The relay, with its two connections in memory."""

    def __init__(
        self, *, service: str, broker: SimBroker, store: SimStore, faults: Counter[str], severity: Severity
    ) -> None:
        super().__init__(service=service, database_url="", bootstrap=[], prefix="")
        self.broker, self.store, self.faults, self.severity = broker, store, faults, severity

    async def _open(self) -> tuple[Any, Any]:
        if self.connection is None:
            self.connection = SimConnection(self.store)  # pyright: ignore[reportAttributeAccessIssue]
        if self.producer is None:
            self.producer = SimProducer(self.broker, self.store, self.faults, self.severity)  # pyright: ignore[reportAttributeAccessIssue]
        return self.connection, self.producer

    async def attempt(self) -> int:
        """One pass of its loop; a failed one is reset as the loop does. A crash is not survived."""
        try:
            return await self._pass()
        except KafkaError:
            await self._reset()
            return 0
