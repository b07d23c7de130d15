"""How interest grows on a balance, line by line: the arithmetic that interest and statements share.

Days are ordinals, periods are half-open (NL-GEN-3), amounts are whole cents (or exact fractions of a cent where only
the total is rounded). Work grows with rate changes, anniversaries and payments, never with days.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Final

from statutes.days import LeapDayAnniversary, anniversary
from statutes.money import PERCENT_UNITS, divided_half_up
from statutes.policies import DAY_COUNT, LEAP_DAY_ANNIVERSARY, DayCount
from statutes.rates import LAST_ORDINAL, RateRuns
from statutes.topics import cites

cites("NL-GEN-3", by="statutes.accrual")

DAYS_IN_YEAR: Final = 365
LEAP_YEAR_DAYS: Final = 366
HUNDRED_PERCENT: Final = 100 * PERCENT_UNITS
ACT_365_DIVISOR: Final = HUNDRED_PERCENT * DAYS_IN_YEAR


@dataclass(slots=True)
class AccrualLine:
    """Interest of days of one rate on one base; `until` no longer counts. Cents, millionths of a percent."""

    start: int
    until: int
    units: int
    base: int | Fraction
    late_interest: int | Fraction


class DutchAccrual:
    """Interest that is capitalised on each anniversary of its first day, or never (6:119 lid 2, 6:119a lid 3 BW).

    `exact` keeps lines as fractions, for the policy that rounds the total only; else each line is rounded half up. With
    `skip_without_base`, days on which nothing is left to bear interest need no rate.
    """

    __slots__ = (
        "_anniversary",
        "_day_count",
        "_exact",
        "_first",
        "_index",
        "_leap_day",
        "_runs",
        "_skip_without_base",
        "_start",
        "_years",
        "capitalisations",
        "capitalised",
        "lines",
        "principal",
        "running",
        "today",
        "total",
    )

    def __init__(
        self,
        *,
        principal: int,
        runs: RateRuns,
        start: date,
        yearly: bool,
        day_count: DayCount = DAY_COUNT,
        leap_day: LeapDayAnniversary = LEAP_DAY_ANNIVERSARY,
        exact: bool = False,
        skip_without_base: bool = False,
    ) -> None:
        self.principal: int | Fraction = principal
        self.capitalised: int | Fraction = 0
        self.running: int | Fraction = 0
        self.total: int | Fraction = 0
        self.lines: list[AccrualLine] = []
        self.capitalisations: list[tuple[int, int | Fraction]] = []
        self.today = start.toordinal()
        self._runs = runs
        self._start = start
        self._first = self.today
        self._day_count = day_count
        self._leap_day: LeapDayAnniversary = leap_day
        self._exact = exact
        self._skip_without_base = skip_without_base
        self._index = -1
        self._years = 1
        self._anniversary = anniversary(start, 1, leap_day).toordinal() if yearly else LAST_ORDINAL

    @property
    def base(self) -> int | Fraction:
        """What bears interest: principal and capitalised interest."""
        return self.principal + self.capitalised

    def accrue(self, until: int) -> None:
        """Let the interest of the days before `until` grow; capitalise on the anniversaries before it.

        Raises `RateNotVerified` for a day without a verified rate.
        """
        runs = self._runs
        while self.today < until:
            if self.today == self._anniversary:
                self.capitalise_on(self.today)
            if self._skip_without_base and not self.principal + self.capitalised:
                self.today = min(until, self._anniversary)
                self._index = -1
                continue
            if self._index < 0 or self.today >= runs.end_of(self._index):
                self._index = runs.index_at(self.today)
            stop = min(until, runs.end_of(self._index), self._anniversary)
            self._add_line(stop, runs.units[self._index])

    def capitalise_on(self, day: int) -> None:
        """Add the interest of the year that ended to the base, when that day is its anniversary (NL-INT-6)."""
        if day != self._anniversary:
            return
        self.capitalised += self.running
        self.running = 0
        self.capitalisations.append((day, self.base))
        self._years += 1
        self._anniversary = anniversary(self._start, self._years, self._leap_day).toordinal()

    def _add_line(self, stop: int, units: int) -> None:
        base = self.principal + self.capitalised
        if self._exact or self._day_count != "ACT/365F":
            exact = Fraction(base * units, HUNDRED_PERCENT) * self._years_between(self.today, stop)
            late_interest = exact if self._exact else divided_half_up(exact.numerator, exact.denominator)
        else:
            assert isinstance(base, int), "lines that are rounded leave a base of whole cents"
            late_interest = (2 * base * units * (stop - self.today) + ACT_365_DIVISOR) // (2 * ACT_365_DIVISOR)
        self.lines.append(AccrualLine(self.today, stop, units, base, late_interest))
        self.running += late_interest
        self.total += late_interest
        self.today = stop

    def _years_between(self, start: int, stop: int) -> Fraction:
        """The part of a year that these days are; by anniversaries, a full year is exactly one (NL-INT-5)."""
        if self._day_count == "ACT/365F":
            return Fraction(stop - start, DAYS_IN_YEAR)
        years, begun = Fraction(0), (start - self._first) // LEAP_YEAR_DAYS
        while start < stop:
            year_ends = anniversary(self._start, begun + 1, self._leap_day).toordinal()
            if year_ends > start:
                year_starts = anniversary(self._start, begun, self._leap_day).toordinal()
                part_ends = min(stop, year_ends)
                years += Fraction(part_ends - start, year_ends - year_starts)
                start = part_ends
            begun += 1
        return years


class BelgianAccrual:
    """Simple interest that is rounded once, on its total (BE-GEN-2, BE-INT-2, -4)."""

    __slots__ = ("_actual_days", "_exact", "_index", "_runs", "lines", "principal", "today")

    DIVISOR: Final = HUNDRED_PERCENT * DAYS_IN_YEAR * LEAP_YEAR_DAYS

    def __init__(self, *, principal: int, runs: RateRuns, start: int, actual_days: bool = False) -> None:
        self.principal = principal
        self.lines: list[AccrualLine] = []
        self.today = start
        self._runs = runs
        self._exact = 0
        self._index = -1
        self._actual_days = actual_days

    @property
    def total(self) -> int:
        """All interest so far, rounded half up; never falls."""
        return divided_half_up(self._exact, self.DIVISOR)

    def accrue(self, until: int) -> None:
        """Let the interest of the days before `until` grow.

        Raises `RateNotVerified` for a day without a verified rate.
        """
        while self.today < until:
            if not self.principal:
                self.today, self._index = until, -1
                return
            if self._index < 0 or self.today >= self._runs.end_of(self._index):
                self._index = self._runs.index_at(self.today)
            stop = min(until, self._runs.end_of(self._index))
            units, before = self._runs.units[self._index], self.total
            self._exact += self.principal * units * self._weight(self.today, stop)
            self.lines.append(AccrualLine(self.today, stop, units, self.principal, self.total - before))
            self.today = stop

    def _weight(self, start: int, stop: int) -> int:
        """Days as parts of a year of 365 times 366 (BE-INT-3); with `actual_days`, a leap year has 366."""
        days = stop - start
        leap_days = _days_in_leap_years(start, stop) if self._actual_days else 0
        return (days - leap_days) * LEAP_YEAR_DAYS + leap_days * DAYS_IN_YEAR


def _days_in_leap_years(start: int, stop: int) -> int:
    days = 0
    for year in range(date.fromordinal(start).year, date.fromordinal(stop - 1).year + 1):
        first, following = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal() + 1
        if following - first == LEAP_YEAR_DAYS:
            days += min(stop, following) - max(start, first)
    return days
