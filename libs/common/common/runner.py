"""The runner: written for one message, run for a batch.

One batch is one PostgreSQL transaction: inbox, locking load, folds, states, rows, outbox, desk. Whatever blames the
record parks it; everything else is raised, and tried again by whoever called.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from common import desk, inbox, isolate, metrics, outbox, things
from common.blame import blame, blames_record
from common.calls import Caller, OpenCall, begin_calls, end_calls
from common.clock import read_now
from common.decisions import CallFinished, Consumers, Due, Row, Thing
from common.errors import InvalidMessage
from common.failpoints import failpoint
from common.fold import Folded, Loaded, fold
from common.messages import Catalogue, Message
from common.outcomes import Outcomes
from common.placing import Placed, place
from common.postgres import Connection, Pool, meanwhile
from common.records import Arrival, BadRecord, Record, read_records
from common.under_way import CallsUnderWay

log = structlog.get_logger()

DUE_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a stranger (HTTP client, file) is told: `applied`, `repeated`, `refused`, `waiting` or `conflict`."""

    status: str
    body: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, kw_only=True)
class Submission:
    """A stranger's message, under an id that is unique at its source."""

    source: str
    id: str
    message: Message


@dataclass(kw_only=True)
class Batch:
    """What one transaction is given, and what it leaves to do after its commit."""

    arrivals: Sequence[Arrival] = ()
    bad: Sequence[BadRecord] = ()
    progress: Mapping[tuple[str, int], int] = field(default_factory=dict[tuple[str, int], int])
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict[tuple[str, str], Answer])
    calls: list[OpenCall] = field(default_factory=list[OpenCall])
    leave_waiting: bool = False  # fold the arrivals alone: one of those that wait is under suspicion


@dataclass(frozen=True, kw_only=True)
class Transaction:
    """One open transaction with its batch and its one reading of the clock."""

    connection: Connection
    batch: Batch
    now: datetime


class Runner:
    """Loads, folds and writes for the handlers of one service."""

    def __init__(
        self,
        *,
        service: str,
        instance: str,
        pool: Pool,
        catalogue: Catalogue,
        consumers: Consumers,
        caller: Caller,
        on_commit: Callable[[], None] = lambda: None,
        prefix: str = "",
    ) -> None:
        self.service, self.instance, self.pool, self.prefix = service, instance, pool, prefix
        self.catalogue, self.consumers, self.caller, self.on_commit = catalogue, consumers, caller, on_commit
        self.wanted = frozenset(line.message for line in consumers.on)
        self.outcomes = Outcomes(pool, self._fold_outcomes)
        self.calls = CallsUnderWay(pool, caller, instance=instance, on_outcome=self.outcomes.take)

    # --- three ways in ---------------------------------------------------------------------------------

    async def take_records(self, records: Sequence[Record]) -> None:
        """A batch from Kafka. Raises only what is not the records' own fault; then nothing of it is committed that
        was not committed whole, and the same batch may come again.
        """
        good, bad = read_records(records, catalogue=self.catalogue, wanted=self.wanted, prefix=self.prefix)
        failpoint("after_validate")
        ends = {(record.topic, record.partition): record.offset + 1 for record in records}  # a partition is in order
        progress = {(topic.removeprefix(self.prefix), partition): end for (topic, partition), end in ends.items()}
        await self.apply_batch(Batch(arrivals=good, bad=bad, progress=progress))
        failpoint("before_ack")

    async def submit(self, submissions: Sequence[Submission]) -> list[Answer]:
        """Messages of strangers (HTTP, files), answered after their commit. A repeat gets the first answer."""
        arrivals = [Arrival(message=s.message, source=s.source, source_id=s.id, foreign_id=s.id) for s in submissions]
        batch = Batch(arrivals=list({(a.source, a.foreign_id): a for a in arrivals}.values()))
        await self.apply_batch(batch)
        return [batch.answers[s.source, s.id] for s in submissions]

    async def take_due(self, thing: Thing[Any]) -> int:
        """Fold `Due` into the rows of this kind whose instant has come; returns how many."""
        try:
            return await self._take_due(thing, together=True)
        except Exception as fault:
            if not blames_record(fault):
                raise
        return await self._take_due(thing, together=False)

    async def _take_due(self, thing: Thing[Any], *, together: bool) -> int:
        batch = Batch()
        async with self.transaction(batch) as work:
            loaded = await things.take_due_things(
                work.connection, thing, self.consumers, now=work.now, limit=DUE_AT_ONCE
            )
            if loaded:  # a look that finds nothing is no instant to die at
                failpoint("after_take")
            if together:
                due = Due(due_at=work.now)
                arrivals = {row.key: [isolate.due_arrival(thing, row, due)] for row in loaded}
                await self.fold_and_write(work, thing, {row.key: row for row in loaded}, arrivals)
            else:
                for row in loaded:
                    await isolate.fold_due_alone(self, work, thing, row)
        if loaded:  # an empty look must not wake who looks
            failpoint("after_alarm_commit")
            self.committed(batch)
        return len(loaded)

    # --- one transaction -------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def transaction(self, batch: Batch) -> AsyncGenerator[Transaction]:
        """One transaction with its one reading of the clock. When nobody heard how it ended, the calls that it may have
        begun are looked for before the next one.
        """
        await self.calls.begin_unheard()
        try:
            async with self.pool.acquire() as connection, connection.transaction():
                yield Transaction(connection=connection, batch=batch, now=await read_now(connection))
        except Exception as fault:
            if not blames_record(fault):
                self.calls.doubt(batch.calls)
            raise

    async def apply_batch(self, batch: Batch) -> None:
        """Apply a batch; when the database refuses something in it, halve it until the culprit stands alone."""
        try:
            async with self.transaction(batch) as work:
                await self._apply(work)
                failpoint("before_db_commit")
        except Exception as fault:
            if not blames_record(fault):
                raise
            await self._isolate(batch, fault)
            return
        failpoint("after_db_commit")
        self.committed(batch)

    async def _isolate(self, batch: Batch, fault: Exception) -> None:
        if not batch.arrivals:
            raise fault  # parking itself failed: nothing to blame
        if len(batch.arrivals) == 1:
            if batch.leave_waiting:
                await self._refuse_one(batch, batch.arrivals[0], fault)
            else:
                await self.apply_batch(replace(batch, calls=[], leave_waiting=True))
                await self._fold_left_waiting(batch.arrivals[0])
            return
        half = len(batch.arrivals) // 2
        first = Batch(arrivals=batch.arrivals[:half], answers=batch.answers)
        second = replace(batch, arrivals=batch.arrivals[half:], calls=[])  # bad records last: they bar who comes later
        await self.apply_batch(first)  # in order: what is folded per key stays in order
        await self.apply_batch(second)

    async def _fold_left_waiting(self, arrival: Arrival) -> None:
        """What was left waiting for the thing of a message, each by itself: the guilty one parks."""
        batch = Batch()
        async with self.transaction(batch) as work:
            await isolate.fold_all_waiting(self, work, await self._things_of(work.connection, arrival))
        self.committed(batch)

    async def _refuse_one(self, batch: Batch, arrival: Arrival, fault: Exception) -> None:
        code, reason = blame(fault)
        log.warning("record_refused", service=self.service, code=code, source=arrival.source, id=arrival.source_id)
        if arrival.foreign_id is not None and self.catalogue.topic(arrival.source) is None:
            body = {"code": code, "detail": reason}
            batch.answers[arrival.source, arrival.foreign_id] = Answer(status="refused", body=body)
            return
        async with self.transaction(Batch()) as work:
            connection, now = work.connection, work.now
            placed = await self._things_of(connection, arrival)
            keys = [key for of_thing in placed.values() for key in of_thing]
            bad = desk.parked(None, keys[0] if keys else None, arrival, code=code, reason=reason)
            if arrival.event_id is not None:
                await inbox.enter_inbox(connection, [(arrival.event_id, "parked")], now)
            await self.park(connection, [*batch.bad, bad], now)
            await inbox.move_progress(connection, batch.progress)
        self.committed(Batch())

    async def _things_of(self, connection: Connection, arrival: Arrival) -> Placed:
        """Whose later messages wait behind a refused one: nobody's, when the search itself is what was refused."""
        try:
            async with connection.transaction():
                return (await place(connection, self.consumers, [arrival]))[0]
        except (InvalidMessage, asyncpg.PostgresError) as fault:
            if blames_record(fault):
                return {}
            raise

    async def _apply(self, work: Transaction) -> None:
        batch = work.batch
        if batch.bad:
            batch.bad, batch.arrivals = await desk.without_settled(work.connection, batch.bad, batch.arrivals)
        fresh = await self._drop_repeats(work)
        failpoint("after_inbox_insert")
        placed, homeless = await place(work.connection, self.consumers, fresh)
        for arrival in homeless:
            await self._not_found(work, arrival)
        for thing in self.consumers.things():
            arrivals = placed.get(thing)
            if arrivals:
                keys = sorted(arrivals, key=attrgetter("int"))
                loaded = await things.load_things(work.connection, thing, keys, self.consumers)
                if work.batch.leave_waiting:
                    loaded = {key: row._replace(waiting=()) for key, row in loaded.items()}
                await self.fold_and_write(work, thing, loaded, arrivals)
        await self.park(work.connection, work.batch.bad, work.now)
        if work.batch.progress:
            await inbox.move_progress(work.connection, work.batch.progress)
        failpoint("after_effects")

    async def _drop_repeats(self, work: Transaction) -> list[Arrival]:
        connection, batch, now = work.connection, work.batch, work.now
        ours = [a for a in batch.arrivals if a.event_id is not None]
        new = (
            await inbox.enter_inbox(
                connection, [(a.event_id, self.consumers.handler_names(a.message)) for a in ours if a.event_id], now
            )
            if ours
            else set[UUID]()
        )
        outcomes = [a.message.call_id for a in batch.arrivals if isinstance(a.message, CallFinished)]
        open_calls = await end_calls(connection, outcomes) if outcomes else set[UUID]()
        foreign = [a for a in batch.arrivals if a.foreign_id is not None]
        seen = await inbox.enter_foreign_inbox(connection, foreign, now) if foreign else {}
        for (source, foreign_id), old in seen.items():
            status = "repeated" if old.same_request else "conflict"
            refused_before = old.same_request and (old.answer or {}).get("refused")
            body = dict(old.answer or {})
            batch.answers[source, foreign_id] = Answer(status="refused" if refused_before else status, body=body)
        metrics.DUPLICATES.labels(self.service).inc(len(ours) - len(new) + len(seen))
        return [
            a
            for a in batch.arrivals
            if a.event_id in new
            or (a.foreign_id is not None and (a.source, a.foreign_id) not in seen)
            or (isinstance(a.message, CallFinished) and a.message.call_id in open_calls)
        ]

    async def _not_found(self, work: Transaction, arrival: Arrival) -> None:
        code, reason = "not_found", f"nothing here belongs to this {type(arrival.message).__name__}"
        if arrival.foreign_id is not None and self.catalogue.topic(arrival.source) is None:
            body = {"refused": True, "code": code, "detail": reason}
            work.batch.answers[arrival.source, arrival.foreign_id] = Answer(status="refused", body=body)
            await inbox.keep_answers(work.connection, [(arrival, body)])
            return
        thing = self.consumers.lines_for(type(arrival.message))[0].thing
        bad = desk.parked(thing, UUID(int=0), arrival, code=code, reason=reason)
        work.batch.bad = [*work.batch.bad, replace(bad, thing_key=None)]
        if arrival.event_id is not None:
            await inbox.mark_inbox(work.connection, [arrival.event_id], "parked")

    async def fold_and_write(
        self,
        work: Transaction,
        thing: Thing[Any],
        loaded: Mapping[UUID, Loaded],
        arrivals: Mapping[UUID, Sequence[Arrival]],
    ) -> list[Folded]:
        """Fold what waits and what arrived into locked rows, and write all that follows from it."""
        connection, now = work.connection, work.now
        folded = [fold(thing, row, arrivals[key], consumers=self.consumers, now=now) for key, row in loaded.items()]
        addressed: list[outbox.Addressed] = []
        sequences: dict[UUID, Mapping[str, int]] = {}
        for one in folded:
            sent, sequences[one.loaded.key] = outbox.address(one, catalogue=self.catalogue)
            addressed += sent
        outgoing = await meanwhile(
            things.write_things(connection, thing, folded, sequences),
            lambda: outbox.rows_of(addressed, service=self.service, now=now),
        )
        await self._append_rows(connection, [row for one in folded for row in one.rows], now)
        await outbox.write_outbox(connection, outgoing, now)
        calls = [(one.loaded.key, call) for one in folded for call in one.calls]
        work.batch.calls += await begin_calls(connection, thing, calls, instance=self.instance, now=now)
        await self._settle_waiting(work, thing, folded)
        await self._settle_answers(work, thing, folded)
        return folded

    async def _settle_waiting(self, work: Transaction, thing: Thing[Any], folded: Sequence[Folded]) -> None:
        """Desk and waiting room of a fold."""
        connection, now = work.connection, work.now
        bad = [
            desk.parked(thing, one.loaded.key, arrival, code=code, reason=reason)
            for one in folded
            for arrival, code, reason in one.parked
        ]
        await self.park(connection, bad, now)
        await inbox.mark_inbox(connection, [p.event_id for p in bad if p.event_id], "parked")
        held = [(one.loaded.key, arrival, reason) for one in folded for arrival, reason in one.held]
        await desk.let_wait(connection, thing, held, now)
        await inbox.mark_inbox(connection, [a.event_id for _, a, _ in held if a.event_id], "waiting")
        for _, arrival, _ in held:
            if arrival.foreign_id is not None:
                work.batch.answers[arrival.source, arrival.foreign_id] = Answer(status="waiting")
        released = [pair for one in folded for pair in one.released]
        await desk.end_wait(connection, [position for position, _ in released])
        for _, arrival in released:
            if arrival.event_id is not None:
                await inbox.mark_inbox(connection, [arrival.event_id], self.consumers.handler_names(arrival.message))

    async def _settle_answers(self, work: Transaction, thing: Thing[Any], folded: Sequence[Folded]) -> None:
        """What strangers are told. What a partner's topic brought and its handler refused stands on the desk instead:
        nobody waits there for an answer.
        """
        answers = [pair for one in folded for pair in one.answers]
        refused = [(one.loaded.key, *refusal) for one in folded for refusal in one.refused]
        bodies = [(arrival, {"refused": True, "code": code, "detail": text}) for _, arrival, code, text in refused]
        await inbox.keep_answers(work.connection, [*answers, *bodies])
        for arrival, body in answers:
            work.batch.answers.setdefault(
                (arrival.source, arrival.foreign_id or ""), Answer(status="applied", body=body)
            )
        for arrival, body in bodies:
            work.batch.answers[arrival.source, arrival.foreign_id or ""] = Answer(status="refused", body=body)
        strangers = [
            replace(desk.parked(thing, key, arrival, code=code, reason=text), thing_key=None)
            for key, arrival, code, text in refused
            if self.catalogue.topic(arrival.source) is not None
        ]
        await self.park(work.connection, strangers, work.now)

    async def _append_rows(self, connection: Connection, rows: Sequence[Row], now: datetime) -> None:
        by_kind: dict[type[Row], list[Row]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(row)
        for kind, writer in self.consumers.writers.items():  # in the order of the table: locks are taken alike
            if kind in by_kind:
                await writer(connection, by_kind.pop(kind), now)
        assert not by_kind, f"no writer for {by_kind}"

    async def park(self, connection: Connection, bad: Sequence[BadRecord], now: datetime) -> None:
        """Put records on the desk; the rows of their keys rest until it is settled."""
        await desk.park(connection, bad, now)
        keys = [b.thing_key for b in bad if b.thing_key is not None]
        for thing in self.consumers.things() if keys else ():
            await connection.execute(
                f"UPDATE {thing.name} SET due_at = NULL WHERE {thing.name}_id = ANY($1::uuid[])",  # noqa: S608
                sorted(keys),
            )
        if bad:
            metrics.DEAD_LETTERS.labels(self.service).inc(len(bad))

    # --- after the commit ------------------------------------------------------------------------------

    def committed(self, batch: Batch) -> None:
        """Wake who waits for a commit, and make the calls that it began."""
        self.on_commit()
        for call in batch.calls:
            self.calls.begin(call)

    async def _fold_outcomes(self, arrivals: Sequence[Arrival]) -> None:
        await self.apply_batch(Batch(arrivals=arrivals))
