"""dunning on the real database and runner: the token, a whole notice, a dispute by HTTP."""

import asyncio
import hashlib
import json
import secrets
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from common.calls import Caller
from common.ids import name_id
from common.messages import Message, Personal
from common.migrate import migrate
from common.postgres import open_pool
from common.runner import Runner, Submission
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import CostCharged, InterestTerms
from contracts.notifications import Content, MessageSent
from contracts.registry import CATALOGUE
from contracts.values import Address, ClaimTerms, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from dunning.app import load_agency
from dunning.consumers import consumers
from dunning.domain.case_file import CASE_FILE
from dunning.domain.composer import House, written_token
from dunning.http import make_http
from local_stack.postgres import database_url, identifier, run_sql

CASE = name_id("case_file", "integration")
CLAIM = name_id("claim", "integration")
ADDRESS = Address(street="Dorpsstraat", house_number="1", postcode="3511 AB", city="Utrecht", country="NL")
AGENCY_FILE = Path(__file__).parents[4] / "agency.toml"


@pytest.fixture(scope="session")
def migrated(postgres):
    name = f"t{secrets.token_hex(5)}_dunning_migrated"
    run_sql(postgres, f"CREATE DATABASE {identifier(name)}")
    url = database_url(postgres, name)
    asyncio.run(migrate(url, service="dunning"))
    yield url
    run_sql(postgres, f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE)")


@pytest.fixture
async def pool(database, migrated):
    opened = await open_pool(database("dunning", template=migrated), name="dunning")
    yield opened
    await opened.close()


@pytest.fixture
async def runner(pool):
    house = House(agency=load_agency(AGENCY_FILE), dispute_url="https://pay.example/disputes")
    await set_clock(pool, datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    return Runner(
        service="dunning",
        instance="dunning-0",
        pool=pool,
        catalogue=CATALOGUE,
        consumers=consumers(house),
        caller=Caller({}),
    )


async def set_clock(pool, now):
    await pool.execute("INSERT INTO clock (now) VALUES ($1) ON CONFLICT (only_one) DO UPDATE SET now = $1", now)


async def fold(runner, *messages: Message):
    """Fold messages as if they came from their topics; what dunning asks of itself is folded too."""
    for message in messages:
        [answer] = await runner.submit([Submission(source="test", id=secrets.token_hex(8), message=message)])
        assert answer.status == "applied", answer
    await fold_own(runner)


async def fold_own(runner, folded=frozenset()):
    own = [row for row in await outbox(runner.pool) if row[0] == "dunning.requests.v1" and row[2] not in folded]
    for _, message, event_id in own:
        await runner.submit([Submission(source="test", id=str(event_id), message=message)])
    if own:
        await fold_own(runner, folded | {event_id for *_, event_id in own})


async def outbox(pool):
    rows = await pool.fetch("SELECT * FROM outbox ORDER BY seq")
    found = []
    for row in rows:
        fields = dict(row)
        headers = json.loads(fields["headers"])
        model = CATALOGUE.model(headers["ce_type"], topic=fields["topic"])
        found.append((fields["topic"], model.model_validate_json(fields["payload"]), headers["ce_id"]))
    return found


async def sent(pool, kind):
    return [message for _, message, _ in await outbox(pool) if type(message).__name__ == kind]


def a_file() -> list[Message]:
    creditor = Creditor(
        client_id=name_id("client", "bakker"), name="Bakker Energie B.V.", address=ADDRESS, email="a@bakker.example",
        phone="+31301234567", enterprise_number="12345678", country="NL", is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    contact = DebtorContact(name="J. Jansen", address=ADDRESS, email="jansen@mail.example", phone=None)
    terms = ClaimTerms(
        claim_id=CLAIM, client_reference="R1", invoice_number="2026-001", invoice_on=date(2025, 12, 31),
        due_on=date(2026, 1, 14), contract_on=date(2025, 1, 1), description="Gas", principal_cents=76_000,
        is_commercial_contract=False,
    )  # fmt: skip
    debtor = DebtorFacts(
        debtor_id=name_id("debtor", "jansen"), is_natural_person=True, acts_as_consumer=True,
        country="NL", language="nl", contact=Personal.pack(contact),
    )  # fmt: skip
    opened = CaseFileOpened(
        case_file_id=CASE, reference_number="1234567890", segment=Segment.NL_CONSUMER, debtor=debtor,
        mandate=Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="weekly"),
    )  # fmt: skip
    interest = InterestTerms(claim_id=CLAIM, from_on=date(2026, 1, 15), series="nl_6_119")
    charged = CostCharged(case_file_id=CASE, notice_id=None, charges=(), interest=(interest,))
    return [opened, ClaimAccepted(case_file_id=CASE, terms=terms), charged]


async def test_each_case_file_draws_a_token_of_128_bits(pool):
    insert = (
        "INSERT INTO case_file (case_file_id) SELECT gen_random_uuid() FROM generate_series(1, 100) RETURNING token"
    )
    tokens = {row["token"] for row in await pool.fetch(insert)}
    assert len(tokens) == 100
    assert all(len(bytes.fromhex(token)) == 16 for token in tokens)


async def test_a_file_sends_its_letter_and_leaves_a_receipt(runner, pool):
    await fold(runner, *a_file())
    await set_clock(pool, datetime(2026, 3, 3, 8, 0, tzinfo=UTC))  # 09:00 in Utrecht

    assert await runner.take_due(CASE_FILE) == 1
    await fold_own(runner)

    [order] = await sent(pool, "SendMessage")
    token = await pool.fetchval("SELECT token FROM case_file WHERE case_file_id = $1", CASE)
    assert written_token(token) in order.content.value
    assert order.content.unpack(Content).subject.startswith("Betaal € 763,91")
    receipt = await pool.fetchrow("SELECT * FROM decision_receipt")
    assert (receipt["decision"], receipt["outcome"]) == ("send", "released")
    assert "NL-14D-6" in receipt["rule_ids"]
    assert json.loads(receipt["inputs"])["open_cents"] == 76_391
    assert await pool.fetchval("SELECT due_at FROM case_file") is None

    now = datetime(2026, 3, 3, 8, 0, tzinfo=UTC)
    facts = {"case_file_id": CASE, "message_id": order.message_id, "medium": "email", "sent_at": now, "proof": "250"}
    await fold(runner, MessageSent(**facts))
    [issued] = await sent(pool, "NoticeIssued")
    assert issued.term_ends_on == date(2026, 3, 18)
    assert await pool.fetchval("SELECT due_at FROM case_file") == datetime(2026, 3, 19, 6, 0, tzinfo=UTC)


async def test_a_dispute_by_http_holds_the_file_at_once_and_only_once(runner, pool):
    await fold(runner, *a_file())
    token = await pool.fetchval("SELECT token FROM case_file WHERE case_file_id = $1", CASE)
    body = {"token": written_token(token), "reason": "not_delivered", "text": "Nooit gekregen"}

    transport = httpx.ASGITransport(make_http(runner.submit))
    async with httpx.AsyncClient(transport=transport, base_url="http://dunning") as client:
        first = await client.post("/v1/disputes", json=body)
        again = await client.post("/v1/disputes", json=body)
        unknown = await client.post("/v1/disputes", json={**body, "token": written_token("ab" * 16)})

    assert (first.status_code, again.status_code, unknown.status_code) == (201, 200, 404)
    assert first.json() == again.json()
    assert datetime.fromisoformat(first.json()["held_at"]) == datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    [filed] = await sent(pool, "DisputeFiled")
    assert filed.dispute_id == UUID(first.json()["dispute_id"])
    assert len(await sent(pool, "HoldPlaced")) == 1
    assert await pool.fetchval("SELECT due_at FROM case_file") is None
    assert await pool.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_hold_that_the_operator_releases_lets_the_file_go_on(runner, pool):
    await fold(runner, *a_file())
    token = await pool.fetchval("SELECT token FROM case_file WHERE case_file_id = $1", CASE)
    key = "the operator's own"
    app = make_http(runner.submit, operator_key_sha256=hashlib.sha256(key.encode()).hexdigest())
    headers, body = {"Authorization": f"Bearer {key}"}, {"reason": "dispute", "because": "bewijs gezien"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dunning") as client:
        dispute = {"token": written_token(token), "reason": "not_delivered", "text": "Nooit gekregen"}
        assert (await client.post("/v1/disputes", json=dispute)).status_code == 201
        assert await pool.fetchval("SELECT due_at FROM case_file") is None
        url = f"/v1/case-files/{CASE}/hold-releases"
        released = await client.post(url, json=body, headers=headers)
        again = await client.post(url, json=body, headers=headers)
        nobody = f"/v1/case-files/{name_id('case_file', 'nobody')}/hold-releases"
        unknown = await client.post(nobody, json=body, headers=headers)

    assert (released.status_code, again.status_code, unknown.status_code) == (201, 409, 404)
    assert released.json()["still_held"] == []
    assert len(await sent(pool, "HoldReleased")) == 1
    assert await pool.fetchval("SELECT due_at FROM case_file") is not None
    assert await pool.fetchval("SELECT count(*) FROM dead_letter") == 0
    assert await pool.fetchval("SELECT count(*) FROM waiting") == 0
