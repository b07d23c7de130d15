"""Messages a second of one process: consume, inbox, load, fold, write, outbox, commit, acknowledge.

Run by `./quittance bench consume`. The runner is the real one on the real broker, its topic filled beforehand; the
counters are picked at random from a million. Beside it, in turns: the same transaction written by hand (`_by_hand.py`),
`getmany` with a commit a batch, one message a transaction, and how fast rows enter a bare table by COPY and `unnest`.
"""

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence

import asyncpg
import uvloop
from _by_hand import apply_by_hand
from _stand import (
    TEXT,
    Figure,
    Stand,
    arguments,
    counter_id,
    make_toy_tables,
    report,
    say,
    servers,
    spare_the_collector,
    stopwatch,
)
from aiokafka import AIOKafkaConsumer

from common.broker import BATCH_RECORDS, make_broker, make_producer
from common.calls import Caller
from common.envelope import Envelope
from common.ids import new_event_id
from common.postgres import Pool, open_pool
from common.records import Record
from common.runner import Runner
from testkit import toy

ONE_BY_ONE = 1_500
AIM, FLOOR_BESIDE_HAND = 10_000, 0.7
Take = Callable[[Sequence[Record]], Awaitable[None]]


async def bench_consume(stand: Stand, *, rows: int, messages: int, rounds: int) -> list[Figure]:
    """The figures of all variants, best of `rounds`."""
    url, prefix = stand.make_database("consume"), "consume_"
    say(f"making {rows:,} counters")
    await make_toy_tables(url, rows=rows)
    stand.make_topics(prefix)
    say(f"sending {messages:,} messages")
    await send(stand, prefix, rows=rows, messages=messages)
    pool = await open_pool(url, name="bench")
    runner = Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=toy.CONSUMERS,
        caller=Caller({}), prefix=prefix,
    )  # fmt: skip

    async def by_hand(records: Sequence[Record]) -> None:
        await apply_by_hand(pool, records, prefix=prefix)

    async def nothing(_: Sequence[Record]) -> None:
        pass

    best, processor = dict[str, float](), dict[str, float]()
    spare_the_collector()
    for number in range(rounds):
        for name, measure in {
            "runner": through_the_broker(stand, prefix, runner, messages),
            "by hand": by_getmany(stand, prefix, by_hand, messages),
            "getmany": by_getmany(stand, prefix, nothing, messages),
            "one by one": by_getmany(stand, prefix, runner.take_records, ONE_BY_ONE, at_once=1),
            "copy": by_copy(pool, messages),
            "unnest": by_unnest(pool, messages),
        }.items():
            await forget(pool)
            began = time.process_time()
            rate = await measure
            spent = (time.process_time() - began) / (ONE_BY_ONE if name == "one by one" else messages) * 1e6
            say(f"round {number + 1}: {name} {rate:,.0f} a second, {spent:.1f} µs of this process each")
            best[name] = max(best.get(name, 0), rate)
            processor[name] = min(processor.get(name, spent), spent)
    await pool.close()
    one, beside = "runner, one process", {name: (name, value) for name, value in best.items()}
    return [
        Figure(figure=one, value=best["runner"], unit="messages/s", limit="the aim", limit_value=AIM),
        *(
            Figure(figure=one, value=best["runner"], unit="messages/s", limit=limit, limit_value=beside[name][1])
            for name, limit in (
                ("by hand", f"the same transaction by hand (floor {FLOOR_BESIDE_HAND})"),
                ("getmany", "getmany and commit, nothing else"),
                ("copy", "COPY into a bare table"),
                ("unnest", "INSERT by unnest into a bare table"),
                ("one by one", "runner, one message a transaction"),
            )
        ),
        Figure(
            figure="processor time of the process, a message",
            value=processor["runner"],
            unit="µs",
            limit="the same transaction by hand",
            limit_value=processor["by hand"],
        ),
    ]


async def send(stand: Stand, prefix: str, *, rows: int, messages: int) -> None:
    """Fill the topic: additions to counters picked at random, with the headers that the outbox gives."""
    producer = make_producer(bootstrap=[stand.bootstrap], client_id="bench")
    await producer.start()
    picked, futures = random.Random(1), []  # noqa: S311  no secret
    for _ in range(messages):
        message = toy.AddToCounter(counter_id=counter_id(picked.randrange(rows)), number=1, text=TEXT)
        envelope = Envelope(
            id=str(new_event_id()), type=message.type_name(), source="bench", subject=str(message.subject()),
            time="2026-01-01T00:00:00+00:00", causation_id="bench",
        )  # fmt: skip
        futures.append(
            await producer.send(
                prefix + message.topic_name(), message.model_dump_json().encode(), key=str(message.key()).encode(),
                headers=[(name, value.encode()) for name, value in envelope.to_headers().items()],
            )
        )  # fmt: skip
    await asyncio.gather(*futures)
    await producer.stop()


async def forget(pool: Pool) -> None:
    """As if nothing had been consumed; totals start anew so that they stay under the table's bound."""
    await pool.execute("TRUNCATE inbox, outbox, progress")
    await pool.execute("CHECKPOINT")


async def through_the_broker(stand: Stand, prefix: str, runner: Runner, messages: int) -> float:
    """As a service consumes: subscriber, runner, acknowledgement."""
    done, count, seconds = asyncio.Event(), 0, list[float]()
    loop = asyncio.get_running_loop()

    async def on_batch(records: Sequence[Record]) -> None:
        nonlocal count
        if not seconds:
            seconds.append(loop.time())  # joining the group does not count
        await runner.take_records(records)
        count += len(records)
        if count >= messages:
            seconds.append(loop.time())
            done.set()

    broker, _ = make_broker(
        bootstrap=[stand.bootstrap], topics=[prefix + "toy.requests.v1"], group=f"bench-{secrets.token_hex(4)}",
        instance="0", on_batch=on_batch,
    )  # fmt: skip
    await broker.start()
    await done.wait()
    await broker.stop()
    return count / (seconds[-1] - seconds[0])


async def by_getmany(stand: Stand, prefix: str, take: Take, messages: int, *, at_once: int = BATCH_RECORDS) -> float:
    """A bare aiokafka consumer, its offsets committed after each batch."""
    consumer = AIOKafkaConsumer(
        prefix + "toy.requests.v1", bootstrap_servers=stand.bootstrap, group_id=f"bench-{secrets.token_hex(4)}",
        auto_offset_reset="earliest", enable_auto_commit=False, max_partition_fetch_bytes=4 << 20,
    )  # fmt: skip
    await consumer.start()
    count, began = 0, 0.0
    loop = asyncio.get_running_loop()
    while count < messages:
        batches = await consumer.getmany(timeout_ms=1_000, max_records=at_once)
        records = [record for part in batches.values() for record in part]
        if not records:
            continue
        began = began or loop.time()
        await take(records)
        await consumer.commit()
        count += len(records)
    rate = count / (loop.time() - began)
    await consumer.stop()
    return rate


async def by_copy(pool: Pool, rows: int) -> float:
    """Rows as large as an outbox row into a table with a key, committed once per batch."""
    async with pool.acquire() as connection:
        await make_bare(connection)
        with stopwatch() as seconds:
            for first in range(0, rows, BATCH_RECORDS):
                batch = [(counter_id(n), TEXT) for n in range(first, min(first + BATCH_RECORDS, rows))]
                await connection.copy_records_to_table("bare", records=batch, columns=["id", "text"])
    return rows / seconds[0]


async def by_unnest(pool: Pool, rows: int) -> float:
    """The same by INSERT ... SELECT FROM unnest."""
    async with pool.acquire() as connection:
        await make_bare(connection)
        with stopwatch() as seconds:
            for first in range(0, rows, BATCH_RECORDS):
                keys = [counter_id(n) for n in range(first, min(first + BATCH_RECORDS, rows))]
                await connection.execute(
                    "INSERT INTO bare (id, text) SELECT i, t FROM unnest($1::uuid[], $2::text[]) AS u (i, t)",
                    keys,
                    [TEXT] * len(keys),
                )
    return rows / seconds[0]


async def make_bare(connection: asyncpg.Connection) -> None:
    await connection.execute("DROP TABLE IF EXISTS bare")
    await connection.execute("CREATE TABLE bare (id uuid PRIMARY KEY, text text NOT NULL)")


def main() -> None:
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="counters in the table")
    parser.add_argument("--messages", type=int, default=40_000, help="messages a round")
    asked = parser.parse_args()
    with servers() as stand:
        figures = uvloop.run(bench_consume(stand, rows=asked.rows, messages=asked.messages, rounds=asked.rounds))
        report("consume", figures, as_json=asked.json)


if __name__ == "__main__":
    main()
