"""dunning's core against a model: whatever happens in whatever order, nothing goes out that should not."""

import importlib.util
import sys
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import holidays
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.decisions import Due
from common.ids import name_id
from common.messages import Personal
from contracts.dunning import (
    AmicablePhaseEnded,
    FileDispute,
    GrantContact,
    HoldReason,
    NoticeIssued,
    NoticeTermExpired,
    NoticeType,
)
from contracts.intake import ReopenCaseFile
from contracts.ledger import PaymentAllocated
from contracts.legal import MandateProcedure, ProcedureDeclined
from contracts.notifications import Content, RecallMessage, SendMessage
from contracts.values import Segment
from dunning.domain.gate import judge
from dunning.domain.holds import ReleaseHold
from dunning.domain.path import current_step
from statutes import ClaimTerms, Posting, statement

PATH = Path(__file__).parents[2] / "services/dunning/tests/unit/conftest.py"
SPECIFICATION = importlib.util.spec_from_file_location("dunning_world", PATH)
assert SPECIFICATION is not None
assert SPECIFICATION.loader is not None
dunning_world = importlib.util.module_from_spec(SPECIFICATION)
sys.modules["dunning_world"] = dunning_world
SPECIFICATION.loader.exec_module(dunning_world)
PUBLIC_HOLIDAYS = {country: holidays.country_holidays(country, years=range(2026, 2028)) for country in ("NL", "BE")}
MOST_DAYS = 200  # the calendar of the law is verified until the end of 2026
ALL_CENTS = 90_000  # more than is ever owed: 760 euros, costs, and the interest of two hundred days
ONCE = {NoticeType.FOURTEEN_DAY_LETTER, NoticeType.FIRST_REMINDER}  # their passed term brings costs


class Amicable(RuleBasedStateMachine):
    """One case file. The model knows what is owed, why nothing may go out, and what went out already."""

    @initialize(
        segment=st.sampled_from(list(Segment)),
        order=st.sampled_from(list(permutations(range(3)))),
        on_paper=st.booleans(),
        recalls_come_late=st.booleans(),
    )
    def register(self, segment, order, on_paper, recalls_come_late):
        self.world = dunning_world.World(segment, debtor_changes={"email": None} if on_paper else {})
        self.recalls_come_late = recalls_come_late
        if recalls_come_late:  # what is in print leaves all the same
            answers_to = self.world.answers_to
            self.world.answers_to = lambda sent: [] if isinstance(sent, RecallMessage) else answers_to(sent)
        self.country = "NL" if segment.value.startswith("nl") else "BE"
        claim = dunning_world.a_claim()
        facts = [self.world.open_file(), *self.world.accept(claim), self.world.charged_at_acceptance(claim)]
        for place in order:  # the facts of two owners have no common order
            self.world.deliver(facts[place])
        self.began = self.world.now
        self.disputes: list[FileDispute] = []
        self.payments: list[PaymentAllocated] = []  # that count
        self.payments_made = 0
        self.is_paid = False
        self.is_judicial = False
        self.holds: set[HoldReason] = set()
        self.must_hear = False  # a file is open again, and its debtor does not know yet
        self.told_before = 0  # how much had been told before this rule
        self.void_before: set = set()

    def sent(self):
        return self.world.of(SendMessage)

    def may_send(self):
        return not (self.is_paid or self.holds or self.is_judicial)

    @rule(days=st.integers(1, 25), at=st.sampled_from(["08:00", "12:00", "23:59"]))
    @precondition(lambda self: self.world.now < self.began + timedelta(MOST_DAYS))
    def advance(self, days, at):
        self.world.run_until((self.world.now + timedelta(days)).date(), at)

    @rule()
    @precondition(lambda self: self.world.now < self.began + timedelta(MOST_DAYS))
    def advance_to_a_message(self):
        """To noon of the day on which the next message goes: a letter is in print then."""
        sent = len(self.sent())
        goes_on = self.may_send() and self.paid_cents() < self.world.case_file.claims[0].terms.principal_cents
        for _ in range(30):  # longer than any term
            self.world.run_until((self.world.now + timedelta(1)).date(), "12:00")
            if len(self.sent()) > sent or self.world.of(MandateProcedure):
                return
        assert not goes_on

    @rule(hours=st.integers(1, 200))
    @precondition(lambda self: self.world.now < self.began + timedelta(MOST_DAYS) and not self.world.in_print)
    def look_too_late(self, hours):
        """The alarm comes late, at whatever hour it then is."""
        due_at = self.world.next_instant
        if due_at is not None:
            self.world.now = max(self.world.now, due_at) + timedelta(hours=hours)
            self.world.deliver(Due(due_at=due_at))

    @rule(cents=st.one_of(st.integers(1, 20_000), st.integers(ALL_CENTS, ALL_CENTS + 10_000)))
    def pay_part_or_all(self, cents):
        self.pay(cents)

    def pay(self, cents):
        today = self.world.now.date()
        self.payments_made += 1
        payment_id = name_id("payment", self.payments_made)
        payment = self.world.payment(cents, on=today).model_copy(update={"payment_id": payment_id})
        self.payments.append(payment)
        self.world.deliver(payment)
        if self.paid_cents() >= ALL_CENTS and not self.is_paid:
            self.is_paid = True
            self.world.deliver(self.world.paid(today))

    def paid_cents(self):
        return sum(payment.amount_cents for payment in self.payments)

    @rule(choice=st.integers(0, 100))
    @precondition(lambda self: self.payments)
    def reverse_payment(self, choice):
        """The bank takes any of them back, also the one that closed the file."""
        self.take_back(choice % len(self.payments))

    @rule(parts=st.lists(st.integers(1, 20_000), max_size=1), days=st.sampled_from([0, 0, 3]))
    @precondition(lambda self: not self.is_paid and self.world.now < self.began + timedelta(MOST_DAYS))
    def pay_in_parts_and_reverse(self, parts, days):
        """He pays all, in parts, and the bank takes the largest back."""
        for cents in (*parts, ALL_CENTS):
            self.pay(cents)
        if days:
            self.world.run_until((self.world.now + timedelta(days)).date(), "12:00")
        self.what_was_told_since_was_right_to_tell()
        self.take_back(max(range(len(self.payments)), key=lambda place: self.payments[place].amount_cents))

    def take_back(self, place):
        taken_back = self.payments.pop(place)
        open_cents = max(0, ALL_CENTS - self.paid_cents())
        reopened = len(self.world.of(ReopenCaseFile))
        self.world.deliver(self.world.reversal(taken_back, *self.payments, open_cents=open_cents))
        if self.is_paid and open_cents:
            self.is_paid = False
            reopened += 1
            self.must_hear = True
            if self.is_judicial:
                self.holds.add(HoldReason.JUDICIAL_PHASE_NOT_APPROVED)
        assert len(self.world.of(ReopenCaseFile)) == reopened

    @rule(choice=st.integers(0, 100))
    @precondition(lambda self: self.holds)
    def release_a_hold(self, choice):
        reason = sorted(self.holds)[choice % len(self.holds)]
        self.holds.remove(reason)
        because = Personal.of("gesproken")
        self.world.deliver(ReleaseHold(case_file_id=self.world.case_file_id, reason=reason, because=because))

    @rule()
    @precondition(lambda self: len(self.disputes) < 2)
    def dispute(self):
        filed = FileDispute(
            case_file_id=self.world.case_file_id, dispute_id=name_id("dispute", len(self.disputes)), reason="other",
            text=Personal.of("Nee"),
        )  # fmt: skip
        self.disputes.append(filed)
        self.holds.add(HoldReason.DISPUTE)
        self.world.deliver(filed)

    @rule()
    @precondition(lambda self: len(self.sent()) > 0)
    def place_hold(self):
        self.holds.add(HoldReason.JUDICIAL_PHASE_NOT_APPROVED)
        self.world.deliver(ProcedureDeclined(case_file_id=self.world.case_file_id, reasons=("x",)))

    @rule()
    @precondition(lambda self: self.disputes)
    def redeliver_dispute(self):
        before, told = self.world.case_file, len(self.world.told)
        self.world.deliver(self.disputes[-1])
        assert (self.world.case_file, len(self.world.told)) == (before, told)

    @rule(choice=st.integers(0, 100))
    @precondition(lambda self: self.world.of(GrantContact))
    def redeliver_leave(self, choice):
        grants = self.world.of(GrantContact)
        told = len(self.world.told)
        self.world.deliver(grants[choice % len(grants)])
        assert len(self.world.told) == told

    @invariant()
    def nothing_parks(self):
        if hasattr(self, "world"):
            assert self.world.parked == []

    @invariant()
    def what_was_told_since_was_right_to_tell(self):
        """Nothing to a debtor who paid, contests or is on hold; only what he owes; no term of a void notice."""
        if hasattr(self, "world"):
            told, self.told_before = self.world.told[self.told_before :], len(self.world.told)
            for at, message in told:
                match message:
                    case SendMessage():
                        assert self.may_send()
                        asked = [b for b in message.content.unpack(Content).blocks if b.kind == "payment"]
                        owed = self.owed_cents(at.astimezone(dunning_world.AMSTERDAM).date())
                        assert [block.amount_cents for block in asked] == ([] if message.medium == "sms" else [owed])
                        self.must_hear = self.must_hear and message.medium == "sms"
                    case NoticeIssued() if not self.recalls_come_late:
                        assert message.amount_cents == self.owed_cents(message.sent_on)
                    case MandateProcedure():
                        assert self.may_send()
                        assert not self.must_hear
                        self.is_judicial = True
                        owed = self.owed_cents(at.astimezone(dunning_world.AMSTERDAM).date())
                        assert message.balance.open_cents == owed
                    case NoticeTermExpired():
                        assert message.notice_id not in self.void_before
                        assert not self.must_hear
                    case _:
                        pass
            self.void_before = {notice.notice_id for notice in self.world.case_file.notices if notice.is_void}
            assert {hold.reason for hold in self.world.case_file.holds} == self.holds
            assert (self.world.next_instant is not None) or not self.may_send()

    def owed_cents(self, day: date) -> int:
        """Principal, interest and charges without what was paid, by the model's own books."""
        terms, is_dutch = dunning_world.a_claim(), self.country == "NL"
        series = dunning_world.SERIES[self.world.segment]
        claim = ClaimTerms(
            claim_id="claim",
            jurisdiction="nl" if is_dutch else "be",
            principal=Decimal(terms.principal_cents) / 100,
            interest_from=terms.due_on + timedelta(days=1) if series else None,
            series=series,
            compounding="yearly" if is_dutch else "none",
        )
        charges = [c for e in self.world.of(NoticeTermExpired) for c in self.world.ledger_answer(e).charges]
        postings = [*((c.kind, c.on, c.amount_cents) for c in charges if c.on <= day)]
        postings += [("payment", p.value_on, p.amount_cents) for p in self.payments]
        booked = [Posting(claim_id="claim", kind=k, on=on, amount=Decimal(c) / 100) for k, on, c in postings]
        return int(statement([claim], tuple(booked), as_of=day).total_open * 100)

    @invariant()
    def the_phase_ends_once_and_again_only_after_a_reversal(self):
        if hasattr(self, "world"):
            outcomes = [ended.outcome for ended in self.world.of(AmicablePhaseEnded)]
            assert outcomes.count("judicial") <= 1
            assert outcomes.count("paid") <= 1 + len(self.world.of(ReopenCaseFile))
            assert "judicial" not in outcomes[:-1]
            assert len([e for e in self.world.of(NoticeTermExpired) if e.notice_type in ONCE]) <= 1

    @invariant()
    def no_step_goes_twice(self):
        if hasattr(self, "world"):
            ids = [message.message_id for message in self.sent()]
            assert len(ids) == len(set(ids))
            steps = [(notice.step, notice.notice_id) for notice in self.world.case_file.notices if not notice.is_void]
            assert len({step for step, _ in steps}) == len(steps)
            issued = [notice.notice_id for notice in self.world.of(NoticeIssued)]
            assert len(issued) == len(set(issued))

    @invariant()
    def nobody_is_contacted_twice_a_day_or_four_times_a_week(self):
        if hasattr(self, "world"):
            days = sorted(notice.sent_on for notice in self.world.of(NoticeIssued))
            assert len(set(days)) == len(days)
            assert all(later - earlier >= timedelta(weeks=1) for earlier, later in zip(days, days[3:], strict=False))

    @invariant()
    def nothing_goes_out_at_night_on_a_weekend_or_a_holiday(self):
        if hasattr(self, "world"):
            for at, message in self.world.told:
                local = at.astimezone(dunning_world.AMSTERDAM)  # Brussels has the same clock
                if isinstance(message, SendMessage):
                    assert local.weekday() < 5
                    assert 8 <= local.hour < 20
                    assert local.date() not in PUBLIC_HOLIDAYS[self.country]


def test_the_gate_stops_a_held_file_whoever_asks_it():
    world = dunning_world.World(Segment.NL_CONSUMER).start()
    step = current_step(world.case_file)
    world.deliver(ProcedureDeclined(case_file_id=world.case_file_id, reasons=("x",)))
    assert judge(world.case_file, step, world.now, has_agency=True).outcome == "stopped"


TestAmicable = Amicable.TestCase
TestAmicable.settings = settings(max_examples=150, stateful_step_count=20, deadline=None, derandomize=True)
