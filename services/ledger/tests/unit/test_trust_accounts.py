"""Statements of the trust account: what is booked, what is a shortfall, and where the two countries stay apart."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from camt_builder import TRUST_IBAN, Line, Payment, a_file, a_line, a_statement

from common.decisions import Due
from contracts.ledger import BookPayout, BookReceipt, PaymentUnmatched, ReconcileTrust, ReverseReceipt
from ledger import handlers, repository
from ledger.bank.camt053 import read_camt053
from ledger.domain.bank_days import is_bank_day
from ledger.domain.client_account import next_payout
from ledger.domain.journals import Booking, JournalKind
from ledger.domain.returns import ReturnRow
from ledger.domain.trust_account import (
    ImportStatement,
    TrustAccount,
    next_due_at,
    paid_out,
    read_statement,
    receipt_rows,
    taken_back,
    trust_account_id,
)
from statutes.references import iso11649, structured_communication

NOW = datetime(2026, 3, 3, 5, tzinfo=UTC)
REMITTANCE = UUID("33333333-3333-4333-8333-333333333333")
NL_FILE, BE_FILE = uuid5(REMITTANCE, "nl"), uuid5(REMITTANCE, "be")


def read(*lines, opening=100_000):
    text = a_file(a_statement(lines, opening=opening))
    return read_statement(read_camt053(text).statements[0], TRUST_IBAN, today=NOW.date())


def imported(statement, account=None, *, in_transit=()):
    message = ImportStatement(
        trust_account_id=trust_account_id(TRUST_IBAN), iban=TRUST_IBAN, country="NL", statement=statement,
        paid_out=paid_out(statement.debits, dict(in_transit)),
    )  # fmt: skip
    return handlers.import_statement(account, message, NOW)


def kinds(decision):
    return [row.journal.kind for row in decision.append if isinstance(row, Booking)]


def a_debit(cents, reference="R1"):
    return a_line(-cents, end_to_end_id=REMITTANCE.hex, bank_reference=reference)


def test_our_remittance_is_confirmed_by_its_debit():
    decision = imported(read(a_debit(40_000)), in_transit={REMITTANCE: 40_000}.items())
    assert kinds(decision) == [JournalKind.PAYOUT_DEBITED]
    assert [m.remittance_id for m in decision.send if isinstance(m, BookPayout)] == [REMITTANCE]


@pytest.mark.parametrize(
    ("lines", "in_transit", "expected"),
    [
        ([a_debit(40_000)], {}, [JournalKind.UNEXPLAINED_DEBIT]),  # a UUID that is none of ours
        ([a_debit(39_000)], {REMITTANCE: 40_000}, [JournalKind.UNEXPLAINED_DEBIT]),  # another amount
        (
            [a_debit(40_000, "R1"), a_debit(40_000, "R2")],  # the bank paid it twice
            {REMITTANCE: 40_000},
            [JournalKind.PAYOUT_DEBITED, JournalKind.UNEXPLAINED_DEBIT],
        ),
    ],
)
def test_money_that_left_without_our_order_is_a_shortfall(lines, in_transit, expected):
    decision = imported(read(*lines), in_transit=in_transit.items())
    assert kinds(decision) == expected
    assert len([m for m in decision.send if isinstance(m, BookPayout)]) == expected.count(JournalKind.PAYOUT_DEBITED)


def test_payments_inside_a_batch_entry_are_receipts_of_their_own():
    batch = Line(cents=900, reference="B", payments=(Payment(cents=400, text="a"), Payment(cents=500, text="b")))
    receipts = [m for m in imported(read(batch)).send if isinstance(m, BookReceipt)]
    assert [receipt.amount_cents for receipt in receipts] == [400, 500]
    assert len({receipt.payment_id for receipt in receipts}) == 2


def test_a_statement_without_entries_is_booked_and_reconciled():
    decision = imported(read())
    assert kinds(decision) == []
    assert [type(message) for message in decision.send] == [ReconcileTrust]
    assert decision.answer["decision"] == "booked"


def test_a_booked_statement_in_other_bytes_changes_nothing_and_few_are_remembered():
    statement = read(a_line(500))
    account = imported(statement).state
    again = imported(statement, account)
    assert (again.state, again.append, again.answer["decision"]) == (account, (), "skipped")
    many = TrustAccount(iban=TRUST_IBAN, country="NL", known_statements=tuple(UUID(int=n) for n in range(400)))
    assert len(imported(statement, many).state.known_statements) == 400


class OneReference:
    """A connection that knows a case file of each country under one reference number."""

    async def fetch(self, query, numbers):
        assert query == repository.QUERIES.select_case_accounts_by_reference
        known = {("0000000042", "NL"): NL_FILE, ("0000000043", "BE"): BE_FILE}
        return [
            {"reference_number": number, "country": country, "case_account_id": found}
            for (number, country), found in known.items()
            if number in numbers
        ]


@pytest.mark.parametrize(
    ("country", "numbers", "case_file_id"),
    [
        ("NL", [42], NL_FILE),
        ("BE", [43], BE_FILE),
        ("BE", [42], None),  # paid to the other country's trust account
        ("NL", [], None),
        ("NL", [42, 44], NL_FILE),  # the other number is nobody's
    ],
)
async def test_a_receipt_finds_only_a_case_file_of_its_own_trust_entity(country, numbers, case_file_id):
    references = tuple(iso11649(reference=f"{number:010}").creditor_reference for number in numbers)
    receipt = BookReceipt(
        payment_id=REMITTANCE, trust_account_id=trust_account_id(TRUST_IBAN), country=country, amount_cents=500,
        value_on=date(2026, 3, 2), booked_on=date(2026, 3, 2), references=references, payer_account=None,
        remittance_text=None,
    )  # fmt: skip
    [matched] = await repository.locate_matched(OneReference(), [receipt])
    [unmatched] = await repository.locate_unmatched(OneReference(), [receipt])
    assert [key for key, _ in matched] == ([case_file_id] if case_file_id else [])
    assert unmatched == ([] if case_file_id else [(receipt.trust_account_id, receipt)])


@pytest.mark.parametrize(
    ("now", "rhythm", "expected"),
    [
        ("2026-03-04T09:00", "daily", "2026-03-04T16:00"),
        ("2026-03-04T18:00", "daily", "2026-03-05T16:00"),
        ("2026-03-04T09:00", "weekly", "2026-03-06T16:00"),
        ("2026-03-31T09:00", "weekly", "2026-04-07T15:00"),  # Good Friday and Easter Monday are closed
        ("2026-12-22T09:00", "weekly", "2026-12-28T16:00"),  # Christmas on a Friday
        ("2026-07-21T09:00", "daily", "2026-07-21T15:00"),  # a Belgian holiday, but banks settle
    ],
)
def test_payouts_go_on_days_on_which_banks_settle(now, rhythm, expected):
    instant = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert next_payout(instant, rhythm) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_banks_close_on_the_days_of_target_alone():
    days = [date(2026, 1, 1) + timedelta(days=n) for n in range(365)]
    assert [d.isoformat()[5:] for d in days if d.weekday() < 5 and not is_bank_day(d)] == [
        "01-01", "04-03", "04-06", "05-01", "12-25",
    ]  # fmt: skip


OGM = structured_communication(number="42").communication
RECEIPT = a_line(40_000, text=f"betaling {OGM}", bank_reference="A", end_to_end_id="E-1")


def rows_of(*lines):
    return {row.payment_id: row for row in receipt_rows(a_message(read(*lines)))}


def a_message(statement):
    return ImportStatement(
        trust_account_id=trust_account_id(TRUST_IBAN), iban=TRUST_IBAN, country="NL", statement=statement
    )


def found(debit, known):
    return taken_back(a_message(read(debit)), known)


@pytest.mark.parametrize(
    "debit",
    [
        a_line(-40_000, is_reversal=True, bank_reference="A"),
        a_line(-40_000, is_reversal=True, bank_reference="Z", end_to_end_id="E-1"),
        a_line(-40_000, bank_reference="Z", text=f"retour {OGM}", return_reason="AC04"),
    ],
)
def test_a_reversal_or_a_return_finds_the_receipt_that_it_names(debit):
    known = rows_of(RECEIPT, a_line(40_000, text="another", bank_reference="B", end_to_end_id="E-2"))
    receipt = next(row for row in known.values() if "bank:A" in row.marks)
    (back,) = found(debit, dict(known))
    assert (back.payment_id, back.references) == (receipt.payment_id, receipt.references)


@pytest.mark.parametrize(
    "debit",
    [
        a_line(-40_000, bank_reference="A"),  # the bank does not say that it undoes anything
        a_line(-39_999, is_reversal=True, bank_reference="A"),
        a_line(-40_000, is_reversal=True, bank_reference="Z"),
        a_line(40_000, is_reversal=True, bank_reference="A"),  # of a debit
    ],
)
def test_any_other_debit_takes_nothing_back(debit):
    assert found(debit, rows_of(RECEIPT)) == ()


def test_which_of_two_like_receipts_was_meant_is_for_a_person():
    twice = rows_of(RECEIPT, a_line(40_000, text=f"nog eens {OGM}", bank_reference="B", end_to_end_id="E-2"))
    assert found(a_line(-40_000, is_reversal=True, bank_reference="Z", text=OGM), dict(twice)) == ()
    assert len(found(a_line(-40_000, is_reversal=True, bank_reference="B", text=OGM), dict(twice))) == 1


def test_a_receipt_is_taken_back_once_and_not_from_another_trust_account():
    again = [a_line(-40_000, is_reversal=True, bank_reference="A", text=text) for text in ("one", "two")]
    assert len(taken_back(a_message(read(*again)), rows_of(RECEIPT))) == 1
    elsewhere = {
        name: replace(row, trust_account_id=trust_account_id("BE68539007547034"))
        for name, row in rows_of(RECEIPT).items()
    }
    assert found(again[0], elsewhere) == ()


def test_the_debit_is_a_shortfall_at_once_and_the_receipt_is_asked_back_by_its_references():
    statement = read(a_line(-40_000, is_reversal=True, bank_reference="A"))
    known = rows_of(RECEIPT)
    message = a_message(statement)
    decision = handlers.import_statement(
        None, message.model_copy(update={"taken_back": taken_back(message, dict(known))}), NOW
    )
    assert [row.journal.kind for row in decision.append if isinstance(row, Booking)] == [JournalKind.UNEXPLAINED_DEBIT]
    (payment_id,) = known
    (asked,) = [m for m in decision.send if isinstance(m, ReverseReceipt)]
    assert (asked.payment_id, asked.return_id, asked.amount_cents) == (payment_id, statement.debits[0].entry_id, 40_000)
    assert asked.references == known[payment_id].references
    assert [row for row in decision.append if isinstance(row, ReturnRow)] == [
        ReturnRow(payment_id=payment_id, return_id=asked.return_id)
    ]
    left = handlers.return_unmatched(decision.state, asked, NOW)
    (row,) = left.append
    assert {(line.ledger_account.split(":")[0], line.amount_cents) for line in row.journal.lines} == {
        ("SUSP", 40_000), ("RECALL", -40_000)
    }  # fmt: skip


def a_receipt(*numbers, tries=0, name="p"):
    references = tuple(iso11649(reference=f"{number:010}").creditor_reference for number in numbers)
    return BookReceipt(
        payment_id=uuid5(REMITTANCE, name), trust_account_id=trust_account_id(TRUST_IBAN), country="NL",
        amount_cents=500, value_on=date(2026, 3, 2), booked_on=date(2026, 3, 2), references=references, tries=tries,
    )  # fmt: skip


def test_a_receipt_whose_file_is_not_known_yet_is_told_once_and_looks_for_it_again():
    account = TrustAccount(iban=TRUST_IBAN, country="NL")
    first = handlers.report_unmatched(account, a_receipt(42), NOW)
    assert [type(message) for message in first.send] == [PaymentUnmatched]
    assert next_due_at(first.state) == NOW + timedelta(minutes=10)

    later = next_due_at(first.state)
    again = handlers.retry_unmatched(first.state, Due(due_at=later), later)
    assert again.send == [a_receipt(42, tries=1)]
    assert (again.state.unmatched, next_due_at(again.state)) == ((), None)

    second = handlers.report_unmatched(again.state, again.send[0], later)
    assert second.send == []
    assert next_due_at(second.state) == later + timedelta(days=1)


def test_without_a_reference_of_ours_or_after_forty_days_a_person_has_it():
    account = TrustAccount(iban=TRUST_IBAN, country="NL")
    for receipt in (a_receipt(), a_receipt(42, tries=40)):
        assert next_due_at(handlers.report_unmatched(account, receipt, NOW).state) is None


def test_what_the_bank_took_back_meanwhile_looks_for_nothing():
    account = TrustAccount(iban=TRUST_IBAN, country="NL")
    for receipt in (a_receipt(42), a_receipt(43, name="q")):
        account = handlers.report_unmatched(account, receipt, NOW).state
    for name, left in (("p", 1), ("q", 0)):
        command = ReverseReceipt(
            return_id=uuid5(REMITTANCE, f"back {name}"), **a_receipt(name=name).model_dump(exclude={"tries"})
        )
        account = handlers.return_unmatched(account, command, NOW).state
        assert len(account.unmatched) == left
    assert next_due_at(account) is None
