"""The relay: publishes the outbox, some shards at a time, in order per key, at least once.

A batch is taken, sent, and filed in one transaction that commits only after every acknowledgement. A shard is one
relay's at a time (advisory lock of the same transaction). A failed idempotent producer is never used again.
"""

import asyncio
import contextlib
import random
from collections import Counter, deque
from collections.abc import Sequence

import asyncpg
import orjson
import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTopicError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from common import metrics, postgres
from common.broker import make_producer
from common.clock import system_now
from common.failpoints import failpoint
from common.migrate import KEEP_DAYS
from common.outbox import SHARDS

log = structlog.get_logger()

RELAY_LOCK = 7_204_002
BATCH_ROWS = 1000
LOOK_AGAIN_SECONDS = 0.5
LONGEST_STOP_SECONDS = 5
LONGEST_BATCH_SECONDS = 15  # an idempotent producer never gives up by itself; shorter than postgres.LONGEST_SILENCE
TRIES_PER_ROW = 3
REFUSALS = (
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    InvalidTopicError,
)

TAKE = """
WITH batch AS (
    SELECT seq
      FROM outbox
     WHERE shard = $1
     ORDER BY seq
     LIMIT $2
       FOR UPDATE SKIP LOCKED
), taken AS (
    DELETE FROM outbox AS o
     USING batch AS b
     WHERE o.shard = $1
       AND o.seq = b.seq
    RETURNING o.*
), filed AS (
    INSERT INTO outbox_sent (id, shard, seq, topic, key, payload, headers, subject, created_at)
    SELECT id, shard, seq, topic, key, payload, headers, subject, created_at
      FROM taken
)
SELECT seq, topic, key, payload, headers
  FROM taken
"""


class RowRefusedError(Exception):
    """The broker refused a row for good reasons of its own."""

    def __init__(self, shard: int, seq: int, reason: str) -> None:
        super().__init__(reason)
        self.shard, self.seq, self.reason = shard, seq, reason


class Relay:
    """Publishes the outbox of one service."""

    def __init__(self, *, service: str, database_url: str, bootstrap: list[str], prefix: str) -> None:
        self.service, self.database_url, self.bootstrap, self.prefix = service, database_url, bootstrap, prefix
        self.wake = asyncio.Event()
        self.connection: asyncpg.Connection | None = None
        self.producer: AIOKafkaProducer | None = None
        self.refusals: Counter[tuple[int, int]] = Counter()
        self.partitions_kept_on: object = None

    async def run(self) -> None:
        """Until cancelled. Sleeps until a commit of this process wakes it, or half a second."""
        pause = 0.1
        try:
            while True:
                try:
                    moved = await self._pass()
                    pause = 0.1
                    if not moved:
                        with contextlib.suppress(TimeoutError):
                            async with asyncio.timeout(LOOK_AGAIN_SECONDS):  # wait_for may lose a cancellation
                                await self.wake.wait()
                        self.wake.clear()
                except Exception as fault:
                    log.exception("relay_pass_failed")
                    await self._reset()
                    if isinstance(fault, RowRefusedError):
                        await self._note_refusal(fault)
                    await asyncio.sleep(random.uniform(pause / 2, pause))  # noqa: S311  a pause, no secret
                    pause = min(10, pause * 2)
        finally:
            await self._reset()

    async def _pass(self) -> int:
        connection, producer = await self._open()
        today = system_now().date()
        if self.partitions_kept_on != today:
            await connection.execute("SELECT keep_partitions($1, $2)", today, KEEP_DAYS)
            self.partitions_kept_on = today
        shards = await connection.fetch(
            "SELECT shard FROM generate_series(0, $1::integer - 1) AS s (shard)"
            " WHERE EXISTS (SELECT FROM outbox AS o WHERE o.shard = s.shard)"
            " AND NOT EXISTS (SELECT FROM outbox_stopped AS t WHERE t.shard = s.shard)",
            SHARDS,
        )
        moved, left = 0, deque(row["shard"] for row in shards)
        while left:
            moved += await self._drain(connection, producer, left)
        metrics.RELAYED.labels(self.service).inc(moved)
        return moved

    async def _open(self) -> tuple[asyncpg.Connection, AIOKafkaProducer]:
        if self.connection is None or self.connection.is_closed():
            self.connection = await asyncpg.connect(
                self.database_url,
                command_timeout=30,
                server_settings={
                    "application_name": f"{self.service} relay",
                    "idle_in_transaction_session_timeout": postgres.LONGEST_SILENCE,
                },
            )
        if self.producer is None:
            producer = make_producer(bootstrap=self.bootstrap, client_id=f"{self.service}-relay")
            try:
                await producer.start()
            except BaseException:
                await producer.stop()
                raise
            self.producer = producer
        return self.connection, self.producer

    async def _reset(self) -> None:
        connection, producer, self.connection, self.producer = self.connection, self.producer, None, None
        if producer is not None:  # a failed idempotent producer is never reused
            with contextlib.suppress(Exception):
                async with asyncio.timeout(LONGEST_STOP_SECONDS):
                    await producer.stop()
        if connection is not None:
            connection.terminate()

    async def _drain(self, connection: asyncpg.Connection, producer: AIOKafkaProducer, shards: deque[int]) -> int:
        """One batch: of as many shards as it takes to fill it, for each transaction and each request has its price."""
        async with connection.transaction():
            rows: list[tuple[int, asyncpg.Record]] = []
            while shards and len(rows) < BATCH_ROWS:
                shard = shards.popleft()
                if await connection.fetchval("SELECT pg_try_advisory_xact_lock($1, $2)", RELAY_LOCK, shard):
                    taken = await connection.fetch(TAKE, shard, BATCH_ROWS - len(rows))
                    rows += [(shard, row) for row in sorted(taken, key=lambda row: row["seq"])]
                # else another relay owns this shard right now
            if not rows:  # another relay was faster; nor is this an instant to die at
                return 0
            failpoint("after_delete")
            futures: list[asyncio.Future[object]] = []
            try:
                async with asyncio.timeout(LONGEST_BATCH_SECONDS):
                    for shard, row in rows:
                        futures.append(await self._send(producer, shard, row))  # kept when one raises
                    failpoint("between_sends")
                    results = await asyncio.gather(*futures, return_exceptions=True)
            finally:
                _raise_refusal(rows, futures)
            for result in results:
                if isinstance(result, BaseException):
                    raise result  # roll back: nothing is filed
            failpoint("after_acks")
        failpoint("after_relay_commit")
        return len(rows)

    async def _send(self, producer: AIOKafkaProducer, shard: int, row: asyncpg.Record) -> "asyncio.Future[object]":
        headers: dict[str, str] = orjson.loads(row["headers"])
        try:
            return await producer.send(  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
                self.prefix + row["topic"],
                row["payload"],
                key=row["key"],
                headers=[(name, value.encode()) for name, value in headers.items()],
            )
        except REFUSALS as refusal:
            raise RowRefusedError(shard, row["seq"], type(refusal).__name__) from refusal

    async def _note_refusal(self, fault: RowRefusedError) -> None:
        """A row refused three times stops its shard alone, and shows in `status`."""
        self.refusals[fault.shard, fault.seq] += 1
        if self.refusals[fault.shard, fault.seq] >= TRIES_PER_ROW:
            with contextlib.suppress(Exception):
                connection, _ = await self._open()
                await connection.execute(
                    "INSERT INTO outbox_stopped (shard, seq, reason, stopped_at) VALUES ($1, $2, $3, $4)"
                    " ON CONFLICT DO NOTHING",
                    fault.shard, fault.seq, fault.reason, system_now(),
                )  # fmt: skip


def _raise_refusal(rows: Sequence[tuple[int, asyncpg.Record]], futures: Sequence["asyncio.Future[object]"]) -> None:
    """Raise RowRefusedError for the first row that the broker refused, whatever became of the others for its sake."""
    for (shard, row), future in zip(rows, futures, strict=False):
        fault = future.exception() if future.done() and not future.cancelled() else None
        if isinstance(fault, REFUSALS):
            raise RowRefusedError(shard, row["seq"], type(fault).__name__)
