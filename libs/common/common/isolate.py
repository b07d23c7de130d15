"""One at a time: what the database refuses among due rows and waiting messages parks alone, and harms no neighbour."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from common import desk, inbox, things
from common.blame import blame, blames_record
from common.decisions import Due, Thing
from common.errors import InvalidMessage
from common.fold import Loaded
from common.placing import Placed
from common.records import Arrival

if TYPE_CHECKING:
    from common.runner import Runner, Transaction


def due_arrival(thing: Thing[Any], row: Loaded, due: Due) -> Arrival:
    """The instant of a due row as the message that it folds: once for each version of the row."""
    return Arrival(due, desk.DUE, f"{thing.name}/{row.key}/{row.version}")


async def fold_due_alone(runner: "Runner", work: "Transaction", thing: Thing[Any], row: Loaded) -> None:
    """Fold one due row; when the database refuses what follows from it, its alarm parks and the row rests."""
    due = due_arrival(thing, row, Due(due_at=work.now))
    own = replace(work.batch, calls=[])
    try:
        async with work.connection.transaction():
            alone = {row.key: row._replace(waiting=())}
            await runner.fold_and_write(replace(work, batch=own), thing, alone, {row.key: [due]})
    except (InvalidMessage, asyncpg.PostgresError) as fault:
        if not blames_record(fault):
            raise
        code, reason = blame(fault)
        await runner.park(work.connection, [desk.parked(thing, row.key, due, code=code, reason=reason)], work.now)
        return
    work.batch.calls += own.calls


async def fold_all_waiting(runner: "Runner", work: "Transaction", placed: Placed) -> None:
    """Fold what waits for each thing, in order, until one of them is refused."""
    for thing, keys in placed.items():
        for key, row in (await things.load_things(work.connection, thing, sorted(keys), runner.consumers)).items():
            for position, _ in () if row.blocked else row.waiting:
                if await fold_waiting(runner, work, thing, key, position) is None:
                    break


async def fold_waiting(
    runner: "Runner", work: "Transaction", thing: Thing[Any], key: UUID, position: int
) -> bool | None:
    """Fold one message that waits. None when it is a dead letter now, else whether it opened its thing."""
    loaded = (await things.load_things(work.connection, thing, [key], runner.consumers))[key]
    waiting = [pair for pair in loaded.waiting if pair[0] == position]
    own = replace(work.batch, calls=[])
    try:
        async with work.connection.transaction():
            alone = {key: loaded._replace(waiting=waiting, blocked=False)}
            (folded,) = await runner.fold_and_write(replace(work, batch=own), thing, alone, {key: []})
    except (InvalidMessage, asyncpg.PostgresError) as fault:
        if not blames_record(fault):
            raise
        code, reason = blame(fault)
        ((_, arrival),) = waiting
        await runner.park(work.connection, [desk.parked(thing, key, arrival, code=code, reason=reason)], work.now)
        await desk.end_wait(work.connection, [position])
        await inbox.mark_inbox(work.connection, [arrival.event_id] if arrival.event_id else [], "parked")
        return None
    work.batch.calls += own.calls
    if folded.parked:
        return None
    return loaded.state is None and folded.state is not None
