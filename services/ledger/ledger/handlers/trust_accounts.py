"""The trust account: statements in, receipts on their way, and the proof that nobody's money is missing."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from common.decisions import Decision, Due
from common.messages import Message
from contracts.ledger import (
    BookPayout,
    BookReceipt,
    PaymentUnmatched,
    ReconcileTrust,
    ReverseReceipt,
    StatementHeld,
    StatementReconciled,
    TrustInvariantBroken,
    TrustInvariantHeld,
)
from ledger.domain.journals import Booking
from ledger.domain.returns import ReturnRow
from ledger.domain.trust_account import (
    ImportStatement,
    TrustAccount,
    debit_journal,
    history_faults,
    receipt_journal,
    receipt_rows,
    returned_journal,
    with_statement,
    with_unmatched,
    without_unmatched,
)


class ProveTrust(ReconcileTrust):
    """The request with what the database found: the ledger's bank account, and all that is owed to others."""

    bank_cents: int
    owed_cents: int
    negative_obligations: int


def import_statement(
    trust_account: TrustAccount | None, message: ImportStatement, now: datetime
) -> Decision[TrustAccount]:
    """Book a statement whole, or hold it whole and say what is wrong with it."""
    statement = message.statement
    trust_account = trust_account or TrustAccount(iban=message.iban, country=message.country)
    if statement.statement_key in trust_account.known_statements:
        return Decision(trust_account, answer={"decision": "skipped", "findings": ["it was booked before"]})
    faults = (*statement.blocking, *history_faults(trust_account, statement))
    if faults:
        held = StatementHeld(
            trust_account_id=message.trust_account_id, statement_id=statement.statement_id, findings=faults
        )
        held_account = replace(trust_account, held=(*trust_account.held, statement.statement_id)[-50:])
        return Decision(held_account, [held], answer={"decision": "held", "findings": list(faults)})
    ours = set(message.paid_out)
    journals = [receipt_journal(trust_account, receipt) for receipt in statement.receipts]
    journals += [debit_journal(trust_account, debit, is_ours=debit.entry_id in ours) for debit in statement.debits]
    returns = [ReturnRow(payment_id=one.payment_id, return_id=one.return_id) for one in message.taken_back]
    return Decision(
        with_statement(trust_account, statement),
        _follow_ups(message, ours),
        [*(Booking(journal) for journal in journals), *receipt_rows(message), *returns],
        answer={"decision": "booked", "entries": len(journals), "findings": list(statement.warnings)},
    )


def _follow_ups(message: ImportStatement, ours: set[UUID]) -> list[Message]:
    statement = message.statement
    send: list[Message] = [
        BookReceipt(
            payment_id=receipt.payment_id,
            trust_account_id=message.trust_account_id,
            country=message.country,
            amount_cents=receipt.amount_cents,
            value_on=receipt.value_on,
            booked_on=receipt.booked_on,
            references=receipt.references,
            payer_account=receipt.payer_account,
            remittance_text=receipt.text,
        )
        for receipt in statement.receipts
    ]
    debits = {debit.entry_id: debit for debit in statement.debits}
    send += [
        ReverseReceipt(
            payment_id=one.payment_id,
            return_id=one.return_id,
            trust_account_id=message.trust_account_id,
            country=message.country,
            amount_cents=debits[one.return_id].amount_cents,
            value_on=debits[one.return_id].value_on,
            booked_on=debits[one.return_id].booked_on,
            references=one.references,
        )
        for one in message.taken_back
    ]
    send += [
        BookPayout(remittance_id=debit.remittance_id, amount_cents=debit.amount_cents, booked_on=debit.booked_on)
        for debit in statement.debits
        if debit.remittance_id is not None and debit.entry_id in ours
    ]
    send.append(
        ReconcileTrust(
            trust_account_id=message.trust_account_id,
            iban=message.iban,
            statement_id=statement.statement_id,
            statement_key=statement.statement_key,
            closed_on=statement.closed_on,
            closing_cents=statement.closing_cents,
            entries=len(statement.receipts) + len(statement.debits),
        )
    )
    return send


def report_unmatched(trust_account: TrustAccount, command: BookReceipt, now: datetime) -> Decision[TrustAccount]:
    """A receipt that names no case file we know stays in suspense and is told, once. With a reference as ours are it is
    looked for again: after an outage a payment may be read before the file that it is for.
    """
    told = PaymentUnmatched(
        trust_account_id=command.trust_account_id,
        payment_id=command.payment_id,
        amount_cents=command.amount_cents,
        value_on=command.value_on,
    )
    return Decision(with_unmatched(trust_account, command, now=now), [] if command.tries else [told])


def retry_unmatched(trust_account: TrustAccount, due: Due, now: datetime) -> Decision[TrustAccount]:
    """Receipts in suspense look for their case files again."""
    again = [receipt.model_copy(update={"tries": receipt.tries + 1}) for receipt in trust_account.unmatched]
    return Decision(replace(trust_account, unmatched=(), retry_at=None), again)


def return_unmatched(trust_account: TrustAccount, command: ReverseReceipt, now: datetime) -> Decision[TrustAccount]:
    """A receipt that was never matched leaves suspense as the bank took it."""
    left = without_unmatched(trust_account, command.payment_id)
    return Decision(left, append=[Booking(returned_journal(trust_account, command))])


def prove_trust(trust_account: TrustAccount, command: ReconcileTrust, now: datetime) -> Decision[TrustAccount]:
    """The bank's closing balance equals the ledger's bank account and all that is owed, or somebody is called."""
    assert isinstance(command, ProveTrust), "the repository read the sums"
    told = StatementReconciled(
        trust_account_id=command.trust_account_id,
        statement_id=command.statement_id,
        booked_on=command.closed_on,
        entries=command.entries,
        closing_cents=command.closing_cents,
    )
    proved = command.closing_cents == command.bank_cents == command.owed_cents and not command.negative_obligations
    if proved:
        verdict: Message = TrustInvariantHeld(
            trust_account_id=command.trust_account_id,
            statement_id=command.statement_id,
            bank_cents=command.bank_cents,
            owed_cents=command.owed_cents,
        )
    else:
        verdict = TrustInvariantBroken(
            trust_account_id=command.trust_account_id,
            statement_id=command.statement_id,
            bank_cents=command.closing_cents,
            owed_cents=command.owed_cents,
            difference_cents=command.closing_cents - command.owed_cents,
        )
    return Decision(trust_account, [told, verdict])
