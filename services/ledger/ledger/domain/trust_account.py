"""A trust account as its bank statements tell it, and what one statement comes to."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import ClassVar
from uuid import UUID

from common.ids import name_id
from common.messages import Message, Personal, Value
from contracts.ledger import BookReceipt, ReverseReceipt
from ledger.domain.controls import Decision, Judgement, RegisteredAccount, entries_to_book, judge_statement
from ledger.domain.fingerprints import statement_key, transaction_fingerprint
from ledger.domain.journals import Journal, JournalKind, Line, journal_key, transfer
from ledger.domain.jurisdictions import JURISDICTIONS, Country
from ledger.domain.references import find_references, reference_numbers
from ledger.domain.returns import ReceiptRow, marks_of, receipt_of, takes_back
from ledger.domain.statements import Statement

EXPECTED_BEFORE = timedelta(days=60)  # not law: an older booking day is probably an old file
EXPECTED_AFTER = timedelta(days=5)  # not law: banks book a little ahead over holidays
RETRY_FIRST_AFTER = timedelta(minutes=10)  # the topics of intake and of the bank have no common order
RETRY_AFTER = timedelta(days=1)
MOST_TRIES = 40
REMEMBERED_STATEMENTS = 400  # a little over a year of business days


@dataclass(frozen=True, kw_only=True)
class TrustAccount:
    """What was booked so far."""

    iban: str
    country: Country
    last_closing_cents: int | None = None
    last_closed_on: date | None = None
    last_sequence_number: int | None = None
    known_statements: tuple[UUID, ...] = ()
    held: tuple[str, ...] = ()
    unmatched: tuple[BookReceipt, ...] = ()  # with a reference as ours are: their case file may become known later
    retry_at: datetime | None = None

    @property
    def registered(self) -> RegisteredAccount:
        """As the controls want it. Entries known from an overlapping file are refused by their journal's key."""
        return RegisteredAccount(
            iban=self.iban,
            last_closing_cents=self.last_closing_cents,
            last_closed_on=self.last_closed_on,
            last_sequence_number=self.last_sequence_number,
            known_statements=frozenset(self.known_statements),
        )


def next_due_at(trust_account: TrustAccount) -> datetime | None:
    """When receipts that found no case file look for it again."""
    return trust_account.retry_at


def with_unmatched(trust_account: TrustAccount, receipt: BookReceipt, *, now: datetime) -> TrustAccount:
    """The account with a receipt that looks for its case file again, if it states a reference as ours are."""
    if receipt.tries >= MOST_TRIES or not reference_numbers(receipt.references):
        return trust_account
    retry_at = trust_account.retry_at or now + (RETRY_FIRST_AFTER if receipt.tries == 0 else RETRY_AFTER)
    return replace(trust_account, unmatched=(*trust_account.unmatched, receipt), retry_at=retry_at)


def without_unmatched(trust_account: TrustAccount, payment_id: UUID) -> TrustAccount:
    """The account whose receipt looks for no case file any more."""
    left = tuple(receipt for receipt in trust_account.unmatched if receipt.payment_id != payment_id)
    return replace(trust_account, unmatched=left, retry_at=trust_account.retry_at if left else None)


class Receipt(Value):
    """A credit that looks for its case file."""

    payment_id: UUID
    amount_cents: int
    value_on: date
    booked_on: date
    references: tuple[str, ...]
    marks: tuple[str, ...] = ()  # by which a debit that takes it back names it
    payer_account: Personal | None
    text: Personal | None


class Debit(Value):
    """Money that left: a remittance of ours when its id is known, a receipt taken back, else unexplained."""

    entry_id: UUID
    amount_cents: int  # positive
    value_on: date
    booked_on: date
    remittance_id: UUID | None
    marks: tuple[str, ...] = ()  # of the receipt that the bank takes back by it; empty for any other debit


class TakenBack(Value):
    """A receipt of ours, and the debit entry by which the bank takes it back."""

    return_id: UUID
    payment_id: UUID
    references: tuple[str, ...]


class ImportStatement(Message):
    """A bank statement that was read, with the verdict of its controls still to be given (from a file)."""

    key_field: ClassVar[str] = "trust_account_id"

    trust_account_id: UUID
    iban: str
    country: Country
    statement: "ReadStatement"
    paid_out: tuple[UUID, ...] = ()  # entry ids of the debits that are remittances of ours
    taken_back: tuple[TakenBack, ...] = ()


class ReadStatement(Value):
    """What of a statement is booked."""

    statement_id: str
    statement_key: UUID
    sequence_number: int | None
    closed_on: date
    opening_cents: int
    closing_cents: int
    blocking: tuple[str, ...]  # what the controls that need no history found
    warnings: tuple[str, ...]
    receipts: tuple[Receipt, ...]
    debits: tuple[Debit, ...]


ImportStatement.model_rebuild()


def trust_account_id(iban: str) -> UUID:
    """The key of a trust account."""
    return name_id("trust_account", iban)


def judged(statement: Statement, trust_account: RegisteredAccount | None, *, today: date) -> Judgement:
    """All controls with what is known of the account."""
    return judge_statement(
        statement, trust_account, expected_from=today - EXPECTED_BEFORE, expected_through=today + EXPECTED_AFTER
    )


def to_book(statement: Statement, trust_account: RegisteredAccount) -> tuple[tuple[Receipt, ...], tuple[Debit, ...]]:
    """The booked entries, one payment each, with the references that they state."""
    receipts: list[Receipt] = []
    debits: list[Debit] = []
    for fingerprint, entry in entries_to_book(statement, trust_account):
        for transaction in entry.transactions:
            single = len(entry.transactions) == 1
            payment_id = fingerprint if single else transaction_fingerprint(fingerprint, transaction.index)
            if transaction.amount_cents > 0:
                payer = transaction.counterparty.account_number
                receipts.append(
                    Receipt(
                        payment_id=payment_id,
                        amount_cents=transaction.amount_cents,
                        value_on=entry.value_on,
                        booked_on=entry.booked_on,
                        references=tuple(found.value for found in find_references(transaction)),
                        marks=marks_of(entry, transaction),
                        payer_account=Personal.of(payer) if payer else None,
                        text=Personal.of(transaction.text[:500]) if transaction.text else None,
                    )
                )
            elif transaction.amount_cents < 0:
                debits.append(
                    Debit(
                        entry_id=payment_id,
                        amount_cents=-transaction.amount_cents,
                        value_on=entry.value_on,
                        booked_on=entry.booked_on,
                        remittance_id=_uuid(transaction.end_to_end_id),
                        marks=marks_of(entry, transaction) if takes_back(entry, transaction) else (),
                    )
                )
    return tuple(receipts), tuple(debits)


def paid_out(debits: Iterable[Debit], in_transit: dict[UUID, int]) -> tuple[UUID, ...]:
    """The entries that pay out a remittance: it is in transit with exactly this amount. What is found is taken out of
    `in_transit` (cents by remittance), so that a second debit of one remittance stays unexplained.
    """
    found: list[UUID] = []
    for debit in debits:
        if debit.remittance_id is not None and in_transit.get(debit.remittance_id) == debit.amount_cents:
            del in_transit[debit.remittance_id]
            found.append(debit.entry_id)
    return tuple(found)


def receipt_rows(message: ImportStatement) -> list[ReceiptRow]:
    """The receipts of a statement, as a later debit may name them."""
    return [
        ReceiptRow(
            payment_id=receipt.payment_id,
            trust_account_id=message.trust_account_id,
            amount_cents=receipt.amount_cents,
            marks=receipt.marks,
            references=receipt.references,
        )
        for receipt in message.statement.receipts
    ]


def taken_back(message: ImportStatement, receipts: dict[UUID, ReceiptRow]) -> tuple[TakenBack, ...]:
    """The debits by which the bank takes a receipt back. What is found is taken out of `receipts`, so that a second
    debit of one receipt stays unexplained.
    """
    found: list[TakenBack] = []
    for debit in message.statement.debits:
        if not debit.marks:
            continue
        mine = [one for one in receipts.values() if one.trust_account_id == message.trust_account_id]
        receipt = receipt_of(debit.marks, debit.amount_cents, mine)
        if receipt is not None:
            del receipts[receipt.payment_id]
            found.append(
                TakenBack(return_id=debit.entry_id, payment_id=receipt.payment_id, references=receipt.references)
            )
    return tuple(found)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(hex=text or "")
    except ValueError:
        return None


def with_statement(trust_account: TrustAccount, statement: ReadStatement) -> TrustAccount:
    """The account after a booked statement."""
    return replace(
        trust_account,
        last_closing_cents=statement.closing_cents,
        last_closed_on=statement.closed_on,
        last_sequence_number=statement.sequence_number,
        known_statements=(*trust_account.known_statements, statement.statement_key)[-REMEMBERED_STATEMENTS:],
    )


def history_faults(trust_account: TrustAccount, statement: ReadStatement) -> tuple[str, ...]:
    """Controls that need the account's history: the statement must follow the last one."""
    faults: list[str] = []
    last = trust_account.last_closing_cents
    if last is not None and statement.opening_cents != last:
        faults.append("opening: it does not open where the last booked statement closed; deliver the one between")
    number, previous = statement.sequence_number, trust_account.last_sequence_number
    if number is not None and previous is not None and number not in (previous + 1, 1):
        faults.append(f"sequence: number {number} follows number {previous}; ask the bank")
    return tuple(faults)


def receipt_journal(trust_account: TrustAccount, receipt: Receipt) -> Journal:
    """BANK / SUSP: the bank has it already, so it is recorded whatever it is."""
    entity = JURISDICTIONS[trust_account.country].entity_id
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(JournalKind.RECEIPT, entity, receipt.payment_id),
        kind=JournalKind.RECEIPT,
        booked_on=receipt.booked_on,
        value_on=receipt.value_on,
        lines=transfer(
            debit=f"BANK:{trust_account.iban}", credit=f"SUSP:{receipt.payment_id}", amount_cents=receipt.amount_cents
        ),
        source_id=receipt.payment_id,
    )


def returned_journal(trust_account: TrustAccount, command: ReverseReceipt) -> Journal:
    """SUSP / RECALL: the debit is explained by a receipt that nobody had claimed."""
    entity = JURISDICTIONS[trust_account.country].entity_id
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(JournalKind.RECEIPT_RETURNED, entity, command.return_id),
        kind=JournalKind.RECEIPT_RETURNED,
        booked_on=command.booked_on,
        value_on=command.value_on,
        lines=transfer(
            debit=f"SUSP:{command.payment_id}", credit=f"RECALL:{command.return_id}", amount_cents=command.amount_cents
        ),
        source_id=command.payment_id,
    )


def debit_journal(trust_account: TrustAccount, debit: Debit, *, is_ours: bool) -> Journal:
    """INTRANSIT / BANK for a remittance of ours; anything else is a shortfall until it is explained."""
    entity = JURISDICTIONS[trust_account.country].entity_id
    kind = JournalKind.PAYOUT_DEBITED if is_ours else JournalKind.UNEXPLAINED_DEBIT
    source = f"INTRANSIT:{debit.remittance_id}" if is_ours else f"RECALL:{debit.entry_id}"
    lines: tuple[Line, ...] = transfer(
        debit=source, credit=f"BANK:{trust_account.iban}", amount_cents=debit.amount_cents
    )
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(kind, entity, debit.entry_id),
        kind=kind,
        booked_on=debit.booked_on,
        value_on=debit.value_on,
        lines=lines,
        source_id=debit.remittance_id if is_ours else debit.entry_id,
    )


def read_statement(statement: Statement, iban: str, *, today: date) -> ReadStatement:
    """A statement with the verdict of every control that needs no history (history is judged in the fold)."""
    blank = RegisteredAccount(iban=iban)
    judgement = judged(statement, blank if statement.account_number == iban else None, today=today)
    receipts, debits = to_book(statement, blank) if judgement.decision is Decision.BOOK else ((), ())
    texts = [f"{verdict.control}: {verdict.text}" for verdict in judgement.reasons]
    blocking = texts if judgement.decision is Decision.HOLD else []
    opening, closing = statement.opening, statement.closing
    return ReadStatement(
        statement_id=statement.statement_id or str(statement.sequence_number or ""),
        statement_key=statement_key(statement),
        sequence_number=statement.sequence_number,
        closed_on=(closing.on if closing and closing.on else today),
        opening_cents=opening.amount_cents if opening else 0,
        closing_cents=closing.amount_cents if closing else 0,
        blocking=tuple(blocking),
        warnings=tuple(texts) if not blocking else (),
        receipts=receipts,
        debits=debits,
    )
