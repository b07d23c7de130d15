"""A partner's own program, over SASL and with his rights alone, against the real service."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaProducer

from common.ids import name_id, new_event_id
from common.migrate import migrate
from contracts.ledger import CaseFilePaid
from contracts.registry import topics_for
from kafka_admin import create_topics, grant_partner
from legal import app
from legal.procedures.partner_list import load_partners

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
from test_handlers import CASE, PAID, a_mandate, part_paid
from test_reversals import OWED, a_new_mandate, taken_back

REPOSITORY = Path(__file__).parents[4]
NAME = "advocaten-scheldekaai"
STANDING = "SELECT state -> 'handoff' ->> 'standing' FROM procedure"


async def until(condition, seconds=30):
    for _ in range(seconds * 10):
        if await condition():
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it did not happen")


@pytest.fixture
async def producer(kafka_server):
    client = AIOKafkaProducer(bootstrap_servers=kafka_server.bootstrap_servers, max_request_size=4 << 20)
    await client.start()
    yield client
    await client.stop()


@pytest.fixture
async def connection(kafka_server, prefix, database, monkeypatch, free_ports):
    """To the database of a legal that `app.build()` makes; its topics are there."""
    names = tuple(partner.name for partner in load_partners())
    await asyncio.to_thread(create_topics, kafka_server.bootstrap_servers, topics_for(names), prefix)
    url = database("legal")
    await migrate(url, service="legal")
    for name, value in {
        "DATABASE_URL": url, "KAFKA_BOOTSTRAP_SERVERS": kafka_server.bootstrap_servers, "TOPIC_PREFIX": prefix,
        "INSTANCE": "legal-0", "HTTP_PORT": str(free_ports.pick("legal")),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    opened = await asyncpg.connect(url)
    yield opened
    await opened.close()


@pytest.fixture
def send(producer, prefix):
    async def sent(message):
        headers = [("ce_id", str(new_event_id()).encode()), ("ce_type", message.type_name().encode())]
        body, key = message.model_dump_json().encode(), str(message.key()).encode()
        await producer.send_and_wait(prefix + message.topic_name(), body, key=key, headers=headers)

    return sent


@asynccontextmanager
async def the_program(kafka_server, prefix, files):
    """A partner's own program at work."""
    await asyncio.to_thread(grant_partner, kafka_server.bootstrap_servers, NAME, "secret", prefix)
    program = await asyncio.create_subprocess_exec(
        sys.executable, str(REPOSITORY / "examples/partner.py"), NAME,
        "--bootstrap", kafka_server.partner_bootstrap_servers, "--user", prefix + NAME, "--password", "secret",
        "--folder", str(files), "--prefix", prefix,
    )  # fmt: skip
    try:
        yield
    finally:
        assert program.returncode is None, "the partner's program ended"
        program.terminate()
        await program.wait()


def asks(files, cents):
    asked = files / f"asked-{name_id('handoff', CASE, 1)}.json"

    async def so_much() -> bool:
        return asked.exists() and json.loads(asked.read_text() or "{}").get("open_cents") == cents

    return so_much


def stands(connection, word):
    async def so() -> bool:
        return await connection.fetchval(STANDING) == word

    return so


async def test_a_partner_reads_acknowledges_asks_for_what_a_part_payment_leaves_and_confirms_the_recall(
    kafka_server, prefix, connection, send, tmp_path
):
    async with the_program(kafka_server, prefix, tmp_path), app.build().running():
        await send(a_mandate())
        await until(stands(connection, "acknowledged"))
        await until(asks(tmp_path, 111_533))
        await send(part_paid(50_000))
        await until(asks(tmp_path, 59_000))
        await send(CaseFilePaid(**PAID.model_dump()))
        await until(stands(connection, "recalled"))
    kept = {path.name.split("-")[0]: json.loads(path.read_text()) for path in tmp_path.glob("*.json")}
    assert set(kept) == {"HandoffOrdered", "PartPaymentReceived", "HandoffRecalled", "asked"}
    assert "case_file_id" not in kept["HandoffOrdered"]
    acts = await connection.fetchval("SELECT state -> 'handoff' -> 'acts' FROM procedure WHERE procedure_id = $1", CASE)
    assert [act["kind"] for act in json.loads(acts)] == ["acknowledged", "recalled"]
    assert {act["act_on"] for act in json.loads(acts)} == {datetime.now(UTC).date().isoformat()}


async def test_a_partner_asks_for_what_the_bank_took_back_and_hears_no_more_of_a_file_that_he_gave_back(
    kafka_server, prefix, connection, send, tmp_path
):
    async def is_declined() -> bool:
        return await connection.fetchval("SELECT state ->> 'declined' FROM procedure") == '["recalled_before"]'

    async with the_program(kafka_server, prefix, tmp_path), app.build().running():
        await send(a_mandate())
        await until(asks(tmp_path, 111_533))
        await send(part_paid(50_000))
        await until(asks(tmp_path, 59_000))
        await send(taken_back(50_000))
        await until(asks(tmp_path, 111_533))
        await send(CaseFilePaid(**PAID.model_dump()))
        await until(stands(connection, "recalled"))
        await send(taken_back(OWED, name="w"))
        await until(lambda: connection.fetchval("SELECT state -> 'paid_on' = 'null' FROM procedure"))
        await send(a_new_mandate())
        await until(is_declined)
    told = sorted(path.name.split("-")[0] for path in tmp_path.glob("*.json"))
    assert told == ["HandoffOrdered", "HandoffRecalled", "PartPaymentReceived", "PartPaymentReversed", "asked"]
    said = await connection.fetch(
        "SELECT headers ->> 'ce_type' AS kind FROM outbox_sent UNION ALL SELECT headers ->> 'ce_type' FROM outbox"
    )
    kinds = [row["kind"] for row in said]
    assert kinds.count("legal.PartPaymentReversed.v1") == 1
    assert kinds.count("legal.HandoffOrdered.v1") == 1
    assert kinds.count("legal.ProcedureDeclined.v1") == 2  # when it was owed again, and to the mandate


async def test_what_a_partner_writes_wrongly_stands_on_the_desk_and_harms_no_neighbour(
    prefix, connection, producer, send
):
    acts = f"{prefix}legal.partner-{NAME}-acts.v1"
    handoff_id = str(name_id("handoff", CASE, 1))
    good = {"handoff_id": handoff_id, "act": "acknowledged", "act_on": "2026-05-05"}

    async def act(value: bytes, ce_id: str = "a", key: bytes | None = handoff_id.encode(), **headers: bytes):
        named = {"ce_id": ce_id.encode(), "ce_source": NAME.encode(), "ce_type": b"legal.PartnerAct.v1"} | headers
        await producer.send_and_wait(acts, value, key=key, headers=list(named.items()))

    async def rows(query: str) -> int:
        return await connection.fetchval(query)

    async with app.build().running():
        await send(a_mandate())
        await until(stands(connection, "ordered"))
        await act(b"{" + b" " * (2 << 20), "two megabytes")
        await act(b"not json", "1")
        await act(json.dumps({**good, "act": "arrested"}).encode(), "2")
        await act(json.dumps(good).encode(), "3", key=None)
        await act(json.dumps({**good, "handoff_id": str(CASE)}).encode(), "4", key=str(CASE).encode())
        await act(json.dumps(good).encode(), "5", ce_type=b"legal.PartnerAct.v7")
        await act(json.dumps(good).encode(), "\u20ac any text is an id")
        await act(json.dumps(good).encode(), "\u20ac any text is an id")

        async def done() -> bool:
            return await rows(STANDING) == "acknowledged" and await rows("SELECT count(*) FROM dead_letter") == 6

        await until(done)
    codes = await connection.fetch("SELECT error_code, length(value) AS size FROM dead_letter ORDER BY dead_letter_id")
    assert sorted(row["error_code"] for row in codes) == [
        "invalid",
        "invalid",
        "invalid",
        "no_key",
        "not_found",
        "unknown_type",
    ]
    assert max(row["size"] for row in codes) > 2 << 20
    assert (
        await rows("SELECT jsonb_array_length(state -> 'handoff' -> 'acts') FROM procedure WHERE state IS NOT NULL")
        == 1
    )
