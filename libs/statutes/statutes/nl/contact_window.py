"""When a debtor may be approached (Bki art. 4.2): never at night, on Sundays, holidays or days made equal to them."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Literal, TypeAlias

from statutes.calendars import SUNDAY, is_dutch_holiday
from statutes.explanation import Line
from statutes.tables import table
from statutes.topics import topic

ContactChannel: TypeAlias = Literal["phone", "e_mail", "sms", "visit"]
ContactReason: TypeAlias = Literal["holiday", "night", "sunday"]


@dataclass(frozen=True, kw_only=True)
class ContactWindow:
    """Whether contact is allowed at a moment, why not, and the first moment at which it is."""

    allowed: bool
    reasons: tuple[ContactReason, ...]
    next_allowed_at: datetime
    explanation: tuple[Line, ...] = ()


@topic("nl.contact_window", rules=("NL-WKI-1", "NL-WKI-4", "NL-WKI-5"))
def contact_window(*, at: datetime, channel: ContactChannel, is_natural_person: bool = True) -> ContactWindow:
    """May the debtor be approached at this local time (`Europe/Amsterdam`) by this channel (Bki art. 4.2)?

    Every channel alike: 07:00 <= local time < 20:00 on days that are no Sunday or holiday. Only natural persons are
    protected. Raises `RateNotVerified` when a day that it must look at lies outside the verified calendar.
    """
    del channel  # the hours are those of every channel, automated batches included
    reasons = _reasons(at) if is_natural_person else ()
    lines = tuple(
        Line(rule_id="NL-WKI-4", article="Bki art. 4.2", text_key=f"nl.contact.{reason}") for reason in reasons
    )
    return ContactWindow(
        allowed=not reasons,
        reasons=reasons,
        next_allowed_at=next_contact_moment(at=at) if reasons else at,
        explanation=lines,
    )


def next_contact_moment(*, at: datetime) -> datetime:
    """The first local time, `at` or later, at which a natural person may be approached (Bki art. 4.2).

    Raises `RateNotVerified` when the search leaves the verified calendar.
    """
    opens, closes = _hours()
    if at.time() < opens or at.time() >= closes or _day_reasons(at):
        next_day = at.time() >= opens
        at = datetime.combine(at.date() + timedelta(days=int(next_day)), opens)
        while _day_reasons(at):
            at += timedelta(days=1)
    return at


def _reasons(at: datetime) -> tuple[ContactReason, ...]:
    opens, closes = _hours()
    night: tuple[ContactReason, ...] = () if opens <= at.time() < closes else ("night",)
    return tuple(sorted((*night, *_day_reasons(at))))


def _day_reasons(at: datetime) -> tuple[ContactReason, ...]:
    holiday: tuple[ContactReason, ...] = ("holiday",) if is_dutch_holiday(at.date()) else ()
    sunday: tuple[ContactReason, ...] = ("sunday",) if at.weekday() == SUNDAY else ()
    return (*holiday, *sunday)


def _hours() -> tuple[time, time]:
    hours = table("nl.contact_hours").current.value
    return time.fromisoformat(hours["from"]), time.fromisoformat(hours["until"])
