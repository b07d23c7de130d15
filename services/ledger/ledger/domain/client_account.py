"""What is due to a client, and the payment files that take it to him."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from common.ids import name_id
from ledger.domain.bank_days import next_bank_day
from ledger.domain.journals import Journal, JournalKind, Line, journal_key, transfer
from ledger.domain.jurisdictions import JURISDICTIONS, Country

PAYOUT_TIME = time(17, 0)  # the bank takes files until the evening and debits them the next morning
LOCAL = ZoneInfo("Europe/Amsterdam")
WEEKLY_PAYOUT_DAY = 4  # Friday
COUNTRIES: tuple[Country, ...] = ("NL", "BE")


@dataclass(frozen=True, kw_only=True)
class Remittance:
    """A payment file on its way."""

    remittance_id: UUID
    country: Country
    amount_cents: int
    prepared_at: datetime
    is_written: bool = False
    refused_because: str | None = None  # no bank would take it so: a person mends name or account in the mandate
    executed_on: date | None = None


@dataclass(frozen=True, kw_only=True)
class Due:
    """Cents due from one trust entity."""

    country: Country
    cents: int


@dataclass(frozen=True, kw_only=True)
class ClientAccount:
    """The account of one client over both trust entities."""

    client_id: UUID
    payout_name: str
    payout_iban: str
    rhythm: Literal["daily", "weekly"]
    due: tuple[Due, ...] = ()
    remittances: tuple[Remittance, ...] = ()  # those that the bank has not confirmed
    remitted_count: int = 0
    next_payout_at: datetime | None = None
    rewrite_at: datetime | None = None

    def due_cents(self, country: Country) -> int:
        """What is due from one trust entity."""
        return sum(due.cents for due in self.due if due.country == country)


def next_due_at(client: ClientAccount) -> datetime | None:
    """The next payout, or the next try to write a file."""
    return min((at for at in (client.next_payout_at, client.rewrite_at) if at is not None), default=None)


def credited(client: ClientAccount, country: Country, cents: int, *, now: datetime) -> ClientAccount:
    """More is due; the payout of the client's rhythm takes it."""
    due = tuple(
        Due(country=one, cents=client.due_cents(one) + (cents if one == country else 0))
        for one in COUNTRIES
        if client.due_cents(one) or one == country
    )
    return replace(client, due=due, next_payout_at=client.next_payout_at or next_payout(now, client.rhythm))


def debited(client: ClientAccount, country: Country, cents: int) -> tuple[ClientAccount, int]:
    """Take back what is still due, at most so much; the cents that were there to be taken.

    What went out already is the client's debt: it is set off against no later collection without his consent.
    """
    taken = min(client.due_cents(country), cents)
    due = tuple(
        replace(due, cents=due.cents - taken) if due.country == country else due
        for due in client.due
        if due.country != country or due.cents > taken
    )
    return replace(client, due=due), taken


def take_back_journal(
    client_id: UUID,
    *,
    case_file_id: UUID,
    payment_id: UUID,
    country: Country,
    amount_cents: int,
    taken_cents: int,
    on: date,
    value_on: date,
    return_id: UUID | None = None,
) -> Journal:
    """CRED / REFUND for what is still there, RECALL / REFUND for what was paid out: a shortfall until the client gives
    it back. Where the bank took the payment back by `return_id`, its RECALL stands in the place of REFUND.
    """
    entity = JURISDICTIONS[country].entity_id
    owed_to = f"REFUND:{case_file_id}" if return_id is None else f"RECALL:{return_id}"
    sides = (
        (f"CRED:{client_id}/{country}", taken_cents),
        (f"RECALL:{payment_id}", amount_cents - taken_cents),
        (owed_to, -amount_cents),
    )
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(JournalKind.TAKE_BACK, entity, return_id or payment_id, case_file_id),
        kind=JournalKind.TAKE_BACK,
        booked_on=on,
        value_on=value_on,
        lines=tuple(Line(ledger_account=code, amount_cents=cents) for code, cents in sides if cents),
        source_id=payment_id,
    )


def next_payout(now: datetime, rhythm: Literal["daily", "weekly"]) -> datetime:
    """The next payout time on a bank day after now (weekly: on the next Friday, or the bank day after it)."""
    local = now.astimezone(LOCAL)
    day = local.date() if local.time() < PAYOUT_TIME else local.date() + timedelta(days=1)
    if rhythm == "weekly":
        day += timedelta(days=(WEEKLY_PAYOUT_DAY - day.weekday()) % 7)
    return datetime.combine(next_bank_day(day), PAYOUT_TIME, LOCAL).astimezone(now.tzinfo)


def prepare(client: ClientAccount, *, now: datetime) -> tuple[ClientAccount, list[Remittance]]:
    """Everything that is due becomes one remittance a trust entity."""
    made = [
        Remittance(
            remittance_id=name_id("remittance", client.client_id, due.country, client.remitted_count + n),
            country=due.country,
            amount_cents=due.cents,
            prepared_at=now,
        )
        for n, due in enumerate(due for due in client.due if due.cents > 0)
    ]
    after = replace(
        client,
        due=(),
        next_payout_at=None,
        remittances=(*client.remittances, *made),
        remitted_count=client.remitted_count + len(made),
    )
    return after, made


def remittance_journal(client_id: UUID, remittance: Remittance) -> Journal:
    """CRED / INTRANSIT: the file carries it; only the bank's debit ends it."""
    entity = JURISDICTIONS[remittance.country].entity_id
    on = remittance.prepared_at.astimezone(LOCAL).date()
    return Journal(
        entity_id=entity,
        idempotency_key=journal_key(JournalKind.PAYOUT_SENT, entity, remittance.remittance_id),
        kind=JournalKind.PAYOUT_SENT,
        booked_on=on,
        value_on=on,
        lines=transfer(
            debit=f"CRED:{client_id}/{remittance.country}",
            credit=f"INTRANSIT:{remittance.remittance_id}",
            amount_cents=remittance.amount_cents,
        ),
        source_id=remittance.remittance_id,
    )
