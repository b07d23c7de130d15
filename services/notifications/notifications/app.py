"""Composition root of notifications: `python -m notifications.app`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import structlog

from common.clock import system_now
from common.errors import InvalidMessage
from common.folders import watch_folder
from common.runner import Submission
from common.service import Service
from contracts.registry import CATALOGUE
from notifications.channels.email import EmailChannel
from notifications.channels.last_look import LastLook
from notifications.channels.letter import letter_pool
from notifications.channels.printer import PrintChannel
from notifications.channels.returns import RETURNED, STATUS_FILE, put_away, read_status
from notifications.channels.sms import SmsAccess, SmsChannel
from notifications.channels.smtp_sessions import Relay
from notifications.consumers import CONSUMERS
from notifications.repository import select_may_leave
from notifications.settings import Settings

log = structlog.get_logger()
TOPICS: Sequence[str] = ("notifications.requests.v1",)


def build(settings: Settings) -> Service:
    """The service with its channels and the loop that watches the printer's folder."""
    settings.print_folder.mkdir(parents=True, exist_ok=True)
    relay = Relay(
        host=settings.smtp_host,
        port=settings.smtp_port,
        tls=settings.smtp_tls,
        user=settings.smtp_user,
        password=settings.smtp_password,
        archive_folder=settings.smtp_archive_folder,
    )
    access = SmsAccess(
        account_sid=settings.sms_account_sid,
        auth_token=settings.sms_auth_token,
        sender=settings.sms_sender,
        base_url=settings.sms_base_url,
    )

    async def watch_returns(service: Service) -> None:
        await watch_folder(settings.print_folder, lambda path: take_status(service, path), suffixes=(".csv",), depth=1)

    async def may_leave(message_id: UUID) -> bool:
        return await select_may_leave(service.pool, message_id, now=system_now())

    service = Service(
        "notifications",
        settings=settings,
        catalogue=CATALOGUE,
        topics=TOPICS,
        consumers=CONSUMERS,
        channels={
            "smtp": LastLook(EmailChannel(relay), may_leave),
            "twilio": LastLook(SmsChannel(access), may_leave),
            "print": PrintChannel(settings.print_folder, lambda: letter_pool(settings.letter_processes)),
        },
        loops=(watch_returns,),
    )
    return service


async def take_status(service: Service, path: Path) -> None:
    """Report the letters that the printer's status file says came back."""
    if path.name != STATUS_FILE:
        return
    try:
        status = await asyncio.to_thread(read_status, path)
    except (InvalidMessage, UnicodeDecodeError) as fault:
        log.warning("status_file_refused", batch=path.parent.name, fault=type(fault).__name__)
        await asyncio.to_thread(path.replace, path.with_suffix(".refused"))
        return
    answers = await service.runner.submit(
        [Submission(source="print", id=f"{report.message_id}/{RETURNED}", message=report) for report in status.returned]
    )
    refused = sum(answer.status == "refused" for answer in answers)
    log.info("status_file_taken", returned=len(answers), refused=refused, unreadable=status.unreadable)
    await asyncio.to_thread(put_away, path)


if __name__ == "__main__":
    build(Settings()).run()  # pyright: ignore[reportCallIssue]  read from the environment
