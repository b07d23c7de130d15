"""Checks of inputs that several topics share."""

from datetime import date
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


def in_order(from_on: date, until_on: date) -> None:
    """Raise `InvalidInput` for a period that ends before it starts."""
    if until_on < from_on:
        raise InvalidInput("until_on: lies before from_on")
