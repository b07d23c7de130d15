"""Journals as the ledger posts them: kinds, lines, keys, hashes, and the arrays that `ledger.post_batch` takes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid5

from common.decisions import Row

JOURNAL_NAMESPACE = UUID("8f3a1a60-5f0e-5d0c-9a55-3c1f0f7c2f10")
"""Namespace of every idempotency key of a journal; never change it, or a retry would post a second time."""

MAX_BATCH_JOURNALS = 10_000
"""`post_batch` refuses more (LG003); split the batch."""


class JournalKind(StrEnum):
    """What a journal records. Receipts and bank movements are recorded, all else is authorised by the floors."""

    RECEIPT = "receipt"  # BANK / SUSP
    MATCH = "match"  # SUSP / CASE or REFUND
    SETTLE = "settle"  # CASE / CRED
    TAKE_BACK = "take_back"  # CRED and, of what was paid out, RECALL / REFUND
    PAYOUT_SENT = "payout_sent"  # CRED or REFUND / INTRANSIT
    PAYOUT_DEBITED = "payout_debited"  # INTRANSIT / BANK
    PAYOUT_RETURNED = "payout_returned"  # INTRANSIT or BANK / CRED
    RECEIPT_RETURNED = "receipt_returned"  # SUSP or REFUND / RECALL, that a debit of the bank opened
    UNEXPLAINED_DEBIT = "unexplained_debit"  # RECALL / BANK
    BANK_CHARGE = "bank_charge"  # OWNCOST / BANK
    TOP_UP = "top_up"  # BANK / TOPUP
    CHARGE = "charge"  # claim book: PRINCIPAL, INTEREST or COSTS / OUTSTANDING
    ALLOCATE = "allocate"  # claim book: OUTSTANDING / PRINCIPAL, INTEREST or COSTS
    WRITE_OFF = "write_off"  # claim book: OUTSTANDING / PRINCIPAL or COSTS, what is let go
    REVERSAL = "reversal"  # mirrors the journal it reverses


@dataclass(frozen=True, kw_only=True)
class Line:
    """One side of a journal: the account by its code, plus is debit and minus is credit, in cents, never zero."""

    ledger_account: str
    amount_cents: int


@dataclass(frozen=True, kw_only=True)
class Journal:
    """One balanced booking of one entity in one book. `reverses` is the idempotency key of the journal it undoes."""

    entity_id: int
    idempotency_key: UUID
    kind: JournalKind
    booked_on: date
    value_on: date
    lines: tuple[Line, ...]
    source_id: UUID | None = None
    reverses: UUID | None = None
    reason: str | None = None


def journal_key(kind: JournalKind, entity_id: int, *source_facts: object) -> UUID:
    """The key of a journal, from the facts that cause it: made before the first attempt, the same at each retry.

    Receipt: the entry fingerprint. Match: fingerprint and decision. Payout: payout id and step. Reversal: the key of
    the reversed journal.
    """
    assert source_facts, "a key without a fact would be the same for every journal of its kind"
    facts = "|".join(str(fact).replace("|", "||") for fact in source_facts)
    return uuid5(JOURNAL_NAMESPACE, f"{kind.value}|{entity_id}|{facts}")


def transfer(*, debit: str, credit: str, amount_cents: int) -> tuple[Line, Line]:
    """The two lines that move a positive amount from the credit account to the debit account."""
    assert amount_cents > 0
    return (
        Line(ledger_account=debit, amount_cents=amount_cents),
        Line(ledger_account=credit, amount_cents=-amount_cents),
    )


def reversal_of(journal: Journal, *, booked_on: date, reason: str) -> Journal:
    """The journal that undoes another, at a day of its own and with its reason; the value date stays."""
    return Journal(
        entity_id=journal.entity_id,
        idempotency_key=journal_key(JournalKind.REVERSAL, journal.entity_id, journal.idempotency_key),
        kind=JournalKind.REVERSAL,
        booked_on=booked_on,
        value_on=journal.value_on,
        lines=tuple(
            Line(ledger_account=line.ledger_account, amount_cents=-line.amount_cents) for line in journal.lines
        ),
        source_id=journal.source_id,
        reverses=journal.idempotency_key,
        reason=reason,
    )


def request_hash(journal: Journal) -> bytes:
    """SHA-256 over what is asked for: entity, kind, dates, reversal, source and lines; not the reason, not the key."""
    parts = [
        "1",  # version of this form
        str(journal.entity_id),
        journal.kind.value,
        journal.booked_on.isoformat(),
        journal.value_on.isoformat(),
        str(journal.reverses or ""),
        str(journal.source_id or ""),
        *(f"{line.ledger_account}={line.amount_cents}" for line in journal.lines),
    ]
    return hashlib.sha256("\n".join(parts).encode()).digest()


def post_batch_arguments(journals: Sequence[Journal], now: datetime) -> tuple[object, ...]:
    """The arguments of the query `post_journals` for 1 to 10,000 journals, in their order.

    Sort the journals of a batch by idempotency key first: two importers with overlapping batches then wait for each
    other instead of deadlocking. The answer's arrays are in the order given.
    """
    assert 1 <= len(journals) <= MAX_BATCH_JOURNALS
    lines = [
        (position, ordinal, line)
        for position, journal in enumerate(journals, start=1)
        for ordinal, line in enumerate(journal.lines, start=1)
    ]
    return (
        [journal.entity_id for journal in journals],
        [journal.idempotency_key for journal in journals],
        [request_hash(journal) for journal in journals],
        [journal.kind.value for journal in journals],
        [journal.booked_on for journal in journals],
        [journal.value_on for journal in journals],
        [journal.reverses for journal in journals],
        [journal.source_id for journal in journals],
        [journal.reason for journal in journals],
        [position for position, _, _ in lines],
        [ordinal for _, ordinal, _ in lines],
        [line.ledger_account for _, _, line in lines],
        [line.amount_cents for _, _, line in lines],
        now,
    )


def ledger_accounts_of(journals: Sequence[Journal]) -> list[str]:
    """The codes that a batch needs, sorted, each once: what `ledger.open_accounts` takes."""
    return sorted({line.ledger_account for journal in journals for line in journal.lines})


@dataclass(frozen=True)
class Booking(Row):
    """A journal as a row that a decision appends."""

    journal: Journal
