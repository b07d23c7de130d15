"""E-mail by an SMTP relay. The Message-ID is the message's own id: a relay's archive can tell whether it arrived."""

import asyncio
import re
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

import aiosmtplib

from common.calls import Outcome
from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from common.ids import name_id
from common.messages import Value
from contracts.notifications import Content, PaymentBlock
from notifications.channels.mail_layout import html_text, plain_text
from notifications.channels.mail_parts import (
    header,
    mailbox_header,
    multipart,
    picture_part,
    plain_header,
    repeated_mailbox_header,
    text_part,
)
from notifications.channels.qr import qr_png
from notifications.channels.smtp_sessions import Relay, Sessions, closed_on_fault
from notifications.domain import NEVER_LEFT, Delivery
from notifications.metrics import ANSWERS

ATOMS = r"[^\s@<>(),;:.\"\\\[\]]+(\.[^\s@<>(),;:.\"\\\[\]]+)*"  # with dots between them
ONE_ADDRESS = re.compile(f"{ATOMS}@{ATOMS}")
ENHANCED_CODE = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
LONGEST_ANSWER = 200
PERMANENT = 500


class EmailChannel:
    """Sends one mail a call."""

    payload: type[Value] = Delivery

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        self.sessions = Sessions(relay)

    async def call(self, call_id: UUID, payload: Delivery) -> str:
        """Hand the mail to the relay; answers what the relay said. Raises InvalidMessage(`bounced`) when it refuses the
        recipient or the content for good, TemporaryFailure when the mail certainly did not leave; any other fault came
        after the mail was on its way.
        """
        assert call_id == payload.message_id, "a mail is called by its own id"
        content = payload.content.unpack(Content)
        try:
            recipient = checked(content.email or "")
            answer = await self.send(laid_out(payload, content), sender=content.sender_email, recipient=recipient)
        except InvalidMessage:
            ANSWERS.labels("smtp", "refused").inc()
            raise
        except TemporaryFailure:
            ANSWERS.labels("smtp", "failed").inc()
            raise
        ANSWERS.labels("smtp", "accepted").inc()
        return answer

    async def send(self, mail: bytes, *, sender: str, recipient: str) -> str:
        """One mail in a session of its own, or in one that rests."""
        try:
            session = await self.sessions.begin_mail(sender, is_utf8=needs_utf8(sender, recipient))
        except (aiosmtplib.SMTPException, OSError, UnicodeError) as fault:
            raise TemporaryFailure(f"relay: {words(fault, recipient)}") from fault
        async with closed_on_fault(session):
            try:
                await session.rcpt(recipient, encoding="utf-8")
            except aiosmtplib.SMTPRecipientRefused as refusal:
                raise refused(refusal) from refusal
            except (aiosmtplib.SMTPException, OSError) as fault:
                raise TemporaryFailure(f"relay: {words(fault, recipient)}") from fault
            try:
                answer = await session.data(mail)
            except aiosmtplib.SMTPDataError as refusal:
                raise refused(refusal) from refusal
        self.sessions.rest(session)
        return f"{answer.code} {answer.message}".replace(recipient, "[recipient]")[:LONGEST_ANSWER]

    async def was_accepted(self, call_id: UUID, payload: Delivery) -> Outcome | None:
        """Look for the mail in the relay's archive. Without one nobody can tell."""
        if self.relay.archive_folder is None:
            return Outcome(result=Result.UNKNOWN, detail="the relay keeps no archive")
        sender = payload.content.unpack(Content).sender_email
        found = await asyncio.to_thread(find_in_archive, self.relay.archive_folder, message_id(call_id, sender))
        if found is None:
            return Outcome(result=Result.FAILED, detail=NEVER_LEFT)
        return Outcome(result=Result.ACCEPTED, detail=f"in the relay's archive as {found.name}")


def laid_out(delivery: Delivery, content: Content) -> bytes:
    """The mail. Raises InvalidMessage(`rendering`) for what has no layout: uneven rows, a code that holds too much."""
    try:
        return compose(delivery, content)
    except ValueError as fault:
        raise InvalidMessage("rendering", type(fault).__name__) from fault


def compose(delivery: Delivery, content: Content) -> bytes:
    """The mail: plain text and HTML, payment codes inline. The same delivery gives the same bytes."""
    own_id = message_id(delivery.message_id, content.sender_email)
    sender, recipient = one_line(content.sender_name), one_line(content.recipient_name)
    head = (
        plain_header("Message-ID", own_id),
        plain_header("Date", format_datetime(delivery.released_at)),
        repeated_mailbox_header("From", display_name=sender, address=content.sender_email),
        repeated_mailbox_header("Reply-To", display_name=sender, address=content.sender_email),
        mailbox_header("To", display_name=recipient, address=checked(content.email or "")),
        header("Subject", one_line(content.subject)),
        plain_header("Auto-Submitted", "auto-generated"),
        plain_header("Content-Language", delivery.language),
        plain_header("MIME-Version", "1.0"),
    )
    payments = [block for block in content.blocks if isinstance(block, PaymentBlock)]
    codes = [f"code-{place}.{own_id[1:-1]}" for place in range(len(payments))]
    plain = text_part("text/plain", plain_text(content, delivery.language))
    html = text_part("text/html", html_text(content, delivery.language, codes))
    if payments:
        pictures = [
            picture_part(qr_png(block.qr_payload), content_id=code, filename="qr.png")
            for block, code in zip(payments, codes, strict=True)
        ]
        html = multipart("related", [html, *pictures], boundary=boundary_of(delivery, 1))
    return b"".join(head) + multipart("alternative", [plain, html], boundary=boundary_of(delivery, 0))


def boundary_of(delivery: Delivery, place: int) -> str:
    """Between the parts; stable, and never in them: they are encoded and have no line that begins like it."""
    return f"=_{name_id('boundary', delivery.message_id, place).hex}"


def message_id(call_id: UUID, sender: str) -> str:
    """Stable: the id of the message at the sender's domain."""
    return f"<{call_id}@{sender.rpartition('@')[2]}>"


def checked(address: str) -> str:
    """Exactly one address. Raises InvalidMessage(`invalid_address`)."""
    if not ONE_ADDRESS.fullmatch(address):
        raise InvalidMessage("invalid_address", "not an e-mail address")
    return address


def one_line(text: str) -> str:
    """Text for a header: a line break in it would begin another header."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def needs_utf8(*addresses: str) -> bool:
    """Whether an address is written in more than ASCII."""
    return not all(address.isascii() for address in addresses)


def refused(refusal: aiosmtplib.SMTPResponseException) -> Exception:
    """What an answer of the relay means: 5xx never, 4xx later. Its words may hold the address; its codes do not."""
    enhanced = ENHANCED_CODE.search(refusal.message)
    answer = f"{refusal.code} {enhanced[0]}" if enhanced else str(refusal.code)
    if refusal.code >= PERMANENT:
        return InvalidMessage("bounced", answer)
    return TemporaryFailure(answer)


def words(fault: Exception, recipient: str) -> str:
    """A fault in its own words, without the recipient."""
    return f"{type(fault).__name__} {fault}".replace(recipient, "[recipient]")[:LONGEST_ANSWER]


def find_in_archive(folder: Path, wanted: str) -> Path | None:
    """The archived mail with this Message-ID."""
    needle = wanted.lower().encode()
    for path in sorted(folder.glob("*.eml")):
        head = path.read_bytes().partition(b"\r\n\r\n")[0].lower()
        if needle in head:
            return path
    return None
