"""What business code returns, and the table that says which handler takes which message.

A handler is a pure function of one thing's state and one message; it returns a `Decision`. The runner loads, folds and
writes in sets; business code never sees a batch, a connection or a clock.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

from common.messages import Message, Value
from common.postgres import Connection

S = TypeVar("S")


@dataclass(frozen=True)
class Row:
    """A row to append to a table of the service; each subclass is written by one statement (see `Writer`)."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """A call to the outside. `call_id` is stable: the receiver, or we by asking him, can tell a repeat by it."""

    call_id: UUID
    channel: str
    payload: Value


class Result(StrEnum):
    """How a call to the outside ended."""

    ACCEPTED = "accepted"
    REFUSED = "refused"  # will never work
    FAILED = "failed"  # certainly not done; may work later
    UNKNOWN = "unknown"  # nobody can tell; a person decides


class Due(Message):
    """The instant that `next_due_at` gave has come."""

    due_at: datetime


class CallFinished(Message):
    """The outcome of a call to the outside. `detail` is the receiver's own answer: the proof."""

    call_id: UUID
    channel: str
    result: Result
    detail: str
    finished_at: datetime


class Decision(NamedTuple, Generic[S]):
    """The new state and what follows: messages to send (in order), rows to append, calls to make, and the answer to
    whoever asked over HTTP or by file. A tuple, for there is one for each message.
    """

    state: S
    send: Sequence[Message] = ()
    append: Sequence[Row] = ()
    calls: Sequence[Call] = ()
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Thing(Generic[S]):
    """A kind of thing with a row of its own: table `<name>`, key `<name>_id`, state as JSON.

    `next_due_at` says when a row must be looked at again, whatever happens. `extra_columns` are drawn by the database
    when the row is made (a number, a token); opening handlers get them as keyword arguments.
    """

    name: str
    state: type[S]
    next_due_at: Callable[[S], datetime | None] = lambda _: None
    extra_columns: tuple[str, ...] = ()
    adapter: TypeAdapter[S] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "adapter", TypeAdapter(self.state))


Handler = Callable[..., Decision[Any]]  # (state | None, message, now) -> Decision; with extras when extra_columns
Located = tuple[UUID, Message]
Locate = Callable[[Connection, Sequence[Message]], Awaitable[Sequence[Sequence[Located]]]]
Writer = Callable[[Connection, Sequence[Any], datetime], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class On:
    """One line of the table: this message goes through this handler of this thing.

    The thing's key is a field of the message (`key`; the message's own key when omitted), or what `locate` finds for a
    whole batch: per message a list of (key, message), possibly a richer one of type `arrives_as`; a message that no
    line finds a thing for is refused as `not_found`. `opens`: the handler also takes a thing that does not exist yet
    (state None); otherwise the message waits for it.
    """

    message: type[Message]
    handler: Handler
    thing: Thing[Any]
    key: str | None = None
    locate: Locate | None = None
    arrives_as: type[Message] | None = None
    opens: bool = False


@dataclass(frozen=True, kw_only=True)
class Consumers:
    """The whole wiring of a service."""

    on: Sequence[On]
    writers: Mapping[type[Row], Writer] = field(default_factory=dict[type[Row], Writer])
    _lines: dict[tuple[Thing[Any], type[Message]], On] = field(init=False)  # asked for every message
    _handler_names: dict[type[Message], str] = field(init=False)

    def __post_init__(self) -> None:
        lines: dict[tuple[Thing[Any], type[Message]], On] = {}
        for line in self.on:
            for kind in (line.message, line.arrives_as):
                if kind is not None:
                    lines.setdefault((line.thing, kind), line)
        names = {line.arrives_as: line.handler.__name__ for line in self.on if line.arrives_as is not None}
        names |= {line.message: ",".join(o.handler.__name__ for o in self.lines_for(line.message)) for line in self.on}
        object.__setattr__(self, "_lines", lines)
        object.__setattr__(self, "_handler_names", names)

    def things(self) -> tuple[Thing[Any], ...]:
        """Every kind of thing, in the order in which rows are locked."""
        return tuple(dict.fromkeys(line.thing for line in self.on))

    def model(self, type_name: str) -> type[Message]:
        """The message type of this name; raises KeyError for one that no line takes."""
        kinds = [kind for line in self.on for kind in (line.message, line.arrives_as) if kind is not None]
        return {kind.type_name(): kind for kind in kinds}[type_name]

    def lines_for(self, message: type[Message]) -> tuple[On, ...]:
        """The lines that take this message (several things of one service may)."""
        return tuple(line for line in self.on if line.message is message)

    def handler_names(self, message: Message) -> str:
        """The handlers that take this message, as the inbox names them."""
        return self._handler_names[type(message)]

    def line_for(self, message: type[Message], thing: Thing[Any]) -> On | None:
        """The line by which this thing takes this message."""
        return self._lines.get((thing, message))
