"""Agreed interest (contractuele rente): per year, per month, or statutory with a surcharge (NL-INT-10, -11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias

from statutes.days import LeapDayAnniversary
from statutes.errors import InvalidInput
from statutes.money import ZERO, Amount, Percent, to_percent_units
from statutes.nl.checks import in_order, not_negative, positive
from statutes.nl.interest import Interest, accrued_interest
from statutes.nl.monthly_interest import ContractualInterest, MonthlyTerms, monthly_interest
from statutes.policies import (
    DAY_COUNT,
    LEAP_DAY_ANNIVERSARY,
    MONTHLY_BASE,
    ROUNDING,
    SPLIT_EQUAL_RATE,
    DayCount,
    MonthlyBase,
    Rounding,
)
from statutes.rates import DutchSeries, RateRuns, runs_of_percent, runs_of_series
from statutes.topics import topic

AgreedCompounding: TypeAlias = Literal["none", "yearly", "monthly"]


@dataclass(frozen=True, kw_only=True)
class MonthlyPayment:
    """A payment that splits a contract month."""

    paid_on: date
    amount: Amount


@topic("nl.contractual_interest", rules=("NL-INT-10", "NL-INT-11", "NL-INT-5", "NL-INT-12", "NL-ALL-2"))
def contractual_interest(
    *,
    principal: Amount,
    from_on: date,
    until_on: date,
    percent_per_year: Percent | None = None,
    percent_per_month: Percent | None = None,
    series: DutchSeries | None = None,
    surcharge_points: Percent = Decimal(0),
    surcharge_from: date | None = None,
    compounding: AgreedCompounding,
    costs: Amount = ZERO,
    payments: Sequence[MonthlyPayment] = (),
    day_count: DayCount = DAY_COUNT,
    rounding: Rounding = ROUNDING,
    split_equal_rate: bool = SPLIT_EQUAL_RATE,
    leap_day_anniversary: LeapDayAnniversary = LEAP_DAY_ANNIVERSARY,
    monthly_base: MonthlyBase = MONTHLY_BASE,
) -> ContractualInterest:
    """Agreed interest over `[from_on, until_on)`, in euro; it replaces statutory interest (6:119 lid 3, 6:119a BW).

    Lines half up, or the total only. Per month: capitalised each contract month, unrounded; a payment is booked on the
    base of its day, costs first (6:44 BW). Raises `InvalidInput` unless exactly one rate is given, or for costs or
    payments without interest per month; `RateNotVerified` for a day outside the series.
    """
    in_order(from_on, until_on)
    _check_rate(percent_per_year, percent_per_month, series, surcharge_points, compounding)
    _check_payments(principal, costs, payments, from_on, until_on, are_allowed=compounding == "monthly")
    if percent_per_month is not None:
        terms = MonthlyTerms(
            principal=principal,
            percent=percent_per_month,
            period=(from_on, until_on),
            rounds_base=monthly_base == "rounded",
            rounds_lines=rounding == "per_line",
        )
        return monthly_interest(terms, costs=costs, payments=[(each.paid_on, each.amount) for each in payments])
    split_over = (from_on, until_on) if split_equal_rate else None
    interest = accrued_interest(
        principal=principal,
        series=series,
        runs=_runs(series, percent_per_year, surcharge_points, surcharge_from, split_over),
        from_on=from_on,
        until_on=until_on,
        yearly=compounding == "yearly",
        day_count=day_count,
        rounding=rounding,
        leap_day_anniversary=leap_day_anniversary,
    )
    return _without_payments(interest)


def _without_payments(yearly: Interest) -> ContractualInterest:
    return ContractualInterest(
        late_interest=yearly.late_interest,
        lines=yearly.lines,
        capitalisations=yearly.capitalisations,
        payments=(),
        explanation=yearly.explanation,
    )


def _runs(
    series: DutchSeries | None,
    percent_per_year: Decimal | None,
    surcharge_points: Decimal,
    surcharge_from: date | None,
    split_over: tuple[date, date] | None,
) -> RateRuns:
    """The rates of a series with its surcharge, or of an agreed percentage; split at half-years over a period."""
    if series is not None:
        surcharge = to_percent_units(surcharge_points)
        return runs_of_series(
            series,
            surcharge_units=surcharge,
            surcharge_from=surcharge_from,
            split_equal_rate=split_over is not None,
        )
    units = to_percent_units(percent_per_year or Decimal(0))
    if split_over is None:
        return runs_of_percent(units)
    return runs_of_percent(units, split_from=split_over[0], split_until=split_over[1])


def _check_rate(
    percent_per_year: Decimal | None,
    percent_per_month: Decimal | None,
    series: DutchSeries | None,
    surcharge_points: Decimal,
    compounding: AgreedCompounding,
) -> None:
    not_negative(surcharge_points=surcharge_points)
    if sum(each is not None for each in (percent_per_year, percent_per_month, series)) != 1:
        raise InvalidInput("percent_per_year: give exactly one of percent_per_year, percent_per_month and series")
    not_negative(percent_per_year=percent_per_year or ZERO, percent_per_month=percent_per_month or ZERO)
    if surcharge_points and series is None:
        raise InvalidInput("surcharge_points: goes with a statutory series only")
    if (compounding == "monthly") != (percent_per_month is not None):
        raise InvalidInput("compounding: monthly goes with percent_per_month, and only with it")


def _check_payments(
    principal: Decimal,
    costs: Decimal,
    payments: Sequence[MonthlyPayment],
    from_on: date,
    until_on: date,
    *,
    are_allowed: bool,
) -> None:
    if (costs or payments) and not are_allowed:
        raise InvalidInput("payments: costs and payments go with percent_per_month only")
    not_negative(principal=principal, costs=costs)
    days = [payment.paid_on for payment in payments]
    if days != sorted(days):
        raise InvalidInput("payments: must be in order of day")
    for at, payment in enumerate(payments):
        positive(f"payments[{at}].amount", payment.amount)
        if not from_on <= payment.paid_on <= until_on:
            raise InvalidInput(f"payments[{at}].paid_on: lies outside the period")
