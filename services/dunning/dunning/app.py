"""dunning as a process: `python -m dunning.app`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from common.clock import read_now
from common.runner import Answer, Submission
from common.service import Service
from contracts.registry import CATALOGUE
from dunning.consumers import TOPICS, consumers
from dunning.domain.agency import Agency, read_agency
from dunning.domain.composer import House
from dunning.domain.strategies import strategies
from dunning.domain.texts import notice_text
from dunning.http import make_http
from dunning.metrics import show_law_days_left
from dunning.settings import Settings

log = structlog.get_logger()
LOOK_AT_LAW_SECONDS = 3600.0  # more often than once a day, so that a new day shows soon after it began


def main() -> None:
    """Build it from the environment, and serve until told to stop."""
    settings = Settings()  # pyright: ignore[reportCallIssue]  from the environment
    make_service(settings).run()


def make_service(settings: Settings) -> Service:
    """The service, with every strategy and text read and validated: a fault in one stops it here, not at a send."""
    for strategy in strategies().values():
        for step in strategy.steps:
            notice_text(step.text, "nl")
            notice_text(step.text, "fr")
    house = House(agency=load_agency(settings.agency_file), dispute_url=settings.dispute_url)

    async def submit(submissions: Sequence[Submission]) -> list[Answer]:
        return await service.runner.submit(submissions)  # it has a runner once it runs

    service = Service(
        "dunning",
        settings=settings,
        catalogue=CATALOGUE,
        topics=TOPICS,
        consumers=consumers(house),
        http=make_http(submit, operator_key_sha256=settings.operator_key_sha256),
        loops=(watch_law,),
    )
    return service


async def watch_law(service: Service) -> None:
    """Show on each day of the clock how long the law's tables still hold."""
    while True:
        try:
            async with service.pool.acquire() as connection:
                show_law_days_left(as_of=(await read_now(connection)).date())
        except Exception:
            log.exception("law_days_left_not_shown")
        await asyncio.sleep(LOOK_AT_LAW_SECONDS)


def load_agency(path: Path) -> Agency | None:
    """The agency's facts; None, said loudly, when the file is missing or incomplete: then nothing is sent."""
    try:
        return read_agency(path.read_text("utf-8"))
    except (OSError, ValueError) as fault:
        log.error("agency_facts_missing", path=str(path), reason=str(fault), consequence="nothing is sent")  # noqa: TRY400
        return None


if __name__ == "__main__":
    main()
