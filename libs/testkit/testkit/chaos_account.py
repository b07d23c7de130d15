"""The account of a chaos run: every input applied, repeated or parked; every effect once; order per key."""

import asyncio
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition

from common.envelope import text_headers
from common.records import Record
from kafka_admin import end_offsets
from testkit.toy_app import RINGS, rung_at

NOT_APPLIED = {"parked", "waiting"}
POISON = {"invalid", "zero", "23514"}  # no JSON; refused by the handler; refused by a check of the database
LETTERS = """
SELECT source, source_id, recorded_at, thing, thing_key, settled_as, error_code, headers,
       COALESCE(edited_value, value) AS value
  FROM dead_letter
"""
Place = tuple[str, datetime]  # partition/offset, and when the record was written: after a lost tail offsets come again


@dataclass(kw_only=True)
class Tally:
    """What went in and what became of it; `faults` says what is wrong. Of what is applied, `redriven` was by the desk;
    of what is parked, `discarded` was given up there. After a lost tail, `letters_of_the_lost` counts the letters whose
    record the log has no more, and `places_again` how often one key has a second letter at one offset.
    """

    inputs: int = 0
    applied: int = 0
    duplicates: int = 0
    parked: int = 0
    redriven: int = 0
    discarded: int = 0
    said: int = 0
    said_again: int = 0
    rings: int = 0
    letters_of_the_lost: int = 0
    places_again: int = 0
    faults: list[str] = field(default_factory=list[str])

    def line(self) -> str:
        """The conservation line."""
        total = self.applied + self.duplicates + self.parked
        once, order = ("", "") if self.faults else (" once each", " and in order")
        sign = "=" if self.inputs == total else "!="
        return (
            f"inputs {self.inputs} {sign} applied {self.applied} + duplicates {self.duplicates} + parked {self.parked};"
            f" desk redrove {self.redriven} and discarded {self.discarded};"
            f" said {self.said}{once}{order} ({self.said_again} repeats dropped); rang {self.rings}{once}"
        )


async def read_topic(bootstrap: str, topic: str) -> list[Record]:
    """All records of a topic, in order per partition."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        ends = {
            TopicPartition(name, number): latest
            for (name, number), (_, latest) in (await asyncio.to_thread(end_offsets, bootstrap, [topic])).items()
        }
        partitions = list(ends)
        consumer.assign(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Record] = []
        while any([await consumer.position(p) < end for p, end in ends.items()]):
            for batch in (await consumer.getmany(timeout_ms=300)).values():
                found.extend(batch)
        return found
    finally:
        await consumer.stop()


async def draw_up(
    database_url: str,
    *,
    requests: Sequence[Record],
    said: Sequence[Record],
    bell_file: Path,
    topic: str,
    unknown_calls: int = 0,
) -> Tally:
    """Hold the topics, the database and the provider's file against each other. Of `unknown_calls` the outcome is
    unknown: the provider heard them or not.
    """
    tally = Tally(inputs=len(requests))
    connection = await asyncpg.connect(database_url)
    try:
        inbox = {
            row["event_id"]: row["handler"] for row in await connection.fetch("SELECT event_id, handler FROM inbox")
        }
        letters = await connection.fetch(LETTERS)
        counters = await connection.fetch("SELECT counter_id, state, due_at FROM counter")
        tally.faults += [
            f"{table}: {rows} rows are left"
            for table in ("waiting", "outbox", "outbox_stopped", "outside_call")
            if (rows := await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608  a name of ours
        ]
    finally:
        await connection.close()
    applied = _inputs(tally, requests, inbox, [row for row in letters if row["source"] == topic])
    states = {row["counter_id"]: json.loads(row["state"]) for row in counters if row["state"] is not None}
    tally.faults += [f"counter {row['counter_id']} was never opened" for row in counters if row["state"] is None]
    resting = [row["counter_id"] for row in counters if row["due_at"] is None and row["state"] is not None]
    _healthy(tally, letters, resting, states)
    moves = {event_id: UUID(body["counter_id"]) for event_id, body in applied.items() if "number" in body}
    _order(tally, said, moves)
    rings = _effects(tally, list(applied.values()), states)
    heard = rung_at(bell_file)
    tally.rings = len(heard)
    tally.faults += [f"call {call} was made {n} times" for call, n in Counter(heard).items() if n > 1]
    unknown = sum(state["unheard"] for state in states.values())
    if unknown != unknown_calls:
        tally.faults.append(f"{unknown} unknown calls instead of {unknown_calls}")
    if not rings - unknown <= len(heard) <= rings:
        tally.faults.append(f"{rings} rings were decided, {len(heard)} were heard")
    return tally


def _healthy(
    tally: Tally,
    letters: Sequence[asyncpg.Record],
    without_alarm: Sequence[UUID],
    states: dict[UUID, dict[str, Any]],
) -> None:
    """Nothing healthy is parked, and whoever moves and is not blocked by a letter has an alarm."""
    tally.faults += [
        f"{row['source']} {row['source_id']} is parked by {row['error_code']}"
        for row in letters
        if row["error_code"] not in POISON
    ]
    blocked = {row["thing_key"] for row in letters if row["settled_as"] is None}
    tally.faults += [
        f"counter {key} has lost its alarm" for key in without_alarm if states[key]["rests_at"] and key not in blocked
    ]


def _inputs(
    tally: Tally, requests: Sequence[Record], inbox: dict[UUID, str], letters: Sequence[asyncpg.Record]
) -> dict[UUID, dict[str, Any]]:
    """Sort every record into exactly one of the three; returns what was applied, as JSON: of what the desk redrove, its
    last text. What nobody could read has a letter each time that it comes. What a handler refused is known by its id:
    it has one letter, of the first record that came, and that one may be lost.
    """
    at_place = {_place_of(row): row for row in letters}
    of_event = {_event_id(dict(json.loads(row["headers"]))): row for row in letters}
    seen: set[UUID] = set()
    bodies: dict[UUID, dict[str, Any]] = {}
    for record in requests:
        name = f"{record.partition}/{record.offset}"
        event_id = _event_id(text_headers(record.headers))
        is_known = event_id is not None and event_id in inbox
        letter = at_place.get(_place(record)) or (of_event.get(event_id) if is_known else None)
        if event_id is not None and event_id in seen and (is_known or letter is not None):
            tally.duplicates += 1
            continue
        if event_id is not None:
            seen.add(event_id)
        is_parked = letter is not None and letter["settled_as"] != "applied"
        if (event_id is not None and inbox.get(event_id, "parked") not in NOT_APPLIED) is is_parked:
            tally.faults.append(f"input {name} is {'applied and parked' if is_parked else 'lost'}")
        elif is_parked:
            tally.parked += 1
            tally.discarded += letter is not None and letter["settled_as"] == "discarded"
        else:
            assert event_id is not None, "what has no id is not applied"
            tally.applied += 1
            tally.redriven += letter is not None
            bodies[event_id] = json.loads((record.value if letter is None else letter["value"]) or b"")
    tally.faults += [f"event {event_id} is in the inbox and not on the topic" for event_id in inbox.keys() - seen]
    _letters(tally, letters, {_place(record) for record in requests}, seen)
    if tally.inputs != tally.applied + tally.duplicates + tally.parked:
        tally.faults.append("the conservation line does not hold")
    return bodies


def _letters(tally: Tally, letters: Sequence[asyncpg.Record], places: set[Place], seen: set[UUID]) -> None:
    """A letter is of a record on the topic; or of a lost one, which then came again under its id."""
    lost = [row for row in letters if _place_of(row) not in places]
    tally.letters_of_the_lost = len(lost)
    tally.places_again = len(letters) - len({(row["source_id"], row["thing"], row["thing_key"]) for row in letters})
    tally.faults += [
        f"the letter of {row['source_id']} is of nothing that is on the topic"
        for row in lost
        if _event_id(dict(json.loads(row["headers"]))) not in seen
    ]


def _place(record: Record) -> Place:
    return f"{record.partition}/{record.offset}", datetime.fromtimestamp(record.timestamp / 1000, UTC)


def _place_of(letter: asyncpg.Record) -> Place:
    return letter["source_id"], letter["recorded_at"]


def _event_id(headers: Mapping[str, str]) -> UUID | None:
    try:
        return UUID(headers["ce_id"])
    except (KeyError, ValueError):
        return None


def _effects(tally: Tally, applied: Sequence[dict[str, Any]], states: dict[UUID, dict[str, int]]) -> int:
    """Totals are what was applied; returns how many rings were decided."""
    totals: Counter[UUID] = Counter()
    rings: Counter[UUID] = Counter()
    for body in applied:
        key = UUID(str(body["counter_id"]))
        totals[key] += int(str(body.get("number", 0)))
        rings[key] += body.get("text") == RINGS
    for key, state in states.items():
        if state["total"] != totals[key]:
            tally.faults.append(f"counter {key} stands at {state['total']}, {totals[key]} was applied")
        if state["heard"] + state["unheard"] != rings[key]:
            tally.faults.append(
                f"counter {key} heard {state['heard']} rings of {rings[key]}, {state['unheard']} unknown"
            )
    tally.faults += [f"counter {key} is missing" for key in totals.keys() - states.keys()]
    return rings.total()


def _order(tally: Tally, said: Sequence[Record], moves: dict[UUID, UUID]) -> None:
    """A consumer that drops repeats sees the numbers of a key strictly +1, and each input that moved it as the cause of
    exactly one of them.
    """
    dropped: set[str] = set()
    last: Counter[UUID] = Counter()
    causes: Counter[str] = Counter()
    for record in said:
        headers = text_headers(record.headers)
        if headers["ce_id"] in dropped:
            tally.said_again += 1
            continue
        dropped.add(headers["ce_id"])
        tally.said += 1
        causes[headers["ce_causationid"]] += 1
        key, number = UUID((record.key or b"").decode()), int(headers["ce_sequence"])
        if number != last[key] + 1:
            tally.faults.append(f"key {key}: number {number} was said after {last[key]}")
        last[key] = number
    wanted = Counter(moves.values())
    tally.faults += [
        f"key {key} moved {wanted[key]} times and said {last[key]}"
        for key in last.keys() | wanted.keys()
        if wanted[key] != last[key]
    ]
    tally.faults += [
        f"input {event_id} was the cause of {causes[str(event_id)]} events"
        for event_id in moves
        if causes[str(event_id)] != 1
    ]
