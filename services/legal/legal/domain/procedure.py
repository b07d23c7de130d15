"""A file in the judicial phase: with whom it is, and what he did."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Literal
from uuid import UUID

from contracts.legal import Balance


class Standing(StrEnum):
    """Where a handoff stands. Only forward."""

    ORDERED = "ordered"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    RECALL_ORDERED = "recall_ordered"
    RECALLED = "recalled"
    TOO_LATE = "recall_too_late"


WITH_PARTNER = frozenset({Standing.ORDERED, Standing.ACKNOWLEDGED})
"""The partner has the file and was not told to stop."""


@dataclass(frozen=True, kw_only=True)
class Act:
    """What the partner did, with its day and cost."""

    kind: str
    act_on: date
    cost_cents: int


@dataclass(frozen=True, kw_only=True)
class Handoff:
    """One handing over to one partner."""

    handoff_id: UUID
    partner: str
    profession: Literal["lawyer", "bailiff"]
    procedure: Literal["writ", "uncontested_claim_procedure"]
    standing: Standing
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """The judicial side of a case file. It exists from the first fact, so that a payment is known before a mandate."""

    case_file_id: UUID
    is_mandated: bool = False
    paid_on: date | None = None
    declined: tuple[str, ...] = ()
    balance: Balance | None = None  # the newest that was told, by the ledger or with the mandate
    handoff: Handoff | None = None


def newest(known: Balance | None, told: Balance) -> Balance:
    """Which of two owners' balances knows more payments; of two that know the same ones, the mandate's (`told`)."""
    return known if known is not None and known.paid_cents > told.paid_cents else told
