"""Files that go to court, or come back: told as short stories."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid5

import pytest
from pydantic import ValidationError

from common.errors import InvalidMessage
from common.messages import Personal
from contracts.ledger import CaseFilePaid, PaymentAllocated
from contracts.legal import (
    Balance,
    FileHandedOff,
    HandoffOrdered,
    HandoffRecalled,
    MandateProcedure,
    PartnerAct,
    PartPaymentReceived,
    ProcedureDeclined,
    RecallAcknowledged,
)
from contracts.values import Address, ClaimTerms, Creditor, DebtorContact, DebtorFacts, Mandate, Segment
from legal.domain.partners import Partner, choose_partner
from legal.domain.procedure import Standing
from legal.handlers import Handlers, follow_payment, recall_when_paid, take_act
from legal.procedures.partner_list import load_partners

CASE = UUID("11111111-1111-4111-8111-111111111111")
NOW = datetime(2026, 5, 4, 7, tzinfo=UTC)
PARTNERS = load_partners()
HANDLERS = Handlers(PARTNERS)


def a_mandate(segment=Segment.BE_ENTERPRISE, *, approved=True, registered=True, interest=4_533, clause=3_000):
    country = "NL" if segment.startswith("nl") else "BE"
    consumer = segment.endswith("consumer")
    address = Address(street="Kaai", house_number="1", postcode="2000", city="Antwerpen", country=country)
    creditor = Creditor(
        client_id=uuid5(CASE, "c"), name="Fietsen BV", address=address, email="a@b.example", phone="+3235550100",
        enterprise_number="0403170701", country=country, is_sme=True, can_deduct_vat=True,
    )  # fmt: skip
    return MandateProcedure(
        case_file_id=CASE,
        segment=segment,
        mandate=Mandate(creditor=creditor, judicial_phase_approved=approved, payout_rhythm="daily"),
        debtor=DebtorFacts(
            debtor_id=uuid5(CASE, "d"), is_natural_person=consumer, acts_as_consumer=consumer, country=country,
            language="nl", enterprise_number="0789123407" if registered and not consumer else None,
            contact=Personal.pack(DebtorContact(name="Jan")),
        ),
        claims=(
            ClaimTerms(
                claim_id=uuid5(CASE, "a"), client_reference="a", invoice_number="F1", invoice_on=date(2026, 1, 1),
                due_on=date(2026, 1, 31), contract_on=date(2026, 1, 1), description="fietsen",
                principal_cents=100_000, is_commercial_contract=not consumer,
            ),
        ),
        balance=Balance(
            as_of=date(2026, 5, 4), principal_cents=100_000, late_interest_cents=interest, costs_cents=4_000,
            indemnity_cents=clause, paid_cents=0, open_cents=104_000 + interest + clause,
        ),
        payment_reference="+++000/0000/04242+++",
        notices_sent=2,
    )  # fmt: skip


def kinds(decision):
    return [type(message).__name__ for message in decision.send]


def handed_off(**facts):
    return HANDLERS.mandate_procedure(None, a_mandate(**facts), NOW)


def test_an_uncontested_claim_goes_to_a_lawyer():
    decision = handed_off()
    assert kinds(decision) == ["HandoffOrdered", "FileHandedOff"]
    told = next(m for m in decision.send if isinstance(m, FileHandedOff))
    assert (told.profession, told.procedure) == ("lawyer", "uncontested_claim_procedure")
    order = next(m for m in decision.send if isinstance(m, HandoffOrdered))
    assert order.topic_name() == f"legal.partner-{told.partner}.v1"


def test_a_partner_gets_whom_and_where_to_serve_and_no_other_contact():
    mandate = a_mandate()
    contact = DebtorContact(
        name="Jan", address=mandate.mandate.creditor.address, email="jan@mail.example", phone="+32470000001"
    )
    debtor = mandate.debtor.model_copy(update={"contact": Personal.pack(contact)})
    decision = HANDLERS.mandate_procedure(None, mandate.model_copy(update={"debtor": debtor}), NOW)
    order = next(m for m in decision.send if isinstance(m, HandoffOrdered))
    assert order.debtor.unpack(DebtorContact) == DebtorContact(name="Jan", address=contact.address)
    assert "mail.example" not in order.model_dump_json()


def test_no_bailiff_may_list_uncontested_claims():
    with pytest.raises(ValidationError, match="never straight to a bailiff"):
        Partner(
            name="x-y", profession="bailiff", countries=("BE",), languages=("nl",),
            procedures=("uncontested_claim_procedure",),
        )  # fmt: skip


def test_interest_and_clause_are_cut_to_a_tenth_of_the_principal():
    order = next(m for m in handed_off(interest=9_000, clause=5_000).send if isinstance(m, HandoffOrdered))
    assert (order.balance.late_interest_cents, order.balance.indemnity_cents) == (9_000, 1_000)
    assert order.balance.open_cents == 114_000


@pytest.mark.parametrize("segment", [Segment.NL_CONSUMER, Segment.NL_ENTERPRISE, Segment.BE_CONSUMER])
def test_other_files_go_to_a_bailiff_of_the_country_for_a_writ(segment):
    told = next(m for m in handed_off(segment=segment).send if isinstance(m, FileHandedOff))
    assert (told.profession, told.procedure) == ("bailiff", "writ")


@pytest.mark.parametrize(
    ("facts", "reason"), [({"approved": False}, "not_mandated"), ({"registered": False}, "debtor_not_registered")]
)
def test_what_mandate_or_law_forbid_is_declined_with_its_reason(facts, reason):
    decision = handed_off(**facts)
    assert kinds(decision) == ["ProcedureDeclined"]
    assert decision.send[0] == ProcedureDeclined(case_file_id=CASE, reasons=(reason,))


def test_nobody_takes_what_no_partner_lists():
    assert choose_partner(PARTNERS, procedure="writ", country="NL", language="de") is None


PAID = CaseFilePaid(case_file_id=CASE, payment_id=uuid5(CASE, "p"), paid_on=date(2026, 5, 5))


def test_a_payment_calls_the_file_back():
    decision = recall_when_paid(handed_off().state, PAID, NOW)
    assert kinds(decision) == ["HandoffRecalled", "RecallOrdered"]
    assert isinstance(decision.send[0], HandoffRecalled)
    again = recall_when_paid(decision.state, PAID, NOW)
    assert again.send == ()


def test_a_file_paid_before_its_mandate_never_goes():
    paid = recall_when_paid(None, PAID, NOW).state
    assert HANDLERS.mandate_procedure(paid, a_mandate(), NOW).send == ()


def part_paid(cents=20_000, *, costs=4_000, name="p", interest=4_533, clause=3_000):
    """What the ledger tells of a payment; by default nothing of the mandate falls away."""
    left = 100_000 - cents
    return PaymentAllocated(
        case_file_id=CASE, payment_id=uuid5(CASE, name), amount_cents=cents, value_on=date(2026, 4, 28), parts=(),
        overpaid_cents=0, open_cents=left,
        balance=Balance(
            as_of=date(2026, 5, 5), principal_cents=left, late_interest_cents=interest, costs_cents=costs,
            indemnity_cents=clause, paid_cents=cents, open_cents=left + interest + costs + clause,
        ),
    )  # fmt: skip


def test_a_part_payment_is_told_to_the_partner_with_what_is_left():
    decision = follow_payment(handed_off(segment=Segment.NL_CONSUMER).state, part_paid(costs=1_500), NOW)
    [told] = decision.send
    assert isinstance(told, PartPaymentReceived)
    assert told.topic_name() == f"legal.partner-{decision.state.handoff.partner}.v1"
    assert (told.amount_cents, told.value_on) == (20_000, date(2026, 4, 28))
    assert told.balance == part_paid(costs=1_500).balance  # costs that fell away are no longer asked
    assert follow_payment(decision.state, part_paid(costs=1_500), NOW).send == ()


def test_what_is_left_in_an_uncontested_claim_is_cut_to_a_tenth_as_the_order_was():
    [told] = follow_payment(handed_off().state, part_paid(50_000), NOW).send
    assert (told.balance.late_interest_cents, told.balance.indemnity_cents) == (4_533, 467)
    assert told.balance.open_cents == 50_000 + 5_000 + 4_000


def test_a_payment_that_the_mandate_counts_already_is_no_news():
    mandate = a_mandate().model_copy(update={"balance": part_paid().balance})
    decision = follow_payment(HANDLERS.mandate_procedure(None, mandate, NOW).state, part_paid(), NOW)
    assert decision.send == ()
    assert decision.state.balance == mandate.balance


@pytest.mark.parametrize("standing", ["refused", "recalled"])
def test_a_partner_who_has_the_file_no_more_is_told_of_no_payment(standing):
    state = act(handed_off().state, standing).state
    assert follow_payment(state, part_paid(), NOW).send == ()


def test_what_pays_all_is_told_as_a_recall_alone():
    whole = part_paid(100_000, costs=0, interest=0, clause=0)
    after = follow_payment(handed_off().state, whole, NOW)
    assert after.send == ()
    assert kinds(recall_when_paid(after.state, PAID, NOW)) == ["HandoffRecalled", "RecallOrdered"]


def in_order(*facts):
    """The state that a mandate of dunning and what the ledger tells come to, and the balance that the partner knows."""
    state, known = None, None
    for fact in facts:
        handler = HANDLERS.mandate_procedure if isinstance(fact, MandateProcedure) else follow_payment
        decision = handler(state, fact, NOW)
        state = decision.state
        for message in decision.send:
            known = message.balance if isinstance(message, HandoffOrdered | PartPaymentReceived) else known
    return state, known


@pytest.mark.parametrize("segment", [Segment.NL_CONSUMER, Segment.BE_ENTERPRISE])
@pytest.mark.parametrize("counted", [0, 1, 2], ids=["mandate_knows_none", "mandate_knows_one", "mandate_knows_both"])
def test_a_mandate_and_the_ledgers_payments_in_every_order_give_one_state_and_one_balance_to_the_partner(
    segment, counted
):
    payments = [part_paid(20_000), part_paid(50_000, costs=1_500, name="q")]
    mandate = a_mandate(segment)
    if counted:
        mandate = mandate.model_copy(update={"balance": payments[counted - 1].balance})
    outcomes = [in_order(*payments[:place], mandate, *payments[place:]) for place in range(3)]
    assert outcomes[0][1].paid_cents == 50_000
    assert outcomes[0][1].costs_cents == 1_500
    assert all(outcome == outcomes[0] for outcome in outcomes)


def act(procedure, kind, *, partner=None, cost=0):
    handoff = procedure.handoff
    message = PartnerAct(handoff_id=handoff.handoff_id, act=kind, act_on=date(2026, 5, 6), cost_cents=cost)
    named = message.received_on(f"legal.partner-{partner or handoff.partner}-acts.v1")
    return take_act(procedure, named, NOW)


def test_a_recall_is_confirmed_and_no_cost_is_taken_after_it():
    recalled = act(recall_when_paid(handed_off().state, PAID, NOW).state, "recalled")
    assert [type(m) for m in recalled.send] == [RecallAcknowledged]
    assert recalled.state.handoff.standing is Standing.RECALLED
    with pytest.raises(InvalidMessage, match="after a confirmed recall"):
        act(recalled.state, "writ_served", cost=12_557)


def test_an_act_on_another_partners_file_is_refused_whatever_he_writes():
    with pytest.raises(InvalidMessage, match="not with the partner"):
        act(handed_off().state, "acknowledged", partner="somebody-else")


def test_a_late_acknowledgement_does_not_undo_a_recall():
    recalling = recall_when_paid(handed_off().state, PAID, NOW).state
    assert act(recalling, "acknowledged").state.handoff.standing is Standing.RECALL_ORDERED
