"""Money: integer cents inside, Decimal at the border to the law."""

from decimal import Decimal

CENT = Decimal("0.01")


def to_decimal(cents: int) -> Decimal:
    """Cents as an amount with two decimals."""
    return Decimal(cents).scaleb(-2)


def to_cents(amount: Decimal) -> int:
    """An amount of whole cents as an integer. Raises ValueError for a fraction of a cent: rounding is not done here."""
    cents = amount.scaleb(2)
    if cents != cents.to_integral_value():
        raise ValueError(f"{amount} is not a whole number of cents")
    return int(cents)


def euro(cents: int, *, language: str = "en") -> str:
    """An amount as people read it: `€ 1.234,50` (nl), `1 234,50 €` (fr), `€1,234.50` (en)."""
    sign, whole, fraction = "-" if cents < 0 else "", abs(cents) // 100, abs(cents) % 100
    if language == "nl":
        return f"€ {sign}{whole:,}".replace(",", ".") + f",{fraction:02d}"
    if language == "fr":
        return f"{sign}{whole:,}".replace(",", "\N{NARROW NO-BREAK SPACE}") + f",{fraction:02d}\N{NO-BREAK SPACE}€"
    return f"{sign}€{whole:,}.{fraction:02d}"
