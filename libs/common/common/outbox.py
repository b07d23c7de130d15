"""What is to be published: rows of the outbox, written in the transaction that made them true."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson

from common.envelope import Envelope
from common.errors import InvalidMessage
from common.fold import Folded
from common.ids import new_event_id
from common.messages import Catalogue, Event, Message
from common.postgres import Connection

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


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """A row for the outbox."""

    message: Message
    envelope: Envelope
    event_id: UUID


def address(
    folded: Folded, *, service: str, catalogue: Catalogue, now: datetime
) -> tuple[list[Outgoing], dict[str, int]]:
    """Give what a fold sent its ids and sequence numbers; raises InvalidMessage for what must not enter the outbox."""
    sequences = dict(folded.loaded.sequences)
    outgoing: list[Outgoing] = []
    for message, cause in folded.sent:
        topic = message.topic_name()
        if catalogue.topic(topic) is None:
            raise InvalidMessage("unknown_topic", f"{type(message).__name__} names the unknown topic {topic}")
        sequence = ""
        if isinstance(message, Event):
            name = f"{topic}|{message.key()}"
            sequences[name] = sequences.get(name, 0) + 1
            sequence = str(sequences[name])
        event_id = new_event_id()
        envelope = Envelope(
            id=str(event_id),
            type=message.type_name(),
            source=service,
            subject=str(message.subject()),
            time=now.isoformat(),
            sequence=sequence,
            causation_id=cause.headers.get("ce_id", f"{cause.source}/{cause.source_id}"),
            traceparent=cause.headers.get("traceparent", ""),
        )
        outgoing.append(Outgoing(message=message, envelope=envelope, event_id=event_id))
    return outgoing, sequences


async def write_outbox(connection: Connection, outgoing: Sequence[Outgoing], now: datetime) -> None:
    """Insert in order; `seq` follows it, and the rows' locks make it follow the order per key."""
    if not outgoing:
        return
    keys = [str(o.message.key()).encode() for o in outgoing]
    payloads = [o.message.model_dump_json().encode() for o in outgoing]
    for out, payload in zip(outgoing, payloads, strict=True):
        if len(payload) > LARGEST_PAYLOAD:
            raise InvalidMessage("too_large", f"{type(out.message).__name__} has {len(payload)} bytes")
    await connection.execute(
        "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
        " SELECT s, i, t, k, p, h, u, $8 FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::bytea[], $5::bytea[],"
        " $6::jsonb[], $7::uuid[]) AS o (s, i, t, k, p, h, u)",
        [zlib.crc32(key) % SHARDS for key in keys],
        [o.event_id for o in outgoing],
        [o.message.topic_name() for o in outgoing],
        keys,
        payloads,
        [orjson.dumps(o.envelope.to_headers()).decode() for o in outgoing],
        [o.message.subject() for o in outgoing],
        now,
    )
