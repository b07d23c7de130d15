"""Payments that the bank takes back from a file that goes to court: told as short stories, then in every order."""

import sys
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid5

import pytest

from contracts.ledger import CaseFilePaid, PaymentAllocated, PaymentReversed
from contracts.legal import (
    Balance,
    HandoffOrdered,
    HandoffRecalled,
    MandateProcedure,
    PartnerAct,
    PartPaymentReceived,
    PartPaymentReversed,
    ProcedureDeclined,
)
from contracts.values import Segment
from legal.consumers import PROCEDURE
from legal.domain.choice import asked_in
from legal.domain.procedure import Standing
from legal.handlers import follow_payment, follow_reversal, recall_when_paid, take_act

sys.path.insert(0, str(Path(__file__).parent))
from test_handlers import CASE, HANDLERS, NOW, PAID, a_mandate, act, handed_off, kinds, part_paid

TAKEN_ON = date(2026, 5, 20)
OWED = a_mandate().balance.open_cents
MONTH_LATER = 20  # days


def taken_back(cents=20_000, *, paid=0, name="p", overpaid=0, as_of=TAKEN_ON):
    """What the ledger tells when the bank took `cents` back and `paid` are left; by default all is owed again."""
    return PaymentReversed(
        case_file_id=CASE, payment_id=uuid5(CASE, name), amount_cents=cents, value_on=TAKEN_ON, parts=(),
        overpaid_cents=-overpaid, open_cents=OWED - paid, all_shares=(), balance=owed(paid, as_of),
    )  # fmt: skip


def owed(paid, as_of, interest=4_533):
    """What is owed when so much was paid, most of it on the principal."""
    rest = OWED - 4_533 + interest - paid
    principal = min(100_000, rest)
    return Balance(
        as_of=as_of, principal_cents=principal, late_interest_cents=min(interest, rest - principal),
        costs_cents=min(4_000, max(rest - principal - interest, 0)),
        indemnity_cents=max(rest - principal - interest - 4_000, 0), paid_cents=paid, open_cents=rest,
    )  # fmt: skip


def paid_whole(procedure):
    whole = part_paid(OWED, name="w").model_copy(update={"balance": owed(OWED, date(2026, 5, 5)), "open_cents": 0})
    return recall_when_paid(follow_payment(procedure, whole, NOW).state, PAID, NOW).state


def called_back():
    """A file that was handed off, paid and called back; the partner has not answered yet."""
    return paid_whole(handed_off().state)


def a_new_mandate():
    return a_mandate().model_copy(update={"balance": owed(0, TAKEN_ON + timedelta(days=MONTH_LATER))})


@pytest.mark.parametrize("segment", [Segment.NL_CONSUMER, Segment.BE_ENTERPRISE])
def test_the_partner_is_told_what_is_owed_again_by_the_rules_of_his_procedure(segment):
    told_of = follow_payment(handed_off(segment=segment).state, part_paid(50_000), NOW).state
    decision = follow_reversal(told_of, taken_back(50_000), NOW)
    [told] = decision.send
    assert isinstance(told, PartPaymentReversed)
    assert told.topic_name() == f"legal.partner-{told_of.handoff.partner}.v1"
    assert (told.amount_cents, told.value_on) == (50_000, TAKEN_ON)
    assert told.balance == asked_in(told_of.handoff.procedure, owed(0, TAKEN_ON))
    assert decision.state.balance == owed(0, TAKEN_ON)
    assert follow_reversal(decision.state, taken_back(50_000), NOW).send == ()


def test_a_cap_of_the_procedure_holds_for_what_is_owed_again():
    told_of = follow_payment(handed_off().state, part_paid(50_000), NOW).state
    again = taken_back(50_000, paid=10_000).model_copy(update={"balance": part_paid(10_000, interest=9_000).balance})
    [told] = follow_reversal(told_of, again, NOW).send
    assert (told.balance.principal_cents, told.balance.late_interest_cents) == (90_000, 9_000)
    assert told.balance.indemnity_cents == 0


def test_a_file_that_never_went_only_keeps_what_is_owed():
    decision = follow_reversal(None, taken_back(), NOW)
    assert decision.send == ()
    assert decision.state.balance == owed(0, TAKEN_ON)


def test_where_another_payment_covers_it_all_the_file_stays_paid():
    twice = taken_back(20_000, paid=OWED, overpaid=20_000)
    decision = follow_reversal(called_back(), twice, NOW)
    assert decision.send == ()
    assert decision.state.paid_on == PAID.paid_on
    assert decision.state.reversal is None


@pytest.mark.parametrize("answer", [None, "recalled"])
def test_a_file_that_was_called_back_goes_to_no_partner_again_by_itself(answer):
    procedure = called_back()
    if answer:
        procedure = act(procedure, answer).state
    reopened = follow_reversal(procedure, taken_back(OWED), NOW)
    recalled_before = ProcedureDeclined(case_file_id=CASE, reasons=("recalled_before",))
    assert list(reopened.send) == [recalled_before]  # a person must know, whoever had the file
    assert reopened.state.paid_on is None
    assert follow_reversal(reopened.state, taken_back(OWED), NOW).send == ()
    declined = HANDLERS.mandate_procedure(reopened.state, a_new_mandate(), NOW)
    assert declined.send == [recalled_before]
    assert HANDLERS.mandate_procedure(declined.state, a_new_mandate(), NOW).send == ()


def test_a_file_that_was_paid_before_it_went_may_be_mandated_again_and_goes_once():
    swallowed = HANDLERS.mandate_procedure(paid_whole(None), a_mandate(), NOW)
    assert swallowed.send == ()
    reopened = follow_reversal(swallowed.state, taken_back(OWED), NOW)
    assert list(reopened.send) == [ProcedureDeclined(case_file_id=CASE, reasons=("paid_when_mandated",))]
    decision = HANDLERS.mandate_procedure(reopened.state, a_new_mandate(), NOW)
    assert kinds(decision) == ["HandoffOrdered", "FileHandedOff"]
    assert decision.state.balance == a_new_mandate().balance
    again = HANDLERS.mandate_procedure(decision.state, a_new_mandate(), NOW)
    assert (again.state, again.send) == (decision.state, ())


def test_what_was_declined_stays_so_unless_it_was_because_all_was_paid():
    for facts, then in (({"approved": False}, []), ({}, ["HandoffOrdered", "FileHandedOff"])):
        whole = part_paid(OWED, name="w").model_copy(update={"balance": owed(OWED, date(2026, 5, 5)), "open_cents": 0})
        covered = follow_payment(None, whole, NOW).state  # the ledger says next that the file is paid
        declined = HANDLERS.mandate_procedure(covered, a_mandate(**facts), NOW)
        assert kinds(declined) == ["ProcedureDeclined"]
        paid = recall_when_paid(declined.state, PAID, NOW).state
        reopened = follow_reversal(paid, taken_back(OWED), NOW)
        assert reopened.send == ()
        assert kinds(HANDLERS.mandate_procedure(reopened.state, a_new_mandate(), NOW)) == then


def test_a_file_that_nobody_mandated_goes_on_without_a_word():
    reopened = follow_reversal(paid_whole(None), taken_back(OWED), NOW)
    assert reopened.send == ()
    assert kinds(HANDLERS.mandate_procedure(reopened.state, a_new_mandate(), NOW)) == [
        "HandoffOrdered",
        "FileHandedOff",
    ]


@pytest.mark.parametrize("order", ["answers_first", "reversed_first"])
def test_a_partner_who_was_called_back_too_late_goes_on_with_what_is_owed_again(order):
    """He is told when he says that he goes on: whoever stops hears of no balance, for it would call him to work."""
    sent, procedure = [], called_back()
    for step in ("a", "r") if order == "answers_first" else ("r", "a"):
        decision = (
            act(procedure, "recall_too_late") if step == "a" else follow_reversal(procedure, taken_back(OWED), NOW)
        )
        sent, procedure = [*sent, *decision.send], decision.state
    [told] = [message for message in sent if isinstance(message, PartPaymentReversed)]
    assert (told.amount_cents, told.value_on) == (OWED, TAKEN_ON)
    assert told.balance == asked_in(procedure.handoff.procedure, owed(0, TAKEN_ON))
    assert procedure.handoff.standing is Standing.TOO_LATE
    assert [m for m in act(procedure, "recall_too_late").send if isinstance(m, PartPaymentReversed)] == []

    part = follow_payment(procedure, part_paid(30_000, name="q"), NOW)
    assert kinds(part) == ["PartPaymentReceived"]
    again = recall_when_paid(part.state, PAID, NOW)
    assert kinds(again) == ["HandoffRecalled", "RecallOrdered"]
    assert act(again.state, "recalled").state.handoff.standing is Standing.RECALLED


def test_a_partner_who_goes_on_with_a_paid_file_is_told_of_no_balance():
    late = act(called_back(), "recall_too_late")
    assert [type(message).__name__ for message in late.send] == ["ActRecorded"]
    reopened = follow_reversal(called_back(), taken_back(OWED), NOW).state
    once_more = recall_when_paid(reopened, PAID, NOW)
    assert once_more.send == ()  # he was told to stop, and has not answered
    assert [type(message).__name__ for message in act(once_more.state, "recall_too_late").send] == ["ActRecorded"]


def test_a_partner_who_goes_on_too_late_is_not_called_back_twice_for_one_payment():
    late = act(called_back(), "recall_too_late").state
    assert recall_when_paid(late, PAID, NOW).send == ()


def test_what_the_ledger_has_yet_to_tell_is_no_news_where_the_mandate_counts_it():
    ahead = a_mandate().model_copy(update={"balance": owed(50_000, TAKEN_ON)})
    procedure = follow_payment(None, part_paid(20_000), NOW).state
    decision = HANDLERS.mandate_procedure(procedure, ahead, NOW)
    order = next(message for message in decision.send if isinstance(message, HandoffOrdered))
    assert order.balance.paid_cents == 50_000
    assert follow_payment(decision.state, part_paid(50_000, name="q"), NOW).send == ()


def kept_before_reversals_were(procedure):
    """The state as it was stored then."""
    stored = PROCEDURE.adapter.dump_python(procedure, mode="json")
    for added in ("mandated", "most_paid_cents", "reversal"):
        del stored[added]
    return PROCEDURE.adapter.validate_python(stored | {"is_mandated": procedure.handoff is not None})


def test_a_file_handed_off_before_reversals_were_known_counts_on():
    """Its balance was the mandate's, or one that counts more than the mandate."""
    newest = owed(20_000, date(2026, 5, 8))
    known = kept_before_reversals_were(replace(handed_off().state, balance=newest))
    assert known.balance == newest
    counted = follow_payment(known, part_paid(20_000), NOW)
    assert (counted.state.balance, counted.send) == (newest, ())
    assert kinds(follow_payment(known, part_paid(50_000, name="q"), NOW)) == ["PartPaymentReceived"]
    [told] = follow_reversal(known, taken_back(20_000), NOW).send
    assert told.balance == asked_in("uncontested_claim_procedure", owed(0, TAKEN_ON))


def test_a_file_paid_in_part_before_reversals_were_known_is_mandated_with_what_is_owed():
    known = kept_before_reversals_were(follow_payment(None, part_paid(50_000), NOW).state)
    behind = a_mandate().model_copy(update={"balance": owed(20_000, date(2026, 5, 8))})
    assert HANDLERS.mandate_procedure(known, behind, NOW).state.balance == part_paid(50_000).balance


# --- every order ---------------------------------------------------------------------------------------------

DAY = date(2026, 5, 4)
PAYBACKS = (-1, -2, -3, -4)  # the move that is taken back


@dataclass
class Story:
    """What the ledger tells, move by move, with what was paid after each."""

    facts: list = field(default_factory=list)  # a list of messages a move
    paid: list = field(default_factory=lambda: [0])
    days: list = field(default_factory=lambda: [DAY])


def the_story(moves, *, days_between):
    """Moves are a sum to pay, `rest` for all that is open, or minus the number of the move to take back."""
    story, sums = Story(), {}
    for number, move in enumerate(moves, 1):
        day, before = story.days[-1] + timedelta(days=days_between), story.paid[-1]
        name, on = uuid5(CASE, str(-move if move in PAYBACKS else number)), date(2026, 4, 28)
        if move in PAYBACKS:
            cents = sums.pop(-move)
            paid = before - cents
            told = [taken_back(cents, paid=paid, as_of=day)]
        else:
            cents = sums[number] = OWED - before if move == "rest" else move
            paid = before + cents
            told = [part_paid(cents).model_copy(update={"payment_id": name, "balance": owed(paid, day)})]
            told += [CaseFilePaid(case_file_id=CASE, payment_id=name, paid_on=on)] if paid == OWED else []
        story.facts.append(told)
        story.paid.append(paid)
        story.days.append(day)
    return story


def all_moves(moves=(), counting=None):
    """Up to four moves with a reversal: each a part, all that is open, or taking back a payment that counts."""
    counting = counting or {}
    if any(move in PAYBACKS for move in moves):
        yield moves
    if len(moves) == len(PAYBACKS):
        return
    number, open_cents = len(moves) + 1, OWED - sum(counting.values())
    for move in (20_000, 30_000, "rest"):
        cents = open_cents if move == "rest" else move
        if 0 < cents < open_cents or (move == "rest" and open_cents):
            yield from all_moves((*moves, move), counting | {number: cents})
    for paid in counting:
        yield from all_moves((*moves, -paid), {n: cents for n, cents in counting.items() if n != paid})


def tell(*facts):
    """The state that the facts come to, what the partner is to ask for, and all that was sent."""
    handlers = {
        MandateProcedure: HANDLERS.mandate_procedure, PaymentAllocated: follow_payment,
        CaseFilePaid: recall_when_paid, PaymentReversed: follow_reversal, PartnerAct: take_act,
    }  # fmt: skip
    state, asked, sent = None, None, []
    for fact in facts:
        decision = handlers[type(fact)](state, fact, NOW)
        state, sent = decision.state, [*sent, *decision.send]
        for message in decision.send:
            if isinstance(message, HandoffOrdered | PartPaymentReceived | PartPaymentReversed):
                asked = message.balance
    return state, asked, sent


def mandates(story):
    """Dunning's mandate after each of the ledger's moves that left something open, with a day of interest more than the
    ledger told; sent on that day, or only after all the ledger's days because what is behind had not reached dunning.
    """
    for counted, paid in enumerate(story.paid):
        if paid < OWED:
            for as_of in {story.days[counted], story.days[-1]}:
                balance = owed(paid, as_of, interest=4_543)
                yield counted, a_mandate(Segment.NL_CONSUMER).model_copy(update={"balance": balance})


@pytest.mark.parametrize("days_between", [0, 1])
@pytest.mark.parametrize("moves", list(all_moves()))
def test_a_mandate_at_any_place_among_the_ledgers_facts_gives_one_balance(moves, days_between):
    story = the_story(moves, days_between=days_between)
    flat = [message for told in story.facts for message in told]
    for counted, mandate in mandates(story):
        states = []
        for place in range(len(flat) + 1):
            state, asked, sent = tell(*flat[:place], mandate, *flat[place:])
            states.append((state.balance, state.paid_on is None))
            assert state.balance.paid_cents == story.paid[-1]
            assert (state.paid_on is None) == (story.paid[-1] < OWED)
            has_it = state.asking is not None
            assert not has_it or asked == state.balance
            assert has_it == expected_to_go_on(flat, place)
            is_told = any(isinstance(message, ProcedureDeclined) for message in sent)
            assert has_it or is_told or state.paid_on, "nobody knows of a file that is owed"
        assert all(state == states[0] for state in states), "the balance depends on the order"
        if counted == len(moves) and story.paid[-1] < OWED:
            assert states[0][0] == mandate.balance
        elif days_between and mandate.balance.as_of < story.days[-1]:
            assert states[0][0] == owed(story.paid[-1], story.days[-1])


def expected_to_go_on(flat, place):
    """A mandate of a file that is open then is handed off, and stays so unless the file is paid later."""
    before = [
        message for message in flat[:place] if not isinstance(message, PaymentAllocated) or not message.open_cents
    ]
    was_paid = bool(before) and not isinstance(before[-1], PaymentReversed)
    return not was_paid and not any(isinstance(message, CaseFilePaid) for message in flat[place:])


@pytest.mark.parametrize("answer", ["recalled", "refused", "recall_too_late"])
@pytest.mark.parametrize("moves", [m for m in all_moves() if "rest" in m])
def test_the_answer_to_a_recall_at_any_place_among_the_ledgers_facts_gives_one_outcome(moves, answer):
    story = the_story(moves, days_between=1)
    flat = [a_mandate(Segment.NL_CONSUMER), *(message for told in story.facts for message in told)]
    recalled_at = next(n for n, message in enumerate(flat) if isinstance(message, CaseFilePaid))
    partner = handed_off(segment=Segment.NL_CONSUMER).state.handoff
    said = PartnerAct(handoff_id=partner.handoff_id, act=answer, act_on=date(2026, 5, 6))
    said = said.received_on(f"legal.partner-{partner.partner}-acts.v1")
    for place in range(recalled_at + 1, len(flat) + 1):
        facts = [*flat[:place], said, *flat[place:]]
        if tell(*facts)[0].handoff.standing is Standing.RECALL_ORDERED:
            facts.append(said)  # he was called back once more
        state, asked, sent = tell(*facts)
        if answer != "recall_too_late":
            assert state.handoff.standing == answer
            assert state.paid_on or any(isinstance(message, ProcedureDeclined) for message in sent)
            recall = next(n for n, message in enumerate(sent) if isinstance(message, HandoffRecalled))
            assert not [m for m in sent[recall + 1 :] if m.topic_name() == sent[recall].topic_name()]
        else:
            assert state.handoff.standing is Standing.TOO_LATE
            assert (state.paid_on is None) == (story.paid[-1] < OWED)
            assert state.paid_on or asked == state.balance
