"""Simulated time across processes: move every service's clock together, and know when the platform is quiet.

Time moves only when nothing is left to do at the present instant: what happens does not depend on the machine's speed.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from common.postgres import AWAY

LOOK_EVERY_SECONDS = 0.004
TRIES_FOR_TOPIC = 100
LOST = (*AWAY, KafkaError)  # a server that is away, or just back: looked at again
DUE_TABLES = """
SELECT table_name
  FROM information_schema.columns
 WHERE table_schema = 'public'
   AND column_name = 'due_at'
"""
DUE = "(SELECT count(*) FROM {table} WHERE due_at <= (SELECT now FROM clock))"
BUSY = """
SELECT (SELECT count(*) FROM outbox) AS unsent,
       (SELECT count(*) FROM outside_call) AS calls
"""


class NotQuietError(TimeoutError):
    """The platform did not come to rest; says what was left."""


@dataclass(frozen=True, kw_only=True)
class Stepped:
    """One service: its database and the topics that it consumes (without prefix)."""

    database_url: str
    topics: Sequence[str]


class Stepper:
    """Steps the clocks of several services; use as an async context."""

    def __init__(self, services: Mapping[str, Stepped], *, bootstrap: str, prefix: str) -> None:
        self.services, self.bootstrap, self.prefix = services, bootstrap, prefix
        self.connections: dict[str, asyncpg.Connection[asyncpg.Record]] = {}
        self.tables: dict[str, list[str]] = {}
        self.partitions: list[TopicPartition] = []
        self.consumer: Any  # aiokafka has no types

    async def __aenter__(self) -> Self:
        self.consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap)
        await self.consumer.start()
        topics = {self.prefix + topic for service in self.services.values() for topic in service.topics}
        for topic in sorted(topics):
            self.partitions += [TopicPartition(topic, partition) for partition in await self._partitions(topic)]
        for name, service in self.services.items():
            connection = await asyncpg.connect(service.database_url)
            self.connections[name] = connection
            self.tables[name] = [row["table_name"] for row in await connection.fetch(DUE_TABLES)]
        return self

    async def _partitions(self, topic: str) -> list[int]:
        for _ in range(TRIES_FOR_TOPIC):
            self.consumer._client.add_topic(topic)  # noqa: SLF001  a consumer without topics knows none
            await self.consumer._client.force_metadata_update()  # noqa: SLF001
            if partitions := self.consumer.partitions_for_topic(topic):
                return sorted(partitions)
            await asyncio.sleep(0.1)
        raise NotQuietError(f"the topic {topic} does not exist")

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.consumer.stop()
        for connection in self.connections.values():
            await connection.close()

    async def move_to(self, now: datetime) -> None:
        """Set every clock, then tell every service. The first time this makes a database a stepped one."""
        for connection in self.connections.values():
            await connection.execute(
                "INSERT INTO clock (now) VALUES ($1) ON CONFLICT (only_one) DO UPDATE SET now = excluded.now", now
            )
        for connection in self.connections.values():
            await connection.execute("SELECT pg_notify('clock', '')")

    async def settle(self, *, longest_seconds: float = 120) -> float:
        """Wait until the platform is quiet, seen twice; returns the seconds that it took. Raises NotQuietError."""
        started = time.perf_counter()
        before: dict[TopicPartition, int] | None = None
        while True:
            left, ends = await self._look()
            if not left and ends == before:
                return time.perf_counter() - started
            before = ends if not left else None
            if time.perf_counter() - started > longest_seconds:
                raise NotQuietError("; ".join(left) or "records keep coming")
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def next_due_at(self) -> datetime | None:
        """The earliest instant at which any row is due."""
        found = [
            await connection.fetchval(f"SELECT min(due_at) FROM {table} WHERE due_at IS NOT NULL")  # noqa: S608
            for name, connection in self.connections.items()
            for table in self.tables[name]
        ]
        return min((due for due in found if due is not None), default=None)

    async def _look(self) -> tuple[list[str], dict[TopicPartition, int] | None]:
        """What is left to do, and the ends of the topics."""
        try:
            left = await self._left_in_databases()
            ends: dict[TopicPartition, int] = await self.consumer.end_offsets(self.partitions)
            return left + await self._behind(ends), ends
        except LOST as fault:
            return [f"a server does not answer: {type(fault).__name__}"], None

    async def _connection(self, name: str) -> "asyncpg.Connection[asyncpg.Record]":
        if self.connections[name].is_closed():
            self.connections[name] = await asyncpg.connect(self.services[name].database_url)
        return self.connections[name]

    async def _left_in_databases(self) -> list[str]:
        found = await asyncio.gather(*(self._left_in(name) for name in self.services))
        return [line for lines in found for line in lines]

    async def _left_in(self, name: str) -> list[str]:
        due = "".join(f", {DUE.format(table=table)} AS {table}" for table in self.tables[name])
        row = await (await self._connection(name)).fetchrow(BUSY + due)
        assert row is not None
        return [f"{name}: {count} {what}" for what, count in row.items() if count]

    async def _behind(self, ends: Mapping[TopicPartition, int]) -> list[str]:
        behind: list[str] = []
        for name, service in self.services.items():
            rows = await (await self._connection(name)).fetch("SELECT topic, partition, next_offset FROM progress")
            done = {(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            for partition, end in ends.items():
                topic = partition.topic.removeprefix(self.prefix)
                if topic in service.topics and done.get((topic, partition.partition), 0) < end:
                    behind.append(f"{name}: {topic}/{partition.partition} at {end}")
        return behind
