"""The case file as dunning knows it: facts of four owners, kept so that their order of arrival does not matter."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from common.decisions import Thing
from contracts.dunning import HoldReason, NoticeType
from contracts.ledger import Charge, InterestTerms
from contracts.notifications import Medium
from contracts.values import Cents, ClaimTerms, DebtorContact, DebtorFacts, Mandate, Segment


class Ended(StrEnum):
    """How the amicable phase ended."""

    PAID = "paid"
    JUDICIAL = "judicial"


@dataclass(frozen=True, kw_only=True)
class JoinedClaim:
    """A claim, and the local day on which we took it in."""

    terms: ClaimTerms
    joined_on: date


@dataclass(frozen=True, kw_only=True)
class ClaimPayment:
    """What one payment covered of one claim."""

    payment_id: UUID
    claim_id: UUID
    amount_cents: Cents
    value_on: date


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why the file may not move (opschorting, suspension)."""

    reason: HoldReason
    basis: str
    placed_at: datetime


@dataclass(frozen=True, kw_only=True)
class MessageUnderWay:
    """A message handed to notifications, of which nothing was heard yet."""

    message_id: UUID
    notice_id: UUID
    medium: Medium
    asked_cents: Cents
    step: str | None = None  # null in what was kept before this was: the file's step
    is_recalled: bool = False
    is_superseded: bool = False  # its step is told again: if it left, it has no effect


@dataclass(frozen=True, kw_only=True)
class Notice:
    """A notice that left (aanzegging, avis), with its term and what came of it."""

    notice_id: UUID
    message_id: UUID
    step: str
    notice_type: NoticeType
    medium: Medium
    sent_on: date
    asked_cents: Cents
    term_ends_on: date | None = None
    charges_from: date | None = None
    expires_at: datetime | None = None  # when an unpaid term is found to have passed
    expired_at: datetime | None = None
    answered_at: datetime | None = None  # the ledger told what may be claimed since
    is_void: bool = False  # returned after it was accepted, or replaced: without effect
    came_back: bool = False  # so it reached nobody

    @property
    def term_runs(self) -> bool:
        """Whether the end of its term is still to come."""
        return self.expires_at is not None and self.expired_at is None and not self.is_void


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One debtor for one client in the amicable phase. `step` is the position in its strategy's path."""

    case_file_id: UUID
    reference_number: str
    segment: Segment
    mandate: Mandate
    debtor: DebtorFacts
    token: str  # 128 bits, hexadecimal: whoever holds a notice may dispute
    claims: tuple[JoinedClaim, ...] = ()
    charges: tuple[Charge, ...] = ()
    interest: tuple[InterestTerms, ...] = ()
    payments: tuple[ClaimPayment, ...] = ()
    paid_on: date | None = None
    holds: tuple[Hold, ...] = ()
    dispute_ids: tuple[UUID, ...] = ()
    notices: tuple[Notice, ...] = ()
    step: int = 0
    version: int = 1  # raised with each message: no id is used twice
    failed_media: tuple[Medium, ...] = ()  # of this step
    contact_asked: bool = False
    under_way: MessageUnderWay | None = None
    not_before_on: date | None = None  # a refused contact, or a step put off
    next_step_at: datetime | None = None
    ended: Ended | None = None
    partner: str | None = None  # who has the file in the judicial phase
    closed_on: date | None = None

    @property
    def contact(self) -> DebtorContact:
        """How to reach the debtor."""
        return self.debtor.contact.unpack(DebtorContact)

    @property
    def is_stopped(self) -> bool:
        """Whether nothing goes out any more, or for now."""
        return self.ended is not None or self.paid_on is not None or bool(self.holds)

    @property
    def last_payment_on(self) -> date | None:
        """Value date of the last payment."""
        return max((payment.value_on for payment in self.payments), default=None)

    def notice_of(self, step: str) -> Notice | None:
        """The notice of a step that counts."""
        return next((n for n in reversed(self.notices) if n.step == step and not n.is_void), None)

    def with_notice(self, changed: Notice) -> "CaseFile":
        """The file with this notice in the place of its earlier self."""
        return replace(self, notices=tuple(changed if n.notice_id == changed.notice_id else n for n in self.notices))

    def with_hold(self, reason: HoldReason, *, basis: str, at: datetime) -> "CaseFile":
        """The file with one more reason to rest; the same reason on the same basis counts once."""
        if any(hold.reason is reason and hold.basis == basis for hold in self.holds):
            return self
        return replace(self, holds=(*self.holds, Hold(reason=reason, basis=basis, placed_at=at)))


def next_due_at(case_file: CaseFile) -> datetime | None:
    """When the file must be looked at again: its next step, or the end of a term. A stopped file rests."""
    if case_file.is_stopped:
        return None
    instants = [notice.expires_at for notice in case_file.notices if notice.term_runs]
    return min((at for at in (case_file.next_step_at, *instants) if at is not None), default=None)


CASE_FILE = Thing(name="case_file", state=CaseFile, next_due_at=next_due_at, extra_columns=("token",))
