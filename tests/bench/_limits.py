"""What the platform is held against: the receivers and Kafka with nothing of ours in between."""

import asyncio
import time
from email.message import EmailMessage

import aiosmtplib

from common.calls import AT_ONCE


def a_mail(content: bytes, number: int) -> EmailMessage:
    """A mail as large as one of ours, under an id of its own."""
    mail = EmailMessage()
    mail["Message-ID"] = f"<bare-{number}@bench.example>"
    mail["From"], mail["To"], mail["Subject"] = "bench@bench.example", "debtor@post.example", "Bare"
    mail.set_content(content.decode("ascii", "replace"), cte="8bit")
    return mail


async def send_bare(port: int, mail: EmailMessage) -> None:
    """One session of the library that notifications uses, for one mail."""
    client = aiosmtplib.SMTP(hostname="127.0.0.1", port=port, timeout=20, use_tls=False, start_tls=False)
    await client.connect()
    await client.ehlo()
    await client.mail(str(mail["From"]))
    await client.rcpt(str(mail["To"]))
    await client.data(mail.as_bytes())
    client.close()


async def bare_mails_a_second(port: int, content: bytes, *, count: int) -> float:
    """Mails a second, as many at once as the platform's calls to the outside."""
    slots = asyncio.Semaphore(AT_ONCE)
    mails = [a_mail(content, number) for number in range(count)]

    async def send(mail: EmailMessage) -> None:
        async with slots:
            await send_bare(port, mail)

    began = time.perf_counter()
    await asyncio.gather(*(send(mail) for mail in mails))
    return count / (time.perf_counter() - began)
