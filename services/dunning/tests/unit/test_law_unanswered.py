"""What the law cannot answer for one file goes to a person, and holds up no other."""

from datetime import date

from contracts.notifications import SendMessage
from contracts.values import Segment

A_BILLION_CENTS = 100_000_000_000  # of euro: the largest claim that is taken in


def test_an_amount_that_no_payment_code_can_say_stands_on_the_desk(a_world, make_claim):
    # a transfer takes at most 999,999,999.99 (EPC069-12); with interest a claim that is taken in may be above it
    world = a_world(Segment.NL_CONSUMER).start(make_claim(cents=A_BILLION_CENTS))

    world.run_until(date(2026, 4, 30))

    assert [(type(message).__name__, code) for message, code in world.parked] == [("GrantContact", "law_not_answered")]
    assert world.of(SendMessage) == []
