"""Days off: Easter for every year, and the Dutch calendar, computed once for the years that are verified."""

from datetime import date, timedelta
from functools import cache
from typing import Any, Final, cast

from statutes.errors import RateNotVerified
from statutes.tables import table
from statutes.topics import cites

cites("NL-WKI-5", by="statutes.calendars")

SATURDAY: Final = 5
SUNDAY: Final = 6
MONDAY: Final = 0


@cache
def easter_sunday(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the method of Meeus, Jones and Butcher)."""
    golden = year % 19
    century, in_century = divmod(year, 100)
    leap_centuries, century_rest = divmod(century, 4)
    correction = (century - (century + 8) // 25 + 1) // 3
    epact = (19 * golden + century - leap_centuries - correction + 15) % 30
    leaps, leap_rest = divmod(in_century, 4)
    weekday = (32 + 2 * century_rest + 2 * leaps - epact - leap_rest) % 7
    late = (golden + 11 * epact + 22 * weekday) // 451
    month, day = divmod(epact + weekday - 7 * late + 114, 31)
    return date(year, month, day + 1)


def is_dutch_holiday(day: date) -> bool:
    """A general holiday or a day made equal to one (Algemene termijnenwet art. 3; NL-WKI-5).

    Raises `RateNotVerified` outside the verified years.
    """
    equated = table("nl.equated_days")
    if day < equated.verified_from or (equated.verified_until is not None and day > equated.verified_until):
        raise RateNotVerified(f"the Dutch calendar is not verified for {day} (NL-WKI-5)")
    return day in _dutch_holidays(day.year)


def next_dutch_working_day(day: date) -> date:
    """That day, or the first after it that is no Saturday, Sunday or holiday (Algemene termijnenwet art. 1)."""
    while day.weekday() in (SATURDAY, SUNDAY) or is_dutch_holiday(day):
        day += timedelta(days=1)
    return day


@cache
def _dutch_holidays(year: int) -> frozenset[date]:
    easter = easter_sunday(year)
    general = cast("list[dict[str, Any]]", table("nl.general_holidays").current.value)
    decreed = cast("list[date]", table("nl.equated_days").at(date(year, 1, 1)).value)
    return frozenset(
        {_dutch_holiday(rule, year, easter) for rule in general} | {day for day in decreed if day.year == year}
    )


def _dutch_holiday(rule: dict[str, Any], year: int, easter: date) -> date:
    if "days_after_easter" in rule:
        return easter + timedelta(days=rule["days_after_easter"])
    day = date(year, rule["month"], rule["day"])
    return day - timedelta(days=1) if rule.get("day_before_when_sunday") and day.weekday() == SUNDAY else day
