"""Receipts that the bank takes back: by which marks a debit names the credit that it undoes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.decisions import Row
from ledger.domain.references import find_references
from ledger.domain.statements import Entry, Transaction

KINDS = ("bank", "end_to_end", "reference")
"""The strongest first. A structured reference stands in all payments of one case file."""


@dataclass(frozen=True)
class ReceiptRow(Row):
    """A receipt as a later debit may name it."""

    payment_id: UUID
    trust_account_id: UUID
    amount_cents: int
    marks: tuple[str, ...]
    references: tuple[str, ...]


@dataclass(frozen=True)
class ReturnRow(Row):
    """A receipt that was taken back; nothing takes it back a second time."""

    payment_id: UUID
    return_id: UUID


def takes_back(entry: Entry, transaction: Transaction) -> bool:
    """Whether the bank says of a debit that it undoes a credit: a reversal, or a return with its reason."""
    return transaction.amount_cents < 0 and (entry.is_reversal or transaction.return_reason is not None)


def marks_of(entry: Entry, transaction: Transaction) -> tuple[str, ...]:
    """The bank's own reference, the payer's, and the structured ones: `kind:value`."""
    named = (
        ("bank", transaction.bank_reference or entry.bank_reference),
        ("end_to_end", transaction.end_to_end_id),
        *(("reference", found.value) for found in find_references(transaction)),
    )
    return tuple(dict.fromkeys(f"{kind}:{value}" for kind, value in named if value))


def receipt_of(marks: Sequence[str], amount_cents: int, receipts: Iterable[ReceiptRow]) -> ReceiptRow | None:
    """The one receipt of this amount that the strongest mark names; several are none: a person looks at the debit."""
    fitting = [receipt for receipt in receipts if receipt.amount_cents == amount_cents]
    for kind in KINDS:
        named = {mark for mark in marks if mark.startswith(f"{kind}:")}
        found = [receipt for receipt in fitting if named & set(receipt.marks)]
        if found:
            return found[0] if len(found) == 1 else None
    return None
