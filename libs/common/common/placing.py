"""Finding the thing of each message: by a field, by its key, or by one query for the whole batch."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from common.decisions import CallFinished, Consumers, Located, On, Thing
from common.messages import Message
from common.postgres import Connection
from common.records import Arrival

Placed = dict[Thing[Any], dict[UUID, list[Arrival]]]


async def place(
    connection: Connection, consumers: Consumers, arrivals: Sequence[Arrival]
) -> tuple[Placed, list[Arrival]]:
    """The arrivals of each thing in their order, and those that no line finds a thing for."""
    placed: Placed = {}
    at_home: set[tuple[str, str]] = set()
    of_kind: dict[tuple[type[Message], str], list[Arrival]] = {}
    for arrival in arrivals:
        of_kind.setdefault(_kind(arrival), []).append(arrival)
    for line in consumers.on:
        outcome_of = f"outcome/{line.thing.name}" if line.message is CallFinished else ""
        mine = of_kind.get((line.message, outcome_of), [])
        for arrival, located in zip(mine, await _find(connection, line, mine), strict=True):
            for key, message in located:
                own = arrival if message is arrival.message else arrival._replace(message=message)
                placed.setdefault(line.thing, {}).setdefault(key, []).append(own)
                at_home.add((arrival.source, arrival.source_id))
    order = {(arrival.source, arrival.source_id): n for n, arrival in enumerate(arrivals)}
    for keys in placed.values():
        for mine in keys.values():
            if len(mine) > 1:
                mine.sort(key=lambda arrival: order[arrival.source, arrival.source_id])  # whatever line they came by
    return placed, [arrival for arrival in arrivals if (arrival.source, arrival.source_id) not in at_home]


def _kind(arrival: Arrival) -> tuple[type[Message], str]:
    """A message's type; outcomes of calls also by the thing that made the call."""
    kind = type(arrival.message)
    return kind, arrival.source if kind is CallFinished else ""


async def _find(connection: Connection, line: On, mine: Sequence[Arrival]) -> Sequence[Sequence[Located]]:
    if not mine:
        return []
    if line.message is CallFinished:
        return [[(UUID(arrival.source_id.partition("/")[0]), arrival.message)] for arrival in mine]
    if line.locate is not None:
        return await line.locate(connection, [arrival.message for arrival in mine])
    return [[(_key(line, arrival), arrival.message)] for arrival in mine]


def _key(line: On, arrival: Arrival) -> UUID:
    return getattr(arrival.message, line.key) if line.key else arrival.message.key()
