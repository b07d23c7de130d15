from datetime import timedelta
from itertools import permutations

import pytest
from notification_builders import CASE_FILE, MESSAGE, RELEASE_UNTIL, World, a_recall, an_order, at

from common.decisions import Result
from common.errors import InvalidMessage
from common.ids import name_id
from common.messages import Personal
from contracts.notifications import MessageFailed, MessageSent, SendMessage
from notifications.domain import NEVER_LEFT, Delivery
from notifications.handlers.messages import send_message


def test_given_an_order_when_the_receiver_accepts_it_then_it_is_told_as_sent_with_its_proof():
    world = World().take(an_order(), now=at(2, 9))
    world.answer(Result.ACCEPTED, "250 2.0.0 Ok: queued as 4XyZ", now=at(2, 9, 1))
    assert world.told == [
        MessageSent(
            case_file_id=CASE_FILE,
            message_id=MESSAGE,
            medium="email",
            sent_at=at(2, 9, 1),
            proof="250 2.0.0 Ok: queued as 4XyZ",
        )
    ]
    assert [(row.outcome, row.proof) for row in world.rows] == [("sent", "250 2.0.0 Ok: queued as 4XyZ")]


def test_given_an_order_when_it_comes_again_then_nothing_is_called_again():
    world = World().take(an_order(), an_order(), now=at(2, 9))
    world.answer(Result.ACCEPTED, "250", now=at(2, 9)).take(an_order(), now=at(2, 10))
    assert len(world.calls) == 1
    assert world.kinds() == ["MessageSent"]


def test_the_call_bears_the_id_of_the_message_and_the_instant_of_its_release():
    world = World().take(an_order(), now=at(2, 9))
    (call,) = world.calls
    assert (call.call_id, call.channel) == (MESSAGE, "smtp")
    assert isinstance(call.payload, Delivery)
    assert call.payload.released_at == at(2, 9)


def test_given_an_sms_then_it_goes_to_the_sms_provider():
    assert World().take(an_order("sms"), now=at(2, 9)).calls[0].channel == "twilio"


@pytest.mark.parametrize("now", [RELEASE_UNTIL, RELEASE_UNTIL + timedelta(days=1)])
def test_given_an_order_that_comes_too_late_then_it_expires_unsent(now):
    world = World().take(an_order(), now=now)
    assert world.calls == []
    assert world.kinds() == ["MessageExpired"]


def test_given_a_recall_before_its_order_when_the_order_comes_then_it_does_not_leave():
    world = World().take(a_recall(), now=at(2, 8)).take(an_order(), now=at(2, 9))
    assert world.calls == []
    assert world.kinds() == ["MessageRecalled"]


def test_a_recall_of_another_message_stops_nothing():
    world = World().take(a_recall(name_id("another")), an_order(), now=at(2, 9))
    assert len(world.calls) == 1


def test_given_a_temporary_failure_when_its_pause_is_over_then_it_is_sent_once():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.FAILED, "451", now=at(2, 9))
    assert world.due_at() == at(2, 9, 1)
    world.tick(at(2, 9, 0) + timedelta(seconds=30))
    assert len(world.calls) == 1
    world.tick(at(2, 9, 1)).answer(Result.ACCEPTED, "250", now=at(2, 9, 1)).tick(at(2, 12))
    assert [call.call_id for call in world.calls] == [MESSAGE, MESSAGE]
    assert world.kinds() == ["MessageSent"]
    assert world.due_at() is None


def test_given_failures_without_end_then_the_pauses_grow_to_an_hour_and_the_message_expires_in_time():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.FAILED, "connection refused", now=at(2, 9))
    pauses = []
    now = at(2, 9)
    while (due_at := world.due_at()) is not None:
        pauses.append(due_at - now)
        now = due_at
        world.tick(now)
        if world.due_at() is None and not world.told:
            world.answer(Result.FAILED, "connection refused", now=now)
    assert [pause.total_seconds() / 60 for pause in pauses[:8]] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert world.kinds() == ["MessageExpired"]
    assert now == RELEASE_UNTIL


def test_given_a_failed_message_when_it_is_recalled_then_it_gets_no_other_try():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.FAILED, "451", now=at(2, 9))
    world.take(a_recall(), now=at(2, 9)).tick(at(2, 10))
    assert len(world.calls) == 1
    assert world.kinds() == ["MessageRecalled"]


def test_given_a_recall_while_it_is_being_sent_when_it_had_left_then_it_is_told_as_sent():
    world = World().take(an_order(), a_recall(), now=at(2, 9)).answer(Result.ACCEPTED, "250", now=at(2, 9))
    assert world.kinds() == ["MessageSent"]


def test_given_a_recall_while_it_is_being_sent_when_it_had_not_left_then_it_never_does():
    world = World().take(an_order(), a_recall(), now=at(2, 9)).answer(Result.FAILED, "451", now=at(2, 9))
    world.tick(at(2, 12))
    assert len(world.calls) == 1
    assert world.kinds() == ["MessageRecalled"]


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ("bounced: 550 5.1.1", "bounced"),
        ("invalid_address: 21211", "invalid_address"),
        ("something: else", "bounced"),
    ],
)
def test_given_a_refusal_then_it_is_told_as_failed_with_its_reason(detail, reason):
    world = World().take(an_order(), now=at(2, 9)).answer(Result.REFUSED, detail, now=at(2, 9))
    (event,) = world.told
    assert isinstance(event, MessageFailed)
    assert (event.reason, event.detail) == (reason, detail)
    assert world.due_at() is None


def test_given_an_outcome_that_nobody_knows_then_it_is_told_and_never_repeated():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.UNKNOWN, "TimeoutError", now=at(2, 9))
    world.tick(at(3, 9))
    assert len(world.calls) == 1
    assert [event.reason for event in world.told] == ["outcome_unknown"]


def test_given_a_call_of_an_earlier_life_that_never_left_then_the_gate_judges_again_before_it_leaves():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.FAILED, NEVER_LEFT, now=at(2, 9))
    assert len(world.calls) == 2
    too_late = World().take(an_order(), now=at(2, 9)).answer(Result.FAILED, NEVER_LEFT, now=RELEASE_UNTIL)
    assert (len(too_late.calls), too_late.kinds()) == (1, ["MessageExpired"])
    recalled = World().take(an_order(), a_recall(), now=at(2, 9)).answer(Result.FAILED, NEVER_LEFT, now=at(2, 9))
    assert (len(recalled.calls), recalled.kinds()) == (1, ["MessageRecalled"])


@pytest.mark.parametrize(("medium", "without"), [("email", "email"), ("sms", "phone"), ("letter", "address")])
def test_given_nowhere_to_deliver_it_then_it_fails_at_once(medium, without):
    world = World().take(an_order(medium, **{without: None}), now=at(2, 9))
    assert world.calls == []
    assert [event.reason for event in world.told] == ["invalid_address"]


def test_given_a_content_that_is_none_then_the_order_is_refused_without_quoting_it():
    order = an_order()
    broken = SendMessage(**{**order.model_dump(), "content": Personal.of('{"recipient_name": "Jan Geheim"}')})
    with pytest.raises(InvalidMessage) as refusal:
        send_message(None, broken, at(2, 9))
    assert refusal.value.code == "content"
    assert "Geheim" not in str(refusal.value)


def test_once_it_is_done_with_its_content_is_kept_no_longer():
    world = World().take(an_order(), now=at(2, 9)).answer(Result.ACCEPTED, "250", now=at(2, 9))
    ((_, correspondence),) = world.states.items()
    assert "Broek" not in str(correspondence)


@pytest.mark.parametrize("medium", ["email", "sms", "letter"])
@pytest.mark.parametrize("order_of_arrival", list(permutations(range(4))))
def test_orders_and_recalls_of_two_messages_in_any_order_end_alike(medium, order_of_arrival):
    other = name_id("other")
    facts = [an_order(medium), a_recall(), an_order(medium, message_id=other), a_recall(other)]
    world = World()
    for place in order_of_arrival:
        world.take(facts[place], now=at(2, 9))
    first_recalled_late = order_of_arrival.index(0) < order_of_arrival.index(1)
    other_recalled_late = order_of_arrival.index(2) < order_of_arrival.index(3)
    left = 0 if medium == "letter" else first_recalled_late + other_recalled_late
    assert len(world.calls) == left
    assert world.kinds().count("MessageRecalled") == 2 - left
    for call in list(world.calls):
        world.calls.append(call)
        world.answer(Result.ACCEPTED, "250", now=at(2, 9))
    assert world.kinds().count("MessageSent") == left
    assert len(world.told) == 2
