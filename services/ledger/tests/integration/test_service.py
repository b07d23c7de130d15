"""The ledger as a service: the bank's files in, the platform's facts out, on the real broker and database."""

import asyncio
import json
import re
from datetime import UTC, date, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID, uuid4, uuid5

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from camt_builder import a_file, a_line, a_statement
from lxml import etree
from prometheus_client import REGISTRY

from common.blocking import LARGE_BYTES
from common.ids import new_event_id
from common.messages import Personal
from common.queries import parse_queries
from common.stepping import Stepped, Stepper
from contracts import dunning, intake, values
from contracts.registry import CATALOGUE, TOPICS, topics_of
from kafka_admin import create_topics
from ledger import app, repository
from ledger.domain.journals import Booking, Journal, JournalKind, transfer
from ledger.domain.jurisdictions import JURISDICTIONS
from statutes.references import structured_communication

REPOSITORY = Path(__file__).parents[4]
CLIENT = UUID("22222222-2222-4222-8222-222222222222")
CASE = UUID("11111111-1111-4111-8111-111111111111")
IBAN = "NL70TRIO0123456789"
UNPROVED = "quittance_unproved_trust_accounts"
MORNING = datetime(2026, 3, 3, 5, tzinfo=UTC)


def events() -> list:
    address = values.Address(street="Kade", house_number="1", postcode="1011 AB", city="Amsterdam", country="NL")
    creditor = values.Creditor(
        client_id=CLIENT, name="Fietsen B.V.", address=address, email="a@b.example", phone="+31201234567",
        enterprise_number="12345678", country="NL", is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    mandate = values.Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily")
    debtor = values.DebtorFacts(
        debtor_id=uuid5(CASE, "d"), is_natural_person=True, acts_as_consumer=True, country="NL", language="nl",
        contact=Personal.pack(values.DebtorContact(name="Jan")),
    )  # fmt: skip
    terms = values.ClaimTerms(
        claim_id=uuid5(CASE, "a"), client_reference="a", invoice_number="a", invoice_on=date(2026, 1, 1),
        due_on=date(2026, 1, 31), contract_on=date(2026, 1, 1), description="fiets", principal_cents=100_000,
        is_commercial_contract=False,
    )  # fmt: skip
    payout = Personal.of("NL91ABNA0417164300")
    return [
        intake.MandateGranted(client_id=CLIENT, mandate=mandate, payout_account=payout, payout_name="Fietsen B.V."),
        intake.CaseFileOpened(
            case_file_id=CASE, reference_number="0000000042", segment=values.Segment.NL_CONSUMER, mandate=mandate,
            debtor=debtor,
        ),
        intake.ClaimAccepted(case_file_id=CASE, terms=terms),
    ]  # fmt: skip


@pytest.fixture
async def ledger_world(kafka, prefix, ledger_database, tmp_path, monkeypatch, free_ports):
    await asyncio.to_thread(create_topics, kafka, [t for t in TOPICS if "{" not in t.name], prefix)
    for name, value in {
        "DATABASE_URL": ledger_database.url, "KAFKA_BOOTSTRAP_SERVERS": kafka, "TOPIC_PREFIX": prefix,
        "INSTANCE": "ledger-0", "HTTP_PORT": str(free_ports.pick("ledger")), "BANK_IN": str(tmp_path / "in"),
        "BANK_OUT": str(tmp_path / "out"), "AGENCY_FILE": str(REPOSITORY / "agency.toml"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()

    async def send(message):
        headers = [("ce_id", str(new_event_id()).encode()), ("ce_type", message.type_name().encode())]
        topic, key = prefix + message.topic_name(), str(message.key()).encode()
        await producer.send_and_wait(topic, message.model_dump_json().encode(), key=key, headers=headers)

    async def said() -> list[tuple[str, dict]]:
        topics = [prefix + t for t in ("ledger.case-files.v1", "ledger.clients.v1", "ledger.trust-accounts.v1")]
        consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
        await consumer.start()
        numbers = {t.name: t.partitions for t in TOPICS}
        partitions = [TopicPartition(t, n) for t in topics for n in range(numbers[t[len(prefix) :]])]
        consumer.assign(partitions)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(partitions)
        found = []
        async with asyncio.timeout(90):
            while any([await consumer.position(one) < end for one, end in ends.items()]):
                batches = await consumer.getmany(timeout_ms=200)
                found += [r for records in batches.values() for r in records]
        await consumer.stop()
        assert all(CATALOGUE.model(dict(r.headers)["ce_type"].decode(), topic=r.topic[len(prefix) :]) for r in found)
        found.sort(key=lambda r: r.timestamp)
        return [(dict(r.headers)["ce_type"].decode().split(".")[1], json.loads(r.value)) for r in found]

    async def put(name: str, raw: bytes) -> Path:
        (tmp_path / "in").mkdir(exist_ok=True)
        path = tmp_path / "in" / name
        path.write_bytes(raw)
        for _ in range(900):
            if not path.exists():
                return next(p for p in (tmp_path / "in").glob(f"*/{name}"))
            await asyncio.sleep(0.1)
        raise AssertionError("the file was not taken")

    stepped = {"ledger": Stepped(database_url=ledger_database.url, topics=topics_of("ledger"))}
    async with Stepper(stepped, bootstrap=kafka, prefix=prefix) as stepper:
        await stepper.move_to(MORNING)
        async with app.build().running() as service:
            yield SimpleNamespace(send=send, said=said, put=put, stepper=stepper, service=service, out=tmp_path / "out")
    await producer.stop()


def of(said, kind):
    return [value for name, value in said if name == kind]


async def test_a_receipt_goes_all_the_way_to_the_client_and_the_books_prove_it(ledger_world):
    for event in events():
        await ledger_world.send(event)
    await ledger_world.stepper.settle()
    ogm = structured_communication(number="42").communication
    lines = [
        a_line(40_000, text=f"betaling {ogm}", booked_on="2026-03-02", bank_reference="A"),
        a_line(1_234, text="zonder kenmerk", booked_on="2026-03-02", bank_reference="B"),
    ]
    taken = await ledger_world.put("s1.xml", a_file(a_statement(lines, opening=0, iban=IBAN)))
    assert taken.parent.name == "done"
    await ledger_world.stepper.settle()
    await ledger_world.stepper.move_to(datetime(2026, 3, 3, 16, tzinfo=UTC))  # 17:00 in Amsterdam
    await ledger_world.stepper.settle()

    files = list(ledger_world.out.glob("*.xml"))
    assert len(files) == 1
    pain = etree.fromstring(files[0].read_bytes())
    assert pain.xpath("string(//*[local-name()='InstdAmt'])") == "400.00"
    end_to_end = pain.xpath("string(//*[local-name()='EndToEndId'])")

    await ledger_world.stepper.move_to(datetime(2026, 3, 4, 5, tzinfo=UTC))
    debit = a_line(-40_000, end_to_end_id=end_to_end, booked_on="2026-03-04", bank_reference="C")
    second = a_statement([debit], opening=41_234, iban=IBAN, number=2, on="2026-03-04", before="2026-03-02")
    assert (await ledger_world.put("s2.xml", a_file(second))).parent.name == "done"
    await ledger_world.stepper.settle()

    said = await ledger_world.said()
    assert [a["amount_cents"] for a in of(said, "PaymentAllocated")] == [40_000]
    assert [u["amount_cents"] for u in of(said, "PaymentUnmatched")] == [1_234]
    assert [r["amount_cents"] for r in of(said, "RemittanceExecuted")] == [40_000]
    assert [(t["bank_cents"], t["owed_cents"]) for t in of(said, "TrustInvariantHeld")] == [
        (41_234, 41_234),
        (1_234, 1_234),
    ]
    assert not of(said, "TrustInvariantBroken")
    async with ledger_world.service.pool.acquire() as connection:
        proofs = parse_queries((REPOSITORY / "services/ledger/ledger/sql/proofs.sql").read_text())
        for name, query in proofs.texts.items():
            assert await connection.fetch(query) == [], name
        assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_a_payment_inside_the_term_known_after_its_costs_were_paid_and_passed_on_still_balances(
    ledger_world,
):
    for event in events():
        await ledger_world.send(event)
    expired = dunning.NoticeTermExpired(
        case_file_id=CASE, notice_id=uuid5(CASE, "n"), notice_type=dunning.NoticeType.FOURTEEN_DAY_LETTER,
        channel="email", sent_on=date(2026, 2, 10), charges_from=date(2026, 2, 26),
    )  # fmt: skip
    await ledger_world.stepper.settle()  # the topics of two owners have no common order
    await ledger_world.send(expired)
    await ledger_world.stepper.settle()
    text = f"betaling {structured_communication(number='42').communication}"
    with_costs = a_line(115_318, text=text, booked_on="2026-03-02", bank_reference="A")
    taken = await ledger_world.put("s1.xml", a_file(a_statement([with_costs], opening=0, iban=IBAN)))
    assert taken.parent.name == "done"
    await ledger_world.stepper.settle()
    await ledger_world.stepper.move_to(datetime(2026, 3, 3, 16, tzinfo=UTC))  # all of it goes to the client
    await ledger_world.stepper.settle()

    await ledger_world.stepper.move_to(datetime(2026, 3, 5, 5, tzinfo=UTC))
    late = a_line(60_000, text=text, booked_on="2026-03-04", bank_reference="B")
    second = a_statement([late], opening=115_318, iban=IBAN, number=2, on="2026-03-04", before="2026-03-02")
    in_term = "<ValDt><Dt>2026-02-20</Dt></ValDt>"
    second = re.sub(r"<ValDt>.*?</ValDt>", in_term, second)
    assert in_term in second
    assert (await ledger_world.put("s2.xml", a_file(second))).parent.name == "done"
    await ledger_world.stepper.settle()

    said = await ledger_world.said()
    [lowered] = of(said, "CostLowered")
    assert [c["amount_cents"] for c in lowered["reversed"]] == [15_000]
    assert [c["amount_cents"] for c in lowered["charges"]] == [6_031]  # 15 % of 402.08: 1,000 and 2.08, less 600
    back = of(said, "PaymentAllocated")[-1]["overpaid_cents"] - 60_000
    assert back >= 15_000 - 6_031
    assert len(of(said, "CaseFilePaid")) == 1
    assert not of(said, "TrustInvariantBroken")
    assert len(of(said, "TrustInvariantHeld")) == 2
    async with ledger_world.service.pool.acquire() as connection:
        proofs = parse_queries((REPOSITORY / "services/ledger/ledger/sql/proofs.sql").read_text())
        for name, query in proofs.texts.items():
            assert await connection.fetch(query) == [], name
        assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
        balance = """
            SELECT coalesce(sum(b.posted_cents), 0)
            FROM ledger.balance AS b
            JOIN ledger.ledger_account AS a ON b.ledger_account_id = a.id
            WHERE a.kind = $1
        """
        found = {
            kind: await connection.fetchval(balance, kind) for kind in ("RECALL", "REFUND", "COSTS", "OUTSTANDING")
        }
        assert found == {"RECALL": back, "REFUND": 60_000 + back, "COSTS": 0, "OUTSTANDING": 0}


async def test_a_payment_that_was_read_before_its_case_file_finds_it_a_little_later(ledger_world):
    mandate, *file = events()
    await ledger_world.send(mandate)
    text = f"betaling {structured_communication(number='42').communication}"
    early = a_statement([a_line(40_000, text=text, booked_on="2026-03-02", bank_reference="A")], opening=0, iban=IBAN)
    assert (await ledger_world.put("s1.xml", a_file(early))).parent.name == "done"
    await ledger_world.stepper.settle()
    assert len(of(await ledger_world.said(), "PaymentUnmatched")) == 1
    for event in file:
        await ledger_world.send(event)
    await ledger_world.stepper.settle()
    await ledger_world.stepper.move_to(MORNING + timedelta(minutes=10))
    await ledger_world.stepper.settle()

    said = await ledger_world.said()
    assert [a["amount_cents"] for a in of(said, "PaymentAllocated")] == [40_000]
    assert len(of(said, "PaymentUnmatched")) == 1
    async with ledger_world.service.pool.acquire() as connection:
        assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0


async def test_receipts_that_the_bank_takes_back_are_owed_again_and_the_books_prove_it(ledger_world):
    for event in events():
        await ledger_world.send(event)
    await ledger_world.stepper.settle()
    text = f"betaling {structured_communication(number='42').communication}"
    lines = [
        a_line(40_000, text=text, booked_on="2026-03-02", bank_reference="A"),
        a_line(1_234, text="zonder kenmerk", booked_on="2026-03-02", bank_reference="B"),
        a_line(5_000, text=text, booked_on="2026-03-02", bank_reference="C"),
        a_line(-5_000, text=text, booked_on="2026-03-02", bank_reference="C", is_reversal=True),
    ]
    first = a_statement(lines, opening=0, iban=IBAN)
    assert (await ledger_world.put("s1.xml", a_file(first))).parent.name == "done"
    await ledger_world.stepper.settle()
    await ledger_world.stepper.move_to(datetime(2026, 3, 4, 5, tzinfo=UTC))  # the 400 euro are with the client's bank
    await ledger_world.stepper.settle()
    back = [
        a_line(-40_000, booked_on="2026-03-04", bank_reference="A", is_reversal=True),
        a_line(-1_234, booked_on="2026-03-04", bank_reference="B", is_reversal=True),
        a_line(-9, booked_on="2026-03-04", bank_reference="X", is_reversal=True),  # of nothing that we know
    ]
    second = a_statement(back, opening=41_234, iban=IBAN, number=2, on="2026-03-04", before="2026-03-02")
    assert (await ledger_world.put("s2.xml", a_file(second))).parent.name == "done"
    await ledger_world.stepper.settle()

    said = await ledger_world.said()
    assert [one["amount_cents"] for one in of(said, "PaymentReversed")] == [5_000, 40_000]
    assert of(said, "PaymentReversed")[-1]["balance"]["paid_cents"] == 0
    assert not of(said, "TrustInvariantBroken")
    assert len(of(said, "TrustInvariantHeld")) == 2
    async with ledger_world.service.pool.acquire() as connection:
        proofs = parse_queries((REPOSITORY / "services/ledger/ledger/sql/proofs.sql").read_text())
        for name, query in proofs.texts.items():
            assert await connection.fetch(query) == [], name
        assert await connection.fetchval("SELECT count(*) FROM dead_letter") == 0
        rows = await connection.fetch(
            "SELECT a.kind, sum(l.amount_cents) AS cents FROM ledger.line AS l"
            " JOIN ledger.ledger_account AS a ON l.ledger_account_id = a.id GROUP BY a.kind"
        )
        left = {row["kind"]: row["cents"] for row in rows if row["cents"]}
        assert left.pop("BANK") == -9
        assert left.pop("PRINCIPAL") == -left.pop("OUTSTANDING") == 100_000
        in_transit = -left.pop("INTRANSIT")  # it went out before the bank took it back: the client's debt
        assert in_transit == 40_000
        assert left == {"RECALL": 40_000 + 9}


@pytest.fixture
def looks_often(monkeypatch):
    monkeypatch.setattr(app, "LOOK_AT_BOOKS_SECONDS", 0.05)


async def shown(*, refused=0, failed=0, unproved=0):
    """Wait until operations see as many remittances without a payment file, and trust accounts that do not prove."""
    unwritten, expected = "quittance_unwritten_remittances", [refused, failed, unproved]
    figures = [(unwritten, {"reason": "refused"}), (unwritten, {"reason": "failed"}), (UNPROVED, {})]
    async with asyncio.timeout(60):
        while [REGISTRY.get_sample_value(name, labels) for name, labels in figures] != expected:  # noqa: ASYNC110  a gauge tells nobody
            await asyncio.sleep(0.05)


async def test_a_remittance_without_a_payment_file_is_shown_until_its_file_is_written(looks_often, ledger_world):
    mandate, *rest = events()
    for event in (mandate.model_copy(update={"payout_account": Personal.of("NL91ABNA0417164301")}), *rest):
        await ledger_world.send(event)
    await ledger_world.stepper.settle()
    text = f"betaling {structured_communication(number='42').communication}"
    statement = a_statement([a_line(40_000, text=text, booked_on="2026-03-02")], opening=0, iban=IBAN)
    await ledger_world.put("s1.xml", a_file(statement))
    await ledger_world.stepper.settle()
    await shown()

    await ledger_world.stepper.move_to(datetime(2026, 3, 3, 16, tzinfo=UTC))  # check digits that do not hold
    await ledger_world.stepper.settle()
    await shown(refused=1)

    ledger_world.out.write_text("a file where the bank's folder should be")
    await ledger_world.send(mandate)
    await ledger_world.stepper.settle()
    await shown(failed=1)

    ledger_world.out.unlink()
    await ledger_world.stepper.move_to(datetime(2026, 3, 3, 16, 15, tzinfo=UTC))
    await ledger_world.stepper.settle()
    await shown()
    assert len(list(ledger_world.out.glob("*.xml"))) == 1


async def test_a_trust_account_whose_statement_is_not_what_the_books_say_is_shown_until_it_is(
    looks_often, ledger_world
):
    async def book(*, debit, credit, on):
        sides = transfer(debit=debit, credit=credit, amount_cents=100)
        facts = {"kind": JournalKind.RECEIPT, "booked_on": on, "value_on": on, "lines": sides}
        journal = Journal(entity_id=JURISDICTIONS["NL"].entity_id, idempotency_key=uuid4(), **facts)
        async with ledger_world.service.pool.acquire() as connection:
            await repository.post_bookings(connection, [Booking(journal)], MORNING)

    async def take(number, *, opening):
        on = f"2026-03-0{number + 1}"
        before = {"before": f"2026-03-0{number}"} if number > 1 else {}
        line = a_line(500, booked_on=on)
        statement = a_statement([line], opening=opening, iban=IBAN, number=number, on=on, **before)
        assert (await ledger_world.put(f"s{number}.xml", a_file(statement))).parent.name == "done"
        await ledger_world.stepper.settle()

    await take(1, opening=0)
    await shown()
    await book(debit=f"BANK:{IBAN}", credit="SUSP:stray", on=date(2026, 3, 3))
    await take(2, opening=500)
    await shown(unproved=1)
    await book(debit="SUSP:stray", credit=f"BANK:{IBAN}", on=date(2026, 3, 4))
    await take(3, opening=1_000)
    await shown()
    said = [name for name, _ in await ledger_world.said() if name.startswith("TrustInvariant")]
    assert said == ["TrustInvariantHeld", "TrustInvariantBroken", "TrustInvariantHeld"]


async def test_a_statement_that_does_not_add_up_is_held_whole_and_shown(ledger_world):
    lines = [a_line(40_000, text="x", booked_on="2026-03-02")]
    bad = a_statement(lines, opening=0, closing=50_000, iban=IBAN)
    taken = await ledger_world.put("bad.xml", a_file(bad))
    assert taken.parent.name == "held"
    report = json.loads((taken.parent / "bad.xml.report.json").read_text())
    assert "unexplained" in json.dumps(report)
    await ledger_world.stepper.settle()
    said = await ledger_world.said()
    assert [name for name, _ in said] == ["StatementHeld"]
    assert await ledger_world.service.pool.fetchval("SELECT count(*) FROM ledger.journal") == 0


async def test_the_same_statement_again_changes_nothing_and_a_gap_is_held(ledger_world):
    first = a_statement([a_line(500, booked_on="2026-03-02")], opening=0, iban=IBAN)
    assert (await ledger_world.put("a.xml", a_file(first))).parent.name == "done"
    assert (await ledger_world.put("again.xml", a_file(first))).parent.name == "done"
    gap = a_statement([a_line(700, booked_on="2026-03-03")], opening=900, iban=IBAN, number=2, on="2026-03-03")
    assert (await ledger_world.put("gap.xml", a_file(gap))).parent.name == "held"
    assert await ledger_world.service.pool.fetchval("SELECT count(*) FROM ledger.journal") == 1


async def test_a_statement_of_more_entries_than_one_call_posts_is_read_apart_and_booked_whole(
    ledger_world, monkeypatch
):
    monkeypatch.setattr(repository, "MAX_BATCH_JOURNALS", 400)  # as ten thousand, in a hundredth of the time
    lines = [a_line(100 + n, booked_on="2026-03-02", bank_reference=f"R{n}") for n in range(900)]
    raw = a_file(a_statement(lines, opening=0, iban=IBAN))
    assert len(raw) > LARGE_BYTES
    assert (await ledger_world.put("many.xml", raw)).parent.name == "done"
    await ledger_world.stepper.settle()
    assert await ledger_world.service.pool.fetchval("SELECT count(*) FROM ledger.journal") == 900
    said = await ledger_world.said()
    assert len(of(said, "PaymentUnmatched")) == 900
    assert [(t["bank_cents"], t["owed_cents"]) for t in of(said, "TrustInvariantHeld")] == [(494_550, 494_550)]


async def test_a_large_hostile_file_is_refused_with_its_reason_too(ledger_world):
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><Document>' + b" " * LARGE_BYTES + b"&x;</Document>"
    taken = await ledger_world.put("bomb.xml", bomb)
    assert taken.parent.name == "refused"
    assert "DOCTYPE" in (taken.parent / "bomb.xml.report.json").read_text()


async def test_a_hostile_file_is_refused_with_its_reason_and_counted(ledger_world):
    counted = partial(REGISTRY.get_sample_value, "quittance_statement_files_total", {"verdict": "refused"})
    before = counted() or 0
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "y">]><Document>&x;</Document>'
    taken = await ledger_world.put("bomb.xml", bomb)
    assert taken.parent.name == "refused"
    assert "DOCTYPE" in (taken.parent / "bomb.xml.report.json").read_text()
    await ledger_world.stepper.settle()
    assert counted() == before + 1
