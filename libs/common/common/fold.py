"""Folding: the messages of one thing through their handlers, in order. Pure."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from common.decisions import Call, Consumers, Decision, Due, On, Row, Thing
from common.errors import InvalidMessage
from common.messages import Message
from common.records import Arrival

NOT_OPENED = "not_opened"
BEHIND_DEAD_LETTER = "behind_dead_letter"
NOTHING_DRAWN: Mapping[str, Any] = MappingProxyType({})


class Loaded(NamedTuple):
    """A thing's row under lock, with the messages that wait for it."""

    key: UUID
    version: int
    state: Any  # None: does not exist yet
    sequences: Mapping[str, int]
    drawn: Mapping[str, Any] = NOTHING_DRAWN
    waiting: Sequence[tuple[int, Arrival]] = ()
    blocked: bool = False  # an open dead letter


@dataclass(slots=True)
class Folded:
    """What a fold came to."""

    loaded: Loaded
    state: Any
    blocked: bool
    steps: int = 0
    sent: list[tuple[Message, Arrival]] = field(default_factory=list, init=False)
    rows: list[Row] = field(default_factory=list, init=False)
    calls: list[Call] = field(default_factory=list, init=False)
    answers: list[tuple[Arrival, Mapping[str, Any]]] = field(default_factory=list, init=False)
    refused: list[tuple[Arrival, str, str]] = field(default_factory=list, init=False)
    parked: list[tuple[Arrival, str, str]] = field(default_factory=list, init=False)
    held: list[tuple[Arrival, str]] = field(default_factory=list, init=False)
    released: list[tuple[int, Arrival]] = field(default_factory=list, init=False)

    def due_at(self, thing: Thing[Any]) -> datetime | None:
        """When the row must be looked at again. A key behind a dead letter rests."""
        return None if self.blocked or self.state is None else thing.next_due_at(self.state)


def fold(
    thing: Thing[Any], loaded: Loaded, arrivals: Sequence[Arrival], *, consumers: Consumers, now: datetime
) -> Folded:
    """Fold what waits and what arrived, in order of arrival.

    What comes before the thing's opening waits and is folded right after it; what comes behind an open dead letter
    waits for the desk. A stranger's message (HTTP, file) is refused instead of waiting or parking.
    """
    folded = Folded(loaded, loaded.state, loaded.blocked)
    queue = deque([*loaded.waiting, *[(0, arrival) for arrival in arrivals]])
    early: list[tuple[int, Arrival]] = []
    while queue:
        position, arrival = queue.popleft()
        line = consumers.line_for(type(arrival.message), thing)
        assert line is not None, f"no handler of {thing.name} takes {type(arrival.message).__name__}"
        if folded.released and isinstance(arrival.message, Due):  # the row has moved, and says anew when it is due
            if position:
                folded.released.append((position, arrival))
            continue
        if arrival.behind == loaded.key:
            folded.blocked = True
        if folded.blocked:
            hold_back(folded, arrival, position, BEHIND_DEAD_LETTER)
        elif folded.state is None and not line.opens:
            if arrival.foreign_id is not None and not position:
                folded.refused.append((arrival, "not_found", f"there is no such {thing.name.replace('_', ' ')}"))
            else:
                early.append((position, arrival))
        else:
            apply(folded, line, arrival, position, now)
            if folded.state is not None and early:
                queue.extendleft(reversed(early))
                early.clear()
    for position, arrival in early:
        hold_back(folded, arrival, position, NOT_OPENED)
    return folded


def apply(folded: Folded, line: On, arrival: Arrival, position: int, now: datetime) -> None:
    """One message through its handler."""
    drawn: Mapping[str, Any] = folded.loaded.drawn if line.opens else {}  # a plain one: quicker to unpack
    try:
        decision: Decision[Any] = line.handler(folded.state, arrival.message, now, **drawn)
        if isinstance(arrival.message, Due):
            assert_moved(line, folded.state, decision.state, now)
    except InvalidMessage as fault:
        if arrival.foreign_id is not None:
            folded.refused.append((arrival, fault.code, fault.message))
        else:
            folded.parked.append((arrival, fault.code, fault.message))
            folded.blocked = True
        if position:
            folded.released.append((position, arrival))
        return
    folded.state = decision.state
    folded.steps += 1
    for message in decision.send:
        folded.sent.append((message, arrival))
    folded.rows.extend(decision.append)
    folded.calls.extend(decision.calls)
    if arrival.foreign_id is not None:
        folded.answers.append((arrival, decision.answer or {}))
    if position:
        folded.released.append((position, arrival))


def hold_back(folded: Folded, arrival: Arrival, position: int, reason: str) -> None:
    """Let a message wait; one that waits already keeps its place."""
    if not position:
        folded.held.append((arrival, reason))


def assert_moved(line: On, before: Any, after: Any, now: datetime) -> None:
    """A thing that was due and is due still, unchanged, would be taken for ever."""
    due_at = line.thing.next_due_at(after)
    if after == before and due_at is not None and due_at <= now:
        raise InvalidMessage("due_unmoved", "the row was due, its fold changed nothing, and it would be due again")
