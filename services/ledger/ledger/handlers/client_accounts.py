"""The client's account: what is due to him, the payment files, and the bank's confirmation."""

from dataclasses import replace
from datetime import datetime, timedelta

from common.decisions import Call, CallFinished, Decision, Due, Result
from common.messages import Message
from contracts.intake import MandateGranted
from contracts.ledger import (
    BookPayout,
    CreditClient,
    DebitClient,
    RemittanceExecuted,
    RemittancePrepared,
    RemittanceRefused,
)
from ledger.domain.client_account import (
    LOCAL,
    ClientAccount,
    Remittance,
    credited,
    debited,
    prepare,
    remittance_journal,
    take_back_journal,
)
from ledger.domain.journals import Booking
from ledger.domain.payment_files import CHANNEL, PaymentFile, RemittanceRow

TRY_AGAIN_AFTER = timedelta(minutes=15)


def open_client_account(client: ClientAccount | None, event: MandateGranted, now: datetime) -> Decision[ClientAccount]:
    """The client's payout name, account and rhythm; a changed mandate replaces them."""
    if client is None:
        return Decision(
            ClientAccount(
                client_id=event.client_id,
                payout_name=event.payout_name,
                payout_iban=event.payout_account.value,
                rhythm=event.mandate.payout_rhythm,
            )
        )
    refused = any(remittance.refused_because is not None for remittance in client.remittances)
    changed = replace(
        client,
        payout_name=event.payout_name,
        payout_iban=event.payout_account.value,
        rhythm=event.mandate.payout_rhythm,
        remittances=tuple(replace(remittance, refused_because=None) for remittance in client.remittances),
        rewrite_at=now if refused else client.rewrite_at,
    )
    return Decision(changed)


def credit_client(client: ClientAccount, command: CreditClient, now: datetime) -> Decision[ClientAccount]:
    """Collected money is due to the client."""
    return Decision(credited(client, command.country, command.amount_cents, now=now))


def debit_client(client: ClientAccount, command: DebitClient, now: datetime) -> Decision[ClientAccount]:
    """Money credited to the client is the payer's after all, or the bank's that took it back: from what is still due to
    him, else a shortfall.
    """
    after, taken = debited(client, command.country, command.amount_cents)
    journal = take_back_journal(
        client.client_id,
        case_file_id=command.case_file_id,
        payment_id=command.payment_id,
        country=command.country,
        amount_cents=command.amount_cents,
        taken_cents=taken,
        on=now.astimezone(LOCAL).date(),
        value_on=command.value_on,
        return_id=command.return_id,
    )
    return Decision(after, append=[Booking(journal)])


def pay_out(client: ClientAccount, due: Due, now: datetime) -> Decision[ClientAccount]:
    """The payout of the client's rhythm: all that is due goes into payment files; a file that failed is tried again."""
    waiting = [one for one in client.remittances if not one.is_written and one.refused_because is None]
    if client.rewrite_at is not None and client.rewrite_at <= now:
        calls = [_write(client, remittance) for remittance in waiting]
        return Decision(replace(client, rewrite_at=None), calls=calls)
    client_id = client.client_id
    after, made = prepare(client, now=now)
    send: list[Message] = [
        RemittancePrepared(
            client_id=client_id,
            remittance_id=remittance.remittance_id,
            amount_cents=remittance.amount_cents,
            prepared_at=now,
        )
        for remittance in made
    ]
    rows = [Booking(remittance_journal(client_id, remittance)) for remittance in made]
    known = [RemittanceRow(remittance_id=remittance.remittance_id, client_id=client_id) for remittance in made]
    return Decision(after, send, [*rows, *known], [_write(after, remittance) for remittance in made])


def _write(client: ClientAccount, remittance: Remittance) -> Call:
    return Call(
        call_id=remittance.remittance_id,
        channel=CHANNEL,
        payload=PaymentFile(
            remittance_id=remittance.remittance_id,
            country=remittance.country,
            amount_cents=remittance.amount_cents,
            payout_name=client.payout_name,
            payout_iban=client.payout_iban,
            prepared_at=remittance.prepared_at,
        ),
    )


def take_file_outcome(client: ClientAccount, outcome: CallFinished, now: datetime) -> Decision[ClientAccount]:
    """The payment file stands in the bank's folder, or is written again later; the id makes a repeat harmless. One that
    no bank would take is told with its reason, and waits for another name or account.
    """
    if outcome.result is Result.REFUSED:
        return _refused(client, outcome)
    if outcome.result is not Result.ACCEPTED:
        return Decision(replace(client, rewrite_at=now + TRY_AGAIN_AFTER))
    remittances = tuple(
        replace(remittance, is_written=True) if remittance.remittance_id == outcome.call_id else remittance
        for remittance in client.remittances
    )
    return Decision(replace(client, remittances=remittances))


def _refused(client: ClientAccount, outcome: CallFinished) -> Decision[ClientAccount]:
    known = next(remittance for remittance in client.remittances if remittance.remittance_id == outcome.call_id)
    told = RemittanceRefused(
        client_id=client.client_id,
        remittance_id=known.remittance_id,
        amount_cents=known.amount_cents,
        reason=outcome.detail,
    )
    remittances = tuple(
        replace(one, refused_because=outcome.detail) if one is known else one for one in client.remittances
    )
    return Decision(replace(client, remittances=remittances), [told])


def confirm_payout(client: ClientAccount, command: BookPayout, now: datetime) -> Decision[ClientAccount]:
    """The bank debited the file: the money is with the client."""
    if all(remittance.remittance_id != command.remittance_id for remittance in client.remittances):
        return Decision(client)  # it was confirmed before
    told = RemittanceExecuted(
        client_id=client.client_id,
        remittance_id=command.remittance_id,
        amount_cents=command.amount_cents,
        executed_on=command.booked_on,
    )
    left = tuple(r for r in client.remittances if r.remittance_id != command.remittance_id)
    return Decision(replace(client, remittances=left), [told])
