"""Statutory interest (wettelijke rente, 6:119 BW; handelsrente, 6:119a BW) on one sum without payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from statutes.accrual import AccrualLine, DutchAccrual
from statutes.days import LeapDayAnniversary, day_after
from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.money import Amount, Percent, from_cents, from_percent_units, rounded_cents, to_cents
from statutes.nl.checks import in_order, not_negative
from statutes.policies import (
    DAY_COUNT,
    LEAP_DAY_ANNIVERSARY,
    ROUNDING,
    SPLIT_EQUAL_RATE,
    DayCount,
    Rounding,
)
from statutes.rates import COMMERCIAL_DUTCH_SERIES, DutchSeries, RateRuns, runs_of_series
from statutes.statement_lines import accrual_lines, rounding_line
from statutes.topics import topic

YearlyOrNone: TypeAlias = Literal["yearly", "none"]


@dataclass(frozen=True, kw_only=True)
class InterestLine:
    """Days from `from_on` up to `until_on`, which no longer counts, at one percentage on one base."""

    from_on: date
    until_on: date
    days: int
    percent: Percent
    base: Amount
    late_interest: Amount


@dataclass(frozen=True, kw_only=True)
class Capitalisation:
    """An anniversary, and the base from that day on."""

    capitalised_on: date
    base: Amount


@dataclass(frozen=True, kw_only=True)
class Interest:
    """Interest over `[from_on, until_on)`; its lines, and those of its explanation, add up to `late_interest`."""

    from_on: date
    until_on: date
    late_interest: Amount
    lines: tuple[InterestLine, ...]
    capitalisations: tuple[Capitalisation, ...]
    explanation: tuple[Line, ...] = ()


@topic(
    "nl.interest",
    rules=(
        "NL-RATE-1", "NL-RATE-2", "NL-RATE-4", "NL-INT-1", "NL-INT-2", "NL-INT-3", "NL-INT-4", "NL-INT-5", "NL-INT-6",
        "NL-INT-7", "NL-INT-8", "NL-INT-12", "NL-INT-13",
    ),
)  # fmt: skip
def interest(
    *,
    principal: Amount,
    series: DutchSeries,
    from_on: date | None = None,
    until_on: date | None = None,
    last_payment_on: date | None = None,
    paid_on: date | None = None,
    compounding: YearlyOrNone = "yearly",
    day_count: DayCount = DAY_COUNT,
    rounding: Rounding = ROUNDING,
    split_equal_rate: bool = SPLIT_EQUAL_RATE,
    leap_day_anniversary: LeapDayAnniversary = LEAP_DAY_ANNIVERSARY,
    payment_day_counts: bool | None = None,
) -> Interest:
    """Interest over a period, or from the day after the last payment day to a payment by its value date (6:114 lid 2).

    In euro; each line half up, or the total only; capitalised on the anniversary of the first day (6:119 lid 2,
    6:119a lid 3 BW). The day of payment counts for 6:119a ("tot en met"). Raises `InvalidInput` for a period that ends
    before it starts, `RateNotVerified` for a day outside the verified rates.
    """
    not_negative(principal=principal)
    counts = series in COMMERCIAL_DUTCH_SERIES if payment_day_counts is None else payment_day_counts
    start, until = _period(from_on, until_on, last_payment_on, paid_on, payment_day_counts=counts)
    return accrued_interest(
        principal=principal,
        series=series,
        runs=runs_of_series(series, split_equal_rate=split_equal_rate),
        from_on=start,
        until_on=until,
        yearly=compounding == "yearly",
        day_count=day_count,
        rounding=rounding,
        leap_day_anniversary=leap_day_anniversary,
    )


def accrued_interest(
    *,
    principal: Amount,
    series: DutchSeries | None,
    runs: RateRuns,
    from_on: date,
    until_on: date,
    yearly: bool,
    day_count: DayCount,
    rounding: Rounding,
    leap_day_anniversary: LeapDayAnniversary,
) -> Interest:
    """Interest at given rates over `[from_on, until_on)`."""
    accrual = DutchAccrual(
        principal=to_cents(principal),
        runs=runs,
        start=from_on,
        yearly=yearly,
        day_count=day_count,
        leap_day=leap_day_anniversary,
        exact=rounding == "total",
    )
    accrual.accrue(until_on.toordinal())
    late_interest = from_cents(rounded_cents(accrual.total))
    lines = accrual_lines(accrual.lines, "nl", series)
    return Interest(
        from_on=from_on,
        until_on=until_on,
        late_interest=late_interest,
        lines=interest_lines(accrual.lines),
        capitalisations=tuple(
            Capitalisation(capitalised_on=date.fromordinal(day), base=from_cents(rounded_cents(base)))
            for day, base in accrual.capitalisations
        ),
        explanation=(*lines, *rounding_line(lines, late_interest)),
    )


def interest_lines(lines: Sequence[AccrualLine]) -> tuple[InterestLine, ...]:
    """The lines of an accrual as a reader sees them, rounded."""
    return tuple(
        InterestLine(
            from_on=date.fromordinal(line.start),
            until_on=date.fromordinal(line.until),
            days=line.until - line.start,
            percent=from_percent_units(line.units),
            base=from_cents(rounded_cents(line.base)),
            late_interest=from_cents(rounded_cents(line.late_interest)),
        )
        for line in lines
    )


def _period(
    from_on: date | None,
    until_on: date | None,
    last_payment_on: date | None,
    paid_on: date | None,
    *,
    payment_day_counts: bool,
) -> tuple[date, date]:
    """The period `[S, E)` of a question (NL-INT-3)."""
    if from_on is not None and until_on is not None and last_payment_on is None and paid_on is None:
        in_order(from_on, until_on)
        return from_on, until_on
    if last_payment_on is None or paid_on is None or from_on is not None or until_on is not None:
        raise InvalidInput("from_on: give either from_on and until_on, or last_payment_on and paid_on")
    start = day_after(last_payment_on)
    return start, max(start, day_after(paid_on) if payment_day_counts else paid_on)
