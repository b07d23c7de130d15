import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from types import SimpleNamespace

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from common.calls import Caller
from common.ids import new_event_id
from common.migrate import migrations_of
from common.postgres import open_pool
from common.runner import Runner
from common.service import Service
from common.settings import ServiceSettings
from kafka_admin import create_topics
from testkit import toy


@pytest.fixture
async def toy_database(database) -> str:
    url = database("toy")
    connection = await asyncpg.connect(url)
    for migration in migrations_of("common"):
        await connection.execute(migration.sql)
    await connection.execute(toy.SCHEMA)
    await connection.close()
    return url


@pytest.fixture
async def pool(toy_database):
    async with contextlib.AsyncExitStack() as stack:
        pool = await open_pool(toy_database, name="test")
        stack.push_async_callback(pool.close)
        yield pool


@pytest.fixture
def runner(pool) -> Runner:
    return Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=toy.CONSUMERS, caller=Caller({})
    )


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture
async def world(kafka, prefix, toy_database, pool) -> AsyncIterator[SimpleNamespace]:
    """The toy service's surroundings: its topics, a producer, its settings and a way to read what it said."""
    await asyncio.to_thread(create_topics, kafka, toy.TOPICS, prefix)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    settings = ServiceSettings(
        database_url=toy_database, kafka_bootstrap_servers=kafka, topic_prefix=prefix, instance="toy-0",
        http_port=free_port(),
    )  # fmt: skip

    async def send(message, *, key=None, headers=None, value=None, event_id=None):
        plain = {"ce_id": str(event_id or new_event_id()), "ce_type": message.type_name(), "ce_specversion": "1.0"}
        pairs = headers if headers is not None else [(n, v.encode()) for n, v in plain.items()]
        body = message.model_dump_json().encode() if value is None else value
        await producer.send_and_wait(
            prefix + "toy.requests.v1", body or None, key=str(message.key()).encode() if key is None else key or None,
            headers=pairs,
        )  # fmt: skip

    async def said() -> list[SimpleNamespace]:
        consumer = AIOKafkaConsumer(prefix + "toy.counters.v1", bootstrap_servers=kafka, auto_offset_reset="earliest")
        await consumer.start()
        found, quiet = [], 0
        while quiet < 3:
            batches = await consumer.getmany(timeout_ms=300)
            quiet = 0 if batches else quiet + 1
            found += [
                SimpleNamespace(key=r.key.decode(), value=r.value, headers={n: v.decode() for n, v in r.headers})
                for records in batches.values()
                for r in records
            ]
        await consumer.stop()
        return found

    async def settle(topic_messages: int) -> None:
        for _ in range(300):
            done = await pool.fetchval("SELECT coalesce(sum(next_offset), 0) FROM progress")
            left = await pool.fetchval("SELECT count(*) FROM outbox")
            if done >= topic_messages and not left:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"consumed {done} of {topic_messages}, outbox {left}")

    def service() -> Service:
        return Service(
            "toy", settings=settings, catalogue=toy.CATALOGUE, topics=["toy.requests.v1"], consumers=toy.CONSUMERS
        )

    yield SimpleNamespace(send=send, said=said, settle=settle, service=service, settings=settings, producer=producer)
    await producer.stop()
