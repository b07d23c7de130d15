"""Rows a second that relays publish from a full outbox, each relay a process of its own; order per key is proven.

Run by `./quittance bench relay`. Beside it, in turns: bare idempotent producers with the same settings and the same
records, and no database. Timed from the moment a relay has moved its first batch.
"""

import asyncio
import multiprocessing
import time
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import uvloop
from _stand import Figure, Stand, arguments, counter_id, make_toy_tables, report, say, servers
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from common.broker import make_producer
from common.envelope import Envelope
from common.ids import new_event_id
from common.outbox import outgoing_row, write_outbox
from common.relay import Relay
from testkit import toy

KEYS, AT_ONCE = 5_000, 1_000
GOAL = 25_000
TOPIC = "toy.counters.v1"
SPAWN = multiprocessing.get_context("spawn")


async def bench_relay(stand: Stand, *, rows: int, rounds: int) -> list[Figure]:
    """One relay and two, beside one producer and two. Raises AssertionError when a key's order is broken."""
    url = stand.make_database("relay")
    await make_toy_tables(url, rows=0)
    connection = await asyncpg.connect(url)
    await fill(connection, rows)
    best: dict[str, float] = {}
    for number in range(rounds):
        for count in (1, 2):
            prefix = f"relay{number}{count}_"
            stand.make_topics(prefix)
            rate = await with_relays(stand, connection, url, prefix, rows=rows, count=count)
            await prove_order(stand, prefix, rows=rows)
            bare = await with_producers(stand, f"relay{number}{count}_", rows=rows, count=count)
            say(f"round {number + 1}, {count}: relays {rate:,.0f}, bare producers {bare:,.0f} rows a second")
            best[f"relay {count}"] = max(best.get(f"relay {count}", 0), rate)
            best[f"bare {count}"] = max(best.get(f"bare {count}", 0), bare)
    await connection.close()
    return [
        Figure(figure="two relays", value=best["relay 2"], unit="rows/s", limit="the goal", limit_value=GOAL),
        *(
            Figure(figure=figure, value=best[own], unit="rows/s", limit=limit, limit_value=best[other])
            for figure, own, limit, other in (
                ("two relays", "relay 2", "two bare idempotent producers", "bare 2"),
                ("two relays", "relay 2", "one bare idempotent producer", "bare 1"),
                ("one relay", "relay 1", "one bare idempotent producer", "bare 1"),
            )
        ),
    ]


def a_message(number: int) -> toy.CounterMoved:
    """The totals of each key rise by one."""
    return toy.CounterMoved(counter_id=counter_id(number % KEYS), total=number // KEYS + 1)


def an_envelope(message: toy.CounterMoved) -> Envelope:
    return Envelope(
        id=str(new_event_id()), type=message.type_name(), source="bench", subject=str(message.subject()),
        time="2026-01-01T00:00:00+00:00", sequence=str(message.total), causation_id="bench",
    )  # fmt: skip


async def fill(connection: asyncpg.Connection, rows: int) -> None:
    """The rows as the runner writes them, kept in a table beside, to be put into the outbox at once."""
    for first in range(0, rows, AT_ONCE):
        messages = [a_message(number) for number in range(first, min(first + AT_ONCE, rows))]
        outgoing = [
            outgoing_row(m, topic=m.topic, key=str(m.key()), event_id=UUID(e.id), envelope=e)
            for m, e in [(m, an_envelope(m)) for m in messages]
        ]
        await write_outbox(connection, outgoing, datetime.now(UTC))
    await connection.execute("CREATE TABLE prepared AS SELECT * FROM outbox")
    await connection.execute("TRUNCATE outbox")


async def with_relays(
    stand: Stand, connection: asyncpg.Connection, url: str, prefix: str, *, rows: int, count: int
) -> float:
    """Rows a second, from the first batch that was filed to the empty outbox."""
    await connection.execute("TRUNCATE outbox, outbox_sent")
    processes = [SPAWN.Process(target=run_relay, args=(url, stand.bootstrap, prefix)) for _ in range(count)]
    for process in processes:
        process.start()
    try:
        while await relays_connected(connection) < count:  # noqa: ASYNC110  other processes
            await asyncio.sleep(0.1)
        await connection.execute(
            "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
            " SELECT shard, id, topic, key, payload, headers, subject, created_at FROM prepared ORDER BY seq"
        )
        began, left = await begun(connection, rows)
        while await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):  # noqa: ASYNC110  other processes
            await asyncio.sleep(0.02)
        seconds = time.perf_counter() - began
    finally:
        for process in processes:
            process.terminate()
            process.join()
    assert await connection.fetchval("SELECT count(*) FROM outbox_sent") == rows
    return left / seconds


async def begun(connection: asyncpg.Connection, rows: int) -> tuple[float, int]:
    """When the first rows are filed, and how many are left then."""
    while True:
        left = await connection.fetchval("SELECT count(*) FROM outbox")
        if left < rows:
            return time.perf_counter(), left
        await asyncio.sleep(0.01)


async def relays_connected(connection: asyncpg.Connection) -> int:
    return await connection.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'toy relay' AND query LIKE 'SELECT shard%'"
    )


def run_relay(url: str, bootstrap: str, prefix: str) -> None:
    """A relay until SIGTERM."""
    with suppress(KeyboardInterrupt):
        uvloop.run(Relay(service="toy", database_url=url, bootstrap=[bootstrap], prefix=prefix).run())


async def with_producers(stand: Stand, prefix: str, *, rows: int, count: int) -> float:
    """Rows a second of bare producers in processes of their own; what they need to start does not count."""
    with SPAWN.Pool(count) as pool:
        share = rows // count
        work = [(stand.bootstrap, prefix, number * share, share) for number in range(count)]
        spans = await asyncio.to_thread(pool.starmap, run_producer, work, 1)
    return share * count / (max(end for _, end in spans) - min(start for start, _ in spans))


def run_producer(bootstrap: str, prefix: str, first: int, count: int) -> tuple[float, float]:
    """Send; answers when it began and ended."""
    return uvloop.run(produce(bootstrap, prefix, first, count))


async def produce(bootstrap: str, prefix: str, first: int, count: int) -> tuple[float, float]:
    records = []
    for number in range(first, first + count):
        message = a_message(number)
        headers = [(name, value.encode()) for name, value in an_envelope(message).to_headers().items()]
        records.append((str(message.key()).encode(), message.model_dump_json().encode(), headers))
    producer = make_producer(bootstrap=[bootstrap], client_id="bench")
    await producer.start()
    await producer.partitions_for(prefix + TOPIC)
    began = time.time()
    for start in range(0, count, AT_ONCE):
        futures = [
            await producer.send(prefix + TOPIC, value, key=key, headers=headers)
            for key, value, headers in records[start : start + AT_ONCE]
        ]
        await asyncio.gather(*futures)
    ended = time.time()
    await producer.stop()
    return began, ended


async def prove_order(stand: Stand, prefix: str, *, rows: int) -> None:
    """Every row is there once, and the totals of each key rise one by one."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stand.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    parts = [TopicPartition(prefix + TOPIC, number) for number in range(4)]
    consumer.assign(parts)
    await consumer.seek_to_beginning(*parts)
    totals, count = defaultdict(int), 0
    while count < rows:
        batches = await consumer.getmany(timeout_ms=2_000, max_records=5_000)
        assert batches, f"only {count} of {rows} rows arrived"
        for records in batches.values():
            for record in records:
                message = toy.CounterMoved.model_validate_json(record.value)
                assert message.total == totals[record.key] + 1, "the order of a key is broken"
                totals[record.key] = message.total
                count += 1
    assert not await consumer.getmany(timeout_ms=300), "a row came twice"
    await consumer.stop()


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows in the outbox")
    asked = parser.parse_args()
    with servers() as stand:
        figures = uvloop.run(bench_relay(stand, rows=asked.rows, rounds=asked.rounds))
        report("relay", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
