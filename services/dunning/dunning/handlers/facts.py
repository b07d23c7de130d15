"""Facts of others: intake's claims, the ledger's money, the judicial phase. They come in any order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from common.decisions import Decision
from common.errors import InvalidMessage
from contracts.dunning import AmicablePhaseEnded, HoldReason
from contracts.intake import (
    CaseFileClosed,
    CaseFileOpened,
    CaseFileReopened,
    ClaimAccepted,
    CloseCaseFile,
    ReopenCaseFile,
)
from contracts.ledger import (
    AllocationPart,
    CaseFilePaid,
    CostCharged,
    CostLowered,
    PaymentAllocated,
    PaymentReversed,
    PaymentShare,
)
from contracts.legal import FileHandedOff, ProcedureDeclined, RecallAcknowledged
from dunning.domain.balances import SERIES
from dunning.domain.case_file import CaseFile, ClaimPayment, Ended, JoinedClaim
from dunning.domain.path import position_after_reversal, strategy_of, told_again
from dunning.domain.sending_times import local_day
from dunning.handlers.deciding import decided, held, recalled


def open_case_file(
    case_file: CaseFile | None, message: CaseFileOpened, now: datetime, *, token: str
) -> Decision[CaseFile]:
    """A case file begins; its token was drawn by the database."""
    if case_file is not None:
        raise InvalidMessage("already_open", "this case file was opened before")
    opened = CaseFile(
        case_file_id=message.case_file_id,
        reference_number=message.reference_number,
        segment=message.segment,
        mandate=message.mandate,
        debtor=message.debtor,
        token=token,
    )
    return decided(opened, now)


def join_claim(case_file: CaseFile, message: ClaimAccepted, now: datetime) -> Decision[CaseFile]:
    """A claim joins. When the first notice left without it, the path begins again: one notice names all claims."""
    terms = message.terms
    if any(claim.terms.claim_id == terms.claim_id for claim in case_file.claims):
        raise InvalidMessage("claim_twice", "this claim is on the file already")
    if any(notice.expired_at is not None for notice in case_file.notices):
        raise InvalidMessage("claim_too_late", "the term of a notice that does not name this claim has passed")
    joined = JoinedClaim(terms=terms, joined_on=local_day(strategy_of(case_file), now))
    claims = tuple(sorted((*case_file.claims, joined), key=lambda claim: claim.terms.claim_id))
    from_the_start = told_again(replace(case_file, claims=claims), position=0)
    if not case_file.notices:  # nothing was told yet
        from_the_start = replace(from_the_start, version=case_file.version)
    with_claim, recalls = recalled(from_the_start)
    return decided(with_claim, now, send=recalls)


def charge_costs(case_file: CaseFile, message: CostCharged, now: datetime) -> Decision[CaseFile]:
    """The ledger told what is owed besides principal; where it answers a notice, the next step may go."""
    unknown = {terms.series for terms in message.interest if terms.series is not None} - SERIES
    if unknown:
        raise InvalidMessage("unknown_series", f"the law has no series {', '.join(sorted(unknown))}")
    replaced = {terms.claim_id: terms for terms in (*case_file.interest, *message.interest)}
    charged = replace(
        case_file,
        charges=(*case_file.charges, *message.charges),
        interest=tuple(replaced[claim_id] for claim_id in sorted(replaced)),
    )
    notice = next((n for n in charged.notices if n.notice_id == message.notice_id), None)
    if notice is not None:
        charged = charged.with_notice(replace(notice, answered_at=now))
    return decided(charged, now)


def lower_costs(case_file: CaseFile, message: CostLowered, now: datetime) -> Decision[CaseFile]:
    """A payment was inside the term after all: what the notice brought is less, and what has not left asks too much."""
    charges = list(case_file.charges)
    for charge in message.reversed:
        if charge not in charges:
            raise InvalidMessage("unknown_charge", f"no {charge.kind} of {charge.amount_cents} cents to be reversed")
        charges.remove(charge)
    lowered, recalls = recalled(
        replace(
            case_file,
            charges=(*charges, *message.charges),
            interest=tuple(terms for terms in case_file.interest if terms.claim_id not in message.without_interest),
        )
    )
    return decided(lowered, now, send=recalls)


def follow_payment(case_file: CaseFile, message: PaymentAllocated, now: datetime) -> Decision[CaseFile]:
    """A payment calls back what has not left, for its amount is no longer right, and makes the next step wait. Where it
    was made before others that came first, all of them are told anew.
    """
    paid, recalls = recalled(replace(case_file, payments=tuple(_payments(case_file, message))))
    return decided(paid, now, send=recalls)


def _payments(case_file: CaseFile, message: PaymentAllocated) -> Iterator[ClaimPayment]:
    if message.all_shares:
        yield from map(_share, message.all_shares)
        return
    yield from case_file.payments
    for part in message.parts:
        cents = _covered_cents(part)
        if cents > 0:
            yield ClaimPayment(
                payment_id=message.payment_id, claim_id=part.claim_id, amount_cents=cents, value_on=message.value_on
            )


def _share(share: PaymentShare) -> ClaimPayment:
    return ClaimPayment(
        payment_id=share.payment_id,
        claim_id=share.claim_id,
        amount_cents=share.amount_cents,
        value_on=share.value_on,
    )


def _covered_cents(part: AllocationPart) -> int:
    return part.costs_cents + part.vat_cents + part.late_interest_cents + part.principal_cents + part.indemnity_cents


def end_when_paid(case_file: CaseFile, message: CaseFilePaid, now: datetime) -> Decision[CaseFile]:
    """Nothing is open: the file ends, whoever has it, and intake closes it."""
    case_file_id = case_file.case_file_id
    paid, recalls = recalled(
        replace(case_file, paid_on=message.paid_on, ended=case_file.ended or Ended.PAID, contact_asked=False)
    )
    ended = [AmicablePhaseEnded(case_file_id=case_file_id, outcome="paid")] if case_file.ended is None else []
    close = CloseCaseFile(case_file_id=case_file_id, code="paid")
    return decided(paid, now, send=[*recalls, *ended, close])


def follow_reversal(case_file: CaseFile, message: PaymentReversed, now: datetime) -> Decision[CaseFile]:
    """The bank took a payment back: what has not left asks the wrong amount. A file that was paid by it is open again:
    the amicable phase goes on; where the judicial phase had begun, its partner was called back and a person decides.
    """
    unpaid, recalls = recalled(replace(case_file, payments=tuple(map(_share, message.all_shares))))
    if message.open_cents == 0 or unpaid.paid_on is None:
        return decided(unpaid, now, send=recalls)
    send = [*recalls, ReopenCaseFile(case_file_id=case_file.case_file_id, code="payment_reversed")]
    unpaid = replace(unpaid, paid_on=None)
    if unpaid.ended is Ended.JUDICIAL:
        reason = HoldReason.JUDICIAL_PHASE_NOT_APPROVED
        return held(unpaid, now, reason=reason, basis="payment_reversed", send=send)
    goes_on = told_again(replace(unpaid, ended=None), position=position_after_reversal(unpaid))
    return decided(goes_on, now, send=send)


def close_case_file(case_file: CaseFile, message: CaseFileClosed, now: datetime) -> Decision[CaseFile]:
    """Intake closed it."""
    return decided(replace(case_file, closed_on=message.closed_on), now)


def reopen_case_file(case_file: CaseFile, message: CaseFileReopened, now: datetime) -> Decision[CaseFile]:
    """Intake has it open again."""
    del message
    return decided(replace(case_file, closed_on=None), now)


def follow_procedure(
    case_file: CaseFile, message: FileHandedOff | ProcedureDeclined | RecallAcknowledged, now: datetime
) -> Decision[CaseFile]:
    """What became of the judicial phase. A declined one leaves the file with a person."""
    match message:
        case ProcedureDeclined():
            basis = ", ".join(message.reasons)
            return held(case_file, now, reason=HoldReason.JUDICIAL_PHASE_NOT_APPROVED, basis=basis)
        case FileHandedOff():
            return decided(replace(case_file, partner=message.partner), now)
        case RecallAcknowledged():
            return decided(replace(case_file, partner=None), now)
