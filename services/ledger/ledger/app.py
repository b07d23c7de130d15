"""Composition root: `python -m ledger.app`."""

from collections.abc import Awaitable, Callable

from common.folders import watch_folder
from common.service import Service
from contracts.registry import CATALOGUE, topics_of
from ledger.bank.payment_files import PaymentFiles
from ledger.bank.statement_files import take_statement_file
from ledger.consumers import CONSUMERS
from ledger.domain.payment_files import CHANNEL
from ledger.settings import Settings, TrustAccountSettings, trust_accounts


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
        loops=(watch_statements(settings, accounts),),
    )


if __name__ == "__main__":
    build().run()
