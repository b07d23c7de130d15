"""Sessions with the SMTP relay: one that took a mail rests a little, and takes the next one."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosmtplib

LONGEST_REST_SECONDS = 5.0  # relays end silent sessions after some minutes


@dataclass(frozen=True, kw_only=True)
class Relay:
    """The SMTP relay that takes our mail. `archive_folder` holds a copy of each mail it accepted, when there is one."""

    host: str
    port: int
    tls: Literal["none", "starttls", "tls"] = "none"
    user: str | None = None
    password: str | None = None
    timeout_seconds: float = 20
    archive_folder: Path | None = None


class Sessions:
    """As many as there are mails at once; a session belongs to one mail at a time."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.resting: list[aiosmtplib.SMTP] = []

    async def begin_mail(self, sender: str, *, is_utf8: bool) -> aiosmtplib.SMTP:
        """A session in which the relay took the sender. Raises what the library and the network raise: then no mail
        was begun.
        """
        if self.resting:
            rested = self.resting.pop()
            try:
                async with closed_on_fault(rested):
                    await name_sender(rested, sender, is_utf8=is_utf8)
            except (aiosmtplib.SMTPException, OSError):
                self._end_all()  # the relay ended it meanwhile, and the others likely too: a fresh one decides
            else:
                return rested
        return await self._fresh(sender, is_utf8=is_utf8)

    def rest(self, session: aiosmtplib.SMTP) -> None:
        """Keep a session whose mail was accepted for the next one."""
        self.resting.append(session)
        asyncio.get_running_loop().call_later(LONGEST_REST_SECONDS, self._end, session)

    async def _fresh(self, sender: str, *, is_utf8: bool) -> aiosmtplib.SMTP:
        session = aiosmtplib.SMTP(
            hostname=self.relay.host,
            port=self.relay.port,
            timeout=self.relay.timeout_seconds,
            use_tls=self.relay.tls == "tls",
            start_tls=self.relay.tls == "starttls",
            username=self.relay.user,
            password=self.relay.password,
        )
        async with closed_on_fault(session):
            await session.connect()
            await session.ehlo()
            await name_sender(session, sender, is_utf8=is_utf8)
        return session

    def _end_all(self) -> None:
        for session in self.resting:
            session.close()
        self.resting.clear()

    def _end(self, session: aiosmtplib.SMTP) -> None:
        if session in self.resting:
            self.resting.remove(session)
            session.close()


@contextlib.asynccontextmanager
async def closed_on_fault(session: aiosmtplib.SMTP) -> AsyncGenerator[None]:
    """What ends in any fault, a cancelled wait too, leaves no session open."""
    went_well = False
    try:
        yield
        went_well = True
    finally:
        if not went_well:
            session.close()


async def name_sender(session: aiosmtplib.SMTP, sender: str, *, is_utf8: bool) -> None:
    """Begin a mail."""
    options = ["SMTPUTF8"] if is_utf8 else []
    await session.mail(sender, options=options, encoding="utf-8" if is_utf8 else "ascii")
