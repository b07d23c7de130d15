"""What legal does with each message: one pure function a message."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from common.decisions import Decision
from common.errors import InvalidMessage
from common.ids import name_id
from common.messages import Message, Personal
from contracts.ledger import CaseFilePaid, PaymentAllocated, PaymentReversed
from contracts.legal import (
    ActRecorded,
    FileHandedOff,
    HandoffAcknowledged,
    HandoffOrdered,
    HandoffRecalled,
    MandateProcedure,
    PartnerAct,
    PartnerClaim,
    PartPaymentReceived,
    PartPaymentReversed,
    ProcedureDeclined,
    RecallAcknowledged,
    RecallOrdered,
)
from contracts.values import DebtorContact
from legal.domain.choice import NOTHING_OPEN, Choice, asked_in, choose_procedure
from legal.domain.partners import Partner, choose_partner
from legal.domain.procedure import CALLED_BACK, WITH_PARTNER, Act, Handoff, Procedure, Reversal, Standing

RECALLED_BEFORE = "recalled_before"
PAID_WHEN_MANDATED = "paid_when_mandated"
REFUSED_BY_PARTNER = "refused_by_partner"


class Handlers:
    """The handlers that know the partners."""

    def __init__(self, partners: Sequence[Partner]) -> None:
        self.partners = partners

    def mandate_procedure(
        self, procedure: Procedure | None, command: MandateProcedure, now: datetime
    ) -> Decision[Procedure]:
        """Hand the file to a partner, unless it was paid meanwhile, or law or mandate say no."""
        known = procedure or Procedure(case_file_id=command.case_file_id)
        if known.paid_on is not None:
            return Decision(replace(known, mandated=command.balance))
        if known.handoff is not None or known.declined:
            return _mandated_again(known)
        mandated = known.told_by_mandate(command.balance)
        assert mandated.balance is not None, "the mandate has one"
        choice = choose_procedure(command, mandated.balance)
        partner = choose_partner(
            self.partners,
            procedure=choice.procedure,
            country=command.debtor.country,
            language=command.debtor.language,
        )
        reasons = choice.reasons or (() if partner else ("no_partner",))
        if partner is None or reasons:
            return _declined(mandated, *reasons)
        handoff = Handoff(
            handoff_id=name_id("handoff", command.case_file_id, 1),
            partner=partner.name,
            profession=partner.profession,
            procedure=choice.procedure,
            standing=Standing.ORDERED,
        )
        return Decision(replace(mandated, handoff=handoff), _hand_off(command, choice, handoff, now))


def _mandated_again(procedure: Procedure) -> Decision[Procedure]:
    """A repeat changes nothing; but a file that was called back goes to no partner again unless a person says so."""
    handoff = procedure.handoff
    if procedure.declined or handoff is None or handoff.standing not in CALLED_BACK:
        return Decision(procedure)
    return _declined(procedure, RECALLED_BEFORE)


def _declined(procedure: Procedure, *reasons: str) -> Decision[Procedure]:
    told = ProcedureDeclined(case_file_id=procedure.case_file_id, reasons=reasons)
    return Decision(replace(procedure, declined=reasons), [told])


def _hand_off(command: MandateProcedure, choice: Choice, handoff: Handoff, now: datetime) -> list[Message]:
    creditor = command.mandate.creditor
    order = HandoffOrdered(
        partner=handoff.partner,
        handoff_id=handoff.handoff_id,
        procedure=choice.procedure,
        creditor_name=creditor.name,
        creditor_enterprise_number=creditor.enterprise_number,
        debtor=_for_a_writ(command.debtor.contact),
        debtor_enterprise_number=command.debtor.enterprise_number,
        language=command.debtor.language,
        claims=tuple(
            PartnerClaim(
                invoice_number=claim.invoice_number,
                invoice_on=claim.invoice_on,
                due_on=claim.due_on,
                description=claim.description,
                principal_cents=claim.principal_cents,
            )
            for claim in command.claims
        ),
        balance=choice.balance,
        payment_reference=command.payment_reference,
        ordered_at=now,
    )
    told = FileHandedOff(
        case_file_id=command.case_file_id,
        handoff_id=handoff.handoff_id,
        partner=handoff.partner,
        profession=handoff.profession,
        procedure=choice.procedure,
    )
    return [order, told]


def _for_a_writ(contact: Personal) -> Personal:
    """Whom a writ or a formal notice names, and where it is served; a partner needs no e-mail and no phone for it."""
    known = contact.unpack(DebtorContact)
    return Personal.pack(DebtorContact(name=known.name, address=known.address))


def follow_payment(procedure: Procedure | None, event: PaymentAllocated, now: datetime) -> Decision[Procedure]:
    """A part was paid: whoever has the file asks for what is left, and so does whoever gets it later."""
    known = procedure or Procedure(case_file_id=event.case_file_id)
    if event.balance is None:
        return Decision(known)  # it was told before balances were
    after = known.told_by_ledger(event.balance, most_paid_cents=event.balance.paid_cents)
    if after.asking is None or event.balance.open_cents == 0 or after.balance == known.balance:
        return Decision(after)  # what is paid whole is called back; what the mandate counts is no news
    return Decision(after, [PartPaymentReceived.model_validate(_asked(after.asking, event, after, now))])


def follow_reversal(procedure: Procedure | None, event: PaymentReversed, now: datetime) -> Decision[Procedure]:
    """The bank took a payment back: whoever has the file asks for more again, and one that was paid is no more."""
    known = procedure or Procedure(case_file_id=event.case_file_id)
    before_cents = event.balance.paid_cents + event.amount_cents
    after = known.told_by_ledger(event.balance, most_paid_cents=before_cents)
    if event.open_cents == 0:
        return Decision(after)
    reversal = Reversal(amount_cents=event.amount_cents, value_on=event.value_on)
    declined = () if known.declined == (NOTHING_OPEN,) else known.declined
    after = replace(after, paid_on=None, declined=declined, reversal=reversal)
    if after.asking is not None and after.balance != known.balance:
        return Decision(after, [PartPaymentReversed.model_validate(_asked(after.asking, reversal, after, now))])
    return Decision(after, _left_alone(known))


def _left_alone(known: Procedure) -> Sequence[Message]:
    """A file is owed again that was mandated once and that no partner has: a person must hear of it. The mandate may
    have known of the reversal before we did, so that nobody else would look at the file.
    """
    if known.paid_on is None or known.declined:
        return ()
    reason = None
    if known.handoff is None:
        reason = PAID_WHEN_MANDATED if known.mandated is not None else None
    elif known.handoff.standing is Standing.REFUSED:
        reason = REFUSED_BY_PARTNER
    elif known.handoff.standing in CALLED_BACK:
        reason = RECALLED_BEFORE
    return (ProcedureDeclined(case_file_id=known.case_file_id, reasons=(reason,)),) if reason else ()


def _asked(
    handoff: Handoff, payment: PaymentAllocated | Reversal, procedure: Procedure, now: datetime
) -> dict[str, Any]:
    """What a partner is told of a payment, or of one that was taken back: what to ask for from now on."""
    assert procedure.balance is not None, "the ledger told one"
    return {
        "partner": handoff.partner,
        "handoff_id": handoff.handoff_id,
        "amount_cents": payment.amount_cents,
        "value_on": payment.value_on,
        "balance": asked_in(handoff.procedure, procedure.balance),
        "told_at": now,
    }


def recall_when_paid(procedure: Procedure | None, event: CaseFilePaid, now: datetime) -> Decision[Procedure]:
    """A paid file is called back from the partner that has it; one that never went stays here."""
    known = procedure or Procedure(case_file_id=event.case_file_id)
    if known.paid_on is not None:
        return Decision(known)
    paid, handoff = replace(known, paid_on=event.paid_on), known.handoff
    if handoff is None or handoff.standing not in WITH_PARTNER:
        return Decision(paid)
    recalling = replace(paid, handoff=replace(handoff, standing=Standing.RECALL_ORDERED))
    return Decision(
        recalling,
        [
            HandoffRecalled(partner=handoff.partner, handoff_id=handoff.handoff_id, reason="paid", recalled_at=now),
            RecallOrdered(
                case_file_id=event.case_file_id, handoff_id=handoff.handoff_id, partner=handoff.partner, reason="paid"
            ),
        ],
    )


def take_act(procedure: Procedure, act: PartnerAct, now: datetime) -> Decision[Procedure]:
    """A partner's typed act, on a file that is his."""
    handoff = procedure.handoff
    if handoff is None or handoff.partner != act.partner or handoff.handoff_id != act.handoff_id:
        raise InvalidMessage("not_his_file", "this handoff is not with the partner whose topic the act came on")
    if handoff.standing is Standing.RECALLED and act.cost_cents:
        raise InvalidMessage("cost_after_recall", "no cost is accepted after a confirmed recall")
    done = Act(kind=act.act, act_on=act.act_on, cost_cents=act.cost_cents)
    standing, told = _follow(procedure, handoff, act)
    after = replace(procedure, handoff=replace(handoff, standing=standing, acts=(*handoff.acts, done)))
    if handoff.standing is Standing.RECALL_ORDERED and after.asking is not None and after.reversal is not None:
        # Whoever stops hears of no balance, for it would call him to work; this one goes on
        told.append(PartPaymentReversed.model_validate(_asked(after.asking, after.reversal, after, now)))
    return Decision(after, told)


def _follow(procedure: Procedure, handoff: Handoff, act: PartnerAct) -> tuple[Standing, list[Message]]:
    """Where the handoff stands after the act, and what the house is told."""
    case_file_id, handoff_id, partner = procedure.case_file_id, handoff.handoff_id, handoff.partner
    match act.act:
        case "acknowledged":
            standing = Standing.ACKNOWLEDGED if handoff.standing is Standing.ORDERED else handoff.standing
            told: Message = HandoffAcknowledged(
                case_file_id=case_file_id, handoff_id=handoff_id, partner=partner, acknowledged_on=act.act_on
            )
            return standing, [told]
        case "refused":
            declined = ProcedureDeclined(case_file_id=case_file_id, reasons=(REFUSED_BY_PARTNER,))
            return Standing.REFUSED, [] if procedure.paid_on else [declined]
        case "recalled":
            return Standing.RECALLED, [
                RecallAcknowledged(case_file_id=case_file_id, handoff_id=handoff_id, partner=partner)
            ]
        case "recall_too_late" | "demand_served" | "writ_served":
            standing = Standing.TOO_LATE if act.act == "recall_too_late" else handoff.standing
            recorded = ActRecorded(
                case_file_id=case_file_id,
                handoff_id=handoff_id,
                partner=partner,
                act=act.act,
                act_on=act.act_on,
                cost_cents=act.cost_cents,
            )
            return standing, [recorded]
