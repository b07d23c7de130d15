"""Names for what a bank file holds, made of its facts: the same line is the same fingerprint, in whatever file."""

from collections import Counter
from uuid import UUID, uuid5

from ledger.domain.statements import Entry, Statement

NAMESPACE = UUID("3d0f5a2e-6a54-5b57-8c1e-6f0f5f6b8a11")
"""Never change it: every receipt would be booked a second time."""


def entry_fingerprints(statement: Statement) -> tuple[UUID, ...]:
    """One fingerprint for each entry, in order: account, day, signed amount, reference, and which of its equals it is.

    Two equal payments on one day are two rows, told apart by their ordinal among identical rows.
    """
    seen: Counter[str] = Counter()
    fingerprints: list[UUID] = []
    for entry in statement.entries:
        facts = _facts(statement.account_number, entry)
        seen[facts] += 1
        fingerprints.append(uuid5(NAMESPACE, f"entry|{facts}|{seen[facts]}"))
    return tuple(fingerprints)


def transaction_fingerprint(entry_fingerprint: UUID, index: int) -> UUID:
    """A payment inside an entry: the entry and the payment's place in it."""
    return uuid5(NAMESPACE, f"transaction|{entry_fingerprint}|{index}")


def statement_key(statement: Statement) -> UUID:
    """The statement as a whole: account, number, both balances with their days. A copy of it has the same key."""
    balances = "|".join(
        f"{balance.on or ''};{balance.amount_cents}" if balance else ""
        for balance in (statement.opening, statement.closing)
    )
    facts = f"{statement.account_number}|{statement.sequence_number or statement.statement_id or ''}|{balances}"
    return uuid5(NAMESPACE, f"statement|{facts}")


def _facts(account_number: str | None, entry: Entry) -> str:
    reference = entry.bank_reference or entry.entry_reference or ""
    return f"{account_number}|{entry.booked_on.isoformat()}|{entry.amount_cents}|{reference}"
