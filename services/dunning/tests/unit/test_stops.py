"""What stops a file: money, a dispute, a channel that fails, law that nobody verified."""

from datetime import date
from itertools import permutations

import pytest

from common.ids import name_id
from common.messages import Personal
from contracts.dunning import (
    AmicablePhaseEnded,
    DisputeFiled,
    FileDispute,
    HoldPlaced,
    HoldReason,
    HoldReleased,
    NoticeIssued,
    NoticeTermExpired,
    NoticeType,
)
from contracts.intake import CaseFileClosed, CloseCaseFile
from contracts.ledger import Charge, CostCharged, CostLowered, PaymentShare
from contracts.legal import ProcedureDeclined
from contracts.notifications import MessageExpired, MessageFailed, MessageSent, RecallMessage, SendMessage
from contracts.values import Segment
from dunning.domain.composer import House
from dunning.domain.holds import ReleaseHold


def a_dispute(world, text="Ik heb dit nooit besteld"):
    return FileDispute(
        case_file_id=world.case_file_id,
        dispute_id=name_id("dispute", text),
        reason="not_mine",
        text=Personal.of(text),
    )


def a_release(world, reason):
    return ReleaseHold(case_file_id=world.case_file_id, reason=reason, because=Personal.of("bewijs gezien"))


def holds(world):
    return [hold.reason.value for hold in world.of(HoldPlaced)]


# --- payments ------------------------------------------------------------------------------------------


def test_full_payment_ends_the_file_and_nothing_goes_out_after_it(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 10))
    world.deliver(world.payment(76_391, on=date(2026, 3, 10)))
    world.deliver(world.paid(date(2026, 3, 10)))

    world.run_until(date(2026, 12, 31))

    assert len(world.of(SendMessage)) == 1
    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["paid"]
    assert len(world.of(CloseCaseFile)) == 1
    world.deliver(CaseFileClosed(case_file_id=world.case_file_id, code="paid", closed_on=date(2026, 3, 10)))
    assert world.case_file.closed_on == date(2026, 3, 10)


def test_a_payment_calls_back_the_letter_that_waits_for_its_print(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3), "12:00")

    world.deliver(world.payment(76_394, on=date(2026, 3, 3)))
    world.deliver(world.paid(date(2026, 3, 3)))
    world.run_until(date(2026, 4, 30))

    assert len(world.of(RecallMessage)) == 1
    assert world.of(NoticeIssued) == []


def test_a_partial_payment_makes_the_next_step_wait_and_lowers_what_it_asks(a_world):
    world = a_world(Segment.NL_ENTERPRISE).start().run_until(date(2026, 3, 10))
    world.deliver(world.payment(40_000, on=date(2026, 3, 10)))

    world.run_until(date(2026, 3, 31))

    story = world.story()
    assert story[2] == "03-11 07:00 NoticeTermExpired demand"  # the term is what it is
    assert story[3] == "03-17 09:00 SendMessage letter"  # seven days after the payment
    assert "Uw betaling van 10 maart 2026 | -€ 400,00" in world.texts()[1]


def test_costs_that_a_late_known_payment_lowers_are_asked_no_more_and_the_demand_of_them_is_called_back(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 23), "12:00")
    [expired] = world.of(NoticeTermExpired)
    [charge] = world.case_file.charges
    assert len(world.in_print) == 1  # the demand, with all its costs

    lowered = charge.model_copy(update={"amount_cents": 4_000})
    payment = world.payment(70_000, on=date(2026, 3, 20))
    world.deliver(
        CostLowered(
            case_file_id=world.case_file_id, notice_id=expired.notice_id, payment_id=payment.payment_id,
            reversed=(charge,), charges=(lowered,), without_interest=(),
        )
    )  # fmt: skip
    world.deliver(payment)
    assert world.in_print == []
    world.run_until(date(2026, 4, 10))

    assert world.case_file.charges == (lowered,)
    assert "40,00" in world.texts()[-1]
    assert not world.parked


def test_a_reversal_of_costs_that_nobody_charged_stands_on_the_desk(a_world):
    world = a_world(Segment.NL_CONSUMER).start()
    claim_id = world.case_file.claims[0].terms.claim_id
    charge = Charge(claim_id=claim_id, kind="costs", amount_cents=1, on=date(2026, 3, 18), rule="X")
    world.deliver(
        CostLowered(
            case_file_id=world.case_file_id, notice_id=world.case_file_id, payment_id=world.case_file_id,
            reversed=(charge,), charges=(), without_interest=(),
        )
    )  # fmt: skip
    assert [code for _, code in world.parked] == ["unknown_charge"]


def test_a_payment_that_was_made_before_others_tells_all_of_them_anew(a_world):
    world = a_world(Segment.NL_CONSUMER).start()
    later, earlier = world.payment(50_000, on=date(2026, 3, 9)), world.payment(30_000, on=date(2026, 3, 5))
    claim_id = world.case_file.claims[0].terms.claim_id
    shares = [
        PaymentShare(payment_id=payment.payment_id, claim_id=claim_id, amount_cents=cents, value_on=payment.value_on)
        for payment, cents in ((earlier, 30_000), (later, 46_000))
    ]
    world.deliver(later)
    world.deliver(earlier.model_copy(update={"all_shares": tuple(shares)}))
    assert [(p.payment_id, p.amount_cents) for p in world.case_file.payments] == [
        (earlier.payment_id, 30_000),
        (later.payment_id, 46_000),
    ]


def test_money_that_comes_in_the_judicial_phase_still_closes_the_file(a_world):
    world = a_world(Segment.NL_ENTERPRISE).start().run_until(date(2026, 6, 30))
    world.deliver(world.paid(date(2026, 7, 1)))

    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["judicial"]
    assert len(world.of(CloseCaseFile)) == 1


# --- disputes ------------------------------------------------------------------------------------------


def test_a_dispute_holds_at_once_and_calls_back_what_has_not_left(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3), "12:00")

    world.deliver(a_dispute(world))
    world.run_until(date(2026, 12, 31))

    assert holds(world) == ["dispute"]
    assert len(world.of(DisputeFiled)) == len(world.of(RecallMessage)) == 1
    assert world.of(NoticeIssued) == []
    assert world.receipts[-1].outcome == "dispute"
    assert "besteld" not in str(world.receipts)


def test_the_same_dispute_twice_is_one(a_world):
    world = a_world(Segment.NL_CONSUMER).start()
    world.deliver(a_dispute(world))
    world.deliver(a_dispute(world))

    assert len(world.of(DisputeFiled)) == 1
    assert holds(world) == ["dispute"]


def test_a_disputed_file_passes_no_term(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 5))
    world.deliver(a_dispute(world))

    assert world.next_instant is None


def test_a_released_dispute_lets_the_file_go_on_where_it_stood(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 5))
    world.deliver(a_dispute(world))
    world.run_until(date(2026, 4, 10))
    sent = len(world.of(SendMessage))

    world.deliver(a_release(world, HoldReason.DISPUTE))
    world.run_until(date(2026, 4, 30))

    [released] = world.of(HoldReleased)
    assert (released.reason, released.still_held, released.because.value) == ("dispute", (), "bewijs gezien")
    assert [expired.notice_type for expired in world.of(NoticeTermExpired)][:1] == ["fourteen_day_letter"]
    assert len(world.of(SendMessage)) > sent


def test_one_of_two_holds_released_still_holds_the_file(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None, "address": None}).start()
    world.run_until(date(2026, 3, 3))
    world.deliver(a_dispute(world))
    assert holds(world) == ["no_channel", "dispute"]

    world.deliver(a_release(world, HoldReason.DISPUTE))

    assert world.of(HoldReleased)[0].still_held == ("no_channel",)
    assert world.next_instant is None


def test_a_release_of_a_hold_that_is_not_there_is_refused(a_world):
    world = a_world(Segment.NL_CONSUMER).start()
    world.deliver(a_release(world, HoldReason.DISPUTE))
    assert [code for _, code in world.parked] == ["no_such_hold"]
    assert world.of(HoldReleased) == []


# --- channels ------------------------------------------------------------------------------------------


def test_a_bounced_email_goes_as_a_letter_the_same_day_with_a_term_of_its_own(a_world):
    world = a_world(Segment.NL_CONSUMER, bounces={"email"}).start().run_until(date(2026, 3, 3))

    assert world.story() == [
        "03-03 09:00 SendMessage email",
        "03-03 09:00 SendMessage letter",
        "03-03 17:00 NoticeIssued",
    ]
    assert world.of(NoticeIssued)[0].term_ends_on == date(2026, 3, 20)


def test_an_email_that_bounces_later_has_no_effect_and_a_letter_follows(a_world):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 5), "08:55")
    [sent] = world.of(SendMessage)
    world.deliver(
        MessageFailed(
            case_file_id=world.case_file_id, message_id=sent.message_id, medium="email", reason="bounced",
            detail="550", failed_at=world.now,
        )
    )  # fmt: skip

    world.run_until(date(2026, 4, 1))

    assert world.story()[2:5] == [
        "03-05 09:00 SendMessage letter",
        "03-05 17:00 NoticeIssued",
        "03-24 07:00 NoticeTermExpired fourteen_day_letter",  # delivered Saturday 7, fifteenth day 22, rolled to Monday
    ]


def test_who_moved_away_is_looked_for_and_gets_nothing_more(a_world):
    world = a_world(Segment.NL_CONSUMER, bounces={"email", "letter"}).start().run_until(date(2026, 12, 31))

    assert holds(world) == ["address_unknown"]
    assert world.next_instant is None


def test_a_letter_that_comes_back_after_it_was_posted_holds_the_file(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 9))
    [sent] = world.of(SendMessage)
    facts = {"case_file_id": world.case_file_id, "message_id": sent.message_id, "medium": "letter"}
    world.deliver(MessageFailed(**facts, reason="returned", detail="moved", failed_at=world.now))

    assert holds(world) == ["address_unknown"]


def test_a_letter_that_came_back_goes_again_once_a_person_lets_the_file_move(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 9))
    [sent] = world.of(SendMessage)
    facts = {"case_file_id": world.case_file_id, "message_id": sent.message_id, "medium": "letter"}
    world.deliver(MessageFailed(**facts, reason="returned", detail="moved", failed_at=world.now))
    world.deliver(a_release(world, HoldReason.ADDRESS_UNKNOWN))
    world.run_until(date(2026, 4, 10))

    first, again = world.of(SendMessage)[:2]
    assert again.message_id != first.message_id
    assert again.medium == "letter"
    assert world.of(NoticeTermExpired)[0].notice_type is NoticeType.FOURTEEN_DAY_LETTER


def test_without_any_channel_the_file_is_held(a_world):
    changes = {"email": None, "address": None}
    world = a_world(Segment.NL_CONSUMER, debtor_changes=changes).start().run_until(date(2026, 12, 31))

    assert holds(world) == ["no_channel"]
    assert world.of(SendMessage) == []


def test_without_a_phone_the_reminder_is_left_out_and_says_so(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"phone": None}).start().run_until(date(2026, 6, 30))

    assert [message.medium for message in world.of(SendMessage)] == ["email", "email", "letter"]
    assert ("skip", "no_channel") in [(r.decision.value, r.outcome) for r in world.receipts]


def test_an_sms_that_fails_does_not_stop_the_path(a_world):
    world = a_world(Segment.NL_CONSUMER, bounces={"sms"}).start().run_until(date(2026, 6, 30))

    assert holds(world) == []
    assert [ended.outcome for ended in world.of(AmicablePhaseEnded)] == ["judicial"]


def test_a_message_whose_fate_nobody_knows_goes_to_a_person(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3), "12:00")
    [sent] = world.of(SendMessage)
    facts = {"case_file_id": world.case_file_id, "message_id": sent.message_id, "medium": "letter"}
    world.in_print.clear()
    world.deliver(MessageFailed(**facts, reason="outcome_unknown", detail="timeout", failed_at=world.now))

    assert holds(world) == ["outcome_unknown"]


def test_what_expired_unsent_is_judged_again_and_sent_once_under_a_new_id(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3), "12:00")
    [first] = world.of(SendMessage)
    world.in_print.clear()
    world.run_until(date(2026, 3, 3), "18:00")
    world.deliver(MessageExpired(case_file_id=world.case_file_id, message_id=first.message_id, medium="letter"))

    world.run_until(date(2026, 3, 6))

    assert world.story()[1:] == ["03-04 09:00 SendMessage letter", "03-04 17:00 NoticeIssued"]
    assert world.of(SendMessage)[1].message_id != first.message_id


# --- law and house -------------------------------------------------------------------------------------


def test_a_day_without_a_verified_rate_holds_this_file(a_world, local, make_claim):
    world = a_world(Segment.NL_CONSUMER, now=local(date(2027, 1, 4), "08:00")).start(make_claim())

    world.run_until(date(2027, 3, 1))

    assert world.of(SendMessage) == []
    assert holds(world) == ["law_not_verified"]
    assert world.parked == []
    assert world.receipts[-1].outcome == "law_not_verified"


def test_a_calendar_that_is_not_known_holds_the_file_when_it_plans(a_world, local, make_claim):
    world = a_world(Segment.NL_CONSUMER, now=local(date(2028, 12, 31), "08:00")).start(make_claim())

    assert holds(world) == ["law_not_verified"]
    assert world.parked == []


def test_without_the_agency_s_facts_nothing_is_sent(a_world):
    house = House(agency=None, dispute_url="https://pay.example/disputes")
    world = a_world(Segment.NL_CONSUMER, house=house).start().run_until(date(2026, 3, 10))

    assert world.of(SendMessage) == []
    assert {receipt.outcome for receipt in world.receipts} == {"agency_facts_missing"}


def test_a_declined_procedure_leaves_the_file_with_a_person(a_world):
    world = a_world(Segment.BE_ENTERPRISE).start().run_until(date(2026, 6, 30))
    world.deliver(ProcedureDeclined(case_file_id=world.case_file_id, reasons=("debtor_not_registered",)))

    assert holds(world) == ["judicial_phase_not_approved"]


def test_an_unknown_interest_series_is_parked(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER).start(make_claim())
    charged = world.charged_at_acceptance(make_claim())
    wrong = charged.model_copy(update={"interest": (charged.interest[0].model_copy(update={"series": "nl_9"}),)})
    world.deliver(wrong)

    assert [code for _, code in world.parked] == ["unknown_series"]


def test_a_belgian_notice_with_an_indemnity_above_the_cap_goes_to_a_person_and_not_to_the_debtor(a_world):
    world = a_world(Segment.BE_CONSUMER, costs_cents=7_801).start().run_until(date(2026, 4, 30))

    assert [code for _, code in world.parked] == ["notice_not_allowed"]
    assert [message.medium for message in world.of(SendMessage)] == ["email"]


def test_a_demand_that_bounces_while_its_sms_is_under_way_goes_as_a_letter(a_world, local):
    world = a_world(Segment.NL_CONSUMER).start().run_until(date(2026, 3, 22))
    demand = world.of(SendMessage)[-1]
    world.bounces = {"sms"}
    world.answers_to_sms, answers_to = [], world.answers_to
    world.answers_to = lambda sent: [] if getattr(sent, "medium", "") == "sms" else answers_to(sent)
    world.run_until(date(2026, 3, 23), "09:30")
    [sms] = [message for message in world.of(SendMessage) if message.medium == "sms"]
    facts = {"case_file_id": world.case_file_id, "message_id": demand.message_id, "medium": "email"}
    world.deliver(MessageFailed(**facts, reason="bounced", detail="550", failed_at=world.now))
    facts = {"case_file_id": world.case_file_id, "message_id": sms.message_id, "medium": "sms"}
    world.deliver(MessageSent(**facts, sent_at=world.now, proof="SM1"))  # it was too late to call it back

    world.run_until(date(2026, 3, 24))

    assert [message.medium for message in world.of(SendMessage)][-1] == "letter"
    assert world.case_file.notice_of("demand").medium == "letter"
    assert world.parked == []


# --- claims that come late -----------------------------------------------------------------------------


def test_a_claim_that_joins_after_the_letter_gets_a_new_letter_that_names_both(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER).start(make_claim(1)).run_until(date(2026, 3, 4), "12:00")
    for message in (*world.accept(make_claim(2, cents=10_000)), world.charged_at_acceptance(make_claim(2))):
        world.deliver(message)

    world.run_until(date(2026, 3, 5))

    assert world.story()[2:] == ["03-05 09:00 SendMessage email", "03-05 09:00 NoticeIssued"]
    assert "2026-002" in world.texts()[1]
    world.run_until(date(2026, 3, 23))
    assert [line for line in world.story() if "Expired" in line] == [
        "03-23 07:00 NoticeTermExpired fourteen_day_letter"
    ]


def test_a_claim_that_joins_after_a_term_passed_is_parked_for_a_person(a_world, make_claim):
    world = a_world(Segment.NL_CONSUMER).start(make_claim(1)).run_until(date(2026, 3, 20))
    world.deliver(*world.accept(make_claim(2)))

    assert [code for _, code in world.parked] == ["claim_too_late"]


# --- every order ---------------------------------------------------------------------------------------


def interleavings(first, second):
    """All orders of two owners' facts that keep each owner's own."""
    for places in set(permutations([0] * len(first) + [1] * len(second))):
        queues = [list(first), list(second)]
        yield [queues[place].pop(0) for place in places]


def folded_orders(make_world, first, second):
    worlds = []
    for order in interleavings(first, second):
        world = make_world()
        for message in order:
            world.deliver(message)
        worlds.append(world)
    return worlds


@pytest.mark.parametrize("segment", list(Segment))
def test_intake_and_ledger_in_every_order_give_one_state_and_the_same_messages(a_world, make_claim, segment):
    claims = [make_claim(1), make_claim(2, cents=12_500)]
    model = a_world(segment)
    charge = Charge(claim_id=claims[0].claim_id, kind="costs", amount_cents=4_000, on=date(2026, 3, 2), rule="NL-BIK-8")
    of_intake = [model.open_file(), *model.accept(*claims)]
    of_ledger = [
        CostCharged(
            case_file_id=model.case_file_id, notice_id=None, charges=(charge,), interest=model.interest_of(claims[0])
        ),
        CostCharged(case_file_id=model.case_file_id, notice_id=None, charges=(), interest=model.interest_of(claims[1])),
        model.payment(30_000, on=date(2026, 3, 2)),
        model.paid(date(2026, 3, 2)),
    ]

    worlds = folded_orders(lambda: a_world(segment), of_intake, of_ledger)

    assert len(worlds) == 35
    assert all(world.parked == [] and world.waiting == [] for world in worlds)
    assert all(world.case_file == worlds[0].case_file for world in worlds)
    assert all(sorted(map(str, world.told)) == sorted(map(str, worlds[0].told)) for world in worlds)


def test_payment_and_delivery_in_every_order_give_one_state(a_world):
    def with_a_letter_in_print():
        changes = {"email": None}
        world = a_world(Segment.NL_CONSUMER, debtor_changes=changes).start().run_until(date(2026, 3, 3), "12:00")
        world.in_print.clear()
        return world

    model = with_a_letter_in_print()
    [sent] = model.of(SendMessage)
    facts = {"case_file_id": model.case_file_id, "message_id": sent.message_id, "medium": "letter"}
    left = [MessageSent(**facts, sent_at=model.now, proof="batch")]
    money = [model.payment(30_000, on=date(2026, 3, 3)), model.paid(date(2026, 3, 3))]

    worlds = folded_orders(with_a_letter_in_print, left, money)

    assert all(world.case_file == worlds[0].case_file for world in worlds)
    assert all(len(world.of(NoticeIssued)) == 1 for world in worlds)


def test_a_recalled_message_is_written_anew_for_what_is_left(a_world):
    world = a_world(Segment.NL_CONSUMER, debtor_changes={"email": None}).start().run_until(date(2026, 3, 3), "12:00")
    world.deliver(world.payment(30_000, on=date(2026, 3, 3)))
    assert world.in_print == []

    world.run_until(date(2026, 3, 12))

    assert world.story()[-2:] == ["03-10 09:00 SendMessage letter", "03-10 17:00 NoticeIssued"]
    assert "€ 69," in world.texts()[-1]  # the tariff on what is left: 15 % of about 460
