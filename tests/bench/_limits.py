"""What the platform is held against: the receivers and Kafka with nothing of ours in between."""

import asyncio
import time
from email.message import EmailMessage
from typing import Any, Self

import aiosmtplib
from _stand import Stand
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition

from common.broker import make_producer
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


class BareHops:
    """Round trips of one record over Kafka, with the producer that our relay has and a bare consumer."""

    def __init__(self, stand: Stand) -> None:
        self.stand, self.topic = stand, "bare_toy.counters.v1"
        self.producer: Any
        self.consumer: Any

    async def __aenter__(self) -> Self:
        self.stand.make_topics("bare_")
        self.producer = make_producer(bootstrap=[self.stand.bootstrap], client_id="bare")
        self.consumer = AIOKafkaConsumer(bootstrap_servers=self.stand.bootstrap)
        await self.producer.start()
        await self.consumer.start()
        self.consumer.assign([TopicPartition(self.topic, 0)])
        await self.consumer.seek_to_end()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.producer.stop()
        await self.consumer.stop()

    async def seconds_of(self, count: int) -> float:
        """Seconds of so many, one after the other: send, be acknowledged, have it."""
        began = time.perf_counter()
        for _ in range(count):
            await self.producer.send_and_wait(self.topic, b"x" * 1_000, partition=0)
            await self.consumer.getone()
        return time.perf_counter() - began
