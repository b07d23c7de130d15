"""Which procedure the law opens for a file, and what may be asked in it."""

from dataclasses import dataclass
from typing import Literal

from common.money import to_cents, to_decimal
from contracts.legal import Balance, MandateProcedure
from contracts.values import Segment
from statutes import be

ProcedureName = Literal["writ", "uncontested_claim_procedure"]

PROCEDURES: dict[Segment, ProcedureName] = {
    Segment.NL_CONSUMER: "writ",
    Segment.NL_ENTERPRISE: "writ",
    Segment.BE_CONSUMER: "writ",
    Segment.BE_ENTERPRISE: "uncontested_claim_procedure",
}
"""Where a file of each segment goes first (BE-IOS-4: uncontested claims between enterprises only)."""

NOTHING_OPEN = "nothing_open"
"""The one reason that passes: when a payment is taken back, something is open again."""


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A procedure with what is asked in it, or the reasons why there is none."""

    procedure: ProcedureName
    balance: Balance
    reasons: tuple[str, ...] = ()


def choose_procedure(command: MandateProcedure, balance: Balance) -> Choice:
    """The segment's procedure, when the mandate and the law allow it on these facts and what is owed by now. The client
    approves court costs beforehand or not at all; nothing is started without it.
    """
    procedure = PROCEDURES[command.segment]
    asked = asked_in(procedure, balance)
    if not command.mandate.judicial_phase_approved:
        return Choice(procedure=procedure, balance=asked, reasons=("not_mandated",))
    if balance.open_cents <= 0:
        return Choice(procedure=procedure, balance=asked, reasons=(NOTHING_OPEN,))
    if procedure == "writ":
        return Choice(procedure=procedure, balance=asked)
    verdict = be.ios_eligibility(
        creditor_is_registered=bool(command.mandate.creditor.enterprise_number),
        debtor_is_registered=bool(command.debtor.enterprise_number),
        in_course_of_enterprise=all(claim.is_commercial_contract for claim in command.claims),
    )
    return Choice(procedure=procedure, balance=asked, reasons=tuple(verdict.reasons))


def asked_in(procedure: ProcedureName, balance: Balance) -> Balance:
    """What of a balance may be asked in a procedure."""
    return balance if procedure == "writ" else _capped(balance)


def _capped(balance: Balance) -> Balance:
    """Interest and clause together are at most a tenth of the principal (BE-IOS-5); what the law adds stands beside."""
    cap = be.ios_extras_cap(
        principal=to_decimal(balance.principal_cents),
        late_interest=to_decimal(balance.late_interest_cents),
        indemnity=to_decimal(balance.indemnity_cents),
        legal_increases=to_decimal(balance.costs_cents),
    )
    extras = to_cents(cap.extras)
    interest = min(balance.late_interest_cents, extras)
    indemnity = min(balance.indemnity_cents, extras - interest)
    dropped = balance.late_interest_cents - interest + balance.indemnity_cents - indemnity
    return balance.model_copy(
        update={
            "late_interest_cents": interest,
            "indemnity_cents": indemnity,
            "open_cents": balance.open_cents - dropped,
        }
    )
