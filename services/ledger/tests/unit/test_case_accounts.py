"""What a debtor owes and what his payments cover, told as short stories."""

from datetime import date

import pytest
from case_builder import expired, one, opened, paid, with_claim

from contracts.dunning import NoticeType
from contracts.ledger import CaseFilePaid, CostCharged, CreditClient, PaymentAllocated
from contracts.values import IndemnityClause
from ledger.domain.case_account import position


def sums(decision):
    """Every journal of a decision sums to zero."""
    assert all(sum(line.amount_cents for line in row.journal.lines) == 0 for row in decision.append)
    return len(decision.append)


def test_a_dutch_consumer_owes_no_costs_before_his_letter_has_passed():
    decision = with_claim(opened(), 100_000)
    told = one(decision, CostCharged)
    assert told.notice_id is None
    assert told.charges == ()
    assert [(t.series, t.from_on) for t in told.interest] == [("nl_6_119", date(2026, 2, 1))]
    assert sums(decision) == 1


def test_costs_follow_the_letter_on_what_is_left_of_the_principal():
    # NL-BIK-10: 600 of 1,000 is paid inside the term, so the tariff is taken on 400 and the interest that came first
    case = with_claim(opened(), 100_000).state
    case = paid(case, 60_000, date(2026, 3, 10)).state
    told = one(expired(case, NoticeType.FOURTEEN_DAY_LETTER, date(2026, 3, 18)), CostCharged)
    assert [(c.kind, c.amount_cents) for c in told.charges] == [("costs", 6_061)]


def test_the_same_notice_is_answered_once():
    case = with_claim(opened(), 100_000).state
    case = expired(case, NoticeType.FOURTEEN_DAY_LETTER, date(2026, 3, 18)).state
    assert expired(case, NoticeType.FOURTEEN_DAY_LETTER, date(2026, 3, 18)).send == ()


def test_claims_between_enterprises_bring_the_tariff_once_over_all_of_them():
    case = opened(consumer=False)
    first = with_claim(case, 250_000, commercial=True, name="a")
    second = with_claim(first.state, 250_000, commercial=True, name="b")
    assert [c.amount_cents for c in one(first, CostCharged).charges] == [37_500]
    assert [c.amount_cents for c in one(second, CostCharged).charges] == [25_000]  # 625 in all


def test_a_belgian_enterprise_owes_forty_euro_a_claim():
    told = one(with_claim(opened("BE", consumer=False), 50_000, commercial=True), CostCharged)
    assert [(c.kind, c.amount_cents) for c in told.charges] == [("costs", 4_000)]
    assert told.interest[0].series == "be_b2b"


def test_a_belgian_consumer_owes_indemnity_and_interest_after_the_first_reminder():
    clause = IndemnityClause(percent="15")
    case = with_claim(opened("BE"), 35_000, rate="12", clause=clause).state
    told = one(expired(case, NoticeType.FIRST_REMINDER, date(2026, 3, 17)), CostCharged)
    # a clause of 15 % can exceed the maxima of XIX.4: it is unwritten in a contract of 2026 (BE-XIX-5)
    assert told.charges == ()
    assert [(t.percent_per_year, t.from_on) for t in told.interest] == [("10.5", date(2026, 3, 3))]


def test_a_payment_covers_costs_interest_principal_and_credits_the_client():
    case = with_claim(opened(consumer=False), 100_000, commercial=True).state
    decision = paid(case, 20_000, date(2026, 3, 10))
    told = one(decision, PaymentAllocated)
    assert [(p.costs_cents, p.late_interest_cents, p.principal_cents) for p in told.parts] == [(15_000, 1_057, 3_943)]
    assert one(decision, CreditClient).amount_cents == 20_000
    assert told.open_cents == 96_057
    sums(decision)


def test_who_pays_what_his_notice_asked_owes_no_cents_for_the_days_between():
    case = with_claim(opened(), 100_000).state
    decision = paid(case, 100_318, date(2026, 3, 12))  # the notice of 2 March asked 3.18 interest
    told = one(decision, PaymentAllocated)
    assert told.open_cents == 0
    assert told.written_off_cents == 109
    assert one(decision, CaseFilePaid).paid_on == date(2026, 3, 12)


def test_paying_twice_is_kept_apart_for_the_payer():
    case = paid(with_claim(opened(), 100_000).state, 100_500, date(2026, 3, 5), "p1").state
    decision = paid(case, 100_500, date(2026, 3, 6), "p2")
    told = one(decision, PaymentAllocated)
    assert told.overpaid_cents == 100_500
    assert told.parts == ()
    assert not [m for m in decision.send if isinstance(m, (CreditClient, CaseFilePaid))]
    sums(decision)


@pytest.mark.parametrize("days", [(3, 20), (20, 3)])
def test_payments_booked_in_another_order_than_their_value_days_cover_the_same(days):
    case = with_claim(opened(), 100_000).state
    for n, day in enumerate(days):
        case = paid(case, 40_000, date(2026, 3, day), f"p{day}-{n}").state
    owed = position(case, as_of=date(2026, 4, 1))
    assert [(str(c.principal), str(c.late_interest)) for c in owed.claims] == [("204.41", "0.27")]
