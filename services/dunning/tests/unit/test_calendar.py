"""Sundays, holidays, bridge days and hours: nothing leaves when it may not; what waited leaves at one instant."""

from datetime import date, timedelta

import pytest

from common.decisions import Due
from common.ids import name_id
from contracts.dunning import GrantContact, NoticeIssued
from contracts.notifications import SendMessage
from contracts.values import Segment
from dunning.domain.gate import judge
from dunning.domain.path import current_step
from dunning.domain.sending_times import first_slot, first_slot_on, local_day, release_until
from dunning.domain.strategies import strategies

NL, BE = strategies()[Segment.NL_CONSUMER], strategies()[Segment.BE_CONSUMER]


@pytest.mark.parametrize(
    ("strategy", "day", "next_sending_day"),
    [
        (NL, date(2026, 3, 7), date(2026, 3, 9)),  # Saturday: lawful, but the agency rests
        (NL, date(2026, 4, 3), date(2026, 4, 7)),  # Good Friday, the weekend, Easter Monday
        (NL, date(2026, 4, 27), date(2026, 4, 28)),  # King's Day
        (NL, date(2026, 5, 5), date(2026, 5, 6)),  # Liberation Day, every year
        (NL, date(2026, 5, 14), date(2026, 5, 18)),  # Ascension, and the Friday made equal to it
        (BE, date(2026, 4, 3), date(2026, 4, 3)),  # Good Friday is an ordinary day in Belgium
        (BE, date(2026, 5, 14), date(2026, 5, 15)),  # the day after Ascension too
        (BE, date(2026, 7, 21), date(2026, 7, 22)),  # national day
    ],
)
def test_a_day_off_puts_the_sending_off(local, strategy, day, next_sending_day):
    assert first_slot_on(strategy, day) == local(next_sending_day, "09:00")


def test_whatever_becomes_sendable_overnight_leaves_at_one_instant(local):
    evening, morning = local(date(2026, 3, 6), "18:31"), local(date(2026, 3, 9), "07:00")

    assert first_slot(NL, evening) == first_slot(NL, morning) == local(date(2026, 3, 9), "09:00")


def test_what_comes_due_in_sending_hours_leaves_at_once(local):
    assert first_slot(NL, local(date(2026, 3, 9), "11:20")) == local(date(2026, 3, 9), "11:20")


def test_summer_time_changes_the_instant_and_not_the_hour(local):
    winter, summer = first_slot_on(NL, date(2026, 3, 27)), first_slot_on(NL, date(2026, 3, 30))

    assert (winter.hour, summer.hour) == (8, 7)


def test_a_letter_may_leave_until_shortly_after_the_print_cut_off(local):
    assert release_until(NL, "letter", local(date(2026, 3, 9), "09:00")) == local(date(2026, 3, 9), "17:30")


def test_an_email_may_leave_for_two_hours_and_not_into_the_night(local):
    assert release_until(NL, "email", local(date(2026, 3, 9), "09:00")) == local(date(2026, 3, 9), "11:00")
    assert release_until(NL, "email", local(date(2026, 3, 9), "15:59")) == local(date(2026, 3, 9), "16:01")


@pytest.mark.parametrize(
    ("day", "at", "why"),
    [
        (date(2026, 3, 8), "10:00", ["sunday"]),
        (date(2026, 5, 5), "10:00", ["holiday"]),
        (date(2026, 5, 15), "10:00", ["holiday"]),  # made equal to Ascension
        (date(2026, 3, 9), "02:15", ["night"]),
    ],
)
def test_the_gate_refuses_an_email_at_a_forbidden_time(a_world, local, day, at, why):
    world = a_world(Segment.NL_CONSUMER).start()

    judgement = judge(world.case_file, current_step(world.case_file), local(day, at), has_agency=True)

    assert (judgement.verdict.value, judgement.outcome) == ("skip", "contact_window")
    assert judgement.inputs["contact"] == why
    assert "NL-WKI-4" in judgement.rule_ids


def test_leave_that_comes_on_a_sunday_sends_nothing_that_day(a_world, local):
    world = a_world(Segment.NL_CONSUMER).start()
    world.now = local(date(2026, 3, 3), "09:00")
    take_due_step = next(on.handler for on in world.consumers.on if on.message is Due)
    due = take_due_step(world.case_file, None, world.now)  # asks for its contact
    [ask] = due.send
    world.rows["case_file", world.case_file_id] = (5, due.state)
    world.now = local(date(2026, 3, 8), "10:00")

    world.deliver(GrantContact(case_file_id=ask.case_file_id, step=ask.step, version=ask.version))
    assert world.of(SendMessage) == []
    assert [(r.decision.value, r.outcome) for r in world.receipts] == [("skip", "contact_window")]

    world.run_until(date(2026, 3, 9))
    assert world.story() == ["03-09 09:00 SendMessage email", "03-09 09:00 NoticeIssued"]


def test_over_a_year_no_message_leaves_on_a_day_off_or_outside_the_hours(a_world, local, make_claim):
    holidays = {date(2026, 4, 3), date(2026, 4, 6), date(2026, 4, 27), date(2026, 5, 5), date(2026, 5, 14)}
    holidays |= {date(2026, 5, 15), date(2026, 5, 25)}
    left = []
    for offset in range(0, 90, 3):
        begins_on = date(2026, 3, 2) + timedelta(days=offset)
        world = a_world(Segment.NL_CONSUMER, now=local(begins_on, "12:00")).start(make_claim())
        world.run_until(begins_on + timedelta(days=80))
        left += [at for at, message in world.told if isinstance(message, SendMessage)]
        assert world.parked == []

    assert len(left) >= 30 * 3
    assert {local_day(NL, at) for at in left}.isdisjoint(holidays)
    assert {local_day(NL, at).weekday() for at in left} <= {0, 1, 2, 3, 4}
    assert all(at == local(local_day(NL, at), "09:00") for at in left)


def test_a_term_that_ends_at_the_weekend_is_found_passed_on_monday(a_world, local):
    world = a_world(Segment.BE_CONSUMER, now=local(date(2026, 3, 5), "08:00")).start()  # sent Friday 6 March

    world.run_until(date(2026, 3, 31))

    expired = [line for line in world.story() if "Expired" in line]
    assert expired[0] == "03-23 07:00 NoticeTermExpired first_reminder"  # last day Friday 20, from Saturday 21


def test_a_letter_counts_from_the_day_of_its_print_and_the_presumed_delivery(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 31))

    [issued, *_] = world.of(NoticeIssued)
    assert (issued.channel, issued.sent_on) == ("letter", date(2026, 3, 3))
    assert issued.term_ends_on == date(2026, 3, 20)  # delivered Thursday 5, fifteenth day 20 March
    assert world.told[0][1].contact_on == date(2026, 3, 3)
    assert issued.notice_id == name_id("notice", world.case_file_id, "fourteen_day_letter", 1)
