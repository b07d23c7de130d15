"""An SMTP server that keeps every mail it accepts as one .eml file, and refuses for good whom it is told to refuse.

`python -m local_stack.smtp --port 1025 --folder mail` runs it alone; `SmtpServer` runs it inside a program.
"""

import argparse
import asyncio
import hashlib
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import uvloop
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from local_stack.ports import LOOPBACK

BOUNCING_DOMAIN = "bounce.example"
_MOST_BYTES = 25 * 1024 * 1024
_SAFE = re.compile(r"[^A-Za-z0-9.@_-]+")
_PLAIN_ADDRESS = re.compile(r"<([A-Za-z0-9._+-]+@[A-Za-z0-9.-]+)>")
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*<?([^\r\n>]*)", re.IGNORECASE | re.MULTILINE)


class MailFolder:
    """Every accepted mail as `<Message-ID>.eml`, with its envelope in front as `X-Envelope-*` headers.

    The same Message-ID accepted again gets a file of its own (`...-2.eml`): a double sending is to be seen, not hidden.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def keep(self, *, sender: str, recipients: Iterable[str], content: bytes) -> Path:
        """Write one mail; it appears whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        message_id = _MESSAGE_ID.search(content.partition(b"\r\n\r\n")[0])
        name = message_id[1].decode(errors="replace").strip() if message_id else ""
        stem = _SAFE.sub("_", name)[:120] or hashlib.sha256(content).hexdigest()[:32]
        envelope = [("X-Envelope-From", sender), *(("X-Envelope-To", recipient) for recipient in recipients)]
        head = "".join(f"{name}: {value}\r\n" for name, value in envelope).encode()
        with self._lock:
            path = self._free_path(stem)
            draft = path.with_suffix(".draft")
            draft.write_bytes(head + content)
            draft.replace(path)
        return path

    def _free_path(self, stem: str) -> Path:
        path, count = self._folder / f"{stem}.eml", 1
        while path.exists():
            count += 1
            path = self._folder / f"{stem}-{count}.eml"
        return path


class SmtpServer:
    """The server in a thread of its own, for tests and the demo. `refused` and `received` may be read at any time."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int,
        refuse: Callable[[str], bool] | None = None,
        on_mail: Callable[[Path], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self.port = port
        self.handler = _Handler(MailFolder(folder), refuse or is_bouncing, on_mail)
        self._controller = _Controller(
            self.handler,
            hostname=LOOPBACK,
            port=port,
            loop=uvloop.new_event_loop(),
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
        )

    def start(self) -> None:
        """Listen; returns once a client was greeted."""
        self._controller.start()

    def stop(self) -> None:
        """Listen no more."""
        self._controller.stop(no_assert=True)

    @property
    def mails(self) -> list[Path]:
        """All mails accepted so far, the oldest first."""
        return sorted(self.folder.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))


def is_bouncing(address: str) -> bool:
    """Whether nobody has this address: the domain `bounce.example` or one below it."""
    domain = address.rpartition("@")[2].lower()
    return domain == BOUNCING_DOMAIN or domain.endswith(f".{BOUNCING_DOMAIN}")


class _Smtp(SMTP):
    """Takes a mail in a few large pieces. The framework takes it line by line, from a buffer of two lines, which needs
    longer than all else that is done about a mail.
    """

    line_length_limit = 64 * 1024  # of a piece, too

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """As the framework's, without its limit on a line."""
        if arg or self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("501 Syntax: DATA" if arg else "503 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._read_mail()
        if content is None:
            self._set_post_data_state()
            await self.push("552 Error: Too much mail data")
            return
        self.envelope.content = self.envelope.original_content = content
        status: str = await self._call_handler_hook("DATA")  # pyright: ignore[reportUnknownMemberType]  untyped there
        self._set_post_data_state()
        await self.push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        return (plain[1], "") if plain else super()._getaddr(arg)

    async def _read_mail(self) -> bytes | None:
        """Until the line that is a dot; None for more than anybody may send."""
        mail, too_much = bytearray(b"\r\n"), False
        while not mail.endswith(b"\r\n.\r\n"):
            try:
                mail += await self._reader.readuntil(b".\r\n")
            except asyncio.LimitOverrunError as overrun:
                mail += await self._reader.read(overrun.consumed)
            if len(mail) > _MOST_BYTES:
                too_much = True
                del mail[:-4]  # what may be the beginning of the end
        return None if too_much else bytes(mail[:-3]).replace(b"\r\n.", b"\r\n")[2:]


class _Controller(Controller):
    def factory(self) -> SMTP:
        return _Smtp(self.handler, **self.SMTP_kwargs)


class _Handler:
    def __init__(self, mails: MailFolder, refuse: Callable[[str], bool], on_mail: Callable[[Path], None]) -> None:
        self._mails = mails
        self._refuse = refuse
        self._on_mail = on_mail

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._refuse(address):
            return "550 5.1.1 No such mailbox here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.original_content or b""
        path = self._mails.keep(sender=envelope.mail_from or "", recipients=envelope.rcpt_tos, content=content)
        self._on_mail(path)
        return f"250 2.0.0 Kept as {path.name}"


def main(arguments: list[str] | None = None) -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.smtp", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--refuse", action="append", default=[], help="an address to refuse for good; may be repeated")
    options = parser.parse_args(arguments)
    refused = set(options.refuse)
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    server = SmtpServer(
        options.folder, port=options.port, refuse=lambda address: address in refused or is_bouncing(address)
    )
    server.start()
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
