"""The runner where traces are on: the same, with a span for each message folded and each call to the outside.

Nothing here decides anything: without it every message has the same effects. Spans are told after the commit of their
transaction; those of a transaction that rolled back never are.
"""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from common.blame import blame
from common.calls import Caller, OpenCall, Outcome
from common.decisions import CallFinished, Consumers, Due, Result, Thing
from common.fold import Folded, Loaded
from common.postgres import Connection
from common.records import Arrival
from common.runner import Answer, Batch, Runner, Submission, Transaction
from common.traces import Cause, Traces, describe, name_of, traceparent_of

MOST_TRACES_OF_AN_ALARM = 1000


@dataclass(frozen=True, kw_only=True)
class Began:
    """A message on its way through its handler, and its span."""

    arrival: Arrival
    key: UUID
    subject: UUID
    span: Span


@dataclass(kw_only=True)
class Pending:
    """What is told once the transaction of this connection is committed."""

    connection: Connection | None = None
    spans: list[Span] = field(default_factory=list[Span])
    calls: dict[UUID, str] = field(default_factory=dict[UUID, str])


PENDING: ContextVar[Pending] = ContextVar("pending")
SUBMITTED: ContextVar[str] = ContextVar("submitted", default="")


def subject_of(consumers: Consumers, thing: Thing[Any], key: UUID, arrival: Arrival) -> UUID:
    """Which case a message is about: its subject; its thing's key where that was looked up, or the message has none."""
    message = arrival.message
    line = consumers.line_for(type(message), thing)
    if (line is not None and line.locate is not None) or not (message.subject_field or message.key_field):
        return key
    return message.subject()


class TracedCaller(Caller):
    """Each call to the outside has a span, under what asked for it; its outcome is folded under the call."""

    def __init__(self, caller: Caller, traces: Traces) -> None:
        super().__init__(caller.channels)
        self.traces = traces
        self.causes: dict[UUID, str] = {}  # by call id: what asked for it, then the call itself

    async def make(self, call: OpenCall, *, earlier_life: bool) -> Outcome:
        """As it is, between the two ends of a span."""
        span = self.traces.begin(
            f"call {call.channel}",
            subject=call.key,
            cause=Cause(traceparent=self.causes.pop(call.call_id, "")),
            kind=SpanKind.CLIENT,
            attributes={"quittance.call_id": str(call.call_id), "quittance.earlier_life": earlier_life},
        )
        outcome = await super().make(call, earlier_life=earlier_life)
        span.set_attribute("quittance.result", outcome.result.value)
        if outcome.result is not Result.ACCEPTED:
            span.set_status(Status(StatusCode.ERROR, outcome.result.value))
        span.end()
        self.causes[call.call_id] = traceparent_of(span)
        return outcome


class TracedRunner(Runner):
    """The runner with spans."""

    def __init__(self, *, traces: Traces, caller: Caller, **rest: Any) -> None:
        self.traced_caller = TracedCaller(caller, traces)
        super().__init__(caller=self.traced_caller, **rest)
        self.traces = traces

    async def submit(self, submissions: Sequence[Submission]) -> list[Answer]:
        """What a stranger handed over at once is a trace of its own, which each case links to."""
        attributes = {"messaging.batch.message_count": len(submissions)}
        span = self.traces.begin("submit", subject=None, cause=Cause(), kind=SpanKind.SERVER, attributes=attributes)
        token = SUBMITTED.set(traceparent_of(span))
        try:
            return await super().submit(submissions)
        finally:
            SUBMITTED.reset(token)
            span.end()

    async def fold_and_write(
        self,
        work: Transaction,
        thing: Thing[Any],
        loaded: Mapping[UUID, Loaded],
        arrivals: Mapping[UUID, Sequence[Arrival]],
    ) -> list[Folded]:
        """What a fold sends, parks or lets wait names its span as the cause."""
        began: list[Began] = []

        def begin(key: UUID, arrival: Arrival) -> Arrival:
            began.append(self._begin(work, thing, key, arrival))
            return began[-1].arrival

        rows = {
            key: row._replace(waiting=[(position, begin(key, arrival)) for position, arrival in row.waiting])
            for key, row in loaded.items()
        }
        mine = {key: [begin(key, arrival) for arrival in some] for key, some in arrivals.items()}
        calls_before = len(work.batch.calls)
        folded = await super().fold_and_write(work, thing, rows, mine)
        pending = self._pending(work.connection)
        by_key = {one.loaded.key: one for one in folded}
        taken = [one for one in began if settle(one, by_key.get(one.key), mine.get(one.key, ()))]
        spans = {one.key: one.span for one in taken}
        pending.calls |= {
            call.call_id: traceparent_of(spans[call.key])
            for call in work.batch.calls[calls_before:]
            if call.key in spans
        }
        pending.spans += [one.span for one in taken]
        if self.consumers.line_for(Due, thing) is not None:
            pending.spans += await self._go_on_with(work.connection, thing, taken)
            await remember(work.connection, thing, taken, folded)
        return folded

    def committed(self, batch: Batch) -> None:
        """Tell the spans of the transaction, and make its calls under them."""
        pending = PENDING.get(Pending())
        PENDING.set(Pending())
        self.traced_caller.causes |= pending.calls
        for span in pending.spans:
            span.end()
        super().committed(batch)

    async def _refuse_one(self, batch: Batch, arrival: Arrival, fault: Exception) -> None:
        """What the database refused alone was folded by nobody: the span says so."""
        PENDING.set(Pending())  # its tries were rolled back
        await super()._refuse_one(batch, arrival, fault)
        message = arrival.message
        span = self.traces.begin(
            name_of(message),
            subject=message.subject() if message.subject_field or message.key_field else None,
            cause=Cause(traceparent=arrival.headers.get("traceparent", "")),
            kind=SpanKind.CONSUMER,
        )
        span.set_status(Status(StatusCode.ERROR, blame(fault)[0]))
        span.end()

    def _begin(self, work: Transaction, thing: Thing[Any], key: UUID, arrival: Arrival) -> Began:
        cause = arrival.headers.get("traceparent", "")
        if isinstance(arrival.message, CallFinished):
            cause = self.traced_caller.causes.pop(arrival.message.call_id, cause)
        elif arrival.foreign_id is not None:
            cause = cause or SUBMITTED.get()
        subject = subject_of(self.consumers, thing, key, arrival)
        is_topic = self.catalogue.topic(arrival.source) is not None
        attributes = describe(arrival, thing=thing.name, is_topic=is_topic) | {"quittance.now": work.now.isoformat()}
        span = self.traces.begin(
            name_of(arrival.message),
            subject=subject,
            cause=Cause(traceparent=cause),
            kind=SpanKind.CONSUMER,
            attributes=attributes,
        )
        headers = {**arrival.headers, "traceparent": traceparent_of(span)}
        return Began(arrival=arrival._replace(headers=headers), key=key, subject=subject, span=span)

    def _pending(self, connection: Connection) -> Pending:
        """Of this transaction; what an earlier one left was rolled back with it."""
        pending = PENDING.get(Pending())
        if pending.connection is not connection:
            pending = Pending(connection=connection)
            PENDING.set(pending)
        return pending

    async def _go_on_with(self, connection: Connection, thing: Thing[Any], taken: Sequence[Began]) -> list[Span]:
        """An alarm of a row that gathers many cases stands in the trace of each that moved its row."""
        alarms = {one.key: one for one in taken if isinstance(one.arrival.message, Due)}
        if not alarms:
            return []
        rows = await connection.fetch(
            "DELETE FROM alarm_trace WHERE thing = $1 AND thing_key = ANY($2::uuid[]) RETURNING thing_key, traceparent",
            thing.name,
            sorted(alarms),
        )
        return [
            self.traces.begin(
                name_of(alarm.arrival.message),
                subject=None,
                cause=Cause(traceparent=row["traceparent"], beside=[alarm.span]),
                kind=SpanKind.CONSUMER,
                attributes={"quittance.thing": thing.name},
            )
            for row in rows[:MOST_TRACES_OF_AN_ALARM]
            for alarm in [alarms[row["thing_key"]]]
        ]


def settle(one: Began, folded: Folded | None, arrivals: Sequence[Arrival]) -> bool:
    """Say on the span what became of the message. False for one that waited before and goes on waiting."""
    if folded is None:
        return False
    faults = [code for arrival, code, _ in (*folded.parked, *folded.refused) if arrival is one.arrival]
    if faults:
        one.span.set_status(Status(StatusCode.ERROR, faults[0]))
    if any(arrival is one.arrival for arrival, _ in folded.held):
        one.span.update_name(f"wait {type(one.arrival.message).__name__}")
    return any(arrival is one.arrival for arrival in (*arrivals, *(released for _, released in folded.released)))


async def remember(connection: Connection, thing: Thing[Any], taken: Sequence[Began], folded: Sequence[Folded]) -> None:
    """Keep the traces of other cases that moved a row, for its next alarm."""
    will_ring = {one.loaded.key for one in folded if one.due_at(thing) is not None}
    moved = [one for one in taken if one.subject != one.key and one.key in will_ring]
    if moved:
        await connection.execute(
            "INSERT INTO alarm_trace (thing, thing_key, traceparent)"
            " SELECT $1, k, t FROM unnest($2::uuid[], $3::text[]) AS u (k, t) ON CONFLICT DO NOTHING",
            thing.name,
            [one.key for one in moved],
            [one.arrival.headers["traceparent"] for one in moved],
        )
