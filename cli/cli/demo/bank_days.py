"""The hours at which the world acts, and the days on which banks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from statutes.calendars import easter_sunday

LOCAL = ZoneInfo("Europe/Amsterdam")  # Brussels keeps the same time
BANK_TIME = time(6)
WORLD_TIME = time(11)
SATURDAY = 5


def instant(day: date, at: time) -> datetime:
    """A local time as an instant in UTC."""
    return datetime.combine(day, at, LOCAL).astimezone(UTC)


def local_day(at: datetime) -> date:
    """The day on the clock in Amsterdam and Brussels."""
    return at.astimezone(LOCAL).date()


def is_bank_day(day: date) -> bool:
    """Monday to Friday without the six holidays of the Eurosystem's T2."""
    easter = easter_sunday(day.year)
    closed = {
        date(day.year, 1, 1),
        easter - timedelta(days=2),
        easter + timedelta(days=1),
        date(day.year, 5, 1),
        date(day.year, 12, 25),
        date(day.year, 12, 26),
    }
    return day.weekday() < SATURDAY and day not in closed


def next_bank_day(day: date) -> date:
    """The day itself, or the first bank day after it."""
    while not is_bank_day(day):
        day += timedelta(days=1)
    return day


def is_post_day(day: date) -> bool:
    """Whether letters are brought round."""
    return day.weekday() < SATURDAY


def post_day_after(day: date, count: int) -> date:
    """The count-th day of post after a day."""
    for _ in range(count):
        day += timedelta(days=1)
        while not is_post_day(day):
            day += timedelta(days=1)
    return day
