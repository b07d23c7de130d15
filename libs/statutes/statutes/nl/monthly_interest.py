"""Agreed interest per month, capitalised each contract month, with payments that split a month (NL-INT-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from statutes.days import plus_months
from statutes.explanation import Line
from statutes.money import Amount, Percent, from_cents, rounded_cents, to_cents
from statutes.nl.interest import Capitalisation, InterestLine
from statutes.statement_lines import rounding_line


@dataclass(frozen=True, kw_only=True)
class MonthlyTerms:
    """A sum that bears a percentage per month over a period, whose second day no longer counts."""

    principal: Decimal
    percent: Percent
    period: tuple[date, date]
    rounds_base: bool
    rounds_lines: bool


@dataclass(frozen=True, kw_only=True)
class BookedPayment:
    """What a payment covered: costs first, then the base, which holds interest and principal."""

    paid_on: date
    costs: Amount
    late_interest_and_principal: Amount
    overpayment: Amount


@dataclass(frozen=True, kw_only=True)
class ContractualInterest:
    """Agreed interest; its lines, and those of its explanation, add up to `late_interest`."""

    late_interest: Amount
    lines: tuple[InterestLine, ...]
    capitalisations: tuple[Capitalisation, ...]
    payments: tuple[BookedPayment, ...]
    explanation: tuple[Line, ...] = ()


@dataclass(slots=True)
class _Running:
    """The exact base in cents, open costs, and what has been written down so far."""

    base: Fraction
    costs: int
    total: Fraction
    lines: list[InterestLine]
    payments: list[BookedPayment]
    months: list[int]  # days of the contract month of each line


def monthly_interest(
    terms: MonthlyTerms, *, costs: Decimal, payments: Sequence[tuple[date, Decimal]]
) -> ContractualInterest:
    """Month by month from the day number of `from_on`; part of a month by its days; payments by day (NL-INT-11)."""
    running = _Running(Fraction(to_cents(terms.principal)), to_cents(costs), Fraction(0), [], [], [])
    waiting = list(payments)
    month, (from_on, until_on) = 0, terms.period
    starts = from_on
    while starts < until_on:
        month += 1
        ends = plus_months(from_on, month)
        position = starts
        while waiting and waiting[0][0] < min(ends, until_on):
            paid_on, amount = waiting.pop(0)
            _accrue(running, terms, position, paid_on, (ends - starts).days)
            _book(running, paid_on, to_cents(amount))
            position = paid_on
        _accrue(running, terms, position, min(ends, until_on), (ends - starts).days)
        starts = ends
    for paid_on, amount in waiting:
        _book(running, paid_on, to_cents(amount))
    late_interest = from_cents(rounded_cents(running.total))
    if terms.rounds_lines:
        late_interest = sum((line.late_interest for line in running.lines), from_cents(0))
    pairs = zip(running.lines, running.months, strict=True)
    lines = tuple(_explained(line, days_in_month) for line, days_in_month in pairs)
    return ContractualInterest(
        late_interest=late_interest,
        lines=tuple(running.lines),
        capitalisations=(),
        payments=tuple(running.payments),
        explanation=(*lines, *rounding_line(lines, late_interest)),
    )


def _accrue(running: _Running, terms: MonthlyTerms, start: date, until: date, days_in_month: int) -> None:
    """Write a line, and add its interest to the base: unrounded, unless the policy rounds it."""
    days = (until - start).days
    if not days:
        return
    late_interest = running.base * Fraction(terms.percent) / 100 * Fraction(days, days_in_month)
    running.lines.append(
        InterestLine(
            from_on=start,
            until_on=until,
            days=days,
            percent=terms.percent,
            base=from_cents(rounded_cents(running.base)),
            late_interest=from_cents(rounded_cents(late_interest)),
        )
    )
    running.months.append(days_in_month)
    running.total += late_interest
    running.base += rounded_cents(late_interest) if terms.rounds_base else late_interest


def _book(running: _Running, paid_on: date, amount: int) -> None:
    """Costs, then the base; a base that rounds to what was paid is paid in full."""
    costs = min(amount, running.costs)
    owed = rounded_cents(running.base)
    covered = min(amount - costs, owed)
    running.costs -= costs
    running.base = Fraction(0) if covered == owed else running.base - covered
    running.payments.append(
        BookedPayment(
            paid_on=paid_on,
            costs=from_cents(costs),
            late_interest_and_principal=from_cents(covered),
            overpayment=from_cents(amount - costs - covered),
        )
    )


def _explained(line: InterestLine, days_in_month: int) -> Line:
    part = "" if line.days == days_in_month else f" x {line.days} / {days_in_month}"
    return Line(
        rule_id="NL-INT-11",
        text_key="statement.interest_per_month",
        inputs={
            "from_on": line.from_on,
            "through_on": date.fromordinal(line.until_on.toordinal() - 1),
            "days": line.days,
            "percent": line.percent,
            "base": line.base,
        },
        formula=f"{line.base:.2f} x {line.percent:f} %{part}",
        amount=line.late_interest,
    )
