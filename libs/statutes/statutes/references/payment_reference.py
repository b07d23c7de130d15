"""The Dutch payment reference (betalingskenmerk): made and checked by its own modulo 11, stored as text."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from statutes.errors import InvalidInput
from statutes.explanation import Line
from statutes.topics import topic

ReferenceDefect: TypeAlias = Literal["check_digit", "length", "length_digit", "not_digits"]

WEIGHTS: Final = (2, 4, 8, 5, 10, 9, 7, 3, 6, 1)
WITHOUT_CHECK: Final = 7
WITH_LENGTH_DIGIT: Final = range(9, 15)
LONGEST: Final = 16
MODULUS: Final = 11


@dataclass(frozen=True, kw_only=True)
class PaymentReference:
    """A reference in digits only, with its sum (A), its check digit (C) and its length digit (L)."""

    valid: bool
    reference: str | None
    length_digit: int | None
    sum: int | None
    check_digit: int | None
    reasons: tuple[ReferenceDefect, ...]
    explanation: tuple[Line, ...] = ()


@topic("nl.payment_reference", rules=("NL-PAY-1",))
def payment_reference(
    *, payload: str | None = None, length: int | None = None, reference: str | None = None
) -> PaymentReference:
    """Make a betalingskenmerk of a payload and a whole length, or check one; spaces are ignored (betaalvereniging.nl).

    7 digits stand without check; 9 to 14 are C, L and the payload; 16 are C and the payload. Raises `InvalidInput` for
    another length, or a payload that does not have the digits that the length leaves.
    """
    if reference is not None and payload is None and length is None:
        return _checked(reference.replace(" ", ""))
    if payload is None or length is None or reference is not None:
        raise InvalidInput("reference: give either payload and length, or reference")
    return _made(payload, length)


def _made(payload: str, length: int) -> PaymentReference:
    if not _has_check(length) and length != WITHOUT_CHECK:
        raise InvalidInput(f"length: a reference of {length} digits does not exist")
    wanted = length - (length != WITHOUT_CHECK) - (length in WITH_LENGTH_DIGIT)
    if not _is_digits(payload) or len(payload) != wanted:
        raise InvalidInput(f"payload: must be {wanted} digits for a reference of {length}")
    if length == WITHOUT_CHECK:
        return _checked(payload)
    length_digit = str(wanted % 10) if length in WITH_LENGTH_DIGIT else ""
    protected = length_digit + payload
    return _checked(f"{_check_digit(_weighted_sum(protected))}{protected}")


def _checked(digits: str) -> PaymentReference:
    reasons: list[ReferenceDefect] = []
    length_digit = weighted = check_digit = None
    if not _is_digits(digits):
        reasons.append("not_digits")
    elif _has_check(len(digits)):
        weighted = _weighted_sum(digits[1:])
        check_digit = _check_digit(weighted)
        if digits[0] != str(check_digit):
            reasons.append("check_digit")
        if len(digits) in WITH_LENGTH_DIGIT:
            length_digit = (len(digits) - 2) % 10
            if digits[1] != str(length_digit):
                reasons.append("length_digit")
    elif len(digits) != WITHOUT_CHECK:
        reasons.append("length")
    return PaymentReference(
        valid=not reasons,
        reference=None if "not_digits" in reasons else digits,
        length_digit=length_digit,
        sum=weighted,
        check_digit=check_digit,
        reasons=tuple(reasons),
    )


def _has_check(length: int) -> bool:
    return length in WITH_LENGTH_DIGIT or length == LONGEST


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _weighted_sum(digits: str) -> int:
    return sum(int(digit) * WEIGHTS[at % len(WEIGHTS)] for at, digit in enumerate(reversed(digits)))


def _check_digit(weighted: int) -> int:
    """C = 11 - (A mod 11), where 10 becomes 1 and 11 becomes 0."""
    return {10: 1, 11: 0}.get(MODULUS - weighted % MODULUS, MODULUS - weighted % MODULUS)
