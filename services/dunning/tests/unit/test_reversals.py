"""The bank takes a payment back: what a file does that was paid, or paid in part, by it."""

from datetime import date, timedelta
from itertools import permutations

import pytest

from common.ids import name_id
from common.messages import Personal
from contracts.dunning import (
    AmicablePhaseEnded,
    AskContact,
    FileDispute,
    GrantContact,
    HoldPlaced,
    HoldReason,
    NoticeIssued,
    NoticeTermExpired,
    NoticeType,
)
from contracts.intake import CaseFileClosed, CaseFileReopened, CloseCaseFile, ReopenCaseFile
from contracts.legal import FileHandedOff, MandateProcedure, ProcedureDeclined, RecallAcknowledged
from contracts.notifications import (
    MessageExpired,
    MessageFailed,
    MessageRecalled,
    MessageSent,
    RecallMessage,
    SendMessage,
)
from contracts.values import Segment
from dunning.domain.case_file import CASE_FILE
from dunning.domain.debtor import DEBTOR
from dunning.domain.holds import ReleaseHold
from dunning.domain.strategies import strategies

ALL = 76_000  # more than a day's interest is let go by the ledger
ON_PAPER = {"email": None, "phone": None}
WITH_A_TERM = [
    (segment, step.name) for segment in Segment for step in strategies()[segment].steps if step.term is not None
]


def pay(world, cents=ALL):
    payment = world.payment(cents, on=world.now.date())
    world.deliver(payment)
    world.deliver(world.paid(world.now.date()))
    return payment


def take_back(world, payment, *left, open_cents=ALL):
    world.deliver(world.reversal(payment, *left, open_cents=open_cents))


def release(world, reason):
    world.deliver(ReleaseHold(case_file_id=world.case_file_id, reason=reason, because=Personal.of("gesproken")))


def steps_sent(world):
    """The step of each notice that left, in order."""
    return [notice.step for notice in world.case_file.notices]


def run_until_sent(world, step):
    """Run to the morning after this step's notice left; its term runs."""
    for _ in range(200):
        if step in steps_sent(world):
            return world
        world.run_until((world.now + timedelta(days=1)).date(), "06:00")
    raise AssertionError(f"{step} never left")


def run_until_expired(world, step):
    """Run to 08:00 on the day on which this notice's term was found to have passed, before anything else can leave."""
    run_until_sent(world, step)
    world.run_until(world.case_file.notice_of(step).expires_at.date(), "08:00")
    assert world.case_file.notice_of(step).expired_at is not None
    return world


def counting_steps(world):
    return [notice.step for notice in world.case_file.notices if not notice.is_void]


def check_run_to_the_end(world):
    """The file goes on to the judicial phase: nothing parks, no id is used twice, no void notice's term passes."""
    world.run_until(date(2026, 10, 30))
    ids = [message.message_id for message in world.of(SendMessage)]
    assert len(ids) == len(set(ids))
    assert world.parked == []
    void = {notice.notice_id for notice in world.case_file.notices if notice.is_void and notice.expired_at is None}
    assert not void & {expired.notice_id for expired in world.of(NoticeTermExpired)}
    counting = counting_steps(world)
    assert counting == [step.name for step in strategies()[world.segment].steps]
    assert len(world.of(MandateProcedure)) == 1


# --- a file that was not paid --------------------------------------------------------------------------


def test_a_part_payment_taken_back_calls_back_what_has_not_left_and_is_asked_again(a_world):
    world = a_world(Segment.NL_ENTERPRISE, debtor_changes=ON_PAPER).start().run_until(date(2026, 3, 2))
    part, other = world.payment(30_000, on=date(2026, 3, 2)), world.payment(10_000, on=date(2026, 3, 2))
    world.deliver(part)
    world.deliver(other)
    world.run_until(date(2026, 3, 9), "12:00")
    assert len(world.in_print) == 1

    take_back(world, part, other, open_cents=66_000)
    assert world.in_print == []
    assert [payment.payment_id for payment in world.case_file.payments] == [other.payment_id]
    world.run_until(date(2026, 3, 11))

    assert [notice.asked_cents > 66_000 for notice in world.case_file.notices] == [True]
    assert world.of(ReopenCaseFile) == []
    assert world.case_file.step == 1


def test_the_last_payment_taken_back_leaves_none(a_world):
    world = a_world(Segment.NL_CONSUMER).start()
    part = world.payment(30_000, on=date(2026, 3, 2))
    world.deliver(part)
    take_back(world, part)
    assert world.case_file.payments == ()
    check_run_to_the_end(world)


def test_a_term_that_runs_goes_on_when_the_file_was_not_paid(a_world):
    world = run_until_sent(a_world(Segment.NL_CONSUMER).start(), "fourteen_day_letter")
    part = world.payment(30_000, on=world.now.date())
    world.deliver(part)
    take_back(world, part)
    assert counting_steps(world) == ["fourteen_day_letter"]
    check_run_to_the_end(world)
    assert steps_sent(world).count("fourteen_day_letter") == 1


# --- a file that was paid ------------------------------------------------------------------------------


def test_what_another_payment_covers_too_stays_paid(a_world):
    world = run_until_sent(a_world(Segment.NL_CONSUMER).start(), "fourteen_day_letter")
    first = pay(world)
    twice = world.payment(ALL + 1, on=world.now.date())
    world.deliver(twice)
    take_back(world, first, twice, open_cents=0)

    assert world.case_file.paid_on is not None
    assert world.of(ReopenCaseFile) == []
    assert [payment.payment_id for payment in world.case_file.payments] == [twice.payment_id]
    assert world.next_instant is None


@pytest.mark.parametrize("segment", list(Segment))
def test_paid_before_the_first_notice_left_the_path_begins(a_world, segment):
    world = a_world(segment).start()
    payment = pay(world)
    world.run_until(date(2026, 3, 10), "12:00")
    assert world.of(SendMessage) == []

    take_back(world, payment)
    assert world.of(ReopenCaseFile) == [ReopenCaseFile(case_file_id=world.case_file_id, code="payment_reversed")]
    world.run_until(date(2026, 3, 11))

    assert steps_sent(world) == [strategies()[segment].steps[0].name]
    check_run_to_the_end(world)


@pytest.mark.parametrize(("segment", "step"), WITH_A_TERM)
def test_a_notice_whose_term_ran_when_he_paid_goes_once_more_before_anything_worse(a_world, segment, step):
    world = run_until_sent(a_world(segment).start(), step)
    sent = steps_sent(world)
    payment = pay(world)
    world.run_until((world.now + timedelta(days=30)).date(), "12:00")
    assert steps_sent(world) == sent

    take_back(world, payment)
    assert step not in counting_steps(world)
    run_until = (world.now + timedelta(days=5)).date()
    world.run_until(run_until)
    assert steps_sent(world)[: len(sent) + 1] == [*sent, step]
    assert world.case_file.notices[len(sent)].asked_cents >= world.case_file.notices[len(sent) - 1].asked_cents
    check_run_to_the_end(world)
    assert [notice.step for notice in world.case_file.notices].count(step) == 2


@pytest.mark.parametrize(("segment", "step"), WITH_A_TERM)
def test_a_notice_whose_term_had_passed_goes_no_more_but_the_last_one(a_world, segment, step):
    world = run_until_expired(a_world(segment).start(), step)
    sent, steps = steps_sent(world), [one.name for one in strategies()[segment].steps if not one.optional]
    payment = pay(world)
    world.run_until((world.now + timedelta(days=30)).date(), "12:00")

    take_back(world, payment)
    world.run_until((world.now + timedelta(days=5)).date())

    follows = steps[min(steps.index(step) + 1, len(steps) - 1)]
    assert steps_sent(world)[: len(sent) + 1] == [*sent, follows]
    check_run_to_the_end(world)
    charging = {NoticeType.FOURTEEN_DAY_LETTER, NoticeType.FIRST_REMINDER}
    assert len([e for e in world.of(NoticeTermExpired) if e.notice_type in charging]) == (
        1 if segment in {Segment.NL_CONSUMER, Segment.BE_CONSUMER} else 0
    )


def test_after_the_text_message_the_demand_itself_goes_again_and_then_its_reminder(a_world):
    world = run_until_sent(a_world(Segment.NL_CONSUMER).start(), "demand_reminder")
    payment = pay(world)
    take_back(world, payment)
    check_run_to_the_end(world)
    assert steps_sent(world)[1:] == ["demand", "demand_reminder", "demand", "demand_reminder", "final_demand"]


def test_paid_again_it_is_told_again(a_world):
    world = run_until_sent(a_world(Segment.NL_CONSUMER).start(), "fourteen_day_letter")
    take_back(world, pay(world))
    world.run_until((world.now + timedelta(days=3)).date())
    pay(world)

    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["paid", "paid"]
    assert len(world.of(CloseCaseFile)) == 2
    assert world.next_instant is None


def test_the_first_demand_of_an_enterprise_that_goes_again_names_no_letter_before_it(a_world):
    world = run_until_sent(a_world(Segment.NL_ENTERPRISE).start(), "demand")
    take_back(world, pay(world))
    world.run_until((world.now + timedelta(days=3)).date())
    assert steps_sent(world) == ["demand", "demand"]
    assert "De termijn van die brief is voorbij" not in world.texts()[-1]


def test_a_claim_that_joined_a_paid_file_stands_in_the_notice_after_the_reversal(a_world, make_claim):
    world = a_world(Segment.NL_ENTERPRISE).start(make_claim(1))
    payment = pay(world)
    for message in (*world.accept(make_claim(2, cents=10_000)), world.charged_at_acceptance(make_claim(2))):
        world.deliver(message)
    take_back(world, payment, open_cents=86_000)
    world.run_until(date(2026, 3, 4))

    assert steps_sent(world) == ["demand"]
    assert "2026-002" in world.texts()[-1]
    assert world.case_file.notices[0].asked_cents > 86_000


# --- holds and the judicial phase ----------------------------------------------------------------------


def test_a_disputed_file_stays_on_hold_and_goes_on_when_it_is_released(a_world):
    world = run_until_sent(a_world(Segment.BE_CONSUMER).start(), "first_reminder")
    world.deliver(
        FileDispute(
            case_file_id=world.case_file_id, dispute_id=name_id("dispute"), reason="other", text=Personal.of("Nee")
        )
    )
    take_back(world, pay(world))
    assert len(world.of(ReopenCaseFile)) == 1
    assert world.next_instant is None
    world.run_until(date(2026, 4, 30))
    assert len(world.of(SendMessage)) == 1

    release(world, HoldReason.DISPUTE)
    check_run_to_the_end(world)


def test_a_file_that_waits_for_leave_of_its_client_tells_the_debtor_first(a_world, make_mandate):
    mandate = make_mandate(judicial_phase_approved=False)
    world = a_world(Segment.NL_ENTERPRISE, mandate=mandate).start().run_until(date(2026, 6, 1))
    assert [placed.reason for placed in world.of(HoldPlaced)] == ["judicial_phase_not_approved"]
    take_back(world, pay(world))
    assert world.next_instant is None

    release(world, HoldReason.JUDICIAL_PHASE_NOT_APPROVED)
    world.run_until(date(2026, 6, 4))
    assert steps_sent(world) == ["demand", "final_demand", "final_demand"]


def handed_off(world):
    facts = {"case_file_id": world.case_file_id, "handoff_id": name_id("handoff"), "partner": "jansen"}
    world.deliver(FileHandedOff(**facts, profession="bailiff", procedure="writ"))
    payment = pay(world)
    world.deliver(RecallAcknowledged(**facts))
    return payment


def test_a_file_of_the_judicial_phase_is_held_for_a_person(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 6, 30))
    sent = len(world.of(SendMessage))
    for _ in range(2):
        take_back(world, handed_off(world))

    [placed] = world.of(HoldPlaced)
    assert (placed.reason, placed.basis) == ("judicial_phase_not_approved", "payment_reversed")
    assert len(world.of(ReopenCaseFile)) == 2
    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["judicial"]
    world.run_until(date(2026, 9, 30))
    release(world, HoldReason.JUDICIAL_PHASE_NOT_APPROVED)
    world.run_until(date(2026, 10, 30))
    assert (len(world.of(SendMessage)), len(world.of(MandateProcedure))) == (sent, 1)
    assert world.parked == []


def test_a_part_payment_taken_back_in_the_judicial_phase_holds_nothing(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 6, 30))
    part = world.payment(30_000, on=date(2026, 7, 1))
    world.deliver(part)
    take_back(world, part)
    assert (world.of(HoldPlaced), world.of(ReopenCaseFile)) == ([], [])


def test_a_mandate_that_legal_declines_since_it_was_recalled_before_holds_the_file(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 6, 30))
    world.deliver(ProcedureDeclined(case_file_id=world.case_file_id, reasons=("recalled_before",)))
    [placed] = world.of(HoldPlaced)
    assert (placed.reason, placed.basis) == ("judicial_phase_not_approved", "recalled_before")


# --- contacts ------------------------------------------------------------------------------------------


def test_a_notice_that_goes_again_is_one_contact_more_and_not_on_the_same_day(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 3), "10:00")
    assert steps_sent(world) == ["fourteen_day_letter"]
    take_back(world, pay(world))

    world.run_until(date(2026, 3, 3))
    assert len(world.of(SendMessage)) == 1
    assert world.receipts[-1].outcome == "contact_frequency"
    world.run_until(date(2026, 3, 4))

    assert steps_sent(world) == ["fourteen_day_letter"] * 2
    row = world.rows[DEBTOR.name, world.debtor.debtor_id][1]
    assert [contact.contact_on for contact in row.contacts] == [date(2026, 3, 3), date(2026, 3, 4)]


def test_leave_that_was_asked_before_the_payment_sends_nothing_after_its_reversal(a_world):
    world = a_world(Segment.NL_CONSUMER)
    answers_to = world.answers_to
    world.answers_to = lambda sent: [] if isinstance(sent, AskContact) else answers_to(sent)
    world.start().run_until(date(2026, 3, 3), "10:00")
    take_back(world, pay(world))
    world.run_until(date(2026, 3, 3), "11:00")

    before, since = [
        GrantContact(case_file_id=world.case_file_id, step=ask.step, version=ask.version)
        for ask in world.of(AskContact)
    ]
    world.deliver(before)
    assert world.of(SendMessage) == []
    world.deliver(since)
    assert len(world.of(SendMessage)) == 1


def test_a_notice_that_reached_nobody_takes_no_contact(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 3), "10:00")
    [sent] = world.of(SendMessage)
    facts = {"case_file_id": world.case_file_id, "message_id": sent.message_id, "medium": "email"}
    world.deliver(MessageFailed(**facts, reason="bounced", detail="550", failed_at=world.now))
    world.run_until(date(2026, 3, 3))
    assert [message.medium for message in world.of(SendMessage)] == ["email", "letter"]


# --- every order ---------------------------------------------------------------------------------------


def orders(first, second):
    """All orders of two owners' facts that keep each owner's own."""
    for places in sorted(set(permutations([0] * len(first) + [1] * len(second)))):
        queues = [list(first), list(second)]
        yield [queues[place].pop(0) for place in places]


def with_a_message_under_way(a_world, segment, step):
    """A file whose step has no answer yet, neither to the message nor to its recall."""
    world = a_world(segment).start()
    answers_to = world.answers_to
    world.answers_to = lambda sent: [] if isinstance(sent, (SendMessage, RecallMessage)) else answers_to(sent)
    names = [one.name for one in strategies()[segment].steps]
    for _ in range(200):
        if world.case_file.under_way is not None and names[world.case_file.step] == step:
            break
        if world.case_file.under_way is not None:
            world.deliver(world.outcome_of(world.of(SendMessage)[-1]))
        world.run_until((world.now + timedelta(days=1)).date(), "12:00")
    assert world.case_file.under_way is not None
    world.answers_later = answers_to
    return world


EVERY_STEP = [(segment, step.name) for segment in Segment for step in strategies()[segment].steps]


@pytest.mark.parametrize("answer", ["sent", "recalled", "expired"])
@pytest.mark.parametrize(("segment", "step"), EVERY_STEP)
def test_what_became_of_the_message_may_be_told_before_and_after_the_reversal(a_world, segment, step, answer):
    def world_of_orders():
        return with_a_message_under_way(a_world, segment, step)

    model = world_of_orders()
    sent = model.of(SendMessage)[-1]
    facts = {"case_file_id": model.case_file_id, "message_id": sent.message_id, "medium": sent.medium}
    answered = {
        "sent": MessageSent(**facts, sent_at=model.now, proof="250 OK"),
        "recalled": MessageRecalled(**facts),
        "expired": MessageExpired(**facts),
    }[answer]
    payment = model.payment(ALL, on=model.now.date())
    of_ledger = [payment, model.paid(model.now.date()), model.reversal(payment)]
    worlds = []
    for order in orders(of_ledger, [answered]):
        world = world_of_orders()
        for message in order:
            world.deliver(message)
        if order[0] is not answered:  # it was called back
            worlds.append(world)
        world.answers_to = world.answers_later
        assert world.case_file.under_way is None

    assert len(worlds) == 3
    assert all(world.case_file == worlds[0].case_file for world in worlds)
    for world in worlds:
        issued = world.of(NoticeIssued)
        assert len({notice.notice_id for notice in issued}) == len(issued)
        check_run_to_the_end(world)


def test_a_mail_that_bounces_after_it_was_called_back_is_no_reason_to_write_at_once(a_world):
    world = with_a_message_under_way(a_world, Segment.NL_CONSUMER, "fourteen_day_letter")
    [sent] = world.of(SendMessage)
    take_back(world, pay(world))
    facts = {"case_file_id": world.case_file_id, "message_id": sent.message_id, "medium": "email"}
    world.deliver(MessageFailed(**facts, reason="bounced", detail="550", failed_at=world.now))
    assert len(world.of(SendMessage)) == 1

    world.answers_to = world.answers_later
    check_run_to_the_end(world)
    assert world.case_file.notices[0].medium == "letter"


@pytest.mark.parametrize("segment", list(Segment))
def test_intake_s_closing_and_reopening_come_in_any_order_with_the_ledger_s_facts(a_world, segment):
    def a_file():
        return run_until_sent(a_world(segment).start(), strategies()[segment].steps[0].name)

    model = a_file()
    payment = model.payment(ALL, on=model.now.date())
    of_ledger = [payment, model.paid(model.now.date()), model.reversal(payment)]
    today = model.now.date()
    of_intake = [
        CaseFileClosed(case_file_id=model.case_file_id, code="paid", closed_on=today),
        CaseFileReopened(case_file_id=model.case_file_id, code="payment_reversed", reopened_on=today),
    ]
    worlds = []
    for order in orders(of_ledger, of_intake):
        world = a_file()
        for message in order:
            world.deliver(message)
        worlds.append(world)

    assert len(worlds) == 10
    assert all(world.case_file == worlds[0].case_file for world in worlds)
    assert worlds[0].case_file.closed_on is None
    check_run_to_the_end(worlds[0])


# --- what was kept before ------------------------------------------------------------------------------


def test_a_file_that_was_kept_before_a_message_knew_its_step_goes_on(a_world):
    world = with_a_message_under_way(a_world, Segment.NL_CONSUMER, "demand")
    kept = CASE_FILE.adapter.dump_python(world.case_file, mode="json")
    del kept["under_way"]["step"]
    for notice in kept["notices"]:
        del notice["came_back"]
    version, _ = world.rows["case_file", world.case_file_id]
    world.rows["case_file", world.case_file_id] = (version, CASE_FILE.adapter.validate_python(kept))

    world.answers_to = world.answers_later
    world.deliver(world.outcome_of(world.of(SendMessage)[-1]))
    assert steps_sent(world) == ["fourteen_day_letter", "demand"]
    check_run_to_the_end(world)
