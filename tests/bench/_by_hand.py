"""The transaction of one batch as somebody would write it by hand for this one table: what the runner is held against.

It does what the runner does for good records and no more: no envelope checks, no desk, no waiting room, no halving.
"""

import zlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson

from common.ids import new_event_id
from common.outbox import SHARDS
from common.postgres import Connection, Pool
from common.records import Record
from testkit import toy


async def apply_by_hand(pool: Pool, records: Sequence[Record], *, prefix: str) -> None:
    """Inbox, load, add, write, outbox, progress, commit."""
    received = [
        (UUID(bytes.decode(dict(record.headers)["ce_id"])), toy.AddToCounter.model_validate_json(record.value or b""))
        for record in records
    ]
    progress = {record.partition: record.offset + 1 for record in records}
    async with pool.acquire() as connection, connection.transaction():
        now = datetime.now(UTC)
        rows = await connection.fetch(
            "INSERT INTO inbox (event_id, seen_at, handler) SELECT e, $2, 'add' FROM unnest($1::uuid[]) AS u (e)"
            " ON CONFLICT DO NOTHING RETURNING event_id",
            sorted(event_id for event_id, _ in received), now,
        )  # fmt: skip
        new = {row["event_id"] for row in rows}
        await add(connection, [(event_id, message) for event_id, message in received if event_id in new], now)
        await connection.execute(
            "INSERT INTO progress (topic, partition, next_offset)"
            " SELECT $1, p, o FROM unnest($2::integer[], $3::bigint[]) AS u (p, o)"
            " ON CONFLICT (topic, partition) DO UPDATE SET next_offset = excluded.next_offset",
            records[0].topic.removeprefix(prefix), list(progress), list(progress.values()),
        )  # fmt: skip


async def add(connection: Connection, received: Sequence[tuple[UUID, toy.AddToCounter]], now: datetime) -> None:
    """States and outbox rows of a batch."""
    rows = await connection.fetch(
        "SELECT counter_id, version, state, sequences FROM counter WHERE counter_id = ANY($1::uuid[])"
        " ORDER BY counter_id FOR NO KEY UPDATE",
        sorted({message.counter_id for _, message in received}),
    )
    states = {row["counter_id"]: orjson.loads(row["state"]) for row in rows}
    sequences = {row["counter_id"]: orjson.loads(row["sequences"]) for row in rows}
    steps, due_at = dict.fromkeys(states, 0), now + timedelta(days=1)
    sent: list[tuple[int, UUID, bytes, bytes, str, UUID]] = []
    for cause, message in received:
        key = message.counter_id
        state, name = states[key], f"toy.counters.v1|{key}"
        state |= {"total": state["total"] + message.number, "text": message.text, "rests_at": due_at.isoformat()}
        steps[key] += 1
        sequences[key][name] = sequences[key].get(name, 0) + 1
        event_id = new_event_id()
        headers = {
            "ce_id": str(event_id), "ce_type": "toy.CounterMoved.v1", "ce_source": "toy", "ce_subject": str(key),
            "ce_time": now.isoformat(), "ce_sequence": str(sequences[key][name]), "ce_causationid": str(cause),
            "ce_specversion": "1.0", "content-type": "application/json",
        }  # fmt: skip
        raw = str(key).encode()
        payload = orjson.dumps({"counter_id": key, "total": state["total"]})
        sent.append((zlib.crc32(raw) % SHARDS, event_id, raw, payload, orjson.dumps(headers).decode(), key))
    await connection.execute(
        "UPDATE counter AS t SET version = u.expected + u.steps, state = u.state, due_at = $6, sequences = u.sequences"
        " FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::jsonb[], $5::jsonb[])"
        " AS u (key, expected, steps, state, sequences) WHERE t.counter_id = u.key AND t.version = u.expected",
        list(states), [row["version"] for row in rows], [steps[key] for key in states],
        [orjson.dumps(state).decode() for state in states.values()],
        [orjson.dumps(counts).decode() for counts in sequences.values()], due_at,
    )  # fmt: skip
    await connection.execute(
        "INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
        " SELECT s, i, 'toy.counters.v1', k, p, h, u, $7 FROM unnest($1::smallint[], $2::uuid[], $3::bytea[],"
        " $4::bytea[], $5::jsonb[], $6::uuid[]) AS o (s, i, k, p, h, u)",
        *(list(column) for column in zip(*sent, strict=True)), now,
    )  # fmt: skip
