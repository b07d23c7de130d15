"""The relay on the real broker and database: nothing lost, order per key, whatever dies."""

import asyncio
import json
import uuid
import zlib
from datetime import UTC, datetime

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import MessageSizeTooLargeError

from common.ids import new_event_id
from common.outbox import SEND_AGAIN, SHARDS
from common.relay import TRIES_PER_ROW, Relay
from testkit import toy

KEYS = [uuid.UUID(int=n + 1) for n in range(40)]


async def fill(pool, *, count, topic="toy.counters.v1", payload=b"{}"):
    """`count` rows over the keys, numbered per key."""
    rows = []
    for n in range(count):
        key = str(KEYS[n % len(KEYS)]).encode()
        headers = json.dumps({"n": str(n // len(KEYS))})
        rows.append((zlib.crc32(key) % SHARDS, new_event_id(), topic, key, payload, headers, KEYS[n % len(KEYS)]))
    await pool.executemany(
        "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, now())",
        rows,
    )


async def read_all(kafka, topic):
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    found = []
    while batches := await consumer.getmany(timeout_ms=1500):
        found += [record for records in batches.values() for record in records]
    await consumer.stop()
    return found


async def until_empty(pool, seconds=60):
    for _ in range(seconds * 10):
        if not await pool.fetchval("SELECT count(*) FROM outbox"):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the outbox does not empty")


def a_relay(world, kafka, prefix):
    return Relay(service="toy", database_url=world.settings.database_url, bootstrap=[kafka], prefix=prefix)


async def test_two_relays_under_kills_lose_nothing_and_keep_the_order_of_each_key(world, pool, kafka, prefix, postgres):
    relays = [a_relay(world, kafka, prefix) for _ in range(2)]
    tasks = [asyncio.create_task(relay.run()) for relay in relays]
    superuser = await asyncpg.connect(postgres)
    kills = 0
    for _ in range(6):
        await fill(pool, count=2_000)
        await asyncio.sleep(0.05)
        kills += await superuser.fetchval(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE application_name = 'toy relay' AND datname = $1",
            world.settings.database_url.rpartition("/")[2],
        )
    await until_empty(pool)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await superuser.close()
    found = await read_all(kafka, prefix + "toy.counters.v1")
    first_seen: dict[bytes, list[tuple[bytes, int]]] = {}
    seen = set()
    for record in found:
        number = int(dict(record.headers)["n"])
        first_seen.setdefault(record.key, []).append(number)
    assert kills > 0, "no relay was ever killed"
    assert sum(len(numbers) for numbers in first_seen.values()) >= 12_000
    for numbers in first_seen.values():
        order = [n for i, n in enumerate(numbers) if n not in numbers[:i]]
        assert order == sorted(order)
        seen.add(len(set(numbers)))
    assert seen == {50}
    assert await pool.fetchval("SELECT count(*) FROM outbox_sent") == 12_000


async def test_a_row_that_the_broker_refuses_stops_its_shard_alone(world, pool, kafka, prefix, monkeypatch):
    relay = a_relay(world, kafka, prefix)
    await fill(pool, count=1, payload=b"x" * (5 << 20))
    await fill(pool, count=40)
    task = asyncio.create_task(relay.run())
    for _ in range(200):
        stopped = await pool.fetch("SELECT reason FROM outbox_stopped")
        if stopped and await pool.fetchval("SELECT count(DISTINCT shard) FROM outbox") == 1:
            break
        await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [row["reason"] for row in stopped] == [MessageSizeTooLargeError.__name__]
    assert max(relay.refusals.values()) == TRIES_PER_ROW
    assert await pool.fetchval("SELECT count(*) FROM outbox_sent") > 0


@pytest.mark.parametrize("days", [0, 9])
async def test_partitions_of_the_days_are_made_and_old_ones_dropped(pool, days):
    await pool.execute("SELECT keep_partitions(current_date, 7)")
    made = await pool.fetchval("SELECT count(*) FROM pg_class WHERE relname ~ '^(inbox|outbox_sent)_[0-9]{8}$'")
    assert made == 6
    await pool.execute("SELECT keep_partitions(current_date + $1::integer, 7)", days)
    kept = await pool.fetch("SELECT relname FROM pg_class WHERE relname ~ '^inbox_[0-9]{8}$' ORDER BY 1")
    assert len(kept) == (3 if days == 0 else 4)
    await pool.execute("INSERT INTO inbox VALUES ($1, now(), 'x')", new_event_id())
    at_home = await pool.fetchval("SELECT tableoid::regclass::text FROM inbox")
    assert at_home.startswith("inbox_2") if days == 0 else at_home


async def test_what_was_sent_goes_out_again_under_its_ids_and_changes_nothing(world, pool):
    key, start = uuid.uuid4(), datetime.now(UTC)
    commands = [toy.OpenCounter(counter_id=key), *(toy.AddToCounter(counter_id=key, number=n) for n in (1, 2, 3))]
    async with world.service().running():
        for command in commands:
            event_id = new_event_id()
            await pool.execute(
                "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
                " VALUES (0, $1, 'toy.requests.v1', $2, $3, $4, $5, $6)",
                event_id, str(key).encode(), command.model_dump_json().encode(),
                json.dumps({"ce_id": str(event_id), "ce_type": command.type_name()}), key, start,
            )  # fmt: skip
        await world.settle(4)
        sent = await pool.fetch("SELECT id, headers FROM outbox_sent WHERE topic = 'toy.requests.v1' ORDER BY seq")
    last = await pool.fetchval("SELECT max(seq) FROM outbox_sent")
    assert await pool.fetchval(SEND_AGAIN, start) == 7  # the four commands, and what the counter said
    assert await pool.fetchval("SELECT max(seq) FROM outbox") == last
    async with world.service().running():
        await world.settle(8)
    assert await pool.fetchval("SELECT state ->> 'total' FROM counter") == "6"
    assert await pool.fetchval("SELECT version FROM counter") == 4
    assert await pool.fetchval("SELECT count(*) FROM outbox_sent") == 7
    again = await pool.fetch("SELECT id, headers FROM outbox_sent WHERE topic = 'toy.requests.v1' ORDER BY seq")
    assert again == sent
    said = await world.said()
    assert [s.headers["ce_sequence"] for s in said] == ["1", "2", "3", "1", "2", "3"]
    assert len({s.headers["ce_id"] for s in said}) == 3
