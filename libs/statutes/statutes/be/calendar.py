"""The Belgian calendar: ten legal holidays and the working day of the Civil code (BE-GEN-4, BE-GEN-5).

Computed for every year. A Saturday is no working day (art. 1.7 § 3 BW/C.civ., since 1 January 2023); a region's own
days (11 July, 27 September, 15 November) are no legal holidays.
"""

from datetime import date, timedelta
from functools import cache
from typing import Any, Final, cast

from statutes.calendars import SATURDAY, easter_sunday
from statutes.days import day_after, plus_days
from statutes.tables import table
from statutes.topics import cites

cites("BE-GEN-4", "BE-GEN-5", by="statutes.be.calendar")

MOST_DAYS_OFF_IN_A_ROW: Final = 10


def is_holiday(day: date) -> bool:
    """Whether the day is one of the ten legal holidays (BE-GEN-4)."""
    return day in holidays(day.year)


def is_working_day(day: date) -> bool:
    """Monday to Friday without the legal holidays (BE-GEN-5)."""
    return day.weekday() < SATURDAY and not is_holiday(day)


def next_working_day(day: date) -> date:
    """The day itself when it is a working day, else the first one after it."""
    for _ in range(MOST_DAYS_OFF_IN_A_ROW):
        if is_working_day(day):
            return day
        day = day_after(day)
    raise AssertionError("no run of days off is that long")


def nth_working_day_after(day: date, count: int) -> date:
    """The count-th working day after a day; the day itself never counts."""
    assert count >= 1, "the day itself is no day after it"
    for _ in range(count):
        day = next_working_day(day_after(day))
    return day


def day_of_term(first_day: date, number: int) -> date:
    """The day with that number in a term whose first day is day 1."""
    return plus_days(first_day, number - 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """The legal holidays of a year; one on a Sunday is not replaced."""
    easter = easter_sunday(year)
    rules = cast("list[dict[str, Any]]", table("be.legal_holidays").current.value)
    return frozenset(
        easter + timedelta(days=rule["days_after_easter"])
        if "days_after_easter" in rule
        else date(year, rule["month"], rule["day"])
        for rule in rules
    )
