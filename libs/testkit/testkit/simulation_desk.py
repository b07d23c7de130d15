"""The desk of a simulated service: the twins of the statements by which it settles what a person asked of a letter.

A letter is known by its key in the table; of two the one that was parked first comes first.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from common import redrive
from common.decisions import Thing
from testkit.simulation_store import Query, Row, SimConnection, SimPool, SimStore, SimTransaction

HANDLER_OF = "SELECT handler FROM inbox WHERE event_id = $1"
WAITING_FOR = "SELECT position, source, source_id, recorded_at, since FROM waiting WHERE thing_key = $1"
TAKEN = ("source", "source_id", "thing", "thing_key", "recorded_at", "key", "headers", "failed_at")


class DeskPool(SimPool):
    """A pool that can be asked without taking a connection, as the desk does."""

    async def fetch(self, sql: str, *arguments: Any) -> list[Row]:
        """Rows of one statement."""
        return await SimConnection(self.store).fetch(sql, *arguments)


def desk_queries(things: Iterable[Thing[Any]]) -> Mapping[str, Query]:
    """The twins by their SQL text, for a service with these things."""
    versions = {
        f"SELECT version FROM {thing.name} WHERE {thing.name}_id = $1": partial(_version, thing.name)  # noqa: S608
        for thing in things
    }
    return versions | {
        redrive.ASKED: _asked,
        redrive.TAKE: _take,
        redrive.SETTLE: _settle,
        redrive.REFUSE_AGAIN: _refuse_again,
        redrive.NEXT_OPEN: _next_open,
        redrive.NEXT_WAITING: _next_waiting,
        redrive.STAND_BEHIND: _stand_behind,
        HANDLER_OF: _handler_of,
        WAITING_FOR: _waiting_for,
    }


def open_letters(store: SimStore) -> list[tuple[Any, Row]]:
    """What is on the desk and not settled."""
    return [(key, row) for key, row in store.tables.get("dead_letter", {}).items() if row["settled_at"] is None]


def has_asked(store: SimStore) -> bool:
    """Whether somebody has asked something that can be done now: what came later on a key waits for what came first."""
    stopped: set[Any] = set()
    for _, row in open_letters(store):
        asked_as, key = row.get("asked_as"), row["thing_key"]
        if asked_as == "discard" or (asked_as == "redrive" and key not in stopped):
            return True
        if key is not None:
            stopped.add(key)
    return False


def ask(store: SimStore, key: Any, asked_as: str, *, edited_value: bytes | None = None) -> None:
    """What a person does at the command line: edit a letter, and ask that it be redriven or discarded."""
    letter = store.tables["dead_letter"][key]
    edited = {} if edited_value is None else {"edited_value": edited_value}
    store.tables["dead_letter"][key] = letter | edited | {"asked_as": asked_as}


def _asked(tx: SimTransaction, _: Sequence[Any]) -> list[Row]:
    rows = tx.rows("dead_letter")
    return [{"dead_letter_id": key} for key, row in rows if row["settled_at"] is None and row.get("asked_as")]


async def _take(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    (key,) = arguments
    if "SKIP LOCKED" in redrive.TAKE and tx.is_locked_by_other("dead_letter", key):
        return []
    if "FOR NO KEY UPDATE" in redrive.TAKE:
        await tx.lock("dead_letter", key)
    row = tx.get("dead_letter", key)
    if row is None or row["settled_at"] is not None or not row.get("asked_as"):
        return []
    if row["asked_as"] == "redrive" and "NOT EXISTS" in redrive.TAKE and _first_open(tx, row["thing_key"], key) != key:
        return []
    taken = {name: row[name] for name in TAKEN}
    value = row.get("edited_value") or row["value"]
    return [taken | {"dead_letter_id": key, "value": value, "asked_as": row["asked_as"]}]


def _first_open(tx: SimTransaction, thing_key: Any, default: Any = None) -> Any:
    if thing_key is None:  # NULL: no row has the same
        return default
    rows = tx.rows("dead_letter")
    of_it = (key for key, row in rows if row["settled_at"] is None and row["thing_key"] == thing_key)
    return next(of_it, default)


def _settle(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    key, now, settled_as, because = arguments
    row = tx.get("dead_letter", key)
    assert row is not None, "it was taken"
    because = because or row.get("settled_because")
    tx.put("dead_letter", key, row | {"settled_at": now, "settled_as": settled_as, "settled_because": because})
    return []


def _refuse_again(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    key, code, reason = arguments
    row = tx.get("dead_letter", key)
    assert row is not None, "it was taken"
    attempts = row.get("attempts", 1) + 1
    refused = {"attempts": attempts, "error_code": code, "error_message": reason, "asked_as": None}
    tx.put("dead_letter", key, row | refused)
    return []


def _next_open(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    row = tx.get("dead_letter", _first_open(tx, arguments[0]))
    return [] if row is None else [row]


def _next_waiting(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    key, position = arguments
    found = [row for _, row in tx.rows("waiting") if row["thing_key"] == key and row["position"] > position]
    return sorted(found, key=lambda row: row["position"])[:1]


def _stand_behind(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    for old in sorted(arguments[0]):
        row = tx.get("waiting", old)
        if row is not None:
            position = tx.store.next_number("waiting")
            tx.delete("waiting", old)
            tx.put("waiting", position, row | {"position": position})
    return []


def _handler_of(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    row = tx.get("inbox", arguments[0])
    return [] if row is None else [{"handler": row["handler"]}]


def _waiting_for(tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    return [row for _, row in tx.rows("waiting") if row["thing_key"] == arguments[0]]


def _version(table: str, tx: SimTransaction, arguments: Sequence[Any]) -> list[Row]:
    row = tx.get(table, arguments[0])
    return [] if row is None else [{"version": row["version"]}]
