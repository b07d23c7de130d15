"""What legal does with each message: one pure function a message."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from common.decisions import Decision
from common.errors import InvalidMessage
from common.ids import name_id
from common.messages import Message, Personal
from contracts.ledger import CaseFilePaid, PaymentAllocated
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
    ProcedureDeclined,
    RecallAcknowledged,
    RecallOrdered,
)
from contracts.values import DebtorContact
from legal.domain.choice import Choice, asked_in, choose_procedure
from legal.domain.partners import Partner, choose_partner
from legal.domain.procedure import WITH_PARTNER, Act, Handoff, Procedure, Standing, newest


class Handlers:
    """The handlers that know the partners."""

    def __init__(self, partners: Sequence[Partner]) -> None:
        self.partners = partners

    def mandate_procedure(
        self, procedure: Procedure | None, command: MandateProcedure, now: datetime
    ) -> Decision[Procedure]:
        """Hand the file to a partner, unless it was paid meanwhile, or law or mandate say no."""
        known = procedure or Procedure(case_file_id=command.case_file_id)
        if known.is_mandated:
            return Decision(known)
        balance = newest(known.balance, command.balance)
        mandated = replace(known, is_mandated=True, balance=balance)
        if mandated.paid_on is not None:
            return Decision(mandated)
        choice = choose_procedure(command, balance)
        partner = choose_partner(
            self.partners,
            procedure=choice.procedure,
            country=command.debtor.country,
            language=command.debtor.language,
        )
        reasons = choice.reasons or (() if partner else ("no_partner",))
        if partner is None or reasons:
            told = ProcedureDeclined(case_file_id=command.case_file_id, reasons=reasons)
            return Decision(replace(mandated, declined=reasons), [told])
        handoff = Handoff(
            handoff_id=name_id("handoff", command.case_file_id, 1),
            partner=partner.name,
            profession=partner.profession,
            procedure=choice.procedure,
            standing=Standing.ORDERED,
        )
        return Decision(replace(mandated, handoff=handoff), _hand_off(command, choice, handoff, now))


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
    if event.balance is None or (known.balance is not None and event.balance.paid_cents <= known.balance.paid_cents):
        return Decision(known)  # the mandate counted this payment, or it was told before balances were
    after, handoff = replace(known, balance=event.balance), known.handoff
    if handoff is None or handoff.standing not in WITH_PARTNER or event.balance.open_cents == 0:
        return Decision(after)  # what is paid whole is called back
    told = PartPaymentReceived(
        partner=handoff.partner,
        handoff_id=handoff.handoff_id,
        amount_cents=event.amount_cents,
        value_on=event.value_on,
        balance=asked_in(handoff.procedure, event.balance),
        told_at=now,
    )
    return Decision(after, [told])


def recall_when_paid(procedure: Procedure | None, event: CaseFilePaid, now: datetime) -> Decision[Procedure]:
    """A paid file is called back from the partner that has it; one that never went stays here."""
    known = procedure or Procedure(case_file_id=event.case_file_id)
    paid = replace(known, paid_on=known.paid_on or event.paid_on)
    handoff = known.handoff
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
    after = replace(handoff, standing=standing, acts=(*handoff.acts, done))
    return Decision(replace(procedure, handoff=after), told)


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
            declined = ProcedureDeclined(case_file_id=case_file_id, reasons=("refused_by_partner",))
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
