"""A file in the judicial phase: with whom it is, and what he did."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Literal, Self
from uuid import UUID

from contracts.legal import Balance


class Standing(StrEnum):
    """Where a handoff stands. Only forward, unless a file that was called back too late is paid once more."""

    ORDERED = "ordered"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    RECALL_ORDERED = "recall_ordered"
    RECALLED = "recalled"
    TOO_LATE = "recall_too_late"


WITH_PARTNER = frozenset({Standing.ORDERED, Standing.ACKNOWLEDGED, Standing.TOO_LATE})
"""The partner has the file and need not stop. Called back too late, he goes on with what is open, if anything is."""

CALLED_BACK = frozenset({Standing.RECALL_ORDERED, Standing.RECALLED})
"""The partner was told to stop. Whatever is owed again later, a person decides who asks for it."""


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
class Reversal:
    """A payment that the bank took back."""

    amount_cents: int
    value_on: date


@dataclass(frozen=True, kw_only=True)
class Procedure:
    """The judicial side of a case file. It exists from the first fact, so that a payment is known before a mandate."""

    case_file_id: UUID
    paid_on: date | None = None
    declined: tuple[str, ...] = ()
    balance: Balance | None = None  # the newest that was told, by the ledger or with the mandate
    mandated: Balance | None = None  # the last mandate's; null in a file that was handed off before this was kept
    most_paid_cents: int = 0  # of all that the ledger told
    reversal: Reversal | None = None  # the last one
    handoff: Handoff | None = None

    @property
    def asking(self) -> Handoff | None:
        """The handoff whose partner is to ask for the balance: he has the file, and it is not paid."""
        has_it = self.handoff is not None and self.handoff.standing in WITH_PARTNER
        return self.handoff if has_it and self.paid_on is None else None

    def told_by_ledger(self, balance: Balance, *, most_paid_cents: int) -> Self:
        """The file after what the ledger told, always in order; `most_paid_cents` were paid then or just before."""
        most = max(self.most_paid_cents, most_paid_cents)
        mandated = self.mandated or (self.balance if self.handoff is not None else None)
        return replace(self, balance=newest(balance, mandated, most_paid_cents=most), most_paid_cents=most)

    def told_by_mandate(self, balance: Balance) -> Self:
        """The file after a mandate came, before or behind what the ledger tells."""
        known = self.balance
        after = balance if known is None else newest(known, balance, most_paid_cents=self.most_paid_cents)
        return replace(self, balance=after, mandated=balance)


def newest(told: Balance, mandated: Balance | None, *, most_paid_cents: int) -> Balance:
    """Which of two owners' balances knows more of the payments and reversals: the ledger's (`told`) or the mandate's.

    The mandate's, where it counts as much and is no older, or counts more than was ever paid, so it knows what the
    ledger has yet to tell. Else it may not know what the bank took back; if it knows more, the ledger tells that soon.
    """
    if mandated is None:
        return told
    counts_as_much = mandated.paid_cents == told.paid_cents and mandated.as_of >= told.as_of
    counts_more = mandated.paid_cents > max(told.paid_cents, most_paid_cents)
    return mandated if counts_as_much or counts_more else told
