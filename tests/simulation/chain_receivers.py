"""Who is at the other end of the channels: mailboxes, phones, a printer and a bank, each with what he accepted.

Each takes his turns, so that a process may die before he accepted, after it, and before he was heard.
"""

import asyncio
import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from common.calls import Outcome
from common.decisions import Result
from common.errors import InvalidMessage, TemporaryFailure
from contracts.notifications import Content
from ledger.domain.payment_files import PaymentFile
from notifications.domain import NEVER_LEFT, Delivery, PrintOrder

BOUNCING, BUSY, SILENT = "bounces.example", "busy.example", "silent.example"
MOST_TURNS = 6


@dataclass(frozen=True)
class Accepted:
    """One message at its receiver."""

    message_id: UUID
    medium: str
    at: datetime
    content: Content


class Receivers:
    """All of them. `on_accepted` is told of each message, `on_order` of each payment file."""

    def __init__(self, simulation):
        self.simulation = simulation
        self.accepted: list[Accepted] = []
        self.batches: dict[UUID, str] = {}
        self.orders: dict[UUID, PaymentFile] = {}
        self.busy: Counter[str] = Counter()
        self.told = Counter()
        self.on_accepted = self.on_order = lambda _: None

    async def take_turns(self):
        for _ in range(self.simulation.rng.randrange(MOST_TURNS)):
            await asyncio.sleep(0)

    def accept(self, message_id, medium, content):
        taken = Accepted(message_id, medium, self.simulation.now, content)
        self.accepted.append(taken)
        self.on_accepted(taken)


class Mail:
    """E-mail and SMS: one address bounces, one can't be reached at first, one is cut off in the middle."""

    payload = Delivery

    def __init__(self, receivers, medium):
        self.receivers, self.medium = receivers, medium
        self.known: dict[UUID, str] = {}

    async def call(self, call_id, payload):
        receivers = self.receivers
        await receivers.take_turns()
        content = payload.content.unpack(Content)
        address = (content.email if self.medium == "email" else content.phone) or ""
        if address.endswith(BOUNCING):
            receivers.told["bounced"] += 1
            raise InvalidMessage("bounced", "550 no such mailbox")
        if address.endswith(BUSY) and receivers.busy[address] < 2:
            receivers.busy[address] += 1
            receivers.told["busy"] += 1
            raise TemporaryFailure("421 later")
        self.known[call_id] = f"250 {call_id}"
        receivers.accept(call_id, self.medium, content)
        await receivers.take_turns()
        if address.endswith(SILENT):
            receivers.told["outcome_unknown"] += 1
            raise ConnectionResetError
        return self.known[call_id]

    async def was_accepted(self, call_id, payload):
        await self.receivers.take_turns()
        self.receivers.told["asked"] += 1
        if call_id in self.known:
            return Outcome(result=Result.ACCEPTED, detail=self.known[call_id])
        return Outcome(result=Result.FAILED, detail=NEVER_LEFT)


class Printer:
    """A batch is taken once; the same again is answered by what was printed."""

    payload = PrintOrder

    def __init__(self, receivers):
        self.receivers = receivers

    async def call(self, call_id, payload):
        await self.receivers.take_turns()
        if call_id not in self.receivers.batches:
            digests = {}
            for letter in payload.letters:
                digests[str(letter.message_id)] = hashlib.sha256(letter.content.value.encode()).hexdigest()
                self.receivers.accept(letter.message_id, "letter", letter.content.unpack(Content))
            self.receivers.batches[call_id] = json.dumps({"printed": digests, "faults": {}})
        await self.receivers.take_turns()
        return self.receivers.batches[call_id]

    async def was_accepted(self, call_id, payload):
        await self.receivers.take_turns()
        if call_id in self.receivers.batches:
            return Outcome(result=Result.ACCEPTED, detail=self.receivers.batches[call_id])
        return Outcome(result=Result.FAILED, detail=NEVER_LEFT)


class BankFolder:
    """Takes payment files; the same name again is the same file."""

    payload = PaymentFile

    def __init__(self, receivers):
        self.receivers = receivers

    async def call(self, call_id, payload):
        await self.receivers.take_turns()
        if call_id not in self.receivers.orders:
            self.receivers.orders[call_id] = payload
            self.receivers.on_order(payload)
        await self.receivers.take_turns()
        return f"{call_id}.xml"

    async def was_accepted(self, call_id, payload):
        if call_id in self.receivers.orders:
            return Outcome(result=Result.ACCEPTED, detail=f"{call_id}.xml")
        return None
