"""Whatever is paid, in whatever order it becomes known, the journals balance and no account goes below zero."""

from collections import Counter
from datetime import date, timedelta

import pytest
from books import DEBITS, Books
from case_builder import expired, one, opened, paid, with_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InvalidMessage
from contracts.dunning import NoticeType
from contracts.ledger import CaseFilePaid, CreditClient, PaymentAllocated
from ledger.domain.case_account import covered_cents, overpaid_cents, position

BUCKETS = ("costs", "vat", "late_interest", "principal", "indemnity")
NOTICE = {"NL": NoticeType.FOURTEEN_DAY_LETTER, "BE": NoticeType.FIRST_REMINDER}
LETTER_PASSED = date(2026, 3, 18)


def parts_of(told):
    return Counter({
        (part.claim_id, bucket): getattr(part, f"{bucket}_cents") for part in told.parts for bucket in BUCKETS
    })  # fmt: skip


claims = st.lists(
    st.tuples(st.integers(100, 300_000), st.integers(-60, 10), st.sampled_from([None, "12"])), min_size=1, max_size=3
)
steps = st.lists(
    st.one_of(st.none(), st.tuples(st.integers(1, 200_000), st.integers(0, 90))), min_size=1, max_size=7
)  # none: the term of the notice has passed


@settings(max_examples=60, deadline=None)
@given(country=st.sampled_from(["NL", "BE"]), consumer=st.booleans(), claims=claims, steps=steps)
def test_parts_add_up_to_every_payment_and_the_books_agree_with_the_law(country, consumer, claims, steps):
    books, case = Books(), opened(country, consumer)
    for n, (principal, days, rate) in enumerate(claims):
        due_on = date(2026, 1, 31) + timedelta(days=days)
        case = books.take(with_claim(case, principal, name=str(n), due_on=due_on, commercial=not consumer, rate=rate))
    for n, step in enumerate(steps):
        try:
            if step is None:
                case = books.take(expired(case, NOTICE[country], LETTER_PASSED)) if consumer else case
                continue
            cents, days = step
            decision = paid(case, cents, date(2026, 2, 1) + timedelta(days=days), f"p{n}")
        except InvalidMessage as fault:
            assert fault.code == "overpayment_changed"  # noqa: PT017 - the desk is the right place for these
            continue
        case = books.take(decision)
        told = one(decision, PaymentAllocated)
        assert parts_of(told).total() + told.overpaid_cents == cents
        assert told.overpaid_cents >= 0
    owed = position(case, as_of=date(2026, 6, 1))
    for kind, bucket in (("PRINCIPAL", "principal"), ("COSTS", "costs"), ("VAT", "vat"), ("INDEMNITY", "indemnity")):
        charged = sum(c.principal_cents for c in case.claims) if bucket == "principal" else case.charged_cents(bucket)
        covered = sum(cents for (_, name), cents in covered_cents(owed).items() if name == bucket)
        assert books.of(kind) == charged - covered, bucket
    assert -books.of("OUTSTANDING") == sum(books.of(kind) for kind in DEBITS)
    assert books.of("CASE") == 0
    assert -books.of("CRED") == covered_cents(owed, "payment").total()
    assert -books.of("REFUND") == case.overpaid_cents >= overpaid_cents(owed)


def test_costs_due_before_a_payment_that_was_booked_already_take_their_part_of_it():
    # the payment of 20 March was booked first, then the notice's term of 18 March became known: costs come first (6:44)
    books, case = Books(), opened()
    case = books.take(with_claim(case, 100_000))
    case = books.take(paid(case, 60_000, date(2026, 3, 20)))
    principal_before = books.of("PRINCIPAL")
    case = books.take(expired(case, NoticeType.FOURTEEN_DAY_LETTER, LETTER_PASSED))
    assert case.charged_cents("costs") == 15_000  # a payment after the term lowers no costs (NL-BIK-10)
    assert books.of("COSTS") == 0
    assert books.of("PRINCIPAL") == principal_before + 15_000


def test_two_payments_of_one_day_are_two_and_cover_together_what_one_would():
    case = with_claim(opened(), 100_000).state
    twice = paid(paid(case, 30_000, date(2026, 3, 10), "p1").state, 30_000, date(2026, 3, 10), "p2").state
    once = paid(case, 60_000, date(2026, 3, 10)).state
    assert position(twice, as_of=date(2026, 4, 1)).claims == position(once, as_of=date(2026, 4, 1)).claims


def test_the_same_payment_is_matched_once():
    case = paid(with_claim(opened(), 100_000).state, 30_000, date(2026, 3, 10)).state
    with pytest.raises(InvalidMessage, match="matched"):
        paid(case, 30_000, date(2026, 3, 10))


def test_an_earlier_payment_after_a_write_off_refunds_no_more_than_was_paid():
    books = Books()
    case = books.take(with_claim(opened(), 100_000))
    decision = paid(case, 100_318, date(2026, 3, 12), "p1")
    assert one(decision, PaymentAllocated).written_off_cents == 109
    case = books.take(decision)
    decision = paid(case, 5_000, date(2026, 3, 5), "late")
    told = one(decision, PaymentAllocated)
    assert 0 < told.overpaid_cents <= 5_000
    assert told.open_cents == 0
    assert not [message for message in decision.send if isinstance(message, CaseFilePaid)]
    books.take(decision)
    assert books.of("OUTSTANDING") == 0


def test_a_paid_claim_bears_no_interest_from_a_reminder_that_expired_before():
    case = with_claim(opened("BE"), 35_000, rate="12").state
    case = paid(case, 35_000, date(2026, 3, 20)).state
    answered = expired(case, NoticeType.FIRST_REMINDER, date(2026, 3, 17)).state
    assert [claim.interest for claim in answered.claims] == [None]
    assert position(answered, as_of=date(2026, 5, 1)).total_open == 0


def test_all_that_is_credited_is_what_payments_cover():
    case = with_claim(opened("BE", consumer=False), 50_000, commercial=True).state
    decision = paid(case, 90_000, date(2026, 3, 10))
    told = one(decision, PaymentAllocated)
    assert one(decision, CreditClient).amount_cents == 90_000 - told.overpaid_cents
    assert told.overpaid_cents > 30_000
