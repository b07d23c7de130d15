"""The desk: records that could not be applied, and messages that wait for their thing or behind such a record."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from common.decisions import Consumers, Thing
from common.postgres import Connection
from common.records import Arrival, BadRecord

PARK = """
INSERT INTO dead_letter
    (source, source_id, thing, thing_key, recorded_at, key, value, headers, error_code, error_message, failed_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (source, source_id, thing, thing_key, recorded_at)
"""
# An alarm that was settled and is refused again at the same version of its row: without its letter it would be lost
PARK_ALARM = f"""{PARK} DO UPDATE
SET error_code = excluded.error_code, error_message = excluded.error_message, failed_at = excluded.failed_at,
    attempts = dead_letter.attempts + 1, settled_at = NULL, settled_as = NULL
WHERE dead_letter.settled_at IS NOT NULL
"""
# Locked: whoever settles one of them waits for this transaction, or is waited for
LETTERS_OF = """
SELECT source, source_id, recorded_at, settled_at
  FROM dead_letter
 WHERE (source, source_id, recorded_at) IN (
           SELECT s, i, r FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS u (s, i, r))
   AND thing IS NULL
 ORDER BY dead_letter_id
   FOR SHARE
"""
DUE = "due"


async def park(connection: Connection, bad: Sequence[BadRecord], now: datetime) -> None:
    """Put records on the desk. Bytes as bytes and text without NUL: parking must not be able to fail. Sorted: two
    owners with one batch would park in opposite order and deadlock.
    """
    ordered = sorted(bad, key=lambda b: (b.source, b.source_id, b.thing or "", str(b.thing_key)))
    for statement, mine in (
        (f"{PARK} DO NOTHING", [b for b in ordered if b.source != DUE]),
        (PARK_ALARM, [b for b in ordered if b.source == DUE]),
    ):
        if mine:
            await connection.executemany(
                statement,
                [
                    (
                        b.source, b.source_id, b.thing, b.thing_key, b.recorded_at, b.key, b.value,
                        json.dumps([[name, value.decode("utf-8", "replace")] for name, value in b.headers]).encode(),
                        b.code, b.reason.replace("\0", "")[:500], now,
                    )
                    for b in mine
                ],
            )  # fmt: skip


def record_of(row: Any) -> tuple[str, str, datetime | None]:
    """What the record of a letter or a waiting message is known by. A broker that lost its tail gives its offsets to
    other records: a record's own time tells them apart, and is the same whenever it is read.
    """
    return row["source"], row["source_id"], row["recorded_at"]


async def without_settled(
    connection: Connection, bad: Sequence[BadRecord], arrivals: Sequence[Arrival]
) -> tuple[list[BadRecord], list[Arrival]]:
    """A bad record that comes again after the desk has settled it is bad no more: nothing waits behind it, and the
    alarms of its key go on.
    """
    rows = await connection.fetch(
        LETTERS_OF, [b.source for b in bad], [b.source_id for b in bad], [b.recorded_at for b in bad]
    )
    settled = {record_of(row) for row in rows if row["settled_at"] is not None}
    still_bad = [b for b in bad if (b.source, b.source_id, b.recorded_at) not in settled]
    free = {b.thing_key for b in bad} - {b.thing_key for b in still_bad}
    return still_bad, [a._replace(behind=None) if a.behind in free else a for a in arrivals]


def parked(thing: Thing[Any] | None, key: UUID | None, arrival: Arrival, *, code: str, reason: str) -> BadRecord:
    """A message that its handler refused, for the desk. Without a thing: nothing of it was folded anywhere."""
    headers = arrival.headers if arrival.value else typed_headers(arrival)
    return BadRecord(
        source=arrival.source,
        source_id=arrival.source_id,
        key=arrival.key,
        value=arrival.value or arrival.message.model_dump_json().encode(),
        headers=[(name, value.encode()) for name, value in headers.items()],
        code=code,
        reason=reason,
        recorded_at=arrival.recorded_at,
        thing=thing.name if thing is not None else None,
        thing_key=key,
        event_id=arrival.event_id,
    )


def typed_headers(arrival: Arrival) -> dict[str, str]:
    """The record's headers, with the type of the message as it came to its thing."""
    return {**arrival.headers, "ce_type": arrival.message.type_name()}


async def let_wait(
    connection: Connection, thing: Thing[Any], held: Sequence[tuple[UUID, Arrival, str]], now: datetime
) -> None:
    """Keep messages that may not be folded yet, in order of arrival."""
    if held:
        await connection.executemany(
            "INSERT INTO waiting (thing, thing_key, reason, since, source, source_id, recorded_at, key, value, headers)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            [
                (thing.name, key, reason, now, a.source, a.source_id, a.recorded_at, a.key,
                 a.message.model_dump_json().encode(), json.dumps(typed_headers(a)))
                for key, a, reason in held
            ],
        )  # fmt: skip


async def end_wait(connection: Connection, positions: Sequence[int]) -> None:
    """Messages that were folded wait no more."""
    if positions:
        await connection.execute("DELETE FROM waiting WHERE position = ANY($1::bigint[])", positions)


def waiting_arrival(row: asyncpg.Record, consumers: Consumers) -> Arrival:
    """A message that waits, as it came."""
    headers: dict[str, str] = json.loads(row["headers"])
    return Arrival(
        message=consumers.model(headers["ce_type"]).model_validate_json(row["value"]),
        source=row["source"],
        source_id=row["source_id"],
        event_id=event_id_of(headers),
        key=row["key"],
        value=row["value"],
        headers=headers,
        recorded_at=row["recorded_at"],
    )


def event_id_of(headers: Mapping[str, str]) -> UUID | None:
    """The id by which the inbox knows a message; a stranger's may be no UUID."""
    try:
        return UUID(headers.get("ce_id", ""))
    except ValueError:
        return None
