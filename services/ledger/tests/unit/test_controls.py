"""May a statement be posted? Held whole, booked, or skipped because it was booked before."""

from dataclasses import replace
from datetime import date

import pytest
from camt_builder import PAYER_IBAN, TRUST_IBAN, Line, Payment, a_file, a_line, a_statement

from ledger.bank.camt053 import read_camt053
from ledger.domain.controls import (
    Control,
    Decision,
    Judgement,
    Outcome,
    RegisteredAccount,
    entries_to_book,
    judge_statement,
)
from ledger.domain.fingerprints import entry_fingerprints, statement_key, transaction_fingerprint
from ledger.domain.statements import Statement

TRUST = RegisteredAccount(
    iban=TRUST_IBAN, last_closing_cents=100_000, last_closed_on=date(2026, 3, 1), last_sequence_number=0
)


def read(raw: bytes) -> Statement:
    (statement,) = read_camt053(raw).statements
    return statement


def a_read_statement(*lines: Line, **facts: object) -> Statement:
    return read(a_file(a_statement(lines, **facts)))


def judge(statement: Statement, trust_account: RegisteredAccount | None = TRUST) -> Judgement:
    return judge_statement(statement, trust_account, expected_from=date(2026, 1, 1), expected_through=date(2026, 3, 7))


def outcomes(judgement: Judgement) -> dict[Control, Outcome]:
    return {verdict.control: verdict.outcome for verdict in judgement.verdicts if verdict.outcome is not Outcome.PASS}


def test_a_statement_in_order_is_booked():
    judgement = judge(a_read_statement(a_line(500), a_line(-200), totals=True))
    assert judgement.decision is Decision.BOOK
    assert outcomes(judgement) == {}
    assert {verdict.control for verdict in judgement.verdicts} == set(Control)


def test_a_statement_whose_balances_do_not_add_up_is_held_whole_and_says_by_how_much():
    judgement = judge(a_read_statement(a_line(500), a_line(700), closing=101_199))
    assert judgement.decision is Decision.HOLD
    assert outcomes(judgement) == {Control.EQUATION: Outcome.BLOCK}
    (reason,) = judgement.reasons
    assert "€1,011.99" in reason.text
    assert "-€0.01 is unexplained" in reason.text


def test_a_balance_without_a_sign_is_confirmed_by_the_equation_or_held():
    raw = a_file(a_statement([a_line(500)])).replace(b"<CdtDbtInd>CRDT</CdtDbtInd><Dt>", b"<Dt>")
    judgement = judge(read(raw))
    assert (judgement.decision, outcomes(judgement)) == (Decision.BOOK, {Control.READABLE: Outcome.WARN})
    overdrawn = a_file(a_statement([a_line(500)], opening=-100_000)).replace(
        b"<CdtDbtInd>DBIT</CdtDbtInd><Dt>", b"<Dt>"
    )
    assert outcomes(judge(read(overdrawn)))[Control.EQUATION] is Outcome.BLOCK


def test_a_gap_between_two_statements_holds_the_later_one():
    judgement = judge(a_read_statement(a_line(500), opening=100_001))
    assert outcomes(judgement) == {Control.OPENING: Outcome.BLOCK}
    assert "2026-03-01" in judgement.reasons[0].text


def test_the_first_statement_of_an_account_needs_no_predecessor():
    assert judge(a_read_statement(a_line(500), opening=7), RegisteredAccount(iban=TRUST_IBAN)).decision is Decision.BOOK


def test_an_unregistered_account_is_held():
    assert outcomes(judge(a_read_statement(a_line(500)), None)) == {Control.REGISTERED_ACCOUNT: Outcome.BLOCK}
    other = a_read_statement(a_line(500), iban=PAYER_IBAN)
    assert Control.REGISTERED_ACCOUNT in outcomes(judge(other))


def test_a_foreign_currency_is_held():
    statement = a_read_statement(Line(cents=500, currency="USD", payments=(Payment(cents=500),)))
    assert outcomes(judge(statement))[Control.CURRENCY] is Outcome.BLOCK


@pytest.mark.parametrize("number", [2, 9])
def test_a_missing_number_is_held(number: int):
    assert outcomes(judge(a_read_statement(number=number), replace(TRUST, last_sequence_number=5))) == {
        Control.SEQUENCE: Outcome.BLOCK
    }


@pytest.mark.parametrize("number", [6, 1, None])
def test_the_next_number_a_new_year_and_no_number_are_in_order(number: int | None):
    assert judge(a_read_statement(number=number), replace(TRUST, last_sequence_number=5)).decision is Decision.BOOK


@pytest.mark.parametrize(
    ("old", "new"), [("<NbOfNtries>2<", "<NbOfNtries>3<"), ("<Sum>12.00<", "<Sum>12.01<"), ("<Sum>5.00<", "<Sum>7.00<")]
)
def test_declared_totals_that_differ_are_held(old: str, new: str):
    raw = a_file(a_statement([a_line(500), a_line(-700)], totals=True)).replace(old.encode(), new.encode())
    assert outcomes(judge(read(raw))) == {Control.TOTALS: Outcome.BLOCK}


def test_an_unreadable_amount_holds_the_statement_even_if_the_rest_adds_up():
    raw = a_file(a_statement([a_line(500), Line(cents=0, text="x")])).replace(b">0.00<", b">zero<")
    assert outcomes(judge(read(raw))) == {Control.READABLE: Outcome.BLOCK}


def test_a_missing_balance_is_held():
    raw = a_file(a_statement([a_line(500)])).replace(b"CLBD", b"INFO")
    assert outcomes(judge(read(raw))) == {Control.COMPLETE: Outcome.BLOCK, Control.EQUATION: Outcome.BLOCK}


def test_an_announcement_is_never_booked():
    raw = a_file(a_statement([a_line(500)])).replace(b"Stmt>", b"Rpt>")
    assert outcomes(judge(read(raw))) == {Control.BOOKED_STATEMENT: Outcome.BLOCK}


def test_details_that_do_not_add_up_and_odd_dates_are_shown_but_booked():
    line = Line(cents=500, booked_on="2025-12-31", payments=(Payment(cents=1), Payment(cents=2)))
    judgement = judge(a_read_statement(line))
    assert judgement.decision is Decision.BOOK
    assert outcomes(judgement) == {Control.DETAILS: Outcome.WARN, Control.DATES: Outcome.WARN}


def test_the_same_statement_again_is_skipped_whatever_file_it_comes_in():
    first = a_read_statement(a_line(500), statement_id="S-1")
    after = replace(
        TRUST, last_closing_cents=100_500, last_sequence_number=1, known_statements=frozenset({statement_key(first)})
    )
    again = a_read_statement(a_line(500), statement_id="S-1-COPY", version="04")
    assert judge(again, after).decision is Decision.SKIP


def test_known_entries_are_left_out_and_new_ones_booked():
    statement = a_read_statement(a_line(500), a_line(900), a_line(0), a_line(800, status="PDNG"))
    known = replace(TRUST, known_entries=frozenset({entry_fingerprints(statement)[0]}))
    assert outcomes(judge(statement, known)) == {Control.DUPLICATES: Outcome.WARN}
    ((fingerprint, entry),) = entries_to_book(statement, known)
    assert (fingerprint, entry.amount_cents) == (entry_fingerprints(statement)[1], 900)


def test_two_equal_payments_on_one_day_are_two_rows():
    twins = a_read_statement(a_line(500), a_line(500))
    first, second = entry_fingerprints(twins)
    assert first != second
    assert entry_fingerprints(a_read_statement(a_line(500))) == (first,)


def test_a_fingerprint_is_the_same_in_every_version_and_differs_by_each_fact():
    fingerprints = {
        entry_fingerprints(a_read_statement(line, **facts))[0]
        for line, facts in (
            (a_line(500), {}),
            (a_line(500, text="other text"), {"version": "08", "number": 9}),
            (a_line(501, bank_reference="REF500"), {}),
            (a_line(500, bank_reference="X"), {}),
            (a_line(500, booked_on="2026-03-01"), {}),
            (a_line(500), {"iban": PAYER_IBAN}),
        )
    }
    assert len(fingerprints) == 5
    (one,) = entry_fingerprints(a_read_statement(a_line(500)))
    assert len({transaction_fingerprint(one, index) for index in range(3)} | {one}) == 4


def test_a_fingerprint_never_changes():
    (fingerprint,) = entry_fingerprints(a_read_statement(a_line(500)))
    assert str(fingerprint) == "95261db9-faeb-5c52-889e-7c7681523871"
