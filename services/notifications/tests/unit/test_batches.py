import json
from datetime import date, timedelta

import pytest
from notification_builders import CASE_FILE, MESSAGE, World, a_recall, an_order, at
from pydantic import TypeAdapter

from common.decisions import Result
from common.errors import InvalidMessage
from common.ids import name_id
from contracts.notifications import MessageSent
from notifications import domain
from notifications.domain import NEVER_LEFT, BatchPlace, PrintBatch, next_batch
from notifications.handlers.batches import LetterReturned, report_returned

MONDAY = BatchPlace(print_on=date(2026, 3, 2))
CUT_OFF = at(2, 16)  # 17:00 in Utrecht


def printed(*message_ids, faults=None):
    return json.dumps({"printed": {str(m): f"hash of {m}" for m in message_ids}, "faults": faults or {}})


@pytest.mark.parametrize(
    ("now", "day"),
    [
        (at(2, 8), date(2026, 3, 2)),
        (at(2, 15, 59), date(2026, 3, 2)),
        (at(2, 16), date(2026, 3, 3)),  # 17:00 in Utrecht
        (at(6, 16, 30), date(2026, 3, 9)),  # Friday after the cut-off
        (at(7, 9), date(2026, 3, 9)),  # Saturday
        (at(31, 14, 59), date(2026, 3, 31)),  # summer time: 16:59 in Utrecht
        (at(31, 15), date(2026, 4, 1)),
    ],
)
def test_a_letter_joins_the_batch_of_the_first_working_day_whose_cut_off_has_not_come(now, day):
    assert next_batch(now) == BatchPlace(print_on=day, part=1)


def test_given_a_letter_when_the_cut_off_comes_then_it_is_printed_and_told_with_batch_and_hash():
    world = World().take(an_order("letter"), now=at(2, 9))
    assert world.due_at() == CUT_OFF
    world.tick(CUT_OFF - timedelta(minutes=1))
    assert world.calls == []
    world.tick(CUT_OFF)
    (call,) = world.calls
    assert (call.call_id, call.channel, call.payload.name) == (MONDAY.batch_id, "print", "2026-03-02-1")
    world.answer(Result.ACCEPTED, printed(MESSAGE), now=at(2, 16, 1))
    assert world.told == [
        MessageSent(
            case_file_id=CASE_FILE,
            message_id=MESSAGE,
            medium="letter",
            sent_at=at(2, 16, 1),
            proof=f"2026-03-02-1 sha256:hash of {MESSAGE}",
        )
    ]
    assert world.due_at() is None
    assert "Broek" not in str(world.states)


def test_given_a_letter_whose_first_batch_is_too_late_then_it_expires():
    world = World().take(an_order("letter", release_until=at(2, 18)), now=at(2, 16, 30))
    assert world.kinds() == ["MessageExpired"]
    assert world.due_at() is None


def test_given_a_recall_before_the_cut_off_then_the_letter_is_not_printed():
    world = World().take(an_order("letter"), now=at(2, 9)).take(a_recall(), now=at(2, 15)).tick(CUT_OFF)
    assert world.calls == []
    assert world.kinds() == ["MessageRecalled"]


def test_given_a_recall_after_the_cut_off_then_the_letter_is_told_as_printed():
    world = World().take(an_order("letter"), now=at(2, 9)).tick(CUT_OFF).take(a_recall(), now=CUT_OFF)
    world.answer(Result.ACCEPTED, printed(MESSAGE), now=CUT_OFF)
    assert world.kinds() == ["MessageSent"]


def test_given_one_of_two_letters_recalled_then_the_other_is_printed():
    other = name_id("other")
    world = World().take(an_order("letter"), an_order("letter", message_id=other), now=at(2, 9))
    world.take(a_recall(), now=at(2, 10)).tick(CUT_OFF)
    assert [letter.message_id for letter in world.calls[0].payload.letters] == [other]


def test_given_an_outage_over_the_cut_off_then_late_letters_are_printed_and_those_out_of_time_expire():
    other = name_id("other")
    orders = (an_order("letter", release_until=at(2, 20)), an_order("letter", message_id=other))
    world = World().take(*orders, now=at(2, 9)).tick(at(3, 8))
    assert [letter.message_id for letter in world.calls[0].payload.letters] == [other]
    assert world.kinds() == ["MessageExpired"]


def test_given_a_letter_that_cannot_be_set_then_it_alone_fails():
    other = name_id("other")
    world = World().take(an_order("letter"), an_order("letter", message_id=other), now=at(2, 9)).tick(CUT_OFF)
    world.answer(Result.ACCEPTED, printed(other, faults={str(MESSAGE): "a glyph of J. Geheim"}), now=CUT_OFF)
    by_message = {event.message_id: event for event in world.told}
    assert by_message[MESSAGE].reason == "rendering"
    assert "Geheim" not in by_message[MESSAGE].detail
    assert isinstance(by_message[other], MessageSent)


def test_given_a_folder_that_cannot_be_written_then_the_batch_is_tried_again_without_what_was_recalled_since():
    other = name_id("other")
    world = World().take(an_order("letter"), an_order("letter", message_id=other), now=at(2, 9)).tick(CUT_OFF)
    world.answer(Result.FAILED, "print folder: No space left on device", now=CUT_OFF)
    assert world.due_at() == CUT_OFF + timedelta(minutes=1)
    world.take(a_recall(), now=CUT_OFF).tick(CUT_OFF + timedelta(minutes=1))
    assert [letter.message_id for letter in world.calls[-1].payload.letters] == [other]
    assert world.kinds() == ["MessageRecalled"]


def test_given_a_batch_of_which_nobody_knows_then_the_very_same_is_ordered_again():
    world = World().take(an_order("letter"), now=at(2, 9)).tick(CUT_OFF)
    world.answer(Result.UNKNOWN, "TimeoutError", now=CUT_OFF).take(a_recall(), now=CUT_OFF)
    world.tick(at(5, 9))
    first, second = world.calls
    assert (first.call_id, first.payload.letters) == (second.call_id, second.payload.letters)


def test_given_a_batch_of_an_earlier_life_that_was_never_handed_over_then_it_is_written_at_once():
    world = World().take(an_order("letter"), now=at(2, 9)).tick(CUT_OFF).answer(Result.FAILED, NEVER_LEFT, now=CUT_OFF)
    assert [call.call_id for call in world.calls] == [MONDAY.batch_id] * 2


def test_given_a_closed_batch_then_a_letter_that_comes_late_joins_the_next_one():
    world = World().take(an_order("letter"), now=at(2, 9)).tick(CUT_OFF)
    late = name_id("late")
    world.take(an_order("letter", message_id=late), now=at(2, 15, 59))  # accepted in time, but told to the batch late
    assert late in letters_of(world, BatchPlace(print_on=date(2026, 3, 3)))


def test_given_a_full_batch_then_the_letter_joins_another_of_the_same_day(monkeypatch):
    monkeypatch.setattr("notifications.handlers.batches.MOST_LETTERS", 1)
    other, third = name_id("other"), name_id("third")
    world = World().take(*(an_order("letter", message_id=m) for m in (MESSAGE, other, third)), now=at(2, 9))
    parts = [letters_of(world, BatchPlace(print_on=MONDAY.print_on, part=part)) for part in (1, 2, 3)]
    assert parts == [[MESSAGE], [other], [third]]


def test_given_a_letter_that_came_back_then_it_is_told_as_returned():
    world = World().take(an_order("letter"), now=at(2, 9)).tick(CUT_OFF)
    world.answer(Result.ACCEPTED, printed(MESSAGE), now=CUT_OFF)
    report = LetterReturned(
        batch_id=MONDAY.batch_id, message_id=MESSAGE, reason="moved away", returned_on=date(2026, 3, 6)
    )
    world.take(report, report, now=at(6, 9))
    assert [(e.reason, e.detail) for e in world.told[1:]] == [("returned", "2026-03-06: moved away")]


def test_given_a_returned_letter_that_nobody_printed_then_it_is_refused():
    report = LetterReturned(batch_id=MONDAY.batch_id, message_id=MESSAGE, reason="", returned_on=date(2026, 3, 6))
    with pytest.raises(InvalidMessage, match="no such letter"):
        report_returned(PrintBatch(place=MONDAY), report, at(6, 9))


def test_the_limit_of_a_batch_keeps_its_row_below_a_few_megabytes():
    row = PrintBatch(place=MONDAY, letters=(letters(World().take(an_order("letter"), now=at(2, 9)))[0],))
    size = len(TypeAdapter(PrintBatch).dump_json(row))
    assert size * domain.MOST_LETTERS < 4_000_000


def letters(world):
    return world.states["print_batch", MONDAY.batch_id].letters


def letters_of(world, place):
    return [letter.message_id for letter in world.states["print_batch", place.batch_id].letters]
