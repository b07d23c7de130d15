"""Arithmetic with calendar days: months and years by day number, anniversaries."""

from calendar import monthrange
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from statutes.errors import InvalidInput

LeapDayAnniversary: TypeAlias = Literal["02-28", "03-01"]

ONE_DAY: Final = timedelta(days=1)
MONTHS_IN_YEAR: Final = 12
LAST_YEAR: Final = 9999


def day_after(day: date) -> date:
    """The next calendar day."""
    return plus_days(day, 1)


def plus_days(day: date, days: int) -> date:
    """The day so many days later.

    Raises `InvalidInput` past the calendar.
    """
    try:
        return day + timedelta(days=days)
    except OverflowError as error:
        raise InvalidInput(f"{days} days from {day} lies outside the calendar") from error


def plus_months(day: date, months: int) -> date:
    """The same day number so many months later (or earlier), the month's last day where that number does not exist."""
    year, month = divmod(day.year * MONTHS_IN_YEAR + day.month - 1 + months, MONTHS_IN_YEAR)
    if not 1 <= year <= LAST_YEAR:
        raise InvalidInput(f"{months} months from {day} lies outside the calendar")
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def plus_years(day: date, years: int) -> date:
    """The same day so many years later; 29 February gives 28 February in other years."""
    return plus_months(day, MONTHS_IN_YEAR * years)


def anniversary(start: date, years: int, leap_day: LeapDayAnniversary = "02-28") -> date:
    """The day on which `years` full years have passed since `start` (NL-INT-6)."""
    day = plus_years(start, years)
    moved = day.day != start.day
    return day_after(day) if moved and leap_day == "03-01" else day
