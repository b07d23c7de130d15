"""Intake as a service: a file in, facts out, a command back, on the real broker and database."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from intake_world import OPERATOR_KEY, a_claim, register

from common.ids import new_event_id
from common.messages import Message
from common.service import Service
from contracts.intake import CloseCaseFile
from contracts.registry import CATALOGUE, TOPICS
from intake.app import make_service
from intake.settings import Settings
from kafka_admin import create_topics
from local_stack.ports import Ports
from testkit.plugin import MakeDatabase


@dataclass(frozen=True, kw_only=True)
class Running:
    service: Service
    http: httpx.AsyncClient
    bootstrap: str
    prefix: str

    async def send(self, message: Message) -> None:
        headers = [("ce_id", str(new_event_id()).encode()), ("ce_type", message.type_name().encode())]
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        key = str(message.key()).encode()
        await producer.send_and_wait(
            self.prefix + message.topic_name(), message.model_dump_json().encode(), key=key, headers=headers
        )
        await producer.stop()

    async def said(self, topic: str, *, count: int) -> list[Message]:
        """The first messages of a topic, as their readers see them."""
        consumer = AIOKafkaConsumer(self.prefix + topic, bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        found: list[Message] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(30):
                while len(found) < count:
                    record = await consumer.getone()
                    model = CATALOGUE.model(dict(record.headers)["ce_type"].decode(), topic=topic)
                    assert model is not None
                    found.append(model.model_validate_json(record.value))
        await consumer.stop()
        return found


async def eventually(happened: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not happened():  # noqa: ASYNC110  a file says nothing when it appears
            await asyncio.sleep(0.05)


@pytest.fixture
async def running(
    kafka: str, prefix: str, database: MakeDatabase, migrated: str, tmp_path: Path, free_ports: Ports
) -> AsyncGenerator[Running]:
    url = database("intake", template=migrated)
    connection = await asyncpg.connect(url)
    await connection.execute("INSERT INTO clock (now) VALUES ('2026-03-02T09:00:00Z')")
    await connection.close()
    await asyncio.to_thread(create_topics, kafka, [t for t in TOPICS if "{" not in t.name], prefix)
    service = make_service(
        Settings(
            database_url=url,
            kafka_bootstrap_servers=kafka,
            topic_prefix=prefix,
            instance="intake-0",
            http_port=free_ports.pick("intake"),
            watch_folder=tmp_path / "watched",
            operator_key_sha256=hashlib.sha256(OPERATOR_KEY.encode()).hexdigest(),
        )
    )
    async with (
        service.running(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=service.app()), base_url="http://intake") as http,
    ):
        yield Running(service=service, http=http, bootstrap=kafka, prefix=prefix)


async def test_a_file_becomes_facts_on_kafka_and_a_command_closes_the_case_file(running: Running):
    client = await register(running.http)
    claim = a_claim()
    (client.folder / "march.part").write_text(";".join(claim) + "\n" + ";".join(claim.values()) + "\n")
    (client.folder / "march.part").rename(client.folder / "march.csv")
    await eventually((client.folder / "done" / "march.csv").exists)
    report = json.loads((client.folder / "done" / "march.csv.report.json").read_text())
    assert (report["accepted"], report["refused"]) == (1, 0)

    [opened, accepted] = await running.said("intake.case-files.v1", count=2)
    assert [type(opened).__name__, type(accepted).__name__] == ["CaseFileOpened", "ClaimAccepted"]
    assert opened.key() == accepted.key()
    [granted] = await running.said("intake.clients.v1", count=1)
    assert str(granted.key()) == client.client_id

    for _ in range(2):
        await running.send(CloseCaseFile(case_file_id=opened.key(), code="paid"))
    said = await running.said("intake.case-files.v1", count=3)
    assert [type(message).__name__ for message in said] == ["CaseFileOpened", "ClaimAccepted", "CaseFileClosed"]

    again = await running.http.post("/v1/claims", json=a_claim(client_reference="D-2"), headers=client.headers("k-1"))
    assert again.status_code == 201
    assert again.json()["case_file_id"] != str(opened.key())  # a closed case file is not opened again
    health = await running.http.get("/health/live")
    metrics = await running.http.get("/metrics")
    assert health.status_code == 200
    assert 'intake_claims_total{outcome="accepted",way="folder"}' in metrics.text
    assert "de Vries" not in metrics.text
