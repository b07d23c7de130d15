"""The one factory of broker and subscriber: no framework default is taken."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import chain
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import ProducerClosed
from faststream import AckPolicy
from faststream.kafka import KafkaBroker

from common.records import Record, keep_raw, safe_parser

OnBatch = Callable[[Sequence[Record]], Awaitable[None]]
BATCH_RECORDS = 500
LONGEST_WAIT_MS = 1_000
SESSION_TIMEOUT_MS = 30_000
LONGEST_HANDLING_MS = 300_000


def make_broker(
    *, bootstrap: list[str], topics: Sequence[str], group: str, instance: str, on_batch: OnBatch
) -> tuple[KafkaBroker, Any]:
    """A broker with one batch subscriber on all topics of a service; returns both.

    Acknowledges after the handler, and gives the batch back when it raises; never creates a topic; never answers to a
    topic that a record names; keeps its partitions over a restart (static membership).
    """
    broker = KafkaBroker(
        bootstrap,
        client_id=instance,
        allow_auto_create_topics=False,
        enable_idempotence=True,
        parser=safe_parser,
        decoder=keep_raw,
        graceful_timeout=15.0,
        logger=None,
    )
    subscriber = broker.subscriber(
        *topics,
        batch=True,
        group_id=group,
        group_instance_id=f"{group}.{instance}",
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        max_records=BATCH_RECORDS,
        session_timeout_ms=SESSION_TIMEOUT_MS,
        heartbeat_interval_ms=3_000,
        max_poll_interval_ms=LONGEST_HANDLING_MS,
        max_partition_fetch_bytes=4 << 20,
    )

    async def wait_for_batch(consumer: Any) -> tuple[Record, ...]:
        """Woken by records, not by a clock: FastStream sleeps after each empty poll, which costs latency and cores."""
        batches = await consumer.getmany(timeout_ms=LONGEST_WAIT_MS, max_records=BATCH_RECORDS)
        return tuple(record for records in batches.values() for record in records)

    subscriber.get_msg = wait_for_batch

    @subscriber
    async def on_records(message: Any) -> None:
        await on_batch(message.raw_message)

    del on_records
    return broker, subscriber


class OrderedProducer(AIOKafkaProducer):
    """Writes nothing any more after its first failure, nor while it stops: what comes behind a failed record must not
    stand before it. Kafka alone does not see to that: to a partition that has nothing of a producer yet, it lets in
    whatever number comes first.
    """

    async def send(self, *arguments: Any, **settings: Any) -> "asyncio.Future[Any]":
        """As the framework's; its failure ends the producer."""
        framework: Any = super()
        future: asyncio.Future[Any] = await framework.send(*arguments, **settings)
        future.add_done_callback(lambda sent: self._give_up() if sent.cancelled() or sent.exception() else None)
        return future

    async def stop(self) -> None:
        """End without sending what is left: whoever waits for it has not filed it, and sends it by another producer."""
        self._give_up()
        await self.client.close()
        await super().stop()

    def _give_up(self) -> None:
        sender: Any = self._sender
        held: Any = self._message_accumulator
        if sender.sender_task is not None:
            sender.sender_task.cancel()
            held.fail_all(ProducerClosed())
            for batch in chain.from_iterable(held._batches.values()):  # noqa: SLF001  else asyncio complains of those
                batch._drain_waiter.exception()  # noqa: SLF001


def make_producer(*, bootstrap: list[str], client_id: str) -> AIOKafkaProducer:
    """The relay's producer: idempotent, so that a repeat of its own keeps order and count. Any error is fatal to it."""
    return OrderedProducer(
        bootstrap_servers=bootstrap,  # pyright: ignore[reportArgumentType]  a list works, and is documented
        client_id=client_id,
        enable_idempotence=True,
        acks="all",
        linger_ms=5,
        max_batch_size=262_144,
        max_request_size=4 << 20,
        request_timeout_ms=10_000,
        compression_type="lz4",
    )
