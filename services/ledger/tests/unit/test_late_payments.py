"""A payment inside the term whose statement came after the term: as if it had come in time (HR 2016:2704, XIX.4)."""

from datetime import date, timedelta
from uuid import uuid5

import pytest
from books import Books
from case_builder import CASE, NOW, expired, one, opened, paid, with_claim
from hypothesis import given, settings
from hypothesis import strategies as st

from common.money import to_cents
from contracts.dunning import NoticeTermExpired, NoticeType
from contracts.ledger import CaseFilePaid, CostCharged, CostLowered, CreditClient, DebitClient, PaymentAllocated
from contracts.values import IndemnityClause
from ledger import handlers
from ledger.domain.case_account import overpaid_cents, position
from ledger.domain.journals import JournalKind

LETTER, REMINDER = NoticeType.FOURTEEN_DAY_LETTER, NoticeType.FIRST_REMINDER
LETTER_PASSED = date(2026, 3, 18)
LAST_DAY = LETTER_PASSED - timedelta(days=1)
CAPS = IndemnityClause(fixed_cents=6_500, percent="5", maximum_cents=6_500)
OLD_CLAUSE = IndemnityClause(percent="15", minimum_cents=3_000)


def a_consumer(books, principal=100_000, *, country="NL", **claim):
    return books.take(with_claim(opened(country), principal, **claim))


def kinds(decision):
    return [row.journal.kind for row in decision.append]


def test_six_hundred_of_a_thousand_paid_in_the_term_leave_sixty_euro_of_costs_though_they_were_charged_in_full():
    # B-20: 15 % of what is left; here with the interest of the days before, that a payment covers first (6:44 BW)
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    assert books.of("COSTS") == 15_000

    decision = paid(case, 60_000, date(2026, 3, 10))
    case = books.take(decision)

    told = one(decision, CostLowered)
    assert [(c.kind, c.amount_cents) for c in told.reversed] == [("costs", 15_000)]
    assert [(c.kind, c.amount_cents, c.on) for c in told.charges] == [("costs", 6_061, LETTER_PASSED)]
    assert books.of("COSTS") == 6_061
    assert kinds(decision).count(JournalKind.REVERSAL) == 1
    in_time = paid(a_consumer(Books()), 60_000, date(2026, 3, 10)).state
    in_time = expired(in_time, LETTER, LETTER_PASSED).state
    assert position(case, as_of=date(2026, 6, 1)).claims == position(in_time, as_of=date(2026, 6, 1)).claims


def test_what_is_left_is_told_for_the_day_on_which_the_late_payment_is_known_with_the_lower_costs():
    # by its value date no costs were owed yet; who goes on with the file needs what is owed now
    known = NOW + timedelta(days=18)
    decision = paid(expired(a_consumer(Books()), LETTER, LETTER_PASSED).state, 60_000, date(2026, 3, 10), now=known)
    told = one(decision, PaymentAllocated)
    assert told.balance is not None
    assert (told.balance.as_of, told.balance.costs_cents) == (known.date(), 6_061)
    assert told.balance.open_cents == to_cents(position(decision.state, as_of=known.date()).total_open)
    assert told.balance.open_cents > told.open_cents
    assert told.balance.paid_cents == 60_000


def test_all_paid_in_the_term_leaves_no_costs_and_closes_the_file():
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    decision = paid(case, 100_318, date(2026, 3, 12))
    case = books.take(decision)
    assert one(decision, CostLowered).charges == ()
    assert one(decision, CaseFilePaid).paid_on == date(2026, 3, 12)
    assert position(case, as_of=date(2026, 6, 1)).total_open == 0
    assert books.of("COSTS") == books.of("OUTSTANDING") == 0


def test_the_last_day_of_the_term_is_inside_it_and_the_next_is_not():
    case = expired(with_claim(opened(), 100_000).state, LETTER, LETTER_PASSED).state
    assert [m for m in paid(case, 60_000, LAST_DAY).send if isinstance(m, CostLowered)]
    assert not [m for m in paid(case, 60_000, LETTER_PASSED).send if isinstance(m, CostLowered)]


def test_a_second_payment_inside_the_term_lowers_what_the_first_one_left():
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    case = books.take(paid(case, 30_000, date(2026, 3, 9), "first"))
    decision = paid(case, 30_000, date(2026, 3, 10), "second")
    case = books.take(decision)
    told = one(decision, CostLowered)
    assert [c.amount_cents for c in told.reversed] == [10_559]  # 15 % of 703.95: 1,000 and 3.95 interest, less 300
    assert [c.amount_cents for c in told.charges] == [6_060]  # 15 % of 404.03
    assert books.of("COSTS") == 6_060


def test_costs_that_were_paid_and_passed_on_before_they_fell_away_are_owed_to_the_payer_and_by_the_client():
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    decision = paid(case, 115_570, date(2026, 3, 25), "with costs")  # costs and interest too
    case = books.take(decision)
    assert one(decision, CaseFilePaid)
    books.pay_out()

    decision = paid(case, 60_000, date(2026, 3, 10), "late")
    case = books.take(decision)

    told = one(decision, PaymentAllocated)
    back = one(decision, DebitClient).amount_cents
    assert back == told.overpaid_cents - 60_000 > 8_900  # the costs that are not owed, and some days of interest
    assert not [m for m in decision.send if isinstance(m, (CreditClient, CaseFilePaid))]
    assert books.of("RECALL") == back  # the agency stands in until the client gives it back
    assert -books.of("REFUND") == case.overpaid_cents == 60_000 + back
    assert books.of("OUTSTANDING") == books.of("COSTS") == books.of("PRINCIPAL") == 0
    assert sum(books.balances.values()) == 0


def test_what_is_still_due_to_the_client_is_given_back_first():
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    case = books.take(paid(case, 115_570, date(2026, 3, 25), "with costs"))
    books.take(paid(case, 60_000, date(2026, 3, 10), "late"))
    assert books.of("RECALL") == 0
    assert -books.of("CRED") == books.client.due_cents("NL")


def test_a_belgian_consumer_who_paid_in_the_term_of_his_first_reminder_owes_no_indemnity_and_no_interest():
    books = Books()
    case = a_consumer(books, 35_000, country="BE", rate="10", clause=CAPS)
    case = books.take(expired(case, REMINDER, date(2026, 3, 17)))
    assert case.claims[0].interest is not None

    decision = paid(case, 35_000, date(2026, 3, 16))
    case = books.take(decision)

    told = one(decision, CostLowered)
    assert told.charges == ()
    assert told.without_interest == (case.claims[0].claim_id,)
    assert one(decision, CaseFilePaid)
    assert position(case, as_of=date(2026, 6, 1)).total_open == 0
    assert books.of("INDEMNITY") == 0


def test_the_belgian_cap_is_taken_on_what_was_open_when_the_term_ended():
    # D16: 500 less 200 inside the term: at most 45 on 300; the clause of an older contract is brought down to the cap
    from_on = date(2026, 3, 17)
    books = Books()
    case = a_consumer(books, 50_000, country="BE", clause=OLD_CLAUSE, contract_on=date(2023, 1, 1))
    case = books.take(expired(case, REMINDER, from_on))
    assert case.charged_cents("indemnity") == 6_500
    case = books.take(paid(case, 20_000, date(2026, 3, 10)))
    assert case.charged_cents("indemnity") == 4_500
    assert books.of("INDEMNITY") == 4_500


claims = st.lists(
    st.tuples(st.integers(1_000, 300_000), st.integers(-60, 10), st.sampled_from([None, "9"])), min_size=1, max_size=3
)
payments = st.lists(
    st.tuples(st.integers(1, 200_000), st.integers(1, 90)), min_size=1, max_size=6, unique_by=lambda one: one[1]
)


@settings(max_examples=80, deadline=None)
@given(country=st.sampled_from(["NL", "BE"]), claims=claims, payments=payments, order=st.randoms(use_true_random=False))
def test_whatever_comes_late_ends_as_if_it_had_come_in_time(country, claims, payments, order):
    kind = LETTER if country == "NL" else REMINDER

    def a_life(steps):
        books, case = Books(), opened(country)
        for n, (principal, days, rate) in enumerate(claims):
            due_on = date(2026, 1, 31) + timedelta(days=days)
            clause = CAPS if rate else None
            case = books.take(with_claim(case, principal, name=str(n), due_on=due_on, rate=rate, clause=clause))
        for step in steps:
            if step is None:
                case = books.take(expired(case, kind, LETTER_PASSED))
            else:
                cents, days = step
                case = books.take(paid(case, cents, date(2026, 2, 1) + timedelta(days=days), f"p{days}"))
        return books, case

    in_time = sorted(payments, key=lambda one: one[1])
    n_inside = sum(date(2026, 2, 1) + timedelta(days=days) < LETTER_PASSED for _, days in in_time)
    late = list(payments)
    order.shuffle(late)
    books, case = a_life([*in_time[:n_inside], None, *in_time[n_inside:]])
    late_books, late_case = a_life([None, *late])

    def charged(account):
        return sorted((str(c.claim_id), c.kind, c.amount_cents, c.on) for c in account.charges)

    as_of = date(2026, 6, 1)
    assert charged(late_case) == charged(case)
    assert position(late_case, as_of=as_of).claims == position(case, as_of=as_of).claims
    assert late_case.overpaid_cents == case.overpaid_cents >= overpaid_cents(position(case, as_of=as_of))
    assert {code: cents for code, cents in late_books.balances.items() if cents} == {
        code: cents for code, cents in books.balances.items() if cents
    }  # SUSP is the bank's side of each receipt, the same in both


def test_costs_are_charged_once_for_a_claim_whatever_is_sent_after_its_letter():
    books = Books()
    case = books.take(expired(a_consumer(books), LETTER, LETTER_PASSED))
    again = NoticeTermExpired(
        case_file_id=CASE, notice_id=uuid5(CASE, "another letter"), notice_type=LETTER, channel="email",
        sent_on=date(2026, 3, 20), charges_from=date(2026, 4, 5),
    )  # fmt: skip
    decision = handlers.charge_after_notice(case, again, NOW)
    assert one(decision, CostCharged).charges == ()
    assert books.take(decision).charged_cents("costs") == 15_000


@pytest.mark.parametrize(("country", "notice"), [("NL", LETTER), ("BE", REMINDER)])
def test_a_term_of_a_consumers_notice_brings_an_enterprise_nothing_more(country, notice):
    # between enterprises costs and interest came with the claim; the terms of 6:96(6) BW and XIX.4 are for consumers
    case = with_claim(opened(country, consumer=False), 100_000, commercial=True).state
    decision = expired(case, notice, LETTER_PASSED)
    told = one(decision, CostCharged)
    assert (told.charges, told.interest, decision.append) == ((), (), ())
    assert decision.state.claims == case.claims
