"""When a consumer may be approached (art. XIX.10 and XIX.11 WER/CDE)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal, TypeAlias, cast

from statutes.days import day_after
from statutes.tables import table
from statutes.topics import topic

ContactChannel: TypeAlias = Literal["phone", "e_mail", "sms", "visit"]


@dataclass(frozen=True, kw_only=True)
class ContactWindow:
    """Whether a consumer may be approached at a moment, why not, and the next moment at which it is allowed."""

    allowed: bool
    reasons: tuple[Literal["night"], ...]
    next_allowed_at: datetime


@topic("be.contact_window", rules=("BE-COL-8", "BE-COL-9", "BE-COL-13", "BE-XIX-2"))
def contact_window(*, at: datetime, channel: ContactChannel, acts_as_consumer: bool = True) -> ContactWindow:
    """Visits and phone calls to a consumer only at 08:00 <= local time < 22:00, on every day.

    `at` is the time on the clock of Europe/Brussels, without a time zone. E-mail and SMS have no hours. Once there is
    an enforceable title Book XIX no longer holds: then `acts_as_consumer` is false.
    """
    assert at.tzinfo is None, "the local time in Brussels, without a time zone"
    hours = cast("dict[str, int]", table("be.contact_hours").current.value)
    opens_at, closes_at = time(hours["first"]), time(hours["closing"])
    if opens_at <= at.time() < closes_at or not acts_as_consumer or channel in ("e_mail", "sms"):
        return ContactWindow(allowed=True, reasons=(), next_allowed_at=at)
    day: date = at.date() if at.time() < opens_at else day_after(at.date())
    return ContactWindow(allowed=False, reasons=("night",), next_allowed_at=datetime.combine(day, opens_at))
