"""What dunning says about a case file in its amicable phase, and what it is asked."""

from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from common.messages import Command, Event, Personal
from contracts.values import Cents


class NoticeType(StrEnum):
    """The notices of the four strategies."""

    FOURTEEN_DAY_LETTER = "fourteen_day_letter"  # NL consumer, 6:96(6) BW
    FIRST_REMINDER = "first_reminder"  # BE consumer, XIX.2 WER/CDE: free
    FORMAL_NOTICE = "formal_notice"  # BE consumer, XIX.7 §2: the collector's notice
    DEMAND = "demand"
    FINAL_DEMAND = "final_demand"  # announces the judicial phase


class HoldReason(StrEnum):
    """Why a case file may not move."""

    DISPUTE = "dispute"
    ADDRESS_UNKNOWN = "address_unknown"
    NO_CHANNEL = "no_channel"
    LAW_NOT_VERIFIED = "law_not_verified"
    JUDICIAL_PHASE_NOT_APPROVED = "judicial_phase_not_approved"
    OUTCOME_UNKNOWN = "outcome_unknown"


class NoticeIssued(Event):
    """A notice left, proven by its channel. Its legal effect hangs on `sent_on`; `amount_cents` is the one amount it
    asked for.
    """

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    notice_id: UUID
    notice_type: NoticeType
    channel: Literal["email", "sms", "letter"]
    sent_on: date
    term_ends_on: date | None
    amount_cents: Cents


class NoticeTermExpired(Event):
    """The term of a notice passed unpaid. Carries what the ledger needs to charge what now may be charged."""

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    notice_id: UUID
    notice_type: NoticeType
    channel: Literal["email", "letter"]
    sent_on: date
    charges_from: date  # first day on which costs or indemnity may be claimed


class HoldPlaced(Event):
    """The case file may not move until the hold is released."""

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    reason: HoldReason
    basis: str  # rule id, or the fact that placed it
    placed_at: datetime


class HoldReleased(Event):
    """A person let the case file move again, as far as this reason goes; it rests while others are left."""

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    reason: HoldReason
    because: Personal  # in his words
    still_held: tuple[HoldReason, ...]
    released_at: datetime


class DisputeFiled(Event):
    """The debtor contests the claim."""

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    dispute_id: UUID
    reason: str  # from a closed list at the border
    text: Personal
    filed_at: datetime


class AmicablePhaseEnded(Event):
    """Dunning is done with the file: paid, or handed to the judicial phase."""

    topic: ClassVar[str] = "dunning.case-files.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    outcome: Literal["paid", "judicial"]


class FileDispute(Command):
    """A debtor contests, with the token of his notice (already looked up at the border)."""

    topic: ClassVar[str] = "dunning.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    dispute_id: UUID
    reason: Literal["not_mine", "already_paid", "not_delivered", "amount_wrong", "other"]
    text: Personal


class AskContact(Command):
    """A due file asks its debtor's row for leave to contact him (frequency over all his files)."""

    topic: ClassVar[str] = "dunning.requests.v1"
    key_field: ClassVar[str] = "debtor_id"
    subject_field: ClassVar[str | None] = "case_file_id"

    debtor_id: UUID
    case_file_id: UUID
    step: str
    version: int
    contact_on: date  # the debtor's local day


class GrantContact(Command):
    """The debtor's row grants this file's contact."""

    topic: ClassVar[str] = "dunning.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    step: str
    version: int


class RefuseContact(Command):
    """The debtor's row refuses this file's contact before a day."""

    topic: ClassVar[str] = "dunning.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    step: str
    version: int
    until_on: date  # first day that may be asked for
    rule: str
