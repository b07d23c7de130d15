"""The demo's bank: its statements hold before the ledger's own reader, and it executes what pain.001 files order."""

from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest
import xmlschema

import ledger
from cli.demo.bank import Bank, Transfer, read_payment_file
from ledger.bank.camt053 import read_camt053
from ledger.bank.pain001 import write_pain001
from ledger.domain.controls import Decision, RegisteredAccount, judge_statement
from ledger.domain.payouts import Payout, PayoutBatch

AGENCY = Path(__file__).parents[2] / "agency.toml"
DUTCH = "NL70TRIO0123456789"
XSD = Path(ledger.__file__).parent / "bank" / "xsd" / "camt.053.001.08.xsd"
MONDAY, TUESDAY, WEDNESDAY, THURSDAY = (date(2026, 3, day) for day in (2, 3, 4, 5))


@pytest.fixture
def bank(tmp_path) -> Bank:
    return Bank(agency_file=AGENCY, inbound=tmp_path / "in", outbound=tmp_path / "out", opened_on=date(2026, 3, 1))


def a_transfer(cents: int = 12_345, **changed) -> Transfer:
    given = {"amount_cents": cents, "to_iban": DUTCH, "payer": "Noor & Zn <x>", "payer_iban": "NL39DEMO0001000208"}
    return Transfer(**{**given, **changed})


def a_payment_file(tmp_path: Path, *, execute_on: date, cents: int = 5_000) -> Path:
    payout = Payout(
        payout_id=UUID(int=9),
        amount_cents=cents,
        creditor_name="Client",
        creditor_iban="NL91ABNA0417164300",
        text="Afdracht",
    )
    batch = PayoutBatch(
        batch_id=UUID(int=7),
        created_at=datetime(2026, 3, 3, 16, tzinfo=UTC),
        execute_on=execute_on,
        trust_entity_name="Stichting Derdengelden",
        trust_iban=DUTCH,
        trust_bic="TRIONL2U",
        payouts=(payout,),
    )
    path = tmp_path / "out" / "order.xml"
    path.write_bytes(write_pain001(batch))
    return path


def morning(bank: Bank, day: date):
    """The statement of the Dutch trust account, as the ledger reads it."""
    path = next(path for path in bank.open_morning(day) if "NL" in path.name)
    assert xmlschema.XMLSchema(XSD).is_valid(path)
    [statement] = read_camt053(path.read_bytes()).statements
    return statement


def test_a_statement_is_valid_and_passes_every_control_of_the_ledger(bank):
    bank.pay(a_transfer(issuer="CUR", reference="7000001234567890"), on=MONDAY)
    bank.pay(a_transfer(999, text="kenmerk 7000 0012 3456 7890"), on=MONDAY)
    statement = morning(bank, TUESDAY)
    judgement = judge_statement(
        statement, RegisteredAccount(iban=DUTCH), expected_from=date(2026, 2, 1), expected_through=date(2026, 3, 9)
    )
    assert judgement.decision is Decision.BOOK
    assert [verdict.text for verdict in judgement.reasons] == []
    assert [entry.amount_cents for entry in statement.booked] == [12_345, 999]
    assert statement.entries[0].details[0].references[0].value == "7000001234567890"
    assert statement.entries[1].details[0].text == "kenmerk 7000 0012 3456 7890"


def test_balances_run_on_from_statement_to_statement(bank):
    bank.pay(a_transfer(), on=MONDAY)
    morning(bank, TUESDAY)
    bank.pay(a_transfer(55), on=TUESDAY)
    statement = morning(bank, WEDNESDAY)
    assert (statement.opening.amount_cents, statement.closing.amount_cents) == (12_345, 12_400)
    assert bank.balance_cents == bank.received_cents == 12_400


def test_a_payment_on_a_sunday_is_booked_on_monday(bank):
    bank.pay(a_transfer(), on=date(2026, 3, 8))
    morning(bank, date(2026, 3, 9))
    assert bank.received == 0
    morning(bank, date(2026, 3, 10))
    assert bank.received == 1


def test_money_for_a_stranger_does_not_come_to_us(bank):
    bank.pay(a_transfer(to_iban="NL91ABNA0417164300"), on=TUESDAY)
    morning(bank, WEDNESDAY)
    assert (bank.received, bank.refused) == (0, 1)


def test_a_payment_file_is_executed_on_its_day_and_confirmed_by_the_next_statement(bank, tmp_path):
    bank.pay(a_transfer(), on=MONDAY)
    path = a_payment_file(tmp_path, execute_on=WEDNESDAY)
    [order] = read_payment_file(path.read_bytes())
    morning(bank, TUESDAY)
    assert (bank.remitted_cents, path.exists(), (path.parent / "done" / path.name).exists()) == (0, False, True)
    morning(bank, WEDNESDAY)
    assert bank.remitted_cents == 0
    [entry] = morning(bank, THURSDAY).booked
    assert bank.remitted_cents == 5_000
    assert (entry.amount_cents, entry.details[0].end_to_end_id) == (-5_000, order.end_to_end_id)
