"""Journals of a matched payment: whose money it is (trust book), and what of the claim it covers (claim book)."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from uuid import UUID

from ledger.domain.case_account import Bucket, CaseAccount, Charge, Claim
from ledger.domain.covering import Covering
from ledger.domain.journals import Journal, JournalKind, Line, journal_key, reversal_of, transfer
from ledger.domain.jurisdictions import JURISDICTIONS

ACCOUNT_OF: dict[str, str] = {
    "costs": "COSTS",
    "vat": "VAT",
    "late_interest": "INTEREST",
    "principal": "PRINCIPAL",
    "indemnity": "INDEMNITY",
}


def principal_journal(case_file_id: UUID, case_account: CaseAccount, claim: Claim, *, on: date) -> Journal:
    """The claim enters the claim book."""
    return _claim_journal(
        JournalKind.CHARGE,
        case_account,
        (claim.claim_id, "principal"),
        on=on,
        value_on=claim.due_on,
        lines=transfer(
            debit=f"PRINCIPAL:{claim.claim_id}",
            credit=f"OUTSTANDING:{case_file_id}",
            amount_cents=claim.principal_cents,
        ),
    )


def charge_journals(
    case_file_id: UUID, case_account: CaseAccount, charges: Iterable[Charge], *, ground: str, on: date
) -> Iterator[Journal]:
    """Costs, VAT and indemnity enter the claim book, each on a ground of its own."""
    for charge in charges:
        yield _claim_journal(
            JournalKind.CHARGE,
            case_account,
            (charge.claim_id, charge.kind, ground),
            on=on,
            value_on=charge.on,
            lines=transfer(
                debit=f"{ACCOUNT_OF[charge.kind]}:{charge.claim_id}",
                credit=f"OUTSTANDING:{case_file_id}",
                amount_cents=charge.amount_cents,
            ),
        )


def match_journals(
    case_file_id: UUID, covering: Covering, *, payment_id: UUID, amount_cents: int, value_on: date, booked_on: date
) -> Iterator[Journal]:
    """SUSP / CASE and REFUND, CASE / CRED, and the claim book's allocation and write-off; before them the charges that
    the payment lowers are reversed and booked anew. What the client got too much of earlier payments is his account's.
    """
    case_account = covering.case_account
    entity = JURISDICTIONS[case_account.country].entity_id
    refunded = min(covering.overpaid_cents, amount_cents)
    kept = amount_cents - refunded
    lines = [Line(ledger_account=f"SUSP:{payment_id}", amount_cents=amount_cents)]
    if kept:
        lines.append(Line(ledger_account=f"CASE:{case_file_id}", amount_cents=-kept))
    if refunded:
        lines.append(Line(ledger_account=f"REFUND:{case_file_id}", amount_cents=-refunded))
    yield Journal(
        entity_id=entity,
        idempotency_key=journal_key(JournalKind.MATCH, entity, payment_id, case_file_id),
        kind=JournalKind.MATCH,
        booked_on=booked_on,
        value_on=value_on,
        lines=tuple(lines),
        source_id=payment_id,
    )
    if kept:
        yield Journal(
            entity_id=entity,
            idempotency_key=journal_key(JournalKind.SETTLE, entity, payment_id, case_file_id),
            kind=JournalKind.SETTLE,
            booked_on=booked_on,
            value_on=value_on,
            lines=transfer(
                debit=f"CASE:{case_file_id}",
                credit=f"CRED:{case_account.client_id}/{case_account.country}",
                amount_cents=kept,
            ),
            source_id=payment_id,
        )
    yield from _claim_book(
        case_file_id,
        covering,
        (payment_id, case_file_id),
        value_on=value_on,
        booked_on=booked_on,
        reason="paid inside the term of the notice",
    )


def join_journals(case_file_id: UUID, covering: Covering, claim: Claim, *, on: date) -> Iterator[Journal]:
    """REFUND / CRED: what was kept for the payer covers a claim that joined since, and the claim book shows it."""
    case_account = covering.case_account
    entity = JURISDICTIONS[case_account.country].entity_id
    if covering.overpaid_cents:
        yield Journal(
            entity_id=entity,
            idempotency_key=journal_key(JournalKind.SETTLE, entity, "joined", claim.claim_id, case_file_id),
            kind=JournalKind.SETTLE,
            booked_on=on,
            value_on=on,
            lines=transfer(
                debit=f"REFUND:{case_file_id}",
                credit=f"CRED:{case_account.client_id}/{case_account.country}",
                amount_cents=-covering.overpaid_cents,
            ),
            source_id=claim.claim_id,
        )
    yield from _claim_book(
        case_file_id,
        covering,
        ("joined", claim.claim_id, case_file_id),
        value_on=on,
        booked_on=on,
        reason="a claim joined that payments before it cover too",
    )


def return_journals(
    case_file_id: UUID, covering: Covering, *, payment_id: UUID, return_id: UUID, amount_cents: int, booked_on: date
) -> Iterator[Journal]:
    """REFUND / RECALL: what is kept for the payer is given up first, and the claim book turns back. The rest of what
    the bank took is in the client's hands: his account's. What others paid too much may have become his instead.
    """
    case_account = covering.case_account
    entity = JURISDICTIONS[case_account.country].entity_id
    given_up = -covering.overpaid_cents
    sides = (
        (f"REFUND:{case_file_id}", given_up),
        (f"RECALL:{return_id}", -min(given_up, amount_cents)),
        (f"CRED:{case_account.client_id}/{case_account.country}", -max(given_up - amount_cents, 0)),
    )
    if given_up:
        yield Journal(
            entity_id=entity,
            idempotency_key=journal_key(JournalKind.RECEIPT_RETURNED, entity, return_id, case_file_id),
            kind=JournalKind.RECEIPT_RETURNED,
            booked_on=booked_on,
            value_on=booked_on,
            lines=tuple(Line(ledger_account=code, amount_cents=cents) for code, cents in sides if cents),
            source_id=payment_id,
        )
    yield from _claim_book(
        case_file_id,
        covering,
        ("returned", return_id, case_file_id),
        value_on=booked_on,
        booked_on=booked_on,
        reason="the bank took a payment back",
    )


def _claim_book(
    case_file_id: UUID,
    covering: Covering,
    facts: tuple[object, ...],
    *,
    value_on: date,
    booked_on: date,
    reason: str,
) -> Iterator[Journal]:
    """Costs that notices bring otherwise now, and the difference in what is covered and let go."""
    case_account = covering.case_account
    for lowered in covering.lowered:
        yield from notice_journals(case_file_id, case_account, lowered.charges)
        for journal in notice_journals(case_file_id, case_account, lowered.reversed):
            yield reversal_of(journal, booked_on=booked_on, reason=reason)
    for kind, parts in ((JournalKind.ALLOCATE, covering.parts), (JournalKind.WRITE_OFF, covering.written_off)):
        lines = _allocation_lines(case_file_id, parts)
        if lines:
            yield _claim_journal(kind, case_account, facts, on=booked_on, value_on=value_on, lines=lines)


def notice_journals(case_file_id: UUID, case_account: CaseAccount, charges: Iterable[Charge]) -> Iterator[Journal]:
    """The charges that notices brought, each on its own ground and day, so that its journal is found again."""
    for charge in charges:
        assert charge.booked_on is not None, "what a notice brings knows its day"
        yield from charge_journals(case_file_id, case_account, [charge], ground=charge.ground, on=charge.booked_on)


def correction_journals(case_file_id: UUID, covering: Covering, *, notice_id: UUID, on: date) -> Iterator[Journal]:
    """What earlier payments cover otherwise moves inside the claim book; whose money it is does not change."""
    assert covering.overpaid_cents == 0, "a term takes nothing of what was paid too much"
    yield from _claim_book(
        case_file_id,
        covering,
        ("corrected", notice_id, case_file_id),
        value_on=on,
        booked_on=on,
        reason="another term passed before",
    )


def _allocation_lines(case_file_id: UUID, parts: Counter[tuple[UUID, Bucket]]) -> tuple[Line, ...]:
    """What is covered leaves the claim; interest enters the book when it is paid, so it passes through both sides."""
    lines = [
        Line(ledger_account=f"{ACCOUNT_OF[bucket]}:{claim_id}", amount_cents=-cents)
        for (claim_id, bucket), cents in sorted(parts.items(), key=lambda part: (str(part[0][0]), part[0][1]))
        if cents and bucket != "late_interest"
    ]
    outstanding = -sum(line.amount_cents for line in lines)
    if outstanding:
        lines.append(Line(ledger_account=f"OUTSTANDING:{case_file_id}", amount_cents=outstanding))
    return tuple(lines)


def _claim_journal(
    kind: JournalKind,
    case_account: CaseAccount,
    facts: tuple[object, ...],
    *,
    on: date,
    value_on: date,
    lines: tuple[Line, ...],
) -> Journal:
    entity = JURISDICTIONS[case_account.country].entity_id
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(kind, entity, *facts),
        kind=kind,
        booked_on=on,
        value_on=value_on,
        lines=lines,
    )
