"""What a debtor owes and what his payments cover, told as short stories."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import pytest

from common.messages import Personal
from contracts.dunning import NoticeTermExpired, NoticeType
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import CaseFilePaid, CostCharged, CreditClient, PaymentAllocated
from contracts.values import (
    Address,
    ClaimTerms,
    Creditor,
    DebtorContact,
    DebtorFacts,
    IndemnityClause,
    Mandate,
    Segment,
)
from ledger import handlers
from ledger.domain.case_account import position
from ledger.handlers.case_accounts import MatchedReceipt

CASE = UUID("11111111-1111-4111-8111-111111111111")
CLIENT = UUID("22222222-2222-4222-8222-222222222222")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def opened(country="NL", consumer=True):
    address = Address(street="Kade", house_number="1", postcode="1011 AB", city="Amsterdam", country=country)
    creditor = Creditor(
        client_id=CLIENT, name="Fietsen B.V.", address=address, email="a@b.example", phone="+31201234567",
        enterprise_number="12345678", country=country, is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    event = CaseFileOpened(
        case_file_id=CASE,
        reference_number="0000000042",
        segment=Segment.NL_CONSUMER,
        mandate=Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily"),
        debtor=DebtorFacts(
            debtor_id=uuid5(CASE, "d"), is_natural_person=consumer, acts_as_consumer=consumer, country=country,
            language="nl", contact=Personal.pack(DebtorContact(name="Jan")),
        ),
    )  # fmt: skip
    return handlers.open_case_account(None, event, NOW).state


def with_claim(case, principal, *, due_on=date(2026, 1, 31), commercial=False, name="a", rate=None, clause=None):
    terms = ClaimTerms(
        claim_id=uuid5(CASE, name), client_reference=name, invoice_number=name, invoice_on=date(2026, 1, 1),
        due_on=due_on, contract_on=date(2026, 1, 1), description="fiets", principal_cents=principal,
        is_commercial_contract=commercial, agreed_percent_per_year=rate, indemnity_clause=clause,
    )  # fmt: skip
    return handlers.book_claim(case, ClaimAccepted(case_file_id=CASE, terms=terms), NOW)


def expired(case, notice_type, charges_from, sent_on=date(2026, 3, 2)):
    event = NoticeTermExpired(
        case_file_id=CASE, notice_id=uuid5(CASE, notice_type), notice_type=notice_type, channel="email",
        sent_on=sent_on, charges_from=charges_from,
    )  # fmt: skip
    return handlers.charge_after_notice(case, event, NOW)


def paid(case, cents, on, name="p"):
    receipt = MatchedReceipt(
        payment_id=uuid5(CASE, name), trust_account_id=CASE, country=case.country, amount_cents=cents, value_on=on,
        booked_on=on, references=(), case_file_id=CASE,
    )  # fmt: skip
    return handlers.match_receipt(case, receipt, NOW)


def one(decision, kind):
    found = [message for message in decision.send if isinstance(message, kind)]
    assert len(found) == 1, [type(m).__name__ for m in decision.send]
    return found[0]


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
