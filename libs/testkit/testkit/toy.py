"""A whole service on the plumbing: counters that are opened, added to, and remind of themselves when they rest."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from common.decisions import Consumers, Decision, Due, On, Thing
from common.errors import InvalidMessage
from common.messages import Catalogue, Command, Event, Topic


class OpenCounter(Command):
    """Begin to count."""

    topic: ClassVar[str] = "toy.requests.v1"
    key_field: ClassVar[str] = "counter_id"
    counter_id: UUID


class AddToCounter(Command):
    """Count further; by nothing is refused."""

    topic: ClassVar[str] = "toy.requests.v1"
    key_field: ClassVar[str] = "counter_id"
    counter_id: UUID
    number: int
    text: str = ""


class CounterMoved(Event):
    """A counter has a new total."""

    topic: ClassVar[str] = "toy.counters.v1"
    key_field: ClassVar[str] = "counter_id"
    counter_id: UUID
    total: int


class CounterRested(Event):
    """A counter was left alone for a day."""

    topic: ClassVar[str] = "toy.counters.v1"
    key_field: ClassVar[str] = "counter_id"
    counter_id: UUID


@dataclass(frozen=True)
class Counter:
    """How far it is."""

    total: int = 0
    text: str = ""
    rests_at: datetime | None = None


STUCK_TOTAL = 666
COUNTER = Thing(name="counter", state=Counter, next_due_at=lambda counter: counter.rests_at)


def open_counter(counter: Counter | None, command: OpenCounter, now: datetime) -> Decision[Counter]:
    """An open counter stays as it is."""
    return Decision(counter or Counter(rests_at=now + timedelta(days=1)), answer={"opened": str(command.counter_id)})


def add_to_counter(counter: Counter, command: AddToCounter, now: datetime) -> Decision[Counter]:
    """Raises InvalidMessage for zero."""
    if command.number == 0:
        raise InvalidMessage("zero", "adding nothing is refused")
    moved = replace(counter, total=counter.total + command.number, text=command.text, rests_at=now + timedelta(days=1))
    return Decision(
        moved, [CounterMoved(counter_id=command.counter_id, total=moved.total)], answer={"total": moved.total}
    )


def rest(counter: Counter, _due: Due, _now: datetime) -> Decision[Counter]:
    """After a day it rests; the one that is stuck never does."""
    if counter.total == STUCK_TOTAL:
        return Decision(counter)  # changes nothing: the runner must not take it for ever
    return Decision(replace(counter, rests_at=None))


CONSUMERS = Consumers(
    on=(
        On(message=OpenCounter, handler=open_counter, thing=COUNTER, opens=True),
        On(message=AddToCounter, handler=add_to_counter, thing=COUNTER),
        On(message=Due, handler=rest, thing=COUNTER),
    )
)
TOPICS = tuple(
    Topic(
        name=name, owner="toy", key="counter_id", partitions=4, retention_days=1, consumers=(), description="",
        personal_data=False,
    )
    for name in ("toy.requests.v1", "toy.counters.v1")
)  # fmt: skip
CATALOGUE = Catalogue(topics=TOPICS, messages=(OpenCounter, AddToCounter, CounterMoved, CounterRested))
SCHEMA = """
CREATE TABLE counter (
    counter_id uuid PRIMARY KEY,
    version integer NOT NULL DEFAULT 0,
    state jsonb CHECK ((state ->> 'total')::integer < 1000),
    sequences jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz
);
CREATE INDEX counter_due_at ON counter (due_at) WHERE due_at IS NOT NULL;
"""
