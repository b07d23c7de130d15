"""The desk at work: what a person asked of a dead letter is done by the service that refused it.

A redriven record is folded as it is stored, or as it was edited, under its own id and its thing's lock; then what waits
behind it, in order; all in one transaction. Nothing is published for it, so nobody else sees it a second time.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import structlog

from common import desk, inbox, isolate, metrics, things
from common.blame import blame, blames_record
from common.calls import OpenCall
from common.decisions import Thing
from common.errors import InvalidMessage
from common.failpoints import failpoint
from common.fold import Folded
from common.letters import Letter, came_before, place_letter, read_letter
from common.postgres import Connection
from common.records import Arrival
from common.runner import Batch, Runner, Transaction

log = structlog.get_logger()

CHANNEL = "desk"
LOOK_EVERY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
ASKED_AT_ONCE = 1000

ASKED = """
SELECT dead_letter_id
  FROM dead_letter
 WHERE settled_at IS NULL
   AND asked_as IS NOT NULL
 ORDER BY dead_letter_id
 LIMIT $1
"""
# What came first on a key is redriven first: a letter that has an earlier open one of its key stays asked
TAKE = """
SELECT d.dead_letter_id, d.source, d.source_id, d.thing, d.thing_key, d.recorded_at, d.key,
       COALESCE(d.edited_value, d.value) AS value, d.headers, d.asked_as, d.failed_at
  FROM dead_letter AS d
 WHERE d.dead_letter_id = $1
   AND d.settled_at IS NULL
   AND (d.asked_as = 'discard' OR (d.asked_as = 'redrive' AND NOT EXISTS (
           SELECT FROM dead_letter AS e
            WHERE e.thing_key = d.thing_key
              AND e.settled_at IS NULL
              AND e.dead_letter_id < d.dead_letter_id)))
   FOR NO KEY UPDATE SKIP LOCKED
"""
SETTLE = """
UPDATE dead_letter
   SET settled_at = $2, settled_as = $3, settled_because = COALESCE($4, settled_because)
 WHERE dead_letter_id = $1
"""
REFUSE_AGAIN = """
UPDATE dead_letter
   SET attempts = attempts + 1, error_code = $2, error_message = $3, asked_as = NULL, asked_at = NULL
 WHERE dead_letter_id = $1
"""
NEXT_OPEN = """
SELECT source, source_id, recorded_at, failed_at
  FROM dead_letter
 WHERE thing_key = $1
   AND settled_at IS NULL
 ORDER BY dead_letter_id
 LIMIT 1
"""
NEXT_WAITING = """
SELECT position, thing, source, source_id, recorded_at, since
  FROM waiting
 WHERE thing_key = $1
   AND position > $2
 ORDER BY position
 LIMIT 1
"""
STAND_BEHIND = """
WITH moved AS (
    DELETE FROM waiting
     WHERE position = ANY($1::bigint[])
    RETURNING *
)
INSERT INTO waiting (thing, thing_key, reason, since, source, source_id, recorded_at, key, value, headers)
SELECT thing, thing_key, reason, since, source, source_id, recorded_at, key, value, headers
  FROM moved
 ORDER BY position
"""


async def follow_desk(runner: Runner, *, database_url: str, stepped: bool) -> None:
    """Until cancelled: settle what is asked at the start, whenever somebody notifies, and (with the system's time) each
    second. What fails without being the record's fault is tried again and harms no other letter.
    """
    pause = 0.2
    while True:
        try:
            connection = await asyncpg.connect(database_url, server_settings={"application_name": "desk"})
            asked = asyncio.Event()
            connection.add_termination_listener(lambda _, asked=asked: asked.set())
            try:
                await connection.add_listener(CHANNEL, _waker(asked))
                while not connection.is_closed():
                    failed = await settle_asked(runner)
                    pause = min(LONGEST_PAUSE_SECONDS, pause * 2) if failed else 0.2
                    with contextlib.suppress(TimeoutError):
                        seconds = pause if failed else None if stepped else LOOK_EVERY_SECONDS
                        async with asyncio.timeout(seconds):
                            await asked.wait()
                    asked.clear()
            finally:
                await connection.close()
        except Exception:
            log.exception("desk_not_followed", service=runner.service)
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)


def _waker(asked: asyncio.Event) -> Callable[..., None]:
    def wake(*_: object) -> None:
        asked.set()

    return wake


async def settle_asked(runner: Runner) -> int:
    """Settle every dead letter of which something is asked, each in its own transaction; returns how many failed by no
    fault of their own and must be tried again.
    """
    failed = 0
    for row in await runner.pool.fetch(ASKED, ASKED_AT_ONCE):
        try:
            await settle(runner, row["dead_letter_id"])
        except Exception:
            failed += 1
            metrics.FAULTS.labels(runner.service).inc()
            log.exception("dead_letter_not_settled", service=runner.service, dead_letter_id=row["dead_letter_id"])
    return failed


async def settle(runner: Runner, letter_id: int) -> None:
    """Do what is asked of one dead letter: applied, discarded, or refused again with the new reason."""
    batch = Batch()
    async with runner.transaction(batch) as work:
        connection, now = work.connection, work.now
        row = await connection.fetchrow(TAKE, letter_id)
        if row is None:  # settled meanwhile, in another's hands, or behind an earlier one of its key
            return
        failpoint("after_letter_taken")
        settling = Settling(runner=runner, connection=connection, letter=read_letter(row), now=now, calls=batch.calls)
        if row["asked_as"] == "discard":
            await connection.execute(SETTLE, letter_id, now, "discarded", None)
            await settling.release()
        elif await settling.redrive():
            failpoint("after_redrive")
            await settling.release()
        failpoint("before_letter_commit")
    failpoint("after_letter_commit")
    runner.committed(batch)


@dataclass(frozen=True, kw_only=True)
class Settling:
    """One dead letter in an open transaction, which holds the letter's row."""

    runner: Runner
    connection: Connection
    letter: Letter
    now: datetime
    calls: list[OpenCall]

    async def redrive(self) -> bool:
        """Fold the record; False when it is refused again."""
        try:
            async with self.connection.transaction():
                because = await self._fold_letter()
        except (InvalidMessage, asyncpg.PostgresError) as fault:
            if not blames_record(fault):
                raise
            code, reason = blame(fault)
            await self.connection.execute(REFUSE_AGAIN, self.letter.letter_id, code, reason.replace("\0", "")[:500])
            log.warning("dead_letter_refused_again", service=self.runner.service, dead_letter_id=self.letter.letter_id)
            return False
        await self.connection.execute(SETTLE, self.letter.letter_id, self.now, "applied", because)
        return True

    async def _fold_letter(self) -> str | None:
        """Raises InvalidMessage for what its handler refuses again. Answers why nothing was folded, if so."""
        placed, arrival = await place_letter(self.connection, self.runner, self.letter, self.now)
        if not await self._is_first_time(arrival):
            return "its id was applied before"
        handlers = self.runner.consumers.handler_names(arrival.message)
        if arrival.event_id is not None:
            await inbox.mark_inbox(self.connection, [arrival.event_id], handlers)
        for thing in self.runner.consumers.things():
            keys = placed.get(thing, {})
            if not keys:
                continue
            loaded = await things.load_things(self.connection, thing, sorted(keys), self.runner.consumers)
            alone = {key: row._replace(waiting=(), blocked=False) for key, row in loaded.items()}
            mine = {key: [one._replace(foreign_id=None) for one in arrivals] for key, arrivals in keys.items()}
            for folded in await self._fold(thing, alone, mine):
                for _, code, reason in folded.parked:
                    raise InvalidMessage(code, reason)
                if folded.held:
                    await self._stand_behind()
        return None

    async def _is_first_time(self, arrival: Arrival) -> bool:
        """A record that was refused whole may have come again under its id, been readable, and been applied."""
        if self.letter.thing is not None:
            return True
        if arrival.foreign_id is not None:
            return not await inbox.enter_foreign_inbox(self.connection, [arrival], self.now)
        assert arrival.event_id is not None, "what is no stranger's has an id of ours"
        if await inbox.enter_inbox(self.connection, [(arrival.event_id, "parked")], self.now):
            return True
        handler = await self.connection.fetchval("SELECT handler FROM inbox WHERE event_id = $1", arrival.event_id)
        return handler == "parked"

    async def _stand_behind(self) -> None:
        """The thing is not opened yet and the message waits for that: what came after it goes on waiting behind it."""
        rows = await self.connection.fetch(
            "SELECT position, source, source_id, recorded_at, since FROM waiting WHERE thing_key = $1",
            self.letter.thing_key,
        )
        own = desk.record_of(self.letter)
        behind = [row["position"] for row in rows if desk.record_of(row) != own and not came_before(row, self.letter)]
        await self.connection.execute(STAND_BEHIND, behind)

    async def release(self) -> None:
        """Fold what waited behind the letter, up to the next open one of its key; then restore the alarms."""
        key = self.letter.thing_key
        if key is None:
            return
        position = 0
        while True:
            open_letter = await self.connection.fetchrow(NEXT_OPEN, key)
            row = await self.connection.fetchrow(NEXT_WAITING, key, position)
            if row is None or (open_letter is not None and not came_before(row, open_letter)):
                break
            position = row["position"]
            thing = next(one for one in self.runner.consumers.things() if one.name == row["thing"])
            ended = await self._fold_waiting(thing, key, position)
            if ended is None:
                break
            if ended:
                position = 0  # it opened its thing: what came before it may be folded now
        for thing in self.runner.consumers.things():
            await self._restore_alarm(thing, key)

    async def _fold_waiting(self, thing: Thing[Any], key: UUID, position: int) -> bool | None:
        """Fold one message that waits. None when it is a dead letter now, else whether it opened its thing."""
        work = Transaction(connection=self.connection, batch=Batch(calls=self.calls), now=self.now)
        return await isolate.fold_waiting(self.runner, work, thing, key, position)

    async def _restore_alarm(self, thing: Thing[Any], key: UUID) -> None:
        """The alarm of a key that nothing blocks any more. A discarded alarm stays off until its row moves."""
        version = await self.connection.fetchval(
            f"SELECT version FROM {thing.name} WHERE {thing.name}_id = $1",  # noqa: S608  a table of ours
            key,
        )
        letter = self.letter
        if version is None or (letter.source == desk.DUE and letter.source_id == f"{thing.name}/{key}/{version}"):
            return
        loaded = await things.load_things(self.connection, thing, [key], self.runner.consumers)
        await self._fold(thing, {key: loaded[key]._replace(waiting=())}, {key: []})

    async def _fold(self, thing: Thing[Any], loaded: Any, arrivals: Any) -> list[Folded]:
        batch = Batch()
        work = Transaction(connection=self.connection, batch=batch, now=self.now)
        folded = await self.runner.fold_and_write(work, thing, loaded, arrivals)
        self.calls.extend(batch.calls)
        return folded
