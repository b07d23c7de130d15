"""Composition root: `python -m ledger.app`."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from common.folders import watch_folder
from common.service import Service
from contracts.registry import CATALOGUE, topics_of
from ledger.bank.payment_files import PaymentFiles
from ledger.bank.statement_files import take_statement_file
from ledger.consumers import CONSUMERS
from ledger.domain.payment_files import CHANNEL
from ledger.metrics import UNPROVED_TRUST_ACCOUNTS, UNWRITTEN_REMITTANCES
from ledger.repository import count_unproved_trust_accounts, count_unwritten_remittances
from ledger.settings import Settings, TrustAccountSettings, trust_accounts

log = structlog.get_logger()
LOOK_AT_BOOKS_SECONDS = 60.0


def watch_statements(
    settings: Settings, accounts: dict[str, TrustAccountSettings]
) -> Callable[[Service], Awaitable[None]]:
    """The loop that takes statements out of the bank's folder."""

    async def loop(service: Service) -> None:
        settings.bank_in.mkdir(parents=True, exist_ok=True)
        await watch_folder(
            settings.bank_in,
            lambda path: take_statement_file(
                path, runner=service.runner, blocking=service.blocking, trust_accounts=accounts
            ),
            suffixes=(".xml",),
        )

    return loop


async def watch_books(service: Service) -> None:
    """Show what of the books needs a person: remittances without a payment file, trust accounts that do not prove."""
    while True:
        try:
            async with service.pool.acquire() as connection:
                for reason, count in (await count_unwritten_remittances(connection)).items():
                    UNWRITTEN_REMITTANCES.labels(reason).set(count)
                UNPROVED_TRUST_ACCOUNTS.set(await count_unproved_trust_accounts(connection))
        except Exception:
            log.exception("books_not_shown")
        await asyncio.sleep(LOOK_AT_BOOKS_SECONDS)


def build() -> Service:
    """The ledger as its environment wants it."""
    settings = Settings()  # pyright: ignore[reportCallIssue]  from the environment
    accounts = trust_accounts(settings.agency_file)
    return Service(
        "ledger",
        settings=settings,
        catalogue=CATALOGUE,
        topics=topics_of("ledger"),
        consumers=CONSUMERS,
        channels={CHANNEL: PaymentFiles(settings.bank_out, accounts)},
        loops=(watch_statements(settings, accounts), watch_books),
    )


if __name__ == "__main__":
    build().run()
