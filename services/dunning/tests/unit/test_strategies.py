"""The four ways, from the first notice to the judicial phase."""

from datetime import date

import pytest

from contracts.dunning import AmicablePhaseEnded, HoldPlaced, NoticeIssued, NoticeTermExpired
from contracts.legal import MandateProcedure
from contracts.notifications import SendMessage
from contracts.values import Segment


def test_a_dutch_consumer_who_never_pays_goes_from_the_fourteen_day_letter_to_the_bailiff(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 6, 30))

    assert world.story() == [
        "03-03 09:00 SendMessage email",
        "03-03 09:00 NoticeIssued",
        "03-19 07:00 NoticeTermExpired fourteen_day_letter",  # accepted 3 March, fifteenth day 18 March
        "03-19 09:00 SendMessage email",
        "03-19 09:00 NoticeIssued",
        "03-23 09:00 SendMessage sms",
        "03-23 09:00 NoticeIssued",
        "03-27 07:00 NoticeTermExpired demand",
        "03-27 09:00 SendMessage letter",
        "03-27 17:00 NoticeIssued",
        "04-08 07:00 NoticeTermExpired final_demand",  # 6 April is Easter Monday: the term runs on to 7 April
        "04-08 09:00 MandateProcedure",
        "04-08 09:00 AmicablePhaseEnded",
    ]
    assert world.parked == []


def test_a_dutch_enterprise_gets_two_demands(a_world):
    world = a_world(Segment.NL_ENTERPRISE).start().run_until(date(2026, 6, 30))

    assert [line.split(" ", 2)[2] for line in world.story()] == [
        "SendMessage email",
        "NoticeIssued",
        "NoticeTermExpired demand",
        "SendMessage letter",
        "NoticeIssued",
        "NoticeTermExpired final_demand",
        "MandateProcedure",
        "AmicablePhaseEnded",
    ]


def test_a_belgian_consumer_gets_the_free_reminder_and_both_waiting_terms(a_world):
    world = a_world(Segment.BE_CONSUMER).start().run_until(date(2026, 7, 31))

    assert world.story() == [
        "03-03 09:00 SendMessage email",
        "03-03 09:00 NoticeIssued",
        "03-18 07:00 NoticeTermExpired first_reminder",  # fourteen days from 4 March
        "03-18 09:00 SendMessage email",
        "03-18 09:00 NoticeIssued",
        "04-07 07:00 NoticeTermExpired formal_notice",  # 23 March to Sunday 5 April; then Easter Monday
        "04-07 09:00 SendMessage email",
        "04-07 09:00 NoticeIssued",
        "04-15 07:00 NoticeTermExpired demand",
        "04-15 09:00 SendMessage letter",
        "04-15 17:00 NoticeIssued",
        "04-28 07:00 NoticeTermExpired final_demand",
        "04-28 09:00 MandateProcedure",
        "04-28 09:00 AmicablePhaseEnded",
    ]


def test_a_belgian_enterprise_goes_to_the_uncontested_claim_procedure(a_world):
    world = a_world(Segment.BE_ENTERPRISE).start().run_until(date(2026, 6, 30))

    [mandated] = world.of(MandateProcedure)
    assert mandated.payment_reference == "+++123/4567/89002+++"
    assert mandated.notices_sent == 2
    assert mandated.balance.open_cents == mandated.balance.principal_cents + mandated.balance.late_interest_cents
    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["judicial"]


def test_claims_of_one_day_stand_in_one_notice(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER).start(
        make_claim(1, cents=10_000), make_claim(2, cents=10_000), make_claim(3, cents=10_000)
    )
    world.run_until(date(2026, 3, 3))

    [text] = world.texts()
    assert "2026-001" in text
    assert "2026-003" in text
    assert "€ 45,00" in text  # the tariff on 300 once, not three times the minimum (B-18)


def test_the_ledger_has_told_the_interest_before_the_first_notice_goes(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER)
    for message in (world.open_file(), *world.accept(make_claim())):
        world.deliver(message)

    world.run_until(date(2026, 3, 5))
    assert world.told == []

    world.deliver(world.charged_at_acceptance(make_claim()))
    world.run_until(date(2026, 3, 6))
    assert world.story()[0] == "03-06 09:00 SendMessage email"


def test_without_leave_from_the_mandate_the_file_rests_before_the_judicial_phase(a_world, make_mandate):
    world = a_world(Segment.NL_ENTERPRISE, mandate=make_mandate(judicial_phase_approved=False)).start()

    world.run_until(date(2026, 6, 30))

    assert world.of(MandateProcedure) == []
    assert [hold.reason.value for hold in world.of(HoldPlaced)] == ["judicial_phase_not_approved"]
    assert world.next_instant is None


def test_the_ledger_is_asked_for_costs_from_the_day_that_the_law_gives(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 19))

    [expired] = world.of(NoticeTermExpired)
    [issued, *_] = world.of(NoticeIssued)
    assert (issued.sent_on, issued.term_ends_on) == (date(2026, 3, 3), date(2026, 3, 18))
    assert expired.charges_from == date(2026, 3, 19)
    assert expired.notice_id == issued.notice_id


def test_the_demand_waits_for_the_ledger_and_states_what_it_charged(a_world):
    world = a_world(Segment.NL_CONSUMER, ledger_answers=False).start().run_until(date(2026, 3, 25))
    assert len(world.of(SendMessage)) == 1

    world.deliver(world.ledger_answer(world.of(NoticeTermExpired)[0]))
    world.run_until(date(2026, 3, 26))

    assert "€ 78,00" in world.texts()[1]


def test_no_two_messages_bear_one_id(a_world):
    world = a_world(Segment.NL_CONSUMER, bounces={"email"}).start().run_until(date(2026, 6, 30))

    ids = [message.message_id for message in world.of(SendMessage)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("segment", list(Segment))
def test_the_same_facts_tell_the_same_story_with_the_same_ids(a_world, segment):
    first, second = (a_world(segment).start().run_until(date(2026, 7, 31)) for _ in range(2))

    assert first.told == second.told
