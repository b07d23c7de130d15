"""Days on which banks settle in euro: the calendar of TARGET, the same for both countries (no law of either)."""

from datetime import date, timedelta

from statutes.calendars import SATURDAY, easter_sunday

FIXED_CLOSING_DAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
GOOD_FRIDAY_BEFORE_EASTER = timedelta(days=2)  # not law: a closing day of the banks


def is_bank_day(day: date) -> bool:
    """Monday to Friday without New Year, Good Friday, Easter Monday, 1 May and the two days of Christmas."""
    easter = easter_sunday(day.year)
    moving = {easter - GOOD_FRIDAY_BEFORE_EASTER, easter + timedelta(days=1)}
    return day.weekday() < SATURDAY and (day.month, day.day) not in FIXED_CLOSING_DAYS and day not in moving


def next_bank_day(day: date) -> date:
    """The day itself when banks settle on it, else the first one after it."""
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day
