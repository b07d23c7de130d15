"""Checks of inputs that several topics share."""

from decimal import Decimal

from statutes.errors import InvalidInput


def not_negative(**amounts: Decimal) -> None:
    """Raise `InvalidInput` for the first amount below zero."""
    for name, amount in amounts.items():
        if amount < 0:
            raise InvalidInput(f"{name}: may not be negative")


def positive(name: str, amount: Decimal) -> None:
    """Raise `InvalidInput` for an amount of zero or less."""
    if amount <= 0:
        raise InvalidInput(f"{name}: must be more than zero")
