"""Messages on their way, and the print batches of a day: what they are, and when they must be looked at again."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from common.ids import name_id
from common.messages import Personal, Value
from contracts.notifications import Content, Medium
from contracts.values import Language

LOCAL = ZoneInfo("Europe/Amsterdam")  # Brussels keeps the same time
CUT_OFF = time(17, 0)
LAST_PRINT_WEEKDAY = 5  # Friday
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_LETTERS = 1_000  # of one batch: its row is written with each letter that joins
NEVER_LEFT = "never left"  # what a channel answers about a call of an earlier life that did not arrive


class Status(StrEnum):
    """Where a message stands."""

    SENDING = "sending"  # a call to its receiver is under way
    WAITING = "waiting"  # the receiver could not take it; tried again at `retry_at`
    PRINTING = "printing"  # in a print batch
    SENT = "sent"
    FAILED = "failed"
    EXPIRED = "expired"
    RECALLED = "recalled"


FINAL = frozenset({Status.SENT, Status.FAILED, Status.EXPIRED, Status.RECALLED})


@dataclass(frozen=True, kw_only=True)
class BatchPlace:
    """A print batch: its local day, and which one of that day."""

    print_on: date
    part: int = 1

    @property
    def batch_id(self) -> UUID:
        """The same day and part always name the same batch."""
        return name_id("print_batch", self.print_on, self.part)

    @property
    def cut_off_at(self) -> datetime:
        """When the batch closes."""
        return datetime.combine(self.print_on, CUT_OFF, LOCAL)

    @property
    def name(self) -> str:
        """The batch's folder: `2026-03-02-1`."""
        return f"{self.print_on}-{self.part}"


@dataclass(frozen=True, kw_only=True)
class OutgoingMessage:
    """One finished message. Its content is kept until nothing can be done with it any more."""

    message_id: UUID
    medium: Medium
    language: Language
    release_until: datetime
    status: Status
    content: Personal | None
    is_recalled: bool = False  # recalled while it could still leave: it does not get another try
    attempts: int = 0
    retry_at: datetime | None = None
    place: BatchPlace | None = None

    def may_leave(self, now: datetime) -> bool:
        """Whether it may be released at this instant."""
        return now < self.release_until and not self.is_recalled

    def ended(self, status: Status) -> "OutgoingMessage":
        """It is done with."""
        return replace(self, status=status, content=None, retry_at=None)

    def put_off(self, now: datetime) -> "OutgoingMessage":
        """Its receiver could not take it: tried again after a pause that doubles up to an hour."""
        return replace(self, status=Status.WAITING, retry_at=now + pause_after(self.attempts))


@dataclass(frozen=True, kw_only=True)
class Correspondence:
    """All messages of one case file, and recalls of messages that were not ordered yet."""

    case_file_id: UUID
    messages: tuple[OutgoingMessage, ...] = ()
    recalled_early: tuple[UUID, ...] = ()

    def find(self, message_id: UUID) -> OutgoingMessage | None:
        """The message of this id."""
        return next((message for message in self.messages if message.message_id == message_id), None)

    def with_message(self, message: OutgoingMessage) -> "Correspondence":
        """With this message added, or in place of its former self."""
        others = self.messages if self.find(message.message_id) is None else None
        if others is not None:
            return replace(self, messages=(*others, message))
        return replace(
            self, messages=tuple(message if m.message_id == message.message_id else m for m in self.messages)
        )


def next_correspondence_at(correspondence: Correspondence) -> datetime | None:
    """The earliest retry or expiry of a message that waits."""
    instants = [
        min(message.retry_at, message.release_until)
        for message in correspondence.messages
        if message.status is Status.WAITING and message.retry_at is not None
    ]
    return min(instants, default=None)


def pause_after(attempts: int) -> timedelta:
    """How long to wait after so many attempts: one minute, doubling, an hour at most."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(max(attempts - 1, 0), 16))


def next_batch(now: datetime, *, full: BatchPlace | None = None, closed: BatchPlace | None = None) -> BatchPlace:
    """The batch that a letter joins at this instant: of today until the cut-off, else of the next working day; the
    part after `full` when that one is of the same day; a later day than that of `closed`.
    """
    local = (now if closed is None else max(now, closed.cut_off_at)).astimezone(LOCAL)
    day = local.date()
    if local.time() >= CUT_OFF:
        day += timedelta(days=1)
    while day.isoweekday() > LAST_PRINT_WEEKDAY:
        day += timedelta(days=1)
    part = full.part + 1 if full is not None and full.print_on == day else 1
    return BatchPlace(print_on=day, part=part)


def can_reach(content: Content, medium: Medium) -> bool:
    """Whether the content says where to deliver it by this medium."""
    return bool({"email": content.email, "sms": content.phone, "letter": content.address}[medium])


class Stage(StrEnum):
    """Where a print batch stands."""

    OPEN = "open"
    PRINTING = "printing"  # being written, or nobody knows whether it was
    WAITING = "waiting"  # certainly not written; tried again at `retry_at`
    PRINTED = "printed"


@dataclass(frozen=True, kw_only=True)
class BatchLetter:
    """One letter of a batch. `fault` says why it could not be set; it may quote the letter and stays here."""

    message_id: UUID
    case_file_id: UUID
    language: Language
    release_until: datetime
    content: Personal | None
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class PrintBatch:
    """The letters that go to the printer together. `place` is unknown while only a withdrawal was seen."""

    place: BatchPlace | None = None
    stage: Stage = Stage.OPEN
    letters: tuple[BatchLetter, ...] = ()
    withdrawn_early: tuple[UUID, ...] = ()
    attempts: int = 0
    retry_at: datetime | None = None

    def find(self, message_id: UUID) -> BatchLetter | None:
        """The letter of this message."""
        return next((letter for letter in self.letters if letter.message_id == message_id), None)


def next_batch_at(batch: PrintBatch) -> datetime | None:
    """The cut-off of an open batch; the next try of one that could not be written."""
    if batch.stage is Stage.OPEN:
        return batch.place.cut_off_at if batch.place is not None and batch.letters else None
    return batch.retry_at


class Delivery(Value):
    """What a channel is given: the message as its receiver gets it, released at an instant."""

    message_id: UUID
    language: Language
    released_at: datetime
    content: Personal


class LetterToPrint(Value):
    """One letter for the printer."""

    message_id: UUID
    language: Language
    content: Personal


class PrintOrder(Value):
    """A whole batch for the printer. Letters are dated by the batch's day: their bytes are the same twice."""

    batch_id: UUID
    name: str
    print_on: date
    created_at: datetime
    letters: tuple[LetterToPrint, ...]
