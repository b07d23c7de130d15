"""A dead letter as the message it is, and the things that it is for."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from common.decisions import CallFinished, Due, On, Thing
from common.desk import DUE, event_id_of
from common.errors import InvalidMessage
from common.placing import Placed, place
from common.postgres import Connection
from common.records import Arrival, Record, read_record, why_unreadable
from common.runner import Runner


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A row of the desk; `value` is the edited one where there is one. Without `thing` the record was refused whole:
    nothing of it was folded anywhere.
    """

    letter_id: int
    source: str
    source_id: str
    thing: str | None
    thing_key: UUID | None
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    recorded_at: datetime | None
    failed_at: datetime

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)


def read_letter(row: asyncpg.Record) -> Letter:
    """A letter from its row."""
    return Letter(
        letter_id=row["dead_letter_id"],
        headers=[(name, value.encode()) for name, value in json.loads(row["headers"])],
        **{
            name: row[name]
            for name in ("source", "source_id", "thing", "thing_key", "key", "value", "recorded_at", "failed_at")
        },
    )


def came_before(waiting: Any, letter: Any) -> bool:
    """Whether a waiting message came before a dead letter of its key: by offset in one partition, else by instant.
    Offsets that the records' own times and ours both deny were given out anew, after the broker had lost its tail.
    """
    partition, slash, offset = waiting["source_id"].partition("/")
    its_partition, _, its_offset = letter["source_id"].partition("/")
    same = (waiting["source"], partition) == (letter["source"], its_partition)
    if same and slash and offset.isdigit() and its_offset.isdigit():
        is_before = int(offset) < int(its_offset)
        times = (waiting["recorded_at"], letter["recorded_at"]), (waiting["since"], letter["failed_at"])
        if None not in times[0] and all(one > other if is_before else one < other for one, other in times):
            return not is_before
        return is_before
    return waiting["since"] <= letter["failed_at"]


async def place_letter(connection: Connection, runner: Runner, letter: Letter, now: datetime) -> tuple[Placed, Arrival]:
    """The letter as a message, for the thing that refused it; or, where it was refused whole, for whatever it is for.

    Raises InvalidMessage when it still can't be read, belongs nowhere, or was edited to be about something else.
    """
    thing = next((one for one in runner.consumers.things() if one.name == letter.thing), None)
    try:
        if thing is None or letter.thing_key is None:
            arrival = _read_record(runner, letter)
        else:
            arrival = _read_message(runner, letter, now)
    except (KeyError, ValueError) as fault:
        raise InvalidMessage(*why_unreadable(fault)) from fault
    if thing is None or letter.thing_key is None:
        placed, homeless = await place(connection, runner.consumers, [arrival])
        if homeless:
            raise InvalidMessage("not_found", f"nothing here belongs to this {type(arrival.message).__name__}")
        return placed, arrival
    return await _place_again(connection, runner, thing, letter.thing_key, arrival), arrival


async def _place_again(
    connection: Connection, runner: Runner, thing: Thing[Any], key: UUID, arrival: Arrival
) -> Placed:
    """To the thing that refused it alone: other things of a record that concerns several have folded it."""
    line = runner.consumers.line_for(type(arrival.message), thing)
    if line is None:
        raise InvalidMessage("unknown_type", f"no handler of {thing.name} takes {type(arrival.message).__name__}")
    if line.locate is not None and line.message is type(arrival.message):
        placed, _ = await place(connection, runner.consumers, [arrival])
        found = placed.get(thing, {}).get(key)
        if found is None:
            raise InvalidMessage("not_found", f"this {type(arrival.message).__name__} is not about this {thing.name}")
        return {thing: {key: found}}
    if line.locate is None and _key_of(line, arrival, key) != key:
        raise InvalidMessage("wrong_key", f"the edited {type(arrival.message).__name__} is about another {thing.name}")
    return {thing: {key: [arrival]}}


def _key_of(line: On, arrival: Arrival, key: UUID) -> UUID:
    if isinstance(arrival.message, Due | CallFinished):
        return key  # told apart by where it came from, not by a field
    return getattr(arrival.message, line.key) if line.key else arrival.message.key()


def _read_record(runner: Runner, letter: Letter) -> Arrival:
    """By the same rules as when it came."""
    partition, _, offset = letter.source_id.partition("/")
    record: Record = Record(
        topic=letter.source,
        partition=int(partition),
        offset=int(offset),
        timestamp=0,
        timestamp_type=0,
        key=letter.key,
        value=letter.value,
        checksum=None,
        serialized_key_size=len(letter.key or b""),
        serialized_value_size=len(letter.value or b""),
        headers=letter.headers,
    )
    arrival = read_record(record, topic=letter.source, catalogue=runner.catalogue, wanted=runner.wanted)
    if arrival is None:
        raise InvalidMessage("unknown_type", "this service does not take messages of this type")
    return arrival._replace(recorded_at=letter.recorded_at)


def _read_message(runner: Runner, letter: Letter, now: datetime) -> Arrival:
    headers = {name: value.decode() for name, value in letter.headers}
    if letter.source == DUE:
        message = Due(due_at=now)
    else:
        model = runner.consumers.model(headers["ce_type"])
        message = model.model_validate_json(letter.value or b"").received_on(letter.source)
    return Arrival(
        message=message,
        source=letter.source,
        source_id=letter.source_id,
        event_id=event_id_of(headers),
        key=letter.key,
        value=letter.value or b"",
        headers=headers,
        recorded_at=letter.recorded_at,
    )
