"""Interest of a Belgian debt: simple, by day, each day at its own rate (law of 2 August 2002, law of 5 May 1865)."""

from calendar import isleap
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from typing import Final, cast

from statutes.days import day_after
from statutes.errors import InvalidInput
from statutes.explanation import Line, explained_total
from statutes.money import (
    PERCENT_UNITS,
    ZERO,
    Amount,
    Percent,
    divided_half_up,
    from_cents,
    from_percent_units,
    to_cents,
    to_percent_units,
)
from statutes.policies import DIVISOR, Divisor
from statutes.rates import BelgianSeries, RateRuns, runs_of_percent, runs_of_series
from statutes.tables import table
from statutes.topics import cites, topic

DAYS_IN_YEAR: Final = 365
LEAP_YEAR_DAYS: Final = 366
UNITS_IN_YEAR: Final = DAYS_IN_YEAR * LEAP_YEAR_DAYS
HUNDRED_PERCENT: Final = 100 * PERCENT_UNITS
ARTICLES: Final = {
    "be_b2b": "art. 5 wet/loi 2-8-2002",
    "be_b2b_contracts_before_2013_03_16": "art. 5 wet/loi 2-8-2002",
    "be_civil": "art. 2 wet/loi 5-5-1865",
}

cites("BE-GEN-2", "BE-GEN-3", by="statutes.be.interest")


@dataclass(frozen=True, kw_only=True)
class InterestLine:
    """Neighbouring days of equal rate, both ends included."""

    from_on: date
    through_on: date
    days: int
    percent: Percent


@dataclass(frozen=True, kw_only=True)
class Interest:
    """Interest over a period whose both ends count, what an enterprise owes beside it, and all together; in euro."""

    from_on: date
    through_on: date
    days: int
    late_interest: Amount
    lines: tuple[InterestLine, ...]
    fixed_compensation: Amount
    total: Amount
    explanation: tuple[Line, ...]


@topic(
    "be.interest",
    rules=(
        *("BE-GEN-2", "BE-GEN-3", "BE-B2B-1", "BE-B2B-4", "BE-B2B-5", "BE-RATE-1", "BE-RATE-2", "BE-RATE-3"),
        *("BE-INT-1", "BE-INT-2", "BE-INT-3", "BE-INT-4"),
    ),
)
def interest(
    *,
    principal: Amount,
    vat: Amount = ZERO,
    series: BelgianSeries | None = None,
    percent_per_year: Percent | None = None,
    from_on: date | None = None,
    through_on: date | None = None,
    due_on: date | None = None,
    paid_on: date | None = None,
    is_commercial_contract: bool = False,
    divisor: Divisor = DIVISOR,
) -> Interest:
    """Simple interest on one sum over one period, rounded half up once, on the total; nothing is capitalised.

    The period is `from_on` through `through_on`, or from the day after `due_on` through `paid_on`. Exactly one of
    `series` and the agreed `percent_per_year`. Between enterprises VAT is part of the sum due, and 40 euro by law
    stand beside interest of a day or more (art. 2 and 6 law of 2 August 2002). Raises `InvalidInput` for figures or a
    period that cannot be, `RateNotVerified` for a day without a verified rate.
    """
    if principal < 0 or vat < 0:
        raise InvalidInput("principal and vat: must not be negative")
    runs = _runs(series, percent_per_year)
    first, last = _period(from_on=from_on, through_on=through_on, due_on=due_on, paid_on=paid_on)
    lines = rate_lines(runs, first, last)
    parts = line_amounts(principal + vat, lines, divisor)
    late_interest = sum(parts, ZERO)
    days = sum(line.days for line in lines)
    compensation = table("be.fixed_compensation").decimal if is_commercial_contract and days else ZERO
    total = principal + vat + late_interest + compensation
    article = "art. 1 wet/loi 5-5-1865" if series is None else ARTICLES[series]
    explanation = (
        Line(rule_id="BE-INT-3", text_key="be.interest.principal", amount=principal),
        *_explained_vat(vat),
        *explained_interest(principal + vat, lines, parts, article=article, divisor=divisor),
        *_explained_compensation(compensation),
    )
    assert explained_total(explanation) == total, "the lines add up"
    return Interest(
        from_on=first,
        through_on=last,
        days=days,
        late_interest=late_interest,
        lines=lines,
        fixed_compensation=compensation,
        total=total,
        explanation=explanation,
    )


@dataclass(frozen=True, kw_only=True)
class CommercialRate:
    """The half-year rate between enterprises, percent per year."""

    percent: Percent


@topic("be.commercial_rate", rules=("BE-RATE-1",))
def commercial_rate(*, main_refinancing_rate: Percent, margin: Percent | None = None) -> CommercialRate:
    """Main refinancing rate plus margin (default 8 points), rounded up to the next half point.

    Art. 5 law of 2 August 2002. A check of the published rate; interest itself is only taken from verified rows.
    """
    rule = cast("dict[str, str]", table("be.commercial_margin").current.value)
    step = Decimal(rule["step"])
    points = Decimal(rule["points"]) if margin is None else margin
    steps = ((main_refinancing_rate + points) / step).to_integral_value(ROUND_CEILING)
    return CommercialRate(percent=steps * step)


def rate_lines(runs: RateRuns, first: date, last: date, *, at_most: RateRuns | None = None) -> tuple[InterestLine, ...]:
    """The days from `first` through `last`, split where the rate changes; `at_most` is a rate that no day may exceed.

    Raises `RateNotVerified` for a day outside either.
    """
    start, end = first.toordinal(), last.toordinal() + 1
    found: list[tuple[int, int, int]] = []
    while start < end:
        index = runs.index_at(start)
        until, units = min(end, runs.end_of(index)), runs.units[index]
        if at_most is not None:
            ceiling = at_most.index_at(start)
            until, units = min(until, at_most.end_of(ceiling)), min(units, at_most.units[ceiling])
        if found and found[-1][2] == units:
            found[-1] = (found[-1][0], until, units)
        else:
            found.append((start, until, units))
        start = until
    return tuple(
        InterestLine(
            from_on=date.fromordinal(start),
            through_on=date.fromordinal(until - 1),
            days=until - start,
            percent=from_percent_units(units),
        )
        for start, until, units in found
    )


def line_amounts(base: Decimal, lines: tuple[InterestLine, ...], divisor: Divisor) -> list[Decimal]:
    """Each line's part of the interest, in whole cents that add up to the total rounded once (BE-GEN-2).

    A part is the rounded sum through its line less the rounded sum before it, so only the total is ever rounded.
    """
    cents, exact, before = to_cents(base), 0, 0
    parts: list[Decimal] = []
    for line in lines:
        exact += cents * to_percent_units(line.percent) * year_units(line.from_on, line.through_on, divisor)
        through = divided_half_up(exact, HUNDRED_PERCENT * UNITS_IN_YEAR)
        parts.append(from_cents(through - before))
        before = through
    return parts


def year_units(first: date, last: date, divisor: Divisor) -> int:
    """The days from `first` through `last` as a part of a year, in whole units (BE-INT-3), so that nothing is lost.

    A day is 366 units of a year of 365 days, and with `actual` 365 units of a leap year.
    """
    days = last.toordinal() - first.toordinal() + 1
    leap_days = _leap_days(first, last) if divisor == "actual" else 0
    return (days - leap_days) * LEAP_YEAR_DAYS + leap_days * DAYS_IN_YEAR


def explained_interest(
    base: Decimal, lines: tuple[InterestLine, ...], parts: list[Decimal], *, article: str, divisor: Divisor
) -> tuple[Line, ...]:
    """One line for each rate; when there is none, a line that says that no day bears interest."""
    if not lines:
        return (Line(rule_id="BE-GEN-3", article=article, text_key="be.interest.none", amount=ZERO),)
    return tuple(
        Line(
            rule_id="BE-INT-4",
            article=article,
            text_key="be.interest.line",
            inputs={
                "base": base,
                "from_on": line.from_on,
                "through_on": line.through_on,
                "days": line.days,
                "percent": line.percent,
            },
            formula=f"{base} x {line.percent}% x {_year_part(line, divisor)}",
            amount=part,
        )
        for line, part in zip(lines, parts, strict=True)
    )


def _year_part(line: InterestLine, divisor: Divisor) -> str:
    """The days of a line over those of their years, as people write it."""
    leap_days = _leap_days(line.from_on, line.through_on) if divisor == "actual" else 0
    parts = ((line.days - leap_days, DAYS_IN_YEAR), (leap_days, LEAP_YEAR_DAYS))
    written = [f"{days} / {year_days}" for days, year_days in parts if days]
    return written[0] if len(written) == 1 else f"({' + '.join(written)})"


def _explained_vat(vat: Decimal) -> tuple[Line, ...]:
    if not vat:
        return ()
    return (Line(rule_id="BE-B2B-1", article="art. 2, 6° wet/loi 2-8-2002", text_key="be.interest.vat", amount=vat),)


def _explained_compensation(compensation: Decimal) -> tuple[Line, ...]:
    if not compensation:
        return ()
    article = "art. 6 wet/loi 2-8-2002"
    return (Line(rule_id="BE-B2B-5", article=article, text_key="be.interest.compensation", amount=compensation),)


def _runs(series: BelgianSeries | None, percent_per_year: Decimal | None) -> RateRuns:
    if series is not None and percent_per_year is None:
        return runs_of_series(series)
    if series is None and percent_per_year is not None:
        if percent_per_year < 0:
            raise InvalidInput("percent_per_year: is negative")
        return runs_of_percent(to_percent_units(percent_per_year))
    raise InvalidInput("series, percent_per_year: give exactly one of the two")


def _period(
    *, from_on: date | None, through_on: date | None, due_on: date | None, paid_on: date | None
) -> tuple[date, date]:
    if from_on is not None and through_on is not None and due_on is None and paid_on is None:
        if through_on < from_on:
            raise InvalidInput("through_on: is before from_on")
        return from_on, through_on
    if from_on is None and through_on is None and due_on is not None and paid_on is not None:
        return day_after(due_on), paid_on
    raise InvalidInput("from_on and through_on, or due_on and paid_on: give one of the two pairs")


def _leap_days(first: date, last: date) -> int:
    """How many of the days from `first` through `last` lie in a leap year."""
    return sum(
        min(last, date(year, 12, 31)).toordinal() - max(first, date(year, 1, 1)).toordinal() + 1
        for year in range(first.year, last.year + 1)
        if isleap(year)
    )
