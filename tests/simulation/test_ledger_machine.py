"""The ledger's core against a model: claims, payments by any value date, some taken back by the bank, charges, repeats;
each cent is placed.
"""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.errors import InvalidMessage
from common.messages import Personal
from common.money import to_cents
from contracts.dunning import NoticeTermExpired, NoticeType
from contracts.intake import CaseFileOpened, ClaimAccepted
from contracts.ledger import CaseFilePaid, CreditClient, DebitClient, PaymentAllocated, PaymentReversed
from contracts.values import Address, ClaimTerms, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from ledger import handlers
from ledger.domain.case_account import position
from ledger.handlers.case_accounts import MatchedReceipt, MatchedReversal

CASE = UUID("11111111-1111-4111-8111-111111111111")
CLIENT = UUID("22222222-2222-4222-8222-222222222222")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LAST_DAY = date(2026, 6, 1)
BUCKETS = ("costs", "vat", "late_interest", "principal", "indemnity")
DAYS = st.dates(date(2026, 2, 1), date(2026, 5, 1))


def an_opening(country, *, consumer) -> CaseFileOpened:
    address = Address(street="Kade", house_number="1", postcode="1011 AB", city="Amsterdam", country=country)
    creditor = Creditor(
        client_id=CLIENT, name="Fietsen B.V.", address=address, email="a@b.example", phone="+31201234567",
        enterprise_number="12345678", country=country, is_sme=True, can_deduct_vat=False,
    )  # fmt: skip
    debtor = DebtorFacts(
        debtor_id=uuid5(CASE, "d"), is_natural_person=consumer, acts_as_consumer=consumer, country=country,
        language="nl", contact=Personal.pack(DebtorContact(name="Jan")),
    )  # fmt: skip
    segment = Segment(f"{country.lower()}_{'consumer' if consumer else 'enterprise'}")
    mandate = Mandate(creditor=creditor, judicial_phase_approved=True, payout_rhythm="daily")
    return CaseFileOpened(
        case_file_id=CASE, reference_number="0000000042", segment=segment, mandate=mandate, debtor=debtor
    )


class Books(RuleBasedStateMachine):
    """One case account; the model knows what came in, and that is all."""

    @initialize(country=st.sampled_from(("NL", "BE")), consumer=st.booleans())
    def open_account(self, country, consumer):
        self.consumer = consumer
        self.account = handlers.open_case_account(None, an_opening(country, consumer=consumer), NOW).state
        self.lines: Counter[str] = Counter()
        self.keys: set[UUID] = set()
        self.principal_cents = self.received_cents = self.overpaid_cents = self.let_go_cents = 0
        self.credited_cents = self.debited_cents = 0
        self.placed: Counter[str] = Counter()
        self.done: list[tuple[object, object]] = []

    def take(self, handler, message):
        """Fold it; answers the decision, or None for the few that a person must decide: others would be found to have
        paid more or less too much than they were told.
        """
        try:
            decision = handler(self.account, message, NOW)
        except InvalidMessage as refusal:
            if refusal.code != "overpayment_changed":
                raise
            return None
        self.book(decision)
        self.done.append((handler, message))
        return decision

    def book(self, decision):
        """Take a decision with what it tells of payments, and hold its journals to double entry, each key once."""
        self.account = decision.state
        for told in decision.send:
            if isinstance(told, PaymentAllocated | PaymentReversed):
                self.overpaid_cents += told.overpaid_cents
                self.let_go_cents += told.written_off_cents
                for part in told.parts:
                    self.placed.update({bucket: getattr(part, f"{bucket}_cents") for bucket in BUCKETS})
            self.credited_cents += told.amount_cents if isinstance(told, CreditClient) else 0
            self.debited_cents += told.amount_cents if isinstance(told, DebitClient) else 0
        for row in decision.append:
            assert sum(line.amount_cents for line in row.journal.lines) == 0
            assert row.journal.idempotency_key not in self.keys
            self.keys.add(row.journal.idempotency_key)
            for line in row.journal.lines:
                self.lines[line.ledger_account] += line.amount_cents

    @rule(cents=st.integers(1_000, 500_000), due_on=st.dates(date(2025, 12, 1), date(2026, 1, 31)))
    @precondition(lambda self: len(self.account.claims) < 3)
    def accept_claim(self, cents, due_on):
        name = f"claim {len(self.account.claims)}"
        terms = ClaimTerms(
            claim_id=uuid5(CASE, name), client_reference=name, invoice_number=name, invoice_on=due_on - timedelta(14),
            due_on=due_on, contract_on=date(2025, 6, 1), description="fiets", principal_cents=cents,
            is_commercial_contract=not self.consumer,
        )  # fmt: skip
        if self.take(handlers.book_claim, ClaimAccepted(case_file_id=CASE, terms=terms)):
            self.principal_cents += cents

    @rule(cents=st.integers(1, 400_000), on=DAYS)
    @precondition(lambda self: self.account.claims and len(self.account.shares) < 12)
    def pay(self, cents, on):
        self.receive(cents, on)

    @rule(on=DAYS, more=st.integers(0, 5_000))
    @precondition(lambda self: self.account.claims)
    def pay_all_or_more(self, on, more):
        owed = to_cents(position(self.account, as_of=on).total_open)
        if owed + more:
            self.receive(owed + more, on)

    def receive(self, cents, on):
        command = MatchedReceipt(
            payment_id=uuid5(CASE, f"p{len(self.done)}"), trust_account_id=CASE, country=self.account.country,
            amount_cents=cents, value_on=on, booked_on=on, references=(), case_file_id=CASE,
        )  # fmt: skip
        was_paid = self.account.paid_on
        decision = self.take(handlers.match_receipt, command)
        if decision is None:
            return
        told = next(m for m in decision.send if isinstance(m, PaymentAllocated))
        parts = sum(getattr(part, f"{bucket}_cents") for part in told.parts for bucket in BUCKETS)
        assert parts + told.overpaid_cents == cents
        self.received_cents += cents
        assert any(isinstance(m, CaseFilePaid) for m in decision.send) == (
            was_paid is None and decision.state.paid_on is not None
        )

    @rule(choice=st.integers(0, 1_000), on=DAYS)
    @precondition(lambda self: self.account.payments)
    def take_back(self, choice, on):
        """The bank takes a payment back, the one that closed the file too."""
        payment = self.account.payments[choice % len(self.account.payments)]
        command = MatchedReversal(
            payment_id=payment.payment_id, return_id=uuid5(CASE, f"r{len(self.done)}"), trust_account_id=CASE,
            country=self.account.country, amount_cents=payment.amount_cents, value_on=on, booked_on=on, references=(),
            case_file_id=CASE,
        )  # fmt: skip
        decision = self.take(handlers.reverse_receipt, command)
        if decision is None:
            return
        told = next(m for m in decision.send if isinstance(m, PaymentReversed))
        self.received_cents -= payment.amount_cents
        assert (told.open_cents > 0) == (decision.state.paid_on is None)
        assert {share.payment_id for share in told.all_shares} <= {one.payment_id for one in decision.state.payments}
        with pytest.raises(InvalidMessage):
            handlers.reverse_receipt(self.account, command, NOW)

    @rule(on=DAYS)
    @precondition(lambda self: self.account.claims and len(self.account.notices_answered) < 2)
    def term_passes(self, on):
        kind = NoticeType.FOURTEEN_DAY_LETTER if self.account.country == "NL" else NoticeType.FIRST_REMINDER
        expired = NoticeTermExpired(
            case_file_id=CASE, notice_id=uuid5(CASE, f"n{len(self.done)}"), notice_type=kind, channel="email",
            sent_on=on - timedelta(16), charges_from=on,
        )  # fmt: skip
        self.take(handlers.charge_after_notice, expired)

    @rule(choice=st.integers(0, 1_000))
    @precondition(lambda self: self.done)
    def redeliver(self, choice):
        handler, message = self.done[choice % len(self.done)]
        if isinstance(message, MatchedReversal):
            with pytest.raises(InvalidMessage):
                handler(self.account, message, NOW)
            return
        if isinstance(message, MatchedReceipt):
            if any(share.payment_id == message.payment_id for share in self.account.shares):
                with pytest.raises(InvalidMessage):
                    handler(self.account, message, NOW)
            return
        decision = handler(self.account, message, NOW)
        assert (decision.state, decision.send, decision.append) == (self.account, (), ())

    @invariant()
    def every_cent_is_placed(self):
        if not hasattr(self, "account"):
            return
        assert sum(self.lines.values()) == 0
        assert self.placed.total() + self.overpaid_cents == self.received_cents
        assert self.account.overpaid_cents == self.overpaid_cents
        assert self.credited_cents - self.debited_cents == self.received_cents - self.overpaid_cents

    @invariant()
    def the_statement_says_the_same(self):
        if not hasattr(self, "account") or not self.account.claims:
            return
        owed = position(self.account, as_of=LAST_DAY)
        allocated = sum(to_cents(getattr(a, bucket)) for a in owed.allocations for bucket in BUCKETS)
        assert allocated == self.placed.total() + self.let_go_cents


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, derandomize=True)
