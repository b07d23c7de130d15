"""A bank statement in one form, whatever file it came in: signed cents, plus is money in."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Message(StrEnum):
    """Which CAMT message; only a statement of booked entries is ever posted, the others announce."""

    STATEMENT = "camt.053"
    REPORT = "camt.052"
    NOTIFICATION = "camt.054"


class EntryStatus(StrEnum):
    """Only booked entries move the balance."""

    BOOKED = "BOOK"
    PENDING = "PDNG"
    INFORMATION = "INFO"
    FUTURE = "FUTR"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What the reader stumbled over. One that blocks means that a figure could not be read: nothing may be posted."""

    code: str
    where: str
    text: str
    blocks: bool = False


@dataclass(frozen=True, kw_only=True)
class BankBalance:
    """A balance of the bank at the end or the beginning of a day."""

    amount_cents: int
    on: date | None
    code: str


@dataclass(frozen=True, kw_only=True)
class Counterparty:
    """Who paid or was paid: IBAN, or local number as it stands; `ultimate_name` is the real payer or payee."""

    name: str | None = None
    account_number: str | None = None
    bic: str | None = None
    ultimate_name: str | None = None


@dataclass(frozen=True, kw_only=True)
class StructuredReference:
    """A reference from `Strd/CdtrRefInf`, as it stands, with what the bank says about its issuer (BBA, CUR, ISO)."""

    value: str
    issuer: str | None = None
    code: str | None = None


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One payment inside an entry. `index` counts from 0 in the order of the file."""

    index: int
    amount_cents: int
    counterparty: Counterparty
    references: tuple[StructuredReference, ...] = ()
    text: str = ""
    end_to_end_id: str | None = None
    payment_information_id: str | None = None
    bank_reference: str | None = None
    mandate_id: str | None = None
    return_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the statement. `details` are its payments as the file has them, which may not add up."""

    ordinal: int
    amount_cents: int
    currency: str
    status: EntryStatus
    is_reversal: bool
    booked_on: date
    value_on: date
    bank_reference: str | None
    entry_reference: str | None
    type_code: str | None
    batch_count: int | None
    payment_information_id: str | None
    text: str
    details: tuple[Transaction, ...]

    @property
    def details_add_up(self) -> bool:
        """Whether the payments inside explain the whole entry; if not, it stays whole and goes to a person."""
        return bool(self.details) and sum(detail.amount_cents for detail in self.details) == self.amount_cents

    @property
    def transactions(self) -> tuple[Transaction, ...]:
        """What may be posted: the payments inside if they add up, else the entry as one. Always sums to the entry."""
        if self.details_add_up:
            return self.details
        whole = Transaction(
            index=0,
            amount_cents=self.amount_cents,
            counterparty=Counterparty(),
            text=self.text,
            payment_information_id=self.payment_information_id,
            bank_reference=self.bank_reference,
        )
        return (whole,)


@dataclass(frozen=True, kw_only=True)
class DeclaredTotal:
    """What the bank says it sent: number of entries and their sum without a sign."""

    count: int | None
    sum_cents: int | None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of one account. `entry_count` is the number of entries in the file, readable or not."""

    message: Message
    version: str | None
    account_number: str | None
    currency: str | None
    servicer_bic: str | None
    statement_id: str | None
    sequence_number: int | None
    page: int
    is_last_page: bool
    is_duplicate: bool
    created_at: str | None
    opening: BankBalance | None
    closing: BankBalance | None
    entries: tuple[Entry, ...]
    entry_count: int
    declared_all: DeclaredTotal | None
    declared_credits: DeclaredTotal | None
    declared_debits: DeclaredTotal | None
    findings: tuple[Finding, ...]

    @property
    def booked(self) -> tuple[Entry, ...]:
        """The entries that move the balance."""
        return tuple(entry for entry in self.entries if entry.status is EntryStatus.BOOKED)


@dataclass(frozen=True, kw_only=True)
class BankFile:
    """All statements of one file, and what is wrong with the file as a whole."""

    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...]


class UnreadableStatement(ValueError):  # noqa: N818 - it says what the file is
    """Not XML, broken off, larger than allowed, or with a DOCTYPE: there is no statement to judge."""
