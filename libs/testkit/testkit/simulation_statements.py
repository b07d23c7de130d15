"""The in-memory twin of each statement of the plumbing. What a statement's text promises is read from its text (does
it lock, in which order, does it pass over what is locked), so that taking a clause out is taking its effect out.
"""

import json
import re
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import asyncpg

from common.clock import NOW

if TYPE_CHECKING:
    from testkit.simulation_store import SimTransaction

Row = dict[str, Any]
Twin = Callable[["SimTransaction", str, Sequence[Any]], Awaitable[list[Row]]]
NAME = re.compile(r"(?:INSERT INTO|FROM|UPDATE) (\w+)")


async def run_statement(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    """Run one; raises LookupError for one that has no twin."""
    own = tx.store.queries.get(sql)
    if own is not None:
        found = own(tx, arguments)
        return found if isinstance(found, list) else await found
    twin, text = _twin_of(sql)
    return await twin(tx, text, arguments)


@cache
def _twin_of(sql: str) -> tuple[Twin, str]:
    text = " ".join(sql.split())
    for start, twin in TWINS:
        if re.match(start, text):
            return twin, text
    raise LookupError(f"the simulation has no twin of: {text[:90]}")


async def _read_clock(tx: "SimTransaction", _sql: str, _arguments: Sequence[Any]) -> list[Row]:
    return [{"now": tx.store.now}]


async def _insert(tx: "SimTransaction", sql: str, table: str, key: Any, row: Row) -> bool:
    """Whether it is new. A row that another transaction has inserted and not committed is waited for."""
    if tx.get(table, key) is None:
        await tx.lock(table, key)
    if tx.get(table, key) is None:
        tx.put(table, key, row)
        return True
    if "ON CONFLICT" not in sql:
        raise asyncpg.UniqueViolationError(f"duplicate key in {table}")
    return False


async def _enter_inbox(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    ids, handlers, now = arguments
    new: list[Row] = []
    for event_id, handler in zip(ids, handlers, strict=True):
        row = {"event_id": event_id, "seen_at": now, "handler": handler, "after_commits": tx.store.commits}
        if await _insert(tx, sql, "inbox", event_id, row):
            new.append({"event_id": event_id})
    return new


async def _mark_inbox(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    for event_id in arguments[0]:
        row = tx.get("inbox", event_id)
        if row is not None:
            await tx.lock("inbox", event_id)
            tx.put("inbox", event_id, row | {"handler": arguments[1], "after_commits": tx.store.commits})
    return []


async def _enter_foreign(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    sources, ids, _, hashes = arguments
    new: list[Row] = []
    for source, foreign_id, request in zip(sources, ids, hashes, strict=True):
        row = {"source": source, "id": foreign_id, "request_hash": request, "answer": None}
        if await _insert(tx, sql, "inbox_foreign", (source, foreign_id), row):
            new.append(row)
    return new


async def _read_foreign(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    found = [tx.get("inbox_foreign", name) for name in zip(*arguments, strict=True)]
    return [row for row in found if row is not None]


async def _keep_answers(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    for source, foreign_id, answer in zip(*arguments, strict=True):
        row = tx.get("inbox_foreign", (source, foreign_id))
        if row is not None:
            await tx.lock("inbox_foreign", (source, foreign_id))
            tx.put("inbox_foreign", (source, foreign_id), row | {"answer": answer})
    return []


async def _move_progress(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    for topic, partition, offset in zip(*arguments, strict=True):
        await tx.lock("progress", (topic, partition))
        old = tx.get("progress", (topic, partition)) or {"next_offset": 0}
        tx.put("progress", (topic, partition), {"next_offset": max(offset, old["next_offset"])})
    return []


async def _write_outbox(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    for values in arguments[0]:
        seq = tx.store.next_number("outbox")
        tx.put("outbox", seq, {"seq": seq, **dict(zip(_columns(sql), values, strict=True))})
    return []


@cache
def _columns(sql: str) -> list[str]:
    return [name.strip() for name in sql.partition("(")[2].partition(")")[0].split(",")]


async def _park(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    row = dict(zip(_columns(sql), arguments, strict=True)) | {"settled_at": None}
    known_by = ("source", "source_id", "thing", "thing_key", "recorded_at")
    await _insert(tx, sql, "dead_letter", tuple(row[name] for name in known_by), row)
    return []


async def _let_wait(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    position = tx.store.next_number("waiting")
    tx.put("waiting", position, dict(zip(_columns(sql), arguments, strict=True)) | {"position": position})
    return []


async def _end_wait(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    for position in arguments[0]:
        tx.delete("waiting", position)
    return []


async def _letters_of(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    named = set(zip(*arguments, strict=True))
    found: list[Row] = []
    for key, row in sorted(tx.rows("dead_letter"), key=lambda pair: pair[0][:2]):
        if (row["source"], row["source_id"], row["recorded_at"]) in named and row["thing"] is None:
            await tx.lock("dead_letter", key)
            found.append(tx.get("dead_letter", key) or row)
    return found


async def _read_set_aside(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    keys, thing = arguments
    letters = {row["thing_key"] for _, row in tx.rows("dead_letter") if row["settled_at"] is None}
    waiting = [row for _, row in tx.rows("waiting") if row["thing_key"] in keys and row["thing"] == thing]
    blocked: list[Row] = [{"thing_key": key, "position": None} for key in letters & set(keys)]
    return [*sorted(waiting, key=lambda row: row["position"]), *blocked]


async def _begin_call(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    row = dict(zip(_columns(sql), arguments, strict=True))
    await _insert(tx, sql, "outside_call", row["call_id"], row)
    return []


async def _end_calls(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    ended: list[Row] = []
    for call_id in arguments[0]:
        if tx.get("outside_call", call_id) is not None:
            await tx.lock("outside_call", call_id)
            if tx.get("outside_call", call_id) is not None:
                tx.delete("outside_call", call_id)
                ended.append({"call_id": call_id})
    return ended


async def _open_calls(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    return [row for _, row in tx.rows("outside_call") if row["instance"] == arguments[0]]


@cache
def _table(sql: str) -> str:
    found = NAME.search(sql)
    assert found is not None, sql
    return found[1]


async def _make_rows(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    table = _table(sql)
    drawn = tx.store.defaults.get(table, dict)
    for key in arguments[0]:
        row = {"key": key, "version": 0, "state": None, "sequences": "{}", "due_at": None}
        await _insert(tx, sql, table, key, row if tx.get(table, key) else row | drawn())
    return []


async def _load_rows(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    table = _table(sql)
    keys = sorted(arguments[0]) if "ORDER BY" in sql else list(arguments[0])
    for key in keys if "FOR NO KEY UPDATE" in sql else ():
        await tx.lock(table, key)
    return [row for key in keys if (row := tx.get(table, key)) is not None]


async def _take_due(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    table, (now, limit) = _table(sql), arguments
    due = [(key, row) for key, row in tx.rows(table) if row["due_at"] is not None and row["due_at"] <= now]
    taken: list[Row] = []
    for key, _ in sorted(due, key=lambda pair: pair[1]["due_at"])[:limit]:
        if "SKIP LOCKED" in sql and tx.is_locked_by_other(table, key):
            continue
        if "FOR NO KEY UPDATE" in sql:
            await tx.lock(table, key)
        row = tx.get(table, key)
        if row is not None and row["due_at"] is not None and row["due_at"] <= now:
            taken.append(row)
    return taken


async def _write_rows(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    table = _table(sql)
    written: list[Row] = []
    for key, expected, steps, state, due_at, sequences in zip(*arguments, strict=True):
        await tx.lock(table, key)
        row = tx.get(table, key)
        if row is None or ("t.version = u.expected" in sql and row["version"] != expected):
            continue
        new = {"version": expected + steps, "state": state, "due_at": due_at, "sequences": sequences}
        tx.put(table, key, row | new)
        written.append({"key": key})
    return written


async def _rest_rows(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    table = _table(sql)
    for key in arguments[0]:
        if tx.get(table, key) is not None:
            await tx.lock(table, key)
            row = tx.get(table, key)
            assert row is not None
            tx.put(table, key, row | {"due_at": None})
    return []


async def _nothing(_tx: "SimTransaction", _sql: str, _arguments: Sequence[Any]) -> list[Row]:
    return []


async def _full_shards(tx: "SimTransaction", _sql: str, _arguments: Sequence[Any]) -> list[Row]:
    return [{"shard": shard} for shard in sorted({row["shard"] for _, row in tx.rows("outbox")})]


async def _try_shard(tx: "SimTransaction", _sql: str, arguments: Sequence[Any]) -> list[Row]:
    name = ("advisory", tuple(arguments))
    if tx.is_locked_by_other(*name):
        return [{"taken": False}]
    await tx.lock(*name)
    return [{"taken": True}]


async def _take_outbox(tx: "SimTransaction", sql: str, arguments: Sequence[Any]) -> list[Row]:
    shard, limit = arguments
    taken: list[Row] = []
    for seq, row in sorted(tx.rows("outbox")):
        if (
            row["shard"] != shard
            or len(taken) == limit
            or ("SKIP LOCKED" in sql and tx.is_locked_by_other("outbox", seq))
        ):
            continue
        await tx.lock("outbox", seq)
        tx.delete("outbox", seq)
        tx.put("outbox_sent", row["id"], row)
        taken.append(row)
    return taken


TWINS: tuple[tuple[str, Twin], ...] = (
    (re.escape(NOW), _read_clock),
    (r"INSERT INTO inbox \(", _enter_inbox),
    (r"UPDATE inbox SET", _mark_inbox),
    (r"INSERT INTO inbox_foreign", _enter_foreign),
    (r"SELECT f\.source", _read_foreign),
    (r"UPDATE inbox_foreign", _keep_answers),
    (r"INSERT INTO progress", _move_progress),
    (r"COPY outbox \(", _write_outbox),
    (r"INSERT INTO dead_letter", _park),
    (r"INSERT INTO waiting", _let_wait),
    (r"DELETE FROM waiting", _end_wait),
    (r"SELECT thing_key, NULL AS position", _read_set_aside),
    (r"SELECT source, source_id, recorded_at, settled_at FROM dead_letter", _letters_of),
    (r"INSERT INTO outside_call", _begin_call),
    (r"DELETE FROM outside_call", _end_calls),
    (r"SELECT call_id", _open_calls),
    (r"INSERT INTO (\w+) \(\1_id\) SELECT k", _make_rows),
    (r"SELECT \w+_id AS key, .* WHERE due_at <= ", _take_due),
    (r"SELECT \w+_id AS key, ", _load_rows),
    (r"UPDATE \w+ AS t SET version", _write_rows),
    (r"UPDATE \w+ SET due_at = NULL", _rest_rows),
    (r"SELECT keep_partitions", _nothing),
    (r"SELECT shard FROM generate_series", _full_shards),
    (r"SELECT pg_try_advisory_xact_lock", _try_shard),
    (r"WITH batch AS", _take_outbox),
)


def sequences_of(row: Row) -> dict[str, int]:
    """The numbers that a thing has given to its events."""
    return json.loads(row["sequences"])
