"""Folding: order, waiting, refusing. Pure, so each rule is a short story."""

import itertools
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from common.decisions import Due
from common.fold import BEHIND_DEAD_LETTER, NOT_OPENED, Loaded, fold
from common.records import Arrival
from testkit import toy

NOW = datetime(2026, 3, 2, tzinfo=UTC)
KEY = uuid.UUID("11111111-1111-4111-8111-111111111111")


def arrivals(*messages, foreign=False):
    return [
        Arrival(message=m, source="test", source_id=str(n), foreign_id=str(n) if foreign else None)
        for n, m in enumerate(messages)
    ]


def opening():
    return toy.OpenCounter(counter_id=KEY)


def adding(number):
    return toy.AddToCounter(counter_id=KEY, number=number)


def folded(*messages, state=None, waiting=(), blocked=False, foreign=False):
    loaded = Loaded(key=KEY, version=0, state=state, sequences={}, waiting=waiting, blocked=blocked)
    return fold(toy.COUNTER, loaded, arrivals(*messages, foreign=foreign), consumers=toy.CONSUMERS, now=NOW)


def test_messages_are_folded_in_their_order():
    result = folded(opening(), adding(1), adding(2))
    assert [message.total for message, _ in result.sent] == [1, 3]
    assert result.steps == 3


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_every_order_of_two_owners_facts_gives_one_state(order):
    facts = [opening(), adding(1), adding(2)]
    result = folded(*(facts[n] for n in order))
    assert result.state.total == 3
    assert result.held == []


def test_what_comes_before_the_opening_waits_and_is_folded_right_after_it():
    early = folded(adding(1), adding(2))
    assert early.state is None
    assert [reason for _, reason in early.held] == [NOT_OPENED, NOT_OPENED]
    waiting = [(n + 1, arrival) for n, (arrival, _) in enumerate(early.held)]
    opened = folded(opening(), adding(3), waiting=waiting)
    assert [message.total for message, _ in opened.sent] == [1, 3, 6]
    assert [position for position, _ in opened.released] == [1, 2]


def test_a_refused_message_parks_and_what_follows_waits_behind_it():
    result = folded(opening(), adding(1), adding(0), adding(2))
    assert [(code, arrival.source_id) for arrival, code, _ in result.parked] == [("zero", "2")]
    assert [(arrival.source_id, reason) for arrival, reason in result.held] == [("3", BEHIND_DEAD_LETTER)]
    assert result.state.total == 1
    assert result.due_at(toy.COUNTER) is None


def test_behind_an_open_dead_letter_everything_waits():
    result = folded(adding(5), state=toy.Counter(total=1), blocked=True)
    assert (result.state.total, result.steps) == (1, 0)
    assert [reason for _, reason in result.held] == [BEHIND_DEAD_LETTER]


def test_a_stranger_is_refused_and_harms_nothing():
    result = folded(adding(0), adding(4), state=toy.Counter(total=1), foreign=True)
    assert [code for _, code, _ in result.refused] == ["zero"]
    assert (result.blocked, result.state.total) == (False, 5)
    assert folded(adding(1), foreign=True).refused[0][1] == "not_found"


def test_a_row_that_is_due_and_stays_due_unchanged_is_refused():
    stuck = toy.Counter(total=666, rests_at=NOW)
    result = folded(Due(due_at=NOW), state=stuck)
    assert [code for _, code, _ in result.parked] == ["due_unmoved"]


def test_what_comes_behind_a_bad_record_of_its_batch_waits_and_what_came_before_is_folded():
    before, after = arrivals(adding(1), adding(2))
    loaded = Loaded(key=KEY, version=0, state=toy.Counter(), sequences={})
    result = fold(toy.COUNTER, loaded, [before, after._replace(behind=KEY)], consumers=toy.CONSUMERS, now=NOW)
    assert result.state.total == 1
    assert [(arrival.message.number, reason) for arrival, reason in result.held] == [(2, BEHIND_DEAD_LETTER)]


def test_a_bad_record_of_another_key_bars_nobody():
    (after,) = arrivals(adding(2))
    loaded = Loaded(key=KEY, version=0, state=toy.Counter(), sequences={})
    barred = after._replace(behind=uuid.uuid4())
    assert fold(toy.COUNTER, loaded, [barred], consumers=toy.CONSUMERS, now=NOW).state.total == 2


def test_an_instant_behind_a_message_that_waited_is_passed_over_for_the_row_says_anew_when_it_is_due():
    """The message may have moved the instant: a handler that is told it has come would be told wrong."""
    (waited,) = arrivals(adding(2))
    (due,) = arrivals(Due(due_at=NOW))
    state = toy.Counter(total=1, rests_at=NOW)
    loaded = Loaded(key=KEY, version=1, state=state, sequences={}, waiting=[(7, waited)])
    result = fold(toy.COUNTER, loaded, [due], consumers=toy.CONSUMERS, now=NOW)
    assert (result.state.total, result.state.rests_at) == (3, NOW + timedelta(days=1))
    assert [position for position, _ in result.released] == [7]
    assert result.held == []


def test_an_instant_behind_a_waiting_message_that_is_refused_does_not_wait_itself():
    (waited,) = arrivals(adding(0))
    (due,) = arrivals(Due(due_at=NOW))
    loaded = Loaded(key=KEY, version=1, state=toy.Counter(rests_at=NOW), sequences={}, waiting=[(7, waited)])
    result = fold(toy.COUNTER, loaded, [due], consumers=toy.CONSUMERS, now=NOW)
    assert result.blocked
    assert result.held == []
