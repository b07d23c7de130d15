"""Facts of several owners have no common order: whichever comes first, one account, the same books, one story.

A receipt comes behind the opening, for its reference number is made there, and the end of a term behind the claims that
its notice names. Everything else may come in any order that keeps the order of each topic.
"""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from itertools import permutations
from uuid import uuid5

import pytest
from books import Books
from case_builder import CASE, CLIENT, NOW, opened_for
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from common.decisions import Decision
from common.fold import Loaded, fold
from common.messages import Personal
from common.records import Arrival
from contracts.dunning import NoticeTermExpired, NoticeType
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import (
    CaseFilePaid,
    CostCharged,
    CostLowered,
    CreditClient,
    DebitClient,
    PaymentAllocated,
    PaymentReversed,
)
from contracts.values import ClaimTerms, DebtorContact, DebtorFacts, IndemnityClause, Segment
from ledger.consumers import CASE_ACCOUNT, CLIENT_ACCOUNT, CONSUMERS
from ledger.handlers.case_accounts import MatchedReceipt, MatchedReversal

BUCKETS = ("costs", "vat", "late_interest", "principal", "indemnity")
FIRST_DAY, TERM_PASSED = date(2026, 2, 1), date(2026, 3, 18)
SEGMENTS = [Segment.NL_CONSUMER, Segment.NL_ENTERPRISE, Segment.BE_CONSUMER, Segment.BE_ENTERPRISE]
CLAUSE = IndemnityClause(fixed_cents=6_500, percent="5", maximum_cents=6_500)


def is_consumer(segment):
    return segment in {Segment.NL_CONSUMER, Segment.BE_CONSUMER}


def an_opening(segment):
    debtor = DebtorFacts(
        debtor_id=uuid5(CASE, "d"), is_natural_person=is_consumer(segment), acts_as_consumer=is_consumer(segment),
        country=segment.value[:2].upper(), language="nl", contact=Personal.pack(DebtorContact(name="Jan")),
    )  # fmt: skip
    return CaseFileOpened(
        case_file_id=CASE, reference_number="0000000042", segment=segment,
        mandate=opened_for("NL91ABNA0417164300").mandate, debtor=debtor,
    )  # fmt: skip


def an_acceptance(segment, name, cents, *, due_on=date(2026, 1, 31), rate=None):
    terms = ClaimTerms(
        claim_id=uuid5(CASE, name), client_reference=name, invoice_number=name, invoice_on=date(2026, 1, 1),
        due_on=due_on, contract_on=date(2026, 1, 1), description="fiets", principal_cents=cents,
        is_commercial_contract=not is_consumer(segment), agreed_percent_per_year=rate, indemnity_clause=CLAUSE,
    )  # fmt: skip
    return ClaimAccepted(case_file_id=CASE, terms=terms)


def a_passed_term(segment):
    notice_type = NoticeType.FOURTEEN_DAY_LETTER if segment is Segment.NL_CONSUMER else NoticeType.FIRST_REMINDER
    return NoticeTermExpired(
        case_file_id=CASE, notice_id=uuid5(CASE, "notice"), notice_type=notice_type, channel="email",
        sent_on=date(2026, 3, 2), charges_from=TERM_PASSED,
    )  # fmt: skip


def a_receipt(segment, name, cents, on):
    return MatchedReceipt(
        payment_id=uuid5(CASE, name), trust_account_id=CASE, country=segment.value[:2].upper(), amount_cents=cents,
        value_on=on, booked_on=on, references=(), case_file_id=CASE,
    )  # fmt: skip


def a_return(receipt, on):
    return MatchedReversal(
        payment_id=receipt.payment_id, return_id=uuid5(CASE, "return"), trust_account_id=CASE, country=receipt.country,
        amount_cents=receipt.amount_cents, value_on=on, booked_on=on, references=(), case_file_id=CASE,
    )  # fmt: skip


def folded(thing, key, state, waiting, message):
    """As the runner folds; returns the fold and what waits after it."""
    loaded = Loaded(key=key, version=0, state=state, sequences={}, waiting=list(enumerate(waiting, start=1)))
    one = fold(thing, loaded, [Arrival(message=message, source="t", source_id="0")], consumers=CONSUMERS, now=NOW)
    assert one.parked == []
    released = [arrival for _, arrival in one.released]
    return one, [arrival for arrival in waiting if arrival not in released] + [arrival for arrival, _ in one.held]


class Life:
    """A case account with its books, and what whoever listens knows by now."""

    def __init__(self, order):
        self.books, self.account, self.waiting = Books(), None, []
        self.covered, self.overpaid_cents, self.charged, self.shares, self.paid = Counter(), 0, Counter(), {}, []
        self.seen = set()
        self.was_settled_before_its_term = False
        for message in order:
            if isinstance(message, NoticeTermExpired) and self.account is not None:
                self.was_settled_before_its_term = self.account.paid_on is not None
            one, self.waiting = folded(CASE_ACCOUNT, CASE, self.account, self.waiting, message)
            self.account = one.state
            told = [sent for sent, _ in one.sent]
            self.books.take(Decision(one.state, told, one.rows))
            for sent in told:
                self.hear(sent)
        assert self.waiting == []

    def hear(self, told):
        match told:
            case CostCharged():
                self.charged.update(told.charges)
            case CostLowered():
                self.charged.subtract(told.reversed)
                self.charged.update(told.charges)
            case PaymentAllocated():
                parts = parts_of(told)
                received_cents = 0 if told.payment_id in self.seen else told.amount_cents  # told anew: nothing more
                self.seen.add(told.payment_id)
                assert sum(parts.values()) + told.overpaid_cents == received_cents
                self.covered.update(parts)
                self.overpaid_cents += told.overpaid_cents
                if told.all_shares:
                    self.shares = {(s.payment_id, s.claim_id): s.amount_cents for s in told.all_shares}
                else:
                    for (claim_id, _), cents in parts.items():
                        key = told.payment_id, claim_id
                        self.shares[key] = self.shares.get(key, 0) + cents
            case PaymentReversed():
                self.covered.update(parts_of(told))
                self.overpaid_cents += told.overpaid_cents
                self.shares = {(s.payment_id, s.claim_id): s.amount_cents for s in told.all_shares}
            case CaseFilePaid():
                self.paid.append(told.paid_on)
            case _:
                assert isinstance(told, CreditClient | DebitClient)

    @property
    def end(self):
        """All but what tells the way apart: on which ground and day a charge was booked, how often money moved."""
        facts = replace(
            self.account,
            charges=tuple(sorted((replace(c, ground="", booked_on=None) for c in self.account.charges), key=repr)),
            shares=tuple(sorted(self.account.shares, key=repr)),
        )
        known = [{key: cents for key, cents in counted.items() if cents} for counted in (self.covered, self.charged)]
        balances = {code: cents for code, cents in self.books.balances.items() if cents}
        return facts, balances, self.books.client.due_cents(self.account.country), known, self.overpaid_cents

    @property
    def known_shares(self):
        return {key: cents for key, cents in self.shares.items() if cents}


def parts_of(told):
    return {(part.claim_id, bucket): getattr(part, f"{bucket}_cents") for part in told.parts for bucket in BUCKETS}


def may_be(order):
    """Whether a cause comes before what it causes."""
    place = {type(message): at for at, message in enumerate(order)}
    claims = [at for at, message in enumerate(order) if isinstance(message, ClaimAccepted)]
    receipts = [at for at, message in enumerate(order) if isinstance(message, MatchedReceipt)]
    return min(receipts, default=len(order)) > place[CaseFileOpened] and place.get(NoticeTermExpired, len(order)) > max(
        claims
    )


def orders(*topics):
    """Every order of all their messages that keeps the order of each topic."""
    for whose in sorted(set(permutations([n for n, topic in enumerate(topics) for _ in topic]))):
        queues = [iter(topic) for topic in topics]
        order = [next(queues[n]) for n in whose]
        if may_be(order):
            yield order


@pytest.mark.parametrize("taken_back", [False, True], ids=["", "and_the_first_one_taken_back"])
@pytest.mark.parametrize("segment", SEGMENTS)
@pytest.mark.parametrize(
    "paid",
    [
        pytest.param(
            [(60_000, date(2026, 3, 10)), (20_000, date(2026, 3, 25))], id="a_part_in_the_term_and_one_after_it"
        ),
        pytest.param([(20_000, date(2026, 3, 25)), (60_000, date(2026, 3, 10))], id="the_later_one_known_first"),
        pytest.param([(125_000, date(2026, 3, 10))], id="more_than_the_first_claim"),
        pytest.param([(400_000, date(2026, 3, 10))], id="more_than_all"),
        pytest.param(
            [(400_000, date(2026, 3, 12)), (400_000, date(2026, 3, 10))], id="all_twice_the_later_known_first"
        ),
    ],
)
def test_claims_payments_and_the_end_of_a_term_in_every_order_give_one_account_and_the_same_books(
    segment, paid, taken_back
):
    of_intake = [
        an_opening(segment),
        an_acceptance(segment, "a", 100_000, rate="9"),
        an_acceptance(segment, "b", 50_000, due_on=date(2026, 1, 10)),
    ]
    of_dunning = [a_passed_term(segment)] if is_consumer(segment) else []
    receipts = [a_receipt(segment, f"p{n}", cents, on) for n, (cents, on) in enumerate(paid)]
    of_the_bank = [*receipts, a_return(receipts[0], date(2026, 3, 30))] if taken_back else receipts

    lives = [Life(order) for order in orders(of_intake, of_dunning, of_the_bank)]

    assert len(lives) >= 3
    assert all(life.end == lives[0].end for life in lives)
    assert all(life.known_shares == lives[0].known_shares for life in lives)


claims = st.lists(
    st.tuples(st.integers(100, 300_000), st.integers(-60, 10), st.sampled_from([None, "9"])), min_size=1, max_size=3
)
payments = st.lists(st.tuples(st.integers(1, 400_000), st.integers(1, 80)), min_size=1, max_size=3)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    segment=st.sampled_from(SEGMENTS), claims=claims, payments=payments, has_term=st.booleans(),
    taken_back=st.none() | st.integers(0, 2), dice=st.randoms(use_true_random=False),
)  # fmt: skip
def test_whatever_was_owed_and_paid_two_orders_end_alike(segment, claims, payments, has_term, taken_back, dice):
    of_intake = [an_opening(segment)] + [
        an_acceptance(segment, str(n), cents, due_on=FIRST_DAY + timedelta(days), rate=rate)
        for n, (cents, days, rate) in enumerate(claims)
    ]
    of_dunning = [a_passed_term(segment)] if has_term and is_consumer(segment) else []
    of_the_bank = [
        a_receipt(segment, f"p{n}", cents, FIRST_DAY + timedelta(days)) for n, (cents, days) in enumerate(payments)
    ]
    if taken_back is not None:
        of_the_bank.append(a_return(of_the_bank[taken_back % len(of_the_bank)], FIRST_DAY + timedelta(60)))
    in_turn = [*of_intake, *of_dunning, *of_the_bank]
    topics = [list(topic) for topic in (of_intake, of_dunning, of_the_bank) if topic]
    order = []
    while topics:
        topic = dice.choice(topics)
        order.append(topic.pop(0))
        topics = [one for one in topics if one]
    assume(may_be(order))
    life, other = Life(in_turn), Life(order)
    assume(not other.was_settled_before_its_term)  # that was told: the test below
    assert other.end == life.end
    assert other.known_shares == life.known_shares


def test_what_is_paid_before_its_term_is_known_to_have_passed_stays_paid():
    # the one exception: that nothing is open was told, and the case file is closed by it
    segment = Segment.NL_CONSUMER
    start = [an_opening(segment), an_acceptance(segment, "a", 100_000)]
    after_the_term = a_receipt(segment, "p", 100_600, TERM_PASSED + timedelta(2))
    settled = Life([*start, after_the_term, a_passed_term(segment)])
    assert settled.paid == [after_the_term.value_on]
    assert settled.account.charges == ()
    assert settled.books.of("OUTSTANDING") == 0
    in_turn = Life([*start, a_passed_term(segment), after_the_term])
    assert in_turn.paid == []
    assert in_turn.account.charged_cents("costs") == 15_000


def test_a_term_charges_what_was_open_at_its_end_whatever_was_paid_since():
    # a payment after the end pays one claim whole: it was open when the term ended all the same
    segment = Segment.NL_CONSUMER
    start = [
        an_opening(segment), an_acceptance(segment, "a", 100_000), an_acceptance(segment, "b", 50_000),
    ]  # fmt: skip
    later = a_receipt(segment, "p", 110_000, TERM_PASSED + timedelta(2))
    known_first = Life([*start, later, a_passed_term(segment)])
    assert known_first.account.charged_cents("costs") == 22_500
    assert known_first.end == Life([*start, a_passed_term(segment), later]).end


def test_a_payment_that_comes_before_its_claim_is_the_clients_when_the_claim_comes():
    segment = Segment.BE_ENTERPRISE
    life = Life([an_opening(segment), a_receipt(segment, "p", 30_000, date(2026, 3, 2))])
    assert -life.books.of("REFUND") == life.account.overpaid_cents == 30_000
    one, _ = folded(CASE_ACCOUNT, CASE, life.account, [], an_acceptance(segment, "a", 20_000))
    life.books.take(Decision(one.state, [sent for sent, _ in one.sent], one.rows))
    assert -life.books.of("REFUND") == one.state.overpaid_cents > 0
    assert -life.books.of("CRED") == life.books.client.due_cents("BE") == 30_000 - one.state.overpaid_cents
    assert [sent.paid_on for sent, _ in one.sent if isinstance(sent, CaseFilePaid)] == [date(2026, 3, 2)]


def test_a_mandate_and_the_clients_money_in_every_order_give_one_account():
    facts = {"client_id": CLIENT, "case_file_id": CASE, "country": "NL", "value_on": date(2026, 3, 2)}
    money = [
        CreditClient(payment_id=uuid5(CASE, "p"), amount_cents=30_000, **facts),
        DebitClient(payment_id=uuid5(CASE, "q"), amount_cents=10_000, **facts),
    ]
    ends = []
    for order in ([opened_for("NL91ABNA0417164300"), *money], [money[0], opened_for("NL91ABNA0417164300"), money[1]],
                  [*money, opened_for("NL91ABNA0417164300")]):  # fmt: skip
        account, waiting, rows = None, [], []
        for message in order:
            one, waiting = folded(CLIENT_ACCOUNT, CLIENT, account, waiting, message)
            account = one.state
            rows += one.rows
        ends.append((account, rows, waiting))
    assert ends[0][0].due_cents("NL") == 20_000
    assert all(end == ends[0] for end in ends)
