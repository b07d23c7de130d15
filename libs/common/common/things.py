"""Rows of things: locked, read, and written by one statement a kind."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from common.decisions import Consumers, Thing
from common.desk import waiting_arrival
from common.fold import NOTHING_DRAWN, Folded, Loaded
from common.postgres import Connection
from common.records import Arrival

# Of rows under lock: those with an open dead letter (no position), and the messages that wait for one of them
SET_ASIDE = """
SELECT thing_key, NULL AS position, NULL AS source, NULL AS source_id, NULL AS recorded_at, NULL AS key, NULL AS value,
       NULL AS headers
  FROM dead_letter
 WHERE settled_at IS NULL
   AND thing_key = ANY($1::uuid[])
UNION ALL
SELECT thing_key, position, source, source_id, recorded_at, key, value, headers
  FROM waiting
 WHERE thing_key = ANY($1::uuid[])
   AND thing = $2
 ORDER BY position
"""


class ConcurrencyFault(Exception):  # noqa: N818
    """Fewer rows were written than were locked: roll back and try again."""


async def load_things(
    connection: Connection, thing: Thing[Any], keys: Sequence[UUID], consumers: Consumers
) -> dict[UUID, Loaded]:
    """Make the rows that are missing, lock all of them in key order, and read what waits for them."""
    columns = "".join(f", {column}" for column in thing.extra_columns)
    await connection.execute(
        f"INSERT INTO {thing.name} ({thing.name}_id) SELECT k FROM unnest($1::uuid[]) AS k WHERE NOT EXISTS"  # noqa: S608
        f" (SELECT FROM {thing.name} AS t WHERE t.{thing.name}_id = k) ORDER BY k ON CONFLICT DO NOTHING",
        keys,
    )
    rows = await connection.fetch(
        f"SELECT {thing.name}_id AS key, version, state, sequences{columns} FROM {thing.name}"  # noqa: S608
        f" WHERE {thing.name}_id = ANY($1::uuid[]) ORDER BY {thing.name}_id FOR NO KEY UPDATE",
        keys,
    )
    return await _with_waiting(connection, thing, rows, consumers)


async def take_due_things(
    connection: Connection, thing: Thing[Any], consumers: Consumers, *, now: datetime, limit: int
) -> list[Loaded]:
    """Lock rows whose instant has come, earliest first; rows that somebody else holds are passed over."""
    columns = "".join(f", {column}" for column in thing.extra_columns)
    rows = await connection.fetch(
        f"SELECT {thing.name}_id AS key, version, state, sequences, due_at{columns} FROM {thing.name}"  # noqa: S608
        " WHERE due_at <= $1 ORDER BY due_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        now,
        limit,
    )
    in_order = sorted(rows, key=itemgetter("due_at", "key"))  # rows of one instant come in any order
    return list((await _with_waiting(connection, thing, in_order, consumers)).values())


async def _with_waiting(
    connection: Connection, thing: Thing[Any], rows: Sequence[asyncpg.Record], consumers: Consumers
) -> dict[UUID, Loaded]:
    keys = [row["key"] for row in rows]
    blocked: set[UUID] = set()
    waiting: dict[UUID, list[tuple[int, Arrival]]] = {}
    for row in await connection.fetch(SET_ASIDE, keys, thing.name):
        if row["position"] is None:
            blocked.add(row["thing_key"])
        else:
            waiting.setdefault(row["thing_key"], []).append((row["position"], waiting_arrival(row, consumers)))
    read_state = thing.adapter.validator.validate_json
    loaded: dict[UUID, Loaded] = {}
    for key, row in zip(keys, rows, strict=True):
        state = row["state"]
        loaded[key] = Loaded(
            key,
            row["version"],
            None if state is None else read_state(state),
            orjson.loads(row["sequences"]),
            {column: row[column] for column in thing.extra_columns} if thing.extra_columns else NOTHING_DRAWN,
            waiting.get(key, ()),
            key in blocked,
        )
    return loaded


async def write_things(
    connection: Connection,
    thing: Thing[Any],
    folded: Sequence[Folded],
    sequences: Mapping[UUID, Mapping[str, int]],
) -> None:
    """Write the states that changed, each against the version that was read."""
    if not folded:
        return
    to_json = thing.adapter.serializer.to_json
    written = await connection.fetch(
        f"UPDATE {thing.name} AS t SET version = u.expected + u.steps, state = u.state, due_at = u.due_at,"  # noqa: S608
        " sequences = u.sequences"
        " FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::jsonb[], $5::timestamptz[], $6::jsonb[])"
        " AS u (key, expected, steps, state, due_at, sequences)"
        f" WHERE t.{thing.name}_id = u.key AND t.version = u.expected RETURNING t.{thing.name}_id",
        [f.loaded.key for f in folded],
        [f.loaded.version for f in folded],
        [f.steps for f in folded],
        [None if f.state is None else to_json(f.state).decode() for f in folded],
        [f.due_at(thing) for f in folded],
        [orjson.dumps(sequences[f.loaded.key]).decode() for f in folded],
    )
    if len(written) != len(folded):
        raise ConcurrencyFault(thing.name)
