"""dunning's core against a model: whatever happens in whatever order, nothing goes out that should not."""

import importlib.util
import sys
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import holidays
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from common.decisions import Due
from common.ids import name_id
from common.messages import Personal
from contracts.dunning import AmicablePhaseEnded, FileDispute, GrantContact, NoticeIssued
from contracts.legal import ProcedureDeclined
from contracts.notifications import SendMessage
from contracts.values import Segment
from dunning.domain.gate import judge
from dunning.domain.path import current_step

PATH = Path(__file__).parents[2] / "services/dunning/tests/unit/conftest.py"
SPECIFICATION = importlib.util.spec_from_file_location("dunning_world", PATH)
assert SPECIFICATION is not None
assert SPECIFICATION.loader is not None
dunning_world = importlib.util.module_from_spec(SPECIFICATION)
sys.modules["dunning_world"] = dunning_world
SPECIFICATION.loader.exec_module(dunning_world)
PUBLIC_HOLIDAYS = {country: holidays.country_holidays(country, years=range(2026, 2028)) for country in ("NL", "BE")}
MOST_DAYS = 200  # the calendar of the law is verified until the end of 2026


class Amicable(RuleBasedStateMachine):
    """One case file. The model knows why nothing may go out, and what went out already."""

    @initialize(segment=st.sampled_from(list(Segment)), order=st.sampled_from(list(permutations(range(3)))))
    def register(self, segment, order):
        self.world = dunning_world.World(segment)
        self.country = "NL" if segment.value.startswith("nl") else "BE"
        claim = dunning_world.a_claim()
        facts = [self.world.open_file(), *self.world.accept(claim), self.world.charged_at_acceptance(claim)]
        for place in order:  # the facts of two owners have no common order
            self.world.deliver(facts[place])
        self.began = self.world.now
        self.stopped_at: int | None = None  # how many messages had been sent when it had to stop
        self.disputes: list[FileDispute] = []

    def sent(self):
        return self.world.of(SendMessage)

    def stop(self):
        if self.stopped_at is None:
            self.stopped_at = len(self.sent())

    @rule(days=st.integers(1, 25))
    @precondition(lambda self: self.world.now < self.began + timedelta(MOST_DAYS))
    def advance(self, days):
        self.world.run_until((self.world.now + timedelta(days)).date())

    @rule(hours=st.integers(1, 200))
    @precondition(lambda self: self.world.now < self.began + timedelta(MOST_DAYS) and not self.world.in_print)
    def look_too_late(self, hours):
        """The alarm comes late, at whatever hour it then is."""
        due_at = self.world.next_instant
        if due_at is not None:
            self.world.now = max(self.world.now, due_at) + timedelta(hours=hours)
            self.world.deliver(Due(due_at=due_at))

    @rule(cents=st.integers(1, 20_000))
    def pay_part(self, cents):
        self.world.deliver(self.world.payment(cents, on=self.world.now.date()))

    @rule(more=st.integers(0, 10_000))
    @precondition(lambda self: self.world.case_file.paid_on is None)
    def pay_all_or_more(self, more):
        today = self.world.now.date()
        self.world.deliver(self.world.payment(90_000 + more, on=today))
        self.world.deliver(self.world.paid(today))
        self.stop()

    @rule()
    @precondition(lambda self: len(self.disputes) < 2)
    def dispute(self):
        filed = FileDispute(
            case_file_id=self.world.case_file_id, dispute_id=name_id("dispute", len(self.disputes)), reason="other",
            text=Personal.of("Nee"),
        )  # fmt: skip
        self.disputes.append(filed)
        self.world.deliver(filed)
        self.stop()

    @rule()
    @precondition(lambda self: len(self.sent()) > 0)
    def place_hold(self):
        self.world.deliver(ProcedureDeclined(case_file_id=self.world.case_file_id, reasons=("x",)))
        self.stop()

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
    def nothing_goes_out_after_a_payment_a_dispute_or_a_hold(self):
        if getattr(self, "stopped_at", None) is not None:
            assert len(self.sent()) == self.stopped_at
            assert [e.outcome for e in self.world.of(AmicablePhaseEnded)] in ([], ["paid"], ["judicial"])

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
TestAmicable.settings = settings(max_examples=60, stateful_step_count=20, deadline=None, derandomize=True)
