"""What is paid out of a trust account: payouts in a batch, with ids that a retry makes again, in letters banks take."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

MAX_PAYOUTS = 10_000
MAX_PAYOUT_CENTS = 99_999_999_999
MAX_NAME = 70
MAX_TEXT = 140

NOT_DECOMPOSED = str.maketrans(
    {
        "Ł": "L", "ł": "l", "Ø": "O", "ø": "o", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "Th", "þ": "th",
        "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "ß": "ss", "ẞ": "SS",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i", "Ħ": "H", "ħ": "h", "Ŧ": "T",
        "ŧ": "t", "ĸ": "k", "Ŋ": "N", "ŋ": "n", "&": "+", "_": "-", "\N{EN DASH}": "-",
        "\N{EM DASH}": "-", "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "`": "'", "“": "'", "”": "'", '"': "'", ";": ",", "@": "(at)", "€": "EUR",
    }
)  # fmt: skip
FORBIDDEN = re.compile(r"[^A-Za-z0-9/\-?:().,'+ ]")
IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
BIC = re.compile(r"[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?")


class InvalidPayout(ValueError):  # noqa: N818 - it says what is invalid
    """A payout or batch that no bank would take: IBAN, name, amount, reference or number of payouts."""


@dataclass(frozen=True, kw_only=True)
class Payout:
    """One transfer to a client or payer, by his registered name; with a structured reference or a text, never both."""

    payout_id: UUID
    amount_cents: int
    creditor_name: str
    creditor_iban: str
    reference: str | None = None
    text: str | None = None


@dataclass(frozen=True, kw_only=True)
class PayoutBatch:
    """All that leaves one trust account in one file. Money moves on `execute_on`, a TARGET business day."""

    batch_id: UUID
    created_at: datetime
    execute_on: date
    trust_entity_name: str
    trust_iban: str
    payouts: tuple[Payout, ...]
    trust_bic: str | None = None
    single_bookings: bool = False

    @property
    def total_cents(self) -> int:
        """The sum of all payouts."""
        return sum(payout.amount_cents for payout in self.payouts)


def message_id(batch_id: UUID) -> str:
    """`MsgId`: the same batch again has the same id, so the bank refuses it as a duplicate."""
    return batch_id.hex


def payment_information_id(batch_id: UUID) -> str:
    """`PmtInfId`: what the statement names when it debits the file in one sum."""
    return f"{batch_id.hex}-1"


def end_to_end_id(payout_id: UUID) -> str:
    """`EndToEndId`: what the statement names when it debits or returns this payout alone."""
    return payout_id.hex


def uetr(payout_id: UUID) -> UUID:
    """The payout's UETR: of version 4 in form, made of the payout id so that a retry makes it again."""
    return UUID(bytes=hashlib.sha256(b"uetr" + payout_id.bytes).digest()[:16], version=4)


def sepa_text(text: str, *, limit: int) -> str:
    """A text in the SEPA character set that people still recognise (`Łódź & Zn.` becomes `Lodz + Zn.`), cut to fit."""
    plain = unicodedata.normalize("NFKD", text.translate(NOT_DECOMPOSED))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(FORBIDDEN.sub(" ", plain).split())[:limit].strip()


def bare_iban(iban: str) -> str:
    """An IBAN without blanks, in capitals. Raises InvalidPayout when its check digits do not hold."""
    bare = iban.replace(" ", "").upper()
    if not IBAN.fullmatch(bare) or int("".join(str(int(c, 36)) for c in bare[4:] + bare[:4])) % 97 != 1:
        raise InvalidPayout("an IBAN's check digits do not hold")
    return bare


def check_batch(batch: PayoutBatch) -> None:
    """Raises InvalidPayout for the first thing that no bank would take."""
    if not 1 <= len(batch.payouts) <= MAX_PAYOUTS:
        raise InvalidPayout(f"a batch holds 1 to {MAX_PAYOUTS} payouts, not {len(batch.payouts)}")
    if len({payout.payout_id for payout in batch.payouts}) != len(batch.payouts):
        raise InvalidPayout("a payout stands twice in the batch")
    if batch.trust_bic is not None and not BIC.fullmatch(batch.trust_bic):
        raise InvalidPayout(f"{batch.trust_bic!r} is not a BIC")
    bare_iban(batch.trust_iban)
    if not sepa_text(batch.trust_entity_name, limit=MAX_NAME):
        raise InvalidPayout("the trust entity has no name that a bank can read")
    for payout in batch.payouts:
        _check_payout(payout, trust_iban=batch.trust_iban)


def _check_payout(payout: Payout, *, trust_iban: str) -> None:
    if not 0 < payout.amount_cents <= MAX_PAYOUT_CENTS:
        raise InvalidPayout(f"payout {payout.payout_id}: {payout.amount_cents} cents cannot be paid")
    if bare_iban(payout.creditor_iban) == bare_iban(trust_iban):
        raise InvalidPayout(f"payout {payout.payout_id}: goes to the account that it comes from")
    if not sepa_text(payout.creditor_name, limit=MAX_NAME):
        raise InvalidPayout(f"payout {payout.payout_id}: no name that a bank can read")
    if payout.reference is not None and payout.text is not None:
        raise InvalidPayout(f"payout {payout.payout_id}: a reference or a text, not both")
