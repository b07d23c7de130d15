"""Reads notices as people do: by the labels printed on them, in mails, SMS and letters, in Dutch and French."""

import email
import email.policy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pypdfium2

Medium = Literal["email", "sms", "letter"]
AMOUNT = r"(?:€\s*-?[\d.]+,\d{2}|-?[\d\s\u202f\u00a0]+,\d{2}[\s\u00a0\u202f]*€)"
IBAN = r"[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{1,4}){3,7}"
HOW_TO_PAY = re.compile(
    rf"^(?:Bedrag|Montant)[ ]?:?[ ]+(?P<amount>{AMOUNT})[ ]*\r?\n"
    rf"(?:Rekening\w*|Compte)[ ]?:?[ ]+(?P<iban>{IBAN})[ ]*\r?$",
    re.MULTILINE,
)
REFERENCE = re.compile(
    r"^(?:Betalingskenmerk|Gestructureerde mededeling|Référence de paiement|Communication structurée)[ ]?:?[ ]+"
    r"(?P<reference>[+\d/. ]{10,30}?)[ ]*\r?$",
    re.MULTILINE,
)
SMS_TEXT = re.compile(
    rf"EUR (?P<amount>[\d.]+,\d{{2}}) (?:op|sur) (?P<iban>{IBAN}?)"
    r"(?: met kenmerk |, communication )(?P<reference>[+\d/ ]+)"
)
DISPUTE_URL = re.compile(r"https?://(?:\S|\r?\n)+?/disputes")
TOKEN = re.compile(r"\b[A-Z2-7]{5}(?:-\s*[A-Z2-7]{1,5}){5}\b")


class UnreadableNoticeError(ValueError):
    """A message that does not say how to pay: nobody could act on it."""


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What a debtor takes from a message: how much, whither, with which reference, and where he may disagree."""

    medium: Medium
    recipient: str  # e-mail address, telephone number, or name with postcode and house number
    accepted_at: datetime  # simulated: when its receiver took it
    accepted_seconds: float  # the system's time of the same, since 1970
    amount_cents: int
    iban: str
    reference: str  # as printed
    token: str | None = None
    dispute_url: str | None = None
    path: Path

    @property
    def reference_number(self) -> str:
        """The ten digits that the printed reference is formed from, to count by."""
        digits = "".join(character for character in self.reference if character.isdecimal())
        return digits[:10] if self.reference.strip().startswith("+") else digits[-10:]


def read_mail(path: Path, *, accepted_at: datetime, accepted_seconds: float) -> Notice:
    """A mail as its receiver opens it. Raises UnreadableNoticeError."""
    mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    body = mail.get_body(("plain",))
    if body is None:
        raise UnreadableNoticeError(f"{path.name} has no text")
    return read_text(
        body.get_content(),
        medium="email",
        recipient=str(mail["X-Envelope-To"]).strip().lower(),
        accepted_at=accepted_at,
        accepted_seconds=accepted_seconds,
        path=path,
    )


def read_letter(path: Path, recipient: Mapping[str, str], *, accepted_at: datetime, accepted_seconds: float) -> Notice:
    """A letter, by the text that can be marked in its PDF. Raises UnreadableNoticeError."""
    document = pypdfium2.PdfDocument(path)
    try:
        text = "\n".join(page.get_textpage().get_text_range() for page in document)
    finally:
        document.close()
    return read_text(
        text,
        medium="letter",
        recipient=letter_box(recipient["name"], recipient["postcode"], recipient["house_number"]),
        accepted_at=accepted_at,
        accepted_seconds=accepted_seconds,
        path=path,
    )


def read_sms(message: Mapping[str, Any], *, accepted_at: datetime, accepted_seconds: float, path: Path) -> Notice:
    """An SMS. Raises UnreadableNoticeError."""
    found = SMS_TEXT.search(message["body"])
    if found is None:
        raise UnreadableNoticeError(f"{path.name} does not say how to pay")
    return Notice(
        medium="sms",
        recipient=message["to"],
        accepted_at=accepted_at,
        accepted_seconds=accepted_seconds,
        amount_cents=cents_of(found["amount"]),
        iban=found["iban"].replace(" ", ""),
        reference=found["reference"].strip(),
        path=path,
    )


def read_text(
    text: str, *, medium: Medium, recipient: str, accepted_at: datetime, accepted_seconds: float, path: Path
) -> Notice:
    """The block that says how to pay, and the code for who disagrees."""
    how_to_pay, reference = HOW_TO_PAY.search(text), REFERENCE.search(text)
    if how_to_pay is None or reference is None:
        raise UnreadableNoticeError(f"{path.name} does not say how to pay")
    token, url = TOKEN.search(text), DISPUTE_URL.search(text)
    return Notice(
        medium=medium,
        recipient=recipient,
        accepted_at=accepted_at,
        accepted_seconds=accepted_seconds,
        amount_cents=cents_of(how_to_pay["amount"]),
        iban=how_to_pay["iban"].replace(" ", ""),
        reference=reference["reference"].strip(),
        token="".join(token[0].split()) if token else None,
        dispute_url="".join(url[0].split()) if url else None,
        path=path,
    )


def letter_box(name: str, postcode: str, house_number: str) -> str:
    """Where the postman leaves it."""
    return f"{name}|{postcode}|{house_number}"


def cents_of(written: str) -> int:
    """`€ 1.234,50` or `1 234,50 €` in cents."""
    digits = "".join(character for character in written if character.isdecimal())
    return int(digits)
