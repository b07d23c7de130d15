"""A slow second opinion: the same law day by day with fractions, without one line of the library's arithmetic."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from statutes import interest_rate

ONE_DAY = timedelta(days=1)


def cents(euros: Fraction) -> int:
    """Half up."""
    scaled = euros * 100
    return (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)


def anniversary(start: date, years: int, leap_day: str) -> date:
    try:
        return start.replace(year=start.year + years)
    except ValueError:
        return date(start.year + years, 2, 28) if leap_day == "02-28" else date(start.year + years, 3, 1)


@dataclass
class Line:
    from_on: date
    percent: Decimal
    base: Fraction
    days: int = 0
    late_interest: Fraction = Fraction(0)


@dataclass
class DayByDay:
    """A sum on its way through the days; `running` is the interest of the year that runs."""

    principal: Fraction
    start: date
    series: str
    compounding: str = "yearly"
    day_count: str = "ACT/365F"
    rounding: str = "per_line"
    split_equal_rate: bool = False
    leap_day: str = "02-28"
    lines: list[Line] = field(default_factory=list)
    running: Fraction = Fraction(0)
    capitalised: Fraction = Fraction(0)
    open_line: Line | None = None

    def pass_day(self, day: date) -> None:
        """The interest of one day."""
        self.begin(day)
        percent = interest_rate(series=self.series, as_of=day).percent  # type: ignore[arg-type]
        line = self.open_line
        if line and (line.percent != percent or (self.split_equal_rate and (day.month, day.day) in {(1, 1), (7, 1)})):
            self.close_line()
        self.open_line = self.open_line or Line(day, percent, self.principal + self.capitalised)
        self.open_line.days += 1
        self.open_line.late_interest += self.open_line.base * Fraction(percent) / 100 / self.days_in_year(day)

    def begin(self, day: date) -> None:
        """On an anniversary the interest of the year that ended is capitalised."""
        if self.compounding == "yearly" and day > self.start and day == self.anniversary_at(day):
            self.close_line()
            self.capitalised += self.running
            self.running = Fraction(0)

    def close_line(self) -> None:
        if self.open_line:
            if self.rounding == "per_line":
                self.open_line.late_interest = Fraction(cents(self.open_line.late_interest), 100)
            self.running += self.open_line.late_interest
            self.lines.append(self.open_line)
        self.open_line = None

    def anniversary_at(self, day: date) -> date:
        years = 0
        while anniversary(self.start, years + 1, self.leap_day) <= day:
            years += 1
        return anniversary(self.start, years, self.leap_day)

    def days_in_year(self, day: date) -> int:
        if self.day_count == "ACT/365F":
            return 365
        begun = self.anniversary_at(day)
        years = begun.year - self.start.year
        return (anniversary(self.start, years + 1, self.leap_day) - begun).days

    @property
    def total(self) -> Fraction:
        return sum((line.late_interest for line in self.lines), Fraction(0))


def statement_day_by_day(  # noqa: C901 - a second opinion stands better in one piece
    claim: dict[str, Any], payments: list[tuple[date, int]], as_of: date, *, payment_day_counts: bool
) -> dict[str, int]:
    """One claim with payments of whole cents, costs due from the start; what is open in cents on `as_of`."""
    run = DayByDay(Fraction(claim["principal"]) / 100, claim["from_on"], claim["series"], **claim["policies"])
    costs, over, waiting = claim["costs"], 0, list(payments)

    def take(paid: int) -> None:
        nonlocal costs, over
        run.close_line()
        for bucket in ("costs", "running", "capitalised", "principal"):
            if bucket == "costs":
                part = min(paid, costs)
                costs -= part
            else:
                part = min(paid, cents(getattr(run, bucket)))
                setattr(run, bucket, getattr(run, bucket) - Fraction(part, 100))
            paid -= part
        over += paid

    day = min([run.start, *(on for on, _ in payments), as_of])
    while day <= as_of:
        if day >= run.start:
            run.begin(day)
        pays_after_its_day = payment_day_counts and day < as_of
        today = [paid for on, paid in waiting if on == day]
        if not pays_after_its_day:
            for paid in today:
                take(paid)
        if run.start <= day < as_of and run.principal + run.capitalised:
            run.pass_day(day)
        if pays_after_its_day:
            for paid in today:
                take(paid)
        day += ONE_DAY
    run.close_line()
    return {
        "costs": costs,
        "late_interest": cents(run.running + run.capitalised),
        "principal": cents(run.principal),
        "total_late_interest": cents(run.total),
        "overpayment": over,
    }
