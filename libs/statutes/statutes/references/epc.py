"""The payload of a payment QR code (EPC069-12, version 002), BE-REF-5."""

import re
from dataclasses import dataclass
from decimal import Decimal

from statutes.errors import InvalidInput
from statutes.money import Amount
from statutes.references.bank_accounts import iban as check_belgian
from statutes.references.bank_accounts import is_iban
from statutes.references.creditor_reference import iso11649
from statutes.topics import topic

SMALLEST_AMOUNT, LARGEST_AMOUNT = Decimal("0.01"), Decimal("999999999.99")
LONGEST_NAME, LONGEST_COMMUNICATION = 70, 140
LARGEST_PAYLOAD_BYTES = 331
FIRST_PRINTABLE = ord(" ")
BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
PURPOSE = re.compile(r"[A-Za-z0-9]{1,4}")


@dataclass(frozen=True, kw_only=True)
class PaymentCode:
    """The text that a payment QR code carries."""

    payload: str


@topic("epc_qr", rules=("BE-REF-5",))
def epc_qr(
    *,
    name: str,
    iban: str,
    amount: Amount,
    bic: str | None = None,
    purpose: str | None = None,
    creditor_reference: str | None = None,
    communication: str | None = None,
) -> PaymentCode:
    """The payload of a payment QR code: UTF-8, `SCT`, lines that end in one line feed, no empty lines at the end.

    `amount` is in euro, from 0.01 through 999,999,999.99. The creditor reference is that of ISO 11649; a Belgian
    structured communication belongs in `communication`. Raises `InvalidInput` for a wrong IBAN or reference, a text
    that is too long, both references, or a payload above 331 bytes.
    """
    if creditor_reference is not None and communication:
        raise InvalidInput("give creditor_reference or communication, not both")
    lines = [
        *("BCD", "002", "1", "SCT"),
        _code("bic", bic, BIC),
        _text("name", name, LONGEST_NAME),
        _iban_line(iban),
        _amount_line(amount),
        _code("purpose", purpose, PURPOSE),
        _reference_line(creditor_reference),
        _text("communication", communication, LONGEST_COMMUNICATION) if communication else "",
    ]
    while not lines[-1]:
        lines.pop()
    payload = "\n".join(lines)
    if len(payload.encode()) > LARGEST_PAYLOAD_BYTES:
        raise InvalidInput(f"the payload of the payment code is longer than {LARGEST_PAYLOAD_BYTES} bytes")
    return PaymentCode(payload=payload)


def _iban_line(iban: str) -> str:
    compact = "".join(iban.split()).upper()
    if not (check_belgian(iban=compact).valid if compact.startswith("BE") else is_iban(compact)):
        raise InvalidInput("iban: is not valid")
    return compact


def _amount_line(amount: Decimal) -> str:
    if not SMALLEST_AMOUNT <= amount <= LARGEST_AMOUNT:
        raise InvalidInput(f"amount: must be from {SMALLEST_AMOUNT} through {LARGEST_AMOUNT}")
    if amount != amount.quantize(SMALLEST_AMOUNT):
        raise InvalidInput("amount: must be in whole cents")
    return f"EUR{amount:.2f}"


def _reference_line(creditor_reference: str | None) -> str:
    if creditor_reference is None:
        return ""
    checked = iso11649(creditor_reference=creditor_reference)
    if checked.creditor_reference is None:
        raise InvalidInput("creditor_reference: is not valid")
    return checked.creditor_reference


def _code(field: str, text: str | None, pattern: re.Pattern[str]) -> str:
    if text is None:
        return ""
    if not pattern.fullmatch(text):
        raise InvalidInput(f"{field}: is not valid")
    return text


def _text(field: str, text: str, longest: int) -> str:
    if not text.strip():
        raise InvalidInput(f"{field}: is empty")
    if len(text) > longest:
        raise InvalidInput(f"{field}: is longer than {longest} characters")
    if any(ord(character) < FIRST_PRINTABLE for character in text):
        raise InvalidInput(f"{field}: must stand on one line")
    return text
