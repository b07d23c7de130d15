"""Finished messages to deliver, and what became of them. No legal word: text is data."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from common.messages import Command, Event, Personal, Value
from contracts.values import Address, Cents, Language

Medium = Literal["email", "sms", "letter"]


class TextBlock(Value):
    """A heading or a paragraph of the finished text."""

    kind: Literal["heading", "paragraph", "emphasis"]
    text: str


class TableBlock(Value):
    """A table of the finished text; the last column is right-aligned. A row may be a total."""

    kind: Literal["table"] = "table"
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: tuple[str, ...] | None = None


class PaymentBlock(Value):
    """How to pay: one amount, one account, one reference; the QR payload is finished too."""

    kind: Literal["payment"] = "payment"
    amount_cents: Cents
    beneficiary: str
    iban: str
    reference: str  # as printed and as typed by the payer
    qr_payload: str  # EPC069-12
    labels: tuple[str, str, str, str]  # amount, account, name, reference, in the language of the message
    qr_alternative: str  # what the code is, for who cannot see it


Block = TextBlock | TableBlock | PaymentBlock


class Content(Value):
    """A finished message: packed whole into one `Personal`."""

    recipient_name: str
    email: str | None = None
    phone: str | None = None
    address: Address | None = None
    sender_name: str
    sender_email: str
    sender_lines: tuple[str, ...]  # letterhead: address, numbers, how to reach us
    place_and_date: str
    subject: str
    blocks: tuple[Annotated[Block, Field(discriminator="kind")], ...]  # for SMS: one paragraph, the whole text
    footer: tuple[str, ...] = ()


class SendMessage(Command):
    """Deliver this, in this medium, if it can leave before `release_until` and was not recalled."""

    topic: ClassVar[str] = "notifications.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID  # uuid5 of case file, step and version
    medium: Medium
    language: Language
    release_until: datetime
    content: Personal  # packs a Content


class RecallMessage(Command):
    """Do not deliver it, if it has not left."""

    topic: ClassVar[str] = "notifications.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID


class PrintLetter(Command):
    """A letter joins the print batch of its day (sent by notifications to itself)."""

    topic: ClassVar[str] = "notifications.requests.v1"
    key_field: ClassVar[str] = "batch_id"
    subject_field: ClassVar[str | None] = "case_file_id"

    batch_id: UUID  # uuid5 of day and part
    print_on: date
    part: int  # a batch that is full is followed by another of the same day
    cut_off_at: datetime
    case_file_id: UUID
    message_id: UUID
    language: Language
    release_until: datetime
    content: Personal


class WithdrawLetter(Command):
    """A letter leaves the print batch before its cut-off."""

    topic: ClassVar[str] = "notifications.requests.v1"
    key_field: ClassVar[str] = "batch_id"
    subject_field: ClassVar[str | None] = "case_file_id"

    batch_id: UUID
    case_file_id: UUID
    message_id: UUID


class ConfirmLetter(Command):
    """What the print batch did with a letter (sent by notifications to itself)."""

    topic: ClassVar[str] = "notifications.requests.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID
    outcome: Literal["printed", "withdrawn", "expired", "failed", "returned", "full", "closed"]
    detail: str
    at: datetime


class MessageSent(Event):
    """A receiver accepted the message; `proof` is what he answered."""

    topic: ClassVar[str] = "notifications.messages.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID
    medium: Medium
    sent_at: datetime
    proof: str  # SMTP answer, provider's id, batch and SHA-256 of the letter


class MessageFailed(Event):
    """The message will not arrive in this medium."""

    topic: ClassVar[str] = "notifications.messages.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID
    medium: Medium
    reason: Literal["bounced", "invalid_address", "returned", "rendering", "outcome_unknown"]
    detail: str
    failed_at: datetime


class MessageExpired(Event):
    """It could not leave before `release_until`; who sent it judges again."""

    topic: ClassVar[str] = "notifications.messages.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID
    medium: Medium


class MessageRecalled(Event):
    """It was recalled before it left."""

    topic: ClassVar[str] = "notifications.messages.v1"
    key_field: ClassVar[str] = "case_file_id"

    case_file_id: UUID
    message_id: UUID
    medium: Medium
