"""Contents and commands as dunning sends them, and a world of one service that folds what follows."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from common.decisions import Call, CallFinished, Due, Result
from common.fold import Loaded, fold
from common.ids import name_id
from common.messages import Event, Message, Personal
from common.records import Arrival
from contracts.notifications import Content, PaymentBlock, RecallMessage, SendMessage, TableBlock, TextBlock
from contracts.values import Address
from notifications.consumers import CONSUMERS, CORRESPONDENCE, PRINT_BATCH

TRIES = 300
CASE_FILE = name_id("test", "case file")
MESSAGE = name_id("test", "message")
QR_PAYLOAD = "BCD\n002\n1\nSCT\n\nStichting Derdengelden Quittance\nNL91ABNA0417164300\nEUR249.75\n\nRF181000000017\n\n"
RELEASE_UNTIL = datetime(2026, 3, 4, 18, 0, tzinfo=UTC)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of March 2026 in UTC; Monday is the 2nd, and local time is an hour later."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def a_payment(**changed: Any) -> PaymentBlock:
    values = {
        "amount_cents": 24975,
        "beneficiary": "Stichting Derdengelden Quittance",
        "iban": "NL91ABNA0417164300",
        "reference": "5000 0010 0000 0017",
        "qr_payload": QR_PAYLOAD,
        "labels": ("Bedrag", "Rekening", "Op naam van", "Betalingskenmerk"),
        "qr_alternative": "QR-code voor uw bankapp: 249,75 euro aan Stichting Derdengelden Quittance",
    }
    return PaymentBlock(**{**values, **changed})


def a_content(**changed: Any) -> Content:
    values = {
        "recipient_name": "Jürgen van den Broek",
        "email": "jurgen@example.nl",
        "phone": "+31612345678",
        "address": Address(
            street="Lange Nieuwstraat", house_number="12 b", postcode="3512 PH", city="Utrecht", country="NL"
        ),
        "sender_name": "Quittance Incasso B.V.",
        "sender_email": "dossier@quittance.example",
        "sender_lines": ("Stationsplein 1", "3511 ED Utrecht", "T 030 123 45 67"),
        "place_and_date": "Utrecht, 2 maart 2026",
        "subject": "Uw dossier 1000000017",
        "blocks": (
            TextBlock(kind="paragraph", text="Geachte heer Van den Broek,"),
            TextBlock(kind="emphasis", text="Betaalt u op tijd, dan blijft het bij dit bedrag."),
            TableBlock(
                header=("Factuur", "Omschrijving", "Bedrag"),
                rows=(("2026-0012", "Levering brood", "€ 182,50"), ("2026-0019", "Taart", "€ 67,25")),
                total=("Totaal", "", "€ 249,75"),
            ),
            TextBlock(kind="heading", text="Zo betaalt u"),
            a_payment(),
        ),
        "footer": ("Ingeschreven onder nummer BI-0001.",),
    }
    return Content(**{**values, **changed})


def an_order(
    medium: str = "email", *, release_until: datetime = RELEASE_UNTIL, message_id: UUID = MESSAGE, **changed: Any
):
    return SendMessage(
        case_file_id=CASE_FILE,
        message_id=message_id,
        medium=medium,
        language="nl",
        release_until=release_until,
        content=Personal.pack(a_content(**changed)),
    )


def a_recall(message_id: UUID = MESSAGE) -> RecallMessage:
    return RecallMessage(case_file_id=CASE_FILE, message_id=message_id)


@dataclass
class World:
    """Notifications without Kafka and database: folds by key, and feeds back what it sends to itself."""

    states: dict[tuple[str, UUID], Any] = field(default_factory=dict)
    told: list[Event] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    rows: list[Any] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def take(self, *messages: Message, now: datetime) -> "World":
        """Fold messages and all that follows from them."""
        queue = deque(messages)
        while queue:
            message = queue.popleft()
            (line,) = CONSUMERS.lines_for(type(message))
            queue.extend(self.fold(line.thing, message.key(), message, now))
        return self

    def fold(self, thing: Any, key: UUID, message: Message, now: datetime) -> list[Message]:
        loaded = Loaded(key=key, version=0, state=self.states.get((thing.name, key)), sequences={})
        arrival = Arrival(message=message, source="test", source_id="1")
        folded = fold(thing, loaded, [arrival], consumers=CONSUMERS, now=now)
        assert not folded.parked, folded.parked
        self.states[thing.name, key] = thing.adapter.validate_json(thing.adapter.dump_json(folded.state))
        self.calls += folded.calls
        self.rows += folded.rows
        sent = [message for message, _ in folded.sent]
        self.told += [message for message in sent if isinstance(message, Event)]
        return [message for message in sent if not isinstance(message, Event)]

    def answer(self, result: Result, detail: str, *, now: datetime) -> "World":
        """The latest call ends."""
        call = self.calls[-1]
        thing = PRINT_BATCH if call.channel == "print" else CORRESPONDENCE
        key = call.call_id if thing is PRINT_BATCH else CASE_FILE
        outcome = CallFinished(
            call_id=call.call_id, channel=call.channel, result=result, detail=detail, finished_at=now
        )
        self.take(*self.fold(thing, key, outcome, now), now=now)
        return self

    def due_at(self) -> datetime | None:
        """When anything is due next."""
        things = {thing.name: thing for thing in (CORRESPONDENCE, PRINT_BATCH)}
        instants = [things[name].next_due_at(state) for (name, _), state in self.states.items()]
        return min((instant for instant in instants if instant is not None), default=None)

    def tick(self, now: datetime) -> "World":
        """Fold what is due at this instant."""
        for thing in (CORRESPONDENCE, PRINT_BATCH):
            for (name, key), state in list(self.states.items()):
                due_at = thing.next_due_at(state) if name == thing.name else None
                if due_at is not None and due_at <= now:
                    self.take(*self.fold(thing, key, Due(due_at=now), now), now=now)
        return self

    def kinds(self) -> list[str]:
        """What was told, by name."""
        return [type(event).__name__ for event in self.told]


async def wait_for(database, query, *, count=1):
    """Until a query counts so many. Raises TimeoutError."""
    for _ in range(TRIES):
        if await database.fetchval(query) >= count:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(query)
