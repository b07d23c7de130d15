"""The builders of the unit tests serve here too; and the whole service on real servers, in stepped time."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from common.ids import new_event_id
from contracts.registry import CATALOGUE, TOPICS
from kafka_admin import create_topics
from local_stack.databases import Databases
from notifications.settings import Settings

sys.path.insert(0, str(Path(__file__).parents[1]))  # pytest's importlib mode puts no test folder on the path

from notification_builders import at

REQUESTS, MESSAGES = "notifications.requests.v1", "notifications.messages.v1"
OURS = [topic for topic in TOPICS if topic.owner == "notifications"]
TRIES = 600


@pytest.fixture
def database_of_ours(postgres, run_dir, prefix):
    databases = Databases(postgres, prefix=prefix, state_dir=run_dir)
    databases.create(["notifications"])
    databases.migrate(["notifications"])
    yield databases.of("notifications")
    databases.drop(["notifications"])


@pytest.fixture
async def world(kafka, prefix, database_of_ours, smtp_server, sms_server, free_ports, tmp_path):
    await asyncio.to_thread(create_topics, kafka, OURS, prefix)
    settings = Settings(
        database_url=database_of_ours.url,
        kafka_bootstrap_servers=kafka,
        topic_prefix=prefix,
        instance="notifications-0",
        http_port=free_ports.pick("notifications"),
        smtp_port=smtp_server.port,
        smtp_archive_folder=smtp_server.folder,
        sms_base_url=sms_server.base_url,
        sms_account_sid=sms_server.double.account_sid,
        sms_auth_token=sms_server.double.auth_token,
        sms_sender="+31970000000",
        print_folder=tmp_path / "letters",
        letter_processes=1,
    )
    database = await asyncpg.connect(database_of_ours.url)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    consumer = AIOKafkaConsumer(prefix + MESSAGES, bootstrap_servers=kafka, auto_offset_reset="earliest")
    await producer.start()
    await consumer.start()
    told = []

    async def step(now):
        await database.execute("INSERT INTO clock (now) VALUES ($1) ON CONFLICT (only_one) DO UPDATE SET now = $1", now)
        await database.execute("NOTIFY clock")

    async def send(*messages):
        for message in messages:
            headers = {
                "ce_id": str(new_event_id()),
                "ce_type": message.type_name(),
                "ce_specversion": "1.0",
            }
            await producer.send_and_wait(
                prefix + REQUESTS,
                message.model_dump_json().encode(),
                key=str(message.key()).encode(),
                headers=[(name, value.encode()) for name, value in headers.items()],
            )

    async def hear(count):
        for _ in range(TRIES):
            for records in (await consumer.getmany(timeout_ms=100)).values():
                for record in records:
                    model = CATALOGUE.model(dict(record.headers)["ce_type"].decode(), topic=MESSAGES)
                    told.append(model.model_validate_json(record.value))
            if len(told) >= count:
                return told
        raise TimeoutError(f"heard {told}")

    await step(at(2, 9))
    yield SimpleNamespace(settings=settings, database=database, step=step, send=send, hear=hear)
    await consumer.stop()
    await producer.stop()
    await database.close()
