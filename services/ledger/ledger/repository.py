"""Named queries of the ledger: finding case files by reference, clients by remittance, and posting journals."""

import json
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from common.clock import read_now
from common.decisions import Located
from common.messages import Message
from common.postgres import Connection
from common.queries import load_queries
from contracts.ledger import BookPayout, BookReceipt, ReconcileTrust, ReverseReceipt
from ledger.domain.journals import MAX_BATCH_JOURNALS, Booking, ledger_accounts_of, post_batch_arguments
from ledger.domain.jurisdictions import JURISDICTIONS
from ledger.domain.payment_files import RemittanceRow
from ledger.domain.references import reference_numbers
from ledger.domain.returns import ReceiptRow, ReturnRow
from ledger.domain.trust_account import ImportStatement, paid_out, receipt_rows, taken_back
from ledger.handlers.case_accounts import MatchedReceipt, MatchedReversal
from ledger.handlers.trust_accounts import ProveTrust

QUERIES = load_queries("ledger")


async def locate_matched(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """Receipts whose references name exactly one case file of their trust entity."""
    found = await _case_files(connection, messages)
    return [
        []
        if case_file_id is None
        else [(case_file_id, MatchedReceipt(**message.model_dump(), case_file_id=case_file_id))]
        for message, case_file_id in zip(messages, found, strict=True)
    ]


async def locate_unmatched(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """The other receipts, booked or taken back, at their trust account."""
    found = await _case_files(connection, messages)
    return [
        [(message.trust_account_id, message)]
        if case_file_id is None and isinstance(message, (BookReceipt, ReverseReceipt))
        else []
        for message, case_file_id in zip(messages, found, strict=True)
    ]


async def locate_reversed(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """Receipts taken back, at the case file that they had been matched to by the same references."""
    found = await _case_files(connection, messages)
    return [
        []
        if case_file_id is None
        else [(case_file_id, MatchedReversal(**message.model_dump(), case_file_id=case_file_id))]
        for message, case_file_id in zip(messages, found, strict=True)
    ]


async def _case_files(connection: Connection, messages: Sequence[Message]) -> list[UUID | None]:
    receipts = [message for message in messages if isinstance(message, (BookReceipt, ReverseReceipt))]
    numbers = sorted({number for receipt in receipts for number in reference_numbers(receipt.references)})
    rows = await connection.fetch(QUERIES.select_case_accounts_by_reference, numbers)
    known = {(row["reference_number"], row["country"]): row["case_account_id"] for row in rows}
    found: list[UUID | None] = []
    for receipt in receipts:
        hits = {known.get((number, receipt.country)) for number in reference_numbers(receipt.references)} - {None}
        found.append(hits.pop() if len(hits) == 1 else None)  # two hits are no hit: a person decides
    return found


async def locate_remittances(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """The client of each confirmed remittance."""
    payouts = [message for message in messages if isinstance(message, BookPayout)]
    clients = await _clients(connection, [payout.remittance_id for payout in payouts])
    return [[(clients[payout.remittance_id], payout)] if payout.remittance_id in clients else [] for payout in payouts]


async def locate_statements(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """Statements at their trust account, with those of their debits that pay out a remittance of ours: one that is in
    transit, with its whole amount, once; and with those by which the bank takes a receipt of ours back.
    """
    imports = [message for message in messages if isinstance(message, ImportStatement)]
    ids = [debit.remittance_id for one in imports for debit in one.statement.debits if debit.remittance_id]
    rows = await connection.fetch(QUERIES.select_in_transit, ids)
    in_transit: dict[UUID, int] = {row["remittance_id"]: row["in_transit_cents"] for row in rows}
    receipts = await _returnable(connection, imports)
    return [
        [
            (
                one.trust_account_id,
                one.model_copy(
                    update={
                        "paid_out": paid_out(one.statement.debits, in_transit),
                        "taken_back": taken_back(one, receipts),
                    }
                ),
            )
        ]
        for one in imports
    ]


async def _returnable(connection: Connection, imports: Sequence[ImportStatement]) -> dict[UUID, ReceiptRow]:
    """Receipts that debits of these statements may take back, those of the statements themselves included."""
    marks = sorted({mark for one in imports for debit in one.statement.debits for mark in debit.marks})
    if not marks:
        return {}
    rows = await connection.fetch(QUERIES.select_receipts_by_mark, marks)
    known = [
        ReceiptRow(
            payment_id=row["payment_id"],
            trust_account_id=row["trust_account_id"],
            amount_cents=row["amount_cents"],
            marks=tuple(row["marks"]),
            references=tuple(row["stated_references"]),
        )
        for row in rows
    ]
    new = [receipt for one in imports for receipt in receipt_rows(one)]
    return {receipt.payment_id: receipt for receipt in (*known, *new)}


async def _clients(connection: Connection, remittance_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    rows = await connection.fetch(QUERIES.select_remittance_clients, remittance_ids)
    return {row["remittance_id"]: row["client_id"] for row in rows}


async def count_unwritten_remittances(connection: Connection) -> dict[str, int]:
    """How many remittances have no payment file, by reason: refused or failed."""
    row = await connection.fetchrow(QUERIES.count_unwritten_remittances)
    assert row is not None
    return dict(row)


async def count_unproved_trust_accounts(connection: Connection) -> int:
    """How many trust accounts did not hold what the books say and owe, by their last statement."""
    return await connection.fetchval(QUERIES.count_unproved_trust_accounts)


async def locate_reconciliations(connection: Connection, messages: Sequence[Message]) -> list[list[Located]]:
    """Reconciliation requests with the sums of the books at this moment; the result is stored with the statement."""
    now = await read_now(connection)
    located: list[list[Located]] = []
    requests = [message for message in messages if isinstance(message, ReconcileTrust)]
    assert len(requests) == len(messages), "the line is for these requests alone"
    rows = await connection.fetch(
        QUERIES.select_trust_account_countries, [request.trust_account_id for request in requests]
    )
    countries = {row["trust_account_id"]: row["country"] for row in rows}
    for request in requests:
        entity_id = JURISDICTIONS[countries[request.trust_account_id]].entity_id
        await connection.execute(QUERIES.open_ledger_accounts, entity_id, [f"BANK:{request.iban}"], now)
        arguments = (request.statement_key, f"BANK:{request.iban}", request.closed_on, request.closing_cents, now)
        row = await connection.fetchrow(QUERIES.reconcile_statement, *arguments)
        assert row is not None
        proof = ProveTrust(**request.model_dump(), **dict(row))
        located.append([(request.trust_account_id, proof)])
    return located


async def post_bookings(connection: Connection, bookings: Sequence[Booking], now: datetime) -> None:
    """All journals of a batch, their accounts opened first. Sorted by key: two importers with overlapping batches then
    wait for each other. Reversals follow, for what they reverse may stand in the same batch. A statement may bring more
    than one call takes.
    """
    journals = sorted((booking.journal for booking in bookings), key=lambda journal: journal.idempotency_key)
    for entity_id in sorted({journal.entity_id for journal in journals}):
        codes = ledger_accounts_of([journal for journal in journals if journal.entity_id == entity_id])
        await connection.execute(QUERIES.open_ledger_accounts, entity_id, codes, now)
    for some in ([j for j in journals if j.reverses is None], [j for j in journals if j.reverses is not None]):
        for first in range(0, len(some), MAX_BATCH_JOURNALS):
            part = some[first : first + MAX_BATCH_JOURNALS]
            await connection.fetch(QUERIES.post_journals, *post_batch_arguments(part, now))


async def insert_receipts(connection: Connection, rows: Sequence[ReceiptRow], now: datetime) -> None:
    """The receipts as a later debit may name them."""
    del now
    await connection.execute(
        QUERIES.insert_receipts,
        [row.payment_id for row in rows],
        [row.trust_account_id for row in rows],
        [row.amount_cents for row in rows],
        [json.dumps(row.marks) for row in rows],
        [json.dumps(row.references) for row in rows],
    )


async def mark_returned(connection: Connection, rows: Sequence[ReturnRow], now: datetime) -> None:
    """Receipts that were taken back are no more."""
    del now
    await connection.execute(
        QUERIES.mark_receipts_returned, [row.payment_id for row in rows], [row.return_id for row in rows]
    )


async def insert_remittances(connection: Connection, rows: Sequence[RemittanceRow], now: datetime) -> None:
    """Whose remittance an id is."""
    del now
    await connection.execute(
        QUERIES.insert_remittances, [row.remittance_id for row in rows], [row.client_id for row in rows]
    )
