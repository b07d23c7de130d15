"""Money and percentages: their types, and the one place where a sum is rounded (NL-GEN-2)."""

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated, Final, TypeAlias

AMOUNT: Final = "amount"
PERCENT: Final = "percent"

Amount: TypeAlias = Annotated[Decimal, AMOUNT]
"""Euro, two decimals."""
Percent: TypeAlias = Annotated[Decimal, PERCENT]
"""Percent; `10.15` is 10.15 %, per year unless the name says per month."""

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal("0.00")
PERCENT_UNITS: Final = 1_000_000
"""Inside the engine a percentage is a whole number of millionths of a percent, so that no line loses a digit."""


def rounded(amount: Decimal) -> Decimal:
    """Round half up to the cent, away from zero."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def rounded_down(amount: Decimal) -> Decimal:
    """Drop what is below a cent: for maxima, which may not be passed."""
    return amount.quantize(CENT, ROUND_DOWN)


def to_cents(amount: Decimal) -> int:
    """Whole cents of an amount that has at most two decimals."""
    cents = amount.scaleb(2)
    whole = int(cents)
    assert cents == whole, "an amount has at most two decimals"
    return whole


def from_cents(cents: int) -> Decimal:
    """The amount in euro."""
    return Decimal(cents).scaleb(-2) if cents else ZERO


def to_percent_units(percent: Decimal) -> int:
    """Whole millionths of a percent; more decimals than six do not occur in law and are refused by the parser."""
    return int(percent * PERCENT_UNITS)


def from_percent_units(units: int) -> Decimal:
    """The percentage with the decimals it needs and no more, but whole numbers without exponent."""
    percent = (Decimal(units) / PERCENT_UNITS).normalize()
    return percent.quantize(Decimal(1)) if percent == percent.to_integral_value() else percent


def divided_half_up(numerator: int, denominator: int) -> int:
    """The quotient of two positive whole numbers, halves up."""
    return (2 * numerator + denominator) // (2 * denominator)


def rounded_cents(cents: int | Fraction) -> int:
    """Whole cents, halves up; for sums that were kept exact until now."""
    return divided_half_up(cents.numerator, cents.denominator)
