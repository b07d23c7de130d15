"""What was seen: our own events by id, strangers by source and id; and how far each partition is consumed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.postgres import Connection
from common.records import Arrival


async def enter_inbox(connection: Connection, arrivals: Sequence[tuple[UUID, str]], now: datetime) -> set[UUID]:
    """Record the event ids of a batch with their handler; returns those not seen before. Sorted: two consumers with
    the same ids in opposite order would deadlock.
    """
    ordered = sorted(arrivals)
    rows = await connection.fetch(
        "INSERT INTO inbox (event_id, seen_at, handler) SELECT e, $3, h FROM unnest($1::uuid[], $2::text[]) AS u (e, h)"
        " ON CONFLICT DO NOTHING RETURNING event_id",
        [event_id for event_id, _ in ordered],
        [handler for _, handler in ordered],
        now,
    )
    return {row["event_id"] for row in rows}


async def mark_inbox(connection: Connection, event_ids: Sequence[UUID], handler: str) -> None:
    """Say of seen events that they were parked or wait, or which handler took them in the end."""
    if event_ids:
        await connection.execute(
            "UPDATE inbox SET handler = $2 WHERE event_id = ANY($1::uuid[])", sorted(event_ids), handler
        )


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a stranger said before under the same id."""

    same_request: bool
    answer: dict[str, Any] | None


def request_hash(arrival: Arrival) -> bytes:
    """SHA-256 of what was asked."""
    return hashlib.sha256(arrival.message.model_dump_json().encode()).digest()


async def enter_foreign_inbox(
    connection: Connection, arrivals: Sequence[Arrival], now: datetime
) -> dict[tuple[str, str], Seen]:
    """Record strangers' ids; returns those seen before, with what they were answered."""
    named = {(a.source, a.foreign_id or ""): a for a in arrivals}
    ordered = sorted(named)
    rows = await connection.fetch(
        "INSERT INTO inbox_foreign (source, id, seen_at, request_hash)"
        " SELECT s, i, $3, h FROM unnest($1::text[], $2::text[], $4::bytea[]) AS u (s, i, h)"
        " ON CONFLICT DO NOTHING RETURNING source, id",
        [source for source, _ in ordered],
        [foreign_id for _, foreign_id in ordered],
        now,
        [request_hash(named[name]) for name in ordered],
    )
    repeated = sorted(set(ordered) - {(row["source"], row["id"]) for row in rows})
    if not repeated:
        return {}
    old = await connection.fetch(
        "SELECT f.source, f.id, f.request_hash, f.answer FROM inbox_foreign AS f"
        " JOIN unnest($1::text[], $2::text[]) AS u (s, i) ON f.source = u.s AND f.id = u.i",
        [source for source, _ in repeated],
        [foreign_id for _, foreign_id in repeated],
    )
    return {
        (row["source"], row["id"]): Seen(
            same_request=row["request_hash"] == request_hash(named[row["source"], row["id"]]),
            answer=None if row["answer"] is None else json.loads(row["answer"]),
        )
        for row in old
    }


async def keep_answers(connection: Connection, answers: Sequence[tuple[Arrival, Mapping[str, Any]]]) -> None:
    """Keep what strangers were answered, so that a repeat is answered alike."""
    if answers:
        await connection.execute(
            "UPDATE inbox_foreign AS f SET answer = u.a"
            " FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS u (s, i, a) WHERE f.source = u.s AND f.id = u.i",
            [arrival.source for arrival, _ in answers],
            [arrival.foreign_id for arrival, _ in answers],
            [json.dumps(answer) for _, answer in answers],
        )


async def move_progress(connection: Connection, progress: Mapping[tuple[str, int], int]) -> None:
    """Record how far each partition is consumed."""
    ordered = sorted(progress)
    await connection.execute(
        "INSERT INTO progress (topic, partition, next_offset)"
        " SELECT t, p, o FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS u (t, p, o)"
        " ON CONFLICT (topic, partition)"
        " DO UPDATE SET next_offset = greatest(progress.next_offset, excluded.next_offset)",
        [topic for topic, _ in ordered],
        [partition for _, partition in ordered],
        [progress[name] for name in ordered],
    )
