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

from common.broker import make_producer
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


@pytest.fixture
def producers(monkeypatch):
    """The producers that relays of this test made, in order. The first finds no leader until a send failed."""
    made = []

    def make(**settings):
        producer = make_producer(**settings)
        if not made:
            find_no_leader_before_a_failure(producer)
        made.append(producer)
        return producer

    monkeypatch.setattr("common.relay.make_producer", make)
    return made


def find_no_leader_before_a_failure(producer):
    """A batch then fails after a second, for the 10 s of production."""
    producer._message_accumulator._batch_ttl = 1
    cluster, send, sent = producer.client.cluster, producer.send, []
    leader = cluster.leader_for_partition

    async def send_and_note(*arguments, **settings):
        sent.append(await send(*arguments, **settings))
        return sent[-1]

    producer.send = send_and_note
    cluster.leader_for_partition = lambda place: leader(place) if any(one.done() for one in sent) else -1


async def test_what_comes_behind_a_row_that_found_no_leader_is_not_written_before_it(
    world, pool, kafka, prefix, producers
):
    key = str(KEYS[0]).encode()
    for n in range(3):  # two do not fit one batch of the producer
        await pool.execute(
            "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
            " VALUES (0, $1, 'toy.counters.v1', $2, $3, $4, $5, now())",
            new_event_id(), key, b"x" * 200_000, json.dumps({"n": str(n)}), KEYS[0],
        )  # fmt: skip
    task = asyncio.create_task(a_relay(world, kafka, prefix).run())
    await until_empty(pool)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(producers) >= 2, "no send failed"
    numbers = [dict(record.headers)["n"] for record in await read_all(kafka, prefix + "toy.counters.v1")]
    assert numbers == [b"0", b"1", b"2"]


async def test_a_producer_that_was_given_up_sends_nothing_any_more(world, pool, kafka, prefix, producers, monkeypatch):
    monkeypatch.setattr("common.relay.LONGEST_BATCH_SECONDS", 0.5)
    await fill(pool, count=40)
    task = asyncio.create_task(a_relay(world, kafka, prefix).run())
    await until_empty(pool)
    assert len(producers) >= 2, "the first one was not given up"
    assert producers[0]._sender.sender_task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(await read_all(kafka, prefix + "toy.counters.v1")) == 40


async def days_of(pool, table):
    return await pool.fetchval("SELECT count(*) FROM pg_class WHERE relname ~ $1", f"^{table}_[0-9]{{8}}$")


@pytest.mark.parametrize(
    ("later", "inbox", "sent"), [(0, 3, 3), (9, 6, 4), (42, 4, 3)], ids=["the same day", "after 9", "after 42"]
)
async def test_days_are_made_and_dropped_and_the_inbox_outlasts_what_topics_keep(pool, later, inbox, sent):
    await pool.execute("SELECT keep_partitions(current_date, 7)")
    await pool.execute("SELECT keep_partitions(current_date + $1::integer, 7)", later)
    assert (await days_of(pool, "inbox"), await days_of(pool, "outbox_sent")) == (inbox, sent)
    await pool.execute("INSERT INTO inbox VALUES ($1, now(), 'x')", new_event_id())
    at_home = await pool.fetchval("SELECT tableoid::regclass::text FROM inbox")
    assert at_home.startswith("inbox_2") == (later < 40)


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


async def test_a_relay_that_is_woken_and_ended_at_the_same_instant_ends(pool, kafka, prefix, world):
    running = a_relay(world, kafka, prefix)
    task = asyncio.create_task(running.run())
    while running.producer is None:  # noqa: ASYNC110  no event tells it
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.2)  # it sleeps until it is woken
    running.wake.set()
    await asyncio.sleep(0)  # who waits for it is told, and has not gone on yet
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=30)
    assert done, "it goes on for ever"
