"""The desk: records that could not be applied, and messages that wait for their thing or behind such a record."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from common.decisions import Consumers, Thing
from common.postgres import Connection
from common.records import Arrival, BadRecord


async def park(connection: Connection, bad: Sequence[BadRecord], now: datetime) -> None:
    """Put records on the desk. Bytes as bytes and text without NUL: parking must not be able to fail."""
    if bad:
        await connection.executemany(
            "INSERT INTO dead_letter (source, source_id, thing, thing_key, recorded_at, key, value, headers,"
            " error_code, error_message, failed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
            " ON CONFLICT (source, source_id) DO NOTHING",
            [
                (
                    b.source, b.source_id, b.thing, b.thing_key, b.recorded_at, b.key, b.value,
                    json.dumps([[name, value.decode("utf-8", "replace")] for name, value in b.headers]).encode(),
                    b.code, b.reason.replace("\0", "")[:500], now,
                )
                for b in bad
            ],
        )  # fmt: skip


def parked(thing: Thing[Any], key: UUID, arrival: Arrival, *, code: str, reason: str) -> BadRecord:
    """A message that its handler refused, for the desk."""
    return BadRecord(
        source=arrival.source,
        source_id=arrival.source_id,
        key=arrival.key,
        value=arrival.value or arrival.message.model_dump_json().encode(),
        headers=[(name, value.encode()) for name, value in typed_headers(arrival).items()],
        code=code,
        reason=reason,
        recorded_at=arrival.recorded_at,
        thing=thing.name,
        thing_key=key,
        event_id=arrival.event_id,
    )


def typed_headers(arrival: Arrival) -> dict[str, str]:
    """The record's headers, with the type of the message as it came to its thing."""
    return arrival.headers | {"ce_type": arrival.message.type_name()}


async def let_wait(
    connection: Connection, thing: Thing[Any], held: Sequence[tuple[UUID, Arrival, str]], now: datetime
) -> None:
    """Keep messages that may not be folded yet, in order of arrival."""
    if held:
        await connection.executemany(
            "INSERT INTO waiting (thing, thing_key, reason, since, source, source_id, key, value, headers)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            [
                (thing.name, key, reason, now, a.source, a.source_id, a.key, a.message.model_dump_json().encode(),
                 json.dumps(typed_headers(a)))
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
    event_id = headers.get("ce_id")
    return Arrival(
        message=consumers.model(headers["ce_type"]).model_validate_json(row["value"]),
        source=row["source"],
        source_id=row["source_id"],
        event_id=UUID(event_id) if event_id else None,
        key=row["key"],
        value=row["value"],
        headers=headers,
    )
