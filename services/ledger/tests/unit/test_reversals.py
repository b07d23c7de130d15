"""A payment that the bank takes back covers nothing any more: as if it had never been made."""

from collections import Counter
from datetime import date
from uuid import uuid5

import pytest
from books import Books
from case_builder import CASE, NOW, expired, one, opened, paid, with_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import InvalidMessage
from contracts.dunning import NoticeType
from contracts.ledger import (
    CaseFilePaid,
    CostCharged,
    CostLowered,
    CreditClient,
    DebitClient,
    PaymentAllocated,
    PaymentReversed,
)
from ledger import handlers
from ledger.domain.case_account import BUCKETS, position
from ledger.handlers.case_accounts import MatchedReversal

LETTER, REMINDER = NoticeType.FOURTEEN_DAY_LETTER, NoticeType.FIRST_REMINDER
LETTER_PASSED = date(2026, 3, 18)
TAKEN_ON = date(2026, 4, 2)
LAST_DAY = date(2026, 6, 1)


def taken_back(case, cents, name="p", *, on=TAKEN_ON):
    command = MatchedReversal(
        payment_id=uuid5(CASE, name), return_id=uuid5(CASE, f"back {name}"), trust_account_id=CASE,
        country=case.country, amount_cents=cents, value_on=on, booked_on=on, references=(), case_file_id=CASE,
    )  # fmt: skip
    return handlers.reverse_receipt(case, command, NOW)


def a_file(books, principal=100_000, country="NL", **claim):
    return books.take(with_claim(opened(country), principal, **claim))


def told(decision):
    return [type(message) for message in decision.send]


def test_what_it_covered_is_owed_again_and_the_client_gives_it_back():
    books = Books()
    never = case = a_file(books)
    case = books.take(paid(case, 40_000, date(2026, 3, 10)))
    decision = taken_back(case, 40_000)
    case = books.take(decision)

    assert position(case, as_of=LAST_DAY) == position(never, as_of=LAST_DAY)
    event = one(decision, PaymentReversed)
    assert sum(part.principal_cents + part.late_interest_cents for part in event.parts) == -40_000
    assert (event.overpaid_cents, event.all_shares, event.value_on) == (0, (), TAKEN_ON)
    assert event.balance.paid_cents == 0
    assert one(decision, DebitClient).amount_cents == 40_000
    assert books.of("CRED") == books.of("REFUND") == 0
    assert books.of("PRINCIPAL") == 100_000
    assert -books.balances[f"RECALL:{uuid5(CASE, 'back p')}"] == 40_000  # what the bank's debit had opened
    assert books.of("RECALL") == -40_000


def test_what_was_paid_out_to_the_client_is_a_shortfall_until_he_gives_it_back():
    books = Books()
    case = books.take(paid(a_file(books), 40_000, date(2026, 3, 10)))
    books.pay_out()
    books.take(taken_back(case, 40_000))
    assert books.balances[f"RECALL:{uuid5(CASE, 'p')}"] == 40_000
    assert books.of("CRED") == 0


def test_a_paid_file_is_paid_no_more_and_may_be_paid_again():
    books = Books()
    decision = paid(a_file(books), 100_500, date(2026, 3, 10))
    assert CaseFilePaid in told(decision)
    case = books.take(decision)
    case = books.take(taken_back(case, 100_500))
    assert case.paid_on is None
    assert case.overpaid_cents == 0
    decision = paid(case, 101_000, date(2026, 4, 10), "again")
    assert CaseFilePaid in told(decision)
    books.take(decision)
    assert books.of("PRINCIPAL") == books.of("OUTSTANDING") == 0


def test_of_two_payments_of_all_the_second_takes_the_place_of_the_first():
    books = Books()
    case = books.take(paid(a_file(books), 101_000, date(2026, 3, 10), "first"))
    case = books.take(paid(case, 101_000, date(2026, 3, 12), "second"))
    decision = taken_back(case, 101_000, "first")
    case = books.take(decision)
    event = one(decision, PaymentReversed)
    assert event.open_cents == 0
    assert case.paid_on == date(2026, 3, 12)
    assert {share.payment_id for share in event.all_shares} == {uuid5(CASE, "second")}
    assert -books.of("REFUND") == case.overpaid_cents < 1_000


def test_what_was_too_much_is_given_up_before_anything_is_asked_of_the_client():
    books = Books()
    case = books.take(paid(a_file(books), 100_500, date(2026, 3, 10), "first"))
    case = books.take(paid(case, 50_000, date(2026, 3, 12), "too much"))
    decision = taken_back(case, 50_000, "too much")
    case = books.take(decision)
    assert told(decision) == [PaymentReversed]
    assert one(decision, PaymentReversed).overpaid_cents == -50_000
    assert case.paid_on is not None
    assert books.of("RECALL") == -50_000


def test_a_payment_inside_the_term_that_is_taken_back_brings_the_costs_again():
    books = Books()
    case = books.take(expired(a_file(books), LETTER, LETTER_PASSED))
    full = books.of("COSTS")
    case = books.take(paid(case, 60_000, date(2026, 3, 10)))
    assert books.of("COSTS") < full
    decision = taken_back(case, 60_000)
    case = books.take(decision)
    assert books.of("COSTS") == full == 15_000
    assert [c.amount_cents for c in one(decision, CostLowered).reversed] == [6_061]
    assert one(decision, CostLowered).charges == ()
    assert [c.amount_cents for c in one(decision, CostCharged).charges] == [15_000]
    case = books.take(paid(case, 60_000, date(2026, 3, 11), "a third"))
    assert case.charged_cents("costs") < full


def test_the_interest_that_a_belgian_reminder_starts_is_told_again():
    books = Books()
    case = books.take(expired(a_file(books, 35_000, "BE", rate="10"), REMINDER, date(2026, 3, 17)))
    case = books.take(paid(case, 35_000, date(2026, 3, 16)))
    assert case.claims[0].interest is None
    decision = taken_back(case, 35_000)
    case = books.take(decision)
    assert [terms.claim_id for terms in one(decision, CostCharged).interest] == [case.claims[0].claim_id]
    assert CostLowered not in told(decision)
    assert case.claims[0].interest is not None


def test_a_claim_that_joined_after_the_payment_counts_the_payments_before_it_anew():
    case = with_claim(opened(), 10_000).state
    case = paid(case, 5_000, date(2026, 3, 2), "first").state
    case = with_claim(case, 20_000, name="b").state
    case = taken_back(case, 5_000, "first").state
    case = paid(case, 25_000, date(2026, 3, 3), "second").state
    owed = {claim.claim_id: claim.open for claim in position(case, as_of=LAST_DAY).claims}
    assert sum(owed.values()) < 60  # the second payment covers both claims


@pytest.mark.parametrize(("cents", "name"), [(40_000, "other"), (39_999, "p")])
def test_one_that_is_not_on_the_file_or_had_another_amount_is_for_a_person(cents, name):
    case = paid(with_claim(opened(), 100_000).state, 40_000, date(2026, 3, 10)).state
    with pytest.raises(InvalidMessage, match="no such payment"):
        taken_back(case, cents, name)


def test_a_second_time_is_refused():
    case = paid(with_claim(opened(), 100_000).state, 40_000, date(2026, 3, 10)).state
    case = taken_back(case, 40_000).state
    with pytest.raises(InvalidMessage, match="taken back before"):
        taken_back(case, 40_000)


def covered(events):
    """Cents by bucket, over all that was told."""
    sums = Counter()
    for event in events:
        for part in event.parts:
            sums.update({bucket: getattr(part, f"{bucket}_cents") for bucket in BUCKETS})
    return {bucket: cents for bucket, cents in sums.items() if cents}


@given(
    country=st.sampled_from(("NL", "BE")),
    payments=st.lists(
        st.tuples(st.integers(1, 80_000), st.dates(date(2026, 2, 20), date(2026, 4, 20))), min_size=1, max_size=5
    ),
    term=st.booleans(),
    chosen=st.integers(0, 4),
)
@settings(max_examples=120, deadline=None, derandomize=True)
def test_the_file_is_as_if_it_had_never_been_paid(country, payments, term, chosen):
    chosen %= len(payments)

    def lived(names):
        books = Books()
        case = a_file(books, country=country, rate="9" if country == "BE" else None)
        if term:
            case = books.take(expired(case, LETTER if country == "NL" else REMINDER, LETTER_PASSED))
        allocated = []
        for n in names:
            decision = paid(case, *payments[n], str(n))
            allocated.append(one(decision, PaymentAllocated))
            case = books.take(decision)
        return books, case, allocated

    books, case, allocated = lived(range(len(payments)))
    decision = taken_back(case, payments[chosen][0], str(chosen), on=date(2026, 4, 21))
    case = books.take(decision)
    event = one(decision, PaymentReversed)
    _, never, allocated_then = lived([n for n in range(len(payments)) if n != chosen])

    assert position(case, as_of=LAST_DAY) == position(never, as_of=LAST_DAY)
    assert (case.overpaid_cents, case.paid_on is None) == (never.overpaid_cents, never.paid_on is None)
    assert covered((*allocated, event)) == covered(allocated_then)
    assert sum(said.overpaid_cents for said in (*allocated, event)) == never.overpaid_cents
    asked = sum(m.amount_cents for m in decision.send if isinstance(m, DebitClient))
    given = sum(m.amount_cents for m in decision.send if isinstance(m, CreditClient))
    assert asked - given == payments[chosen][0] + event.overpaid_cents
    assert -books.of("RECALL") == payments[chosen][0]
