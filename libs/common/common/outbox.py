"""What is to be published: rows of the outbox, written in the transaction that made them true."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import orjson

from common.envelope import Envelope
from common.errors import InvalidMessage
from common.fold import Folded
from common.ids import new_event_id
from common.messages import Catalogue, Event, Message
from common.postgres import Connection
from common.records import Arrival

SHARDS = 8
LARGEST_PAYLOAD = 900 * 1024
# What was sent since an instant is moved back to its place in the order, before what is still to be sent; the relay
# files it again, and inboxes drop what had arrived
SEND_AGAIN = """
WITH again AS (
    DELETE FROM outbox_sent
     WHERE created_at >= $1::timestamptz
    RETURNING shard, seq, id, topic, key, payload, headers, subject, created_at
), moved AS (
    INSERT INTO outbox (shard, seq, id, topic, key, payload, headers, subject, created_at)
    OVERRIDING SYSTEM VALUE
    SELECT DISTINCT ON (shard, seq) shard, seq, id, topic, key, payload, headers, subject, created_at
      FROM again
     ORDER BY shard, seq
        ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT count(*)
  FROM moved
"""
COLUMNS = ("shard", "id", "topic", "key", "payload", "headers", "subject", "created_at")


class Outgoing(NamedTuple):
    """A row for the outbox, in the order of its columns."""

    shard: int
    event_id: UUID
    topic: str
    key: bytes
    payload: bytes
    headers: str
    subject: UUID


class Addressed(NamedTuple):
    """A message that was sent, with its topic, its key, its number of that key ("" for none), and what caused it."""

    message: Message
    cause: Arrival
    topic: str
    key: UUID
    key_text: str
    sequence: str


def address(folded: Folded, *, catalogue: Catalogue) -> tuple[list[Addressed], dict[str, int]]:
    """Give what a fold sent its sequence numbers; raises InvalidMessage for a topic that nobody knows."""
    sequences, own = dict(folded.loaded.sequences), folded.loaded.key
    addressed: list[Addressed] = []
    for message, cause in folded.sent:
        topic = message.topic_name()
        if catalogue.topic(topic) is None:
            raise InvalidMessage("unknown_topic", f"{type(message).__name__} names the unknown topic {topic}")
        key = message.key()
        if key == own:
            key = own  # as the driver has it: its text and its bytes come at a tenth of the time
        key_text, sequence = str(key), ""
        if isinstance(message, Event):
            name = f"{topic}|{key_text}"
            number = sequences[name] = sequences.get(name, 0) + 1
            sequence = str(number)
        addressed.append(Addressed(message, cause, topic, key, key_text, sequence))
    return addressed, sequences


def rows_of(addressed: Sequence[Addressed], *, service: str, now: datetime) -> list[Outgoing]:
    """The rows, each with an id of its own; raises InvalidMessage for what must not enter the outbox."""
    rows: list[Outgoing] = []
    time = now.isoformat()
    for message, cause, topic, key, key_text, sequence in addressed:
        event_id, subject = new_event_id(), message.subject()
        headers = cause.headers
        envelope = Envelope(  # by position: made for every row
            str(event_id),
            message.type_name(),
            service,
            key_text if subject == key else str(subject),
            time,
            sequence,
            headers.get("ce_id") or f"{cause.source}/{cause.source_id}",
            headers.get("traceparent", ""),
        )
        rows.append(outgoing_row(message, topic=topic, key=key_text, event_id=event_id, envelope=envelope))
    return rows


def outgoing_row(message: Message, *, topic: str, key: str, event_id: UUID, envelope: Envelope) -> Outgoing:
    """A message as its row; raises InvalidMessage for one that the broker would not take."""
    payload, raw_key = message.to_json(), key.encode()
    if len(payload) > LARGEST_PAYLOAD:
        raise InvalidMessage("too_large", f"{type(message).__name__} has {len(payload)} bytes")
    return Outgoing(
        zlib.crc32(raw_key) % SHARDS,
        event_id,
        topic,
        raw_key,
        payload,
        orjson.dumps(envelope.to_headers()).decode(),
        message.subject(),
    )


async def write_outbox(connection: Connection, outgoing: Sequence[Outgoing], now: datetime) -> None:
    """Write in order; `seq` follows it, and the rows' locks make it follow the order per key."""
    if outgoing:
        await connection.copy_records_to_table("outbox", columns=COLUMNS, records=[(*row, now) for row in outgoing])
