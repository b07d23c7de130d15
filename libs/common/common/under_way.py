"""Calls to the outside that were committed, on their way: each is made once by this life of the process."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from uuid import UUID

import asyncpg

from common.calls import Caller, OpenCall, Outcome, left_open
from common.failpoints import failpoint
from common.postgres import AWAY, Pool


class CallsUnderWay:
    """Makes the calls of one runner and hands each outcome on; `tasks` are those that have not ended."""

    def __init__(
        self, pool: Pool, caller: Caller, *, instance: str, on_outcome: Callable[[OpenCall, Outcome], Awaitable[None]]
    ) -> None:
        self.pool, self.caller, self.instance, self.on_outcome = pool, caller, instance, on_outcome
        self.tasks: set[asyncio.Task[None]] = set()
        self.unheard: set[UUID] = set()

    def begin(self, call: OpenCall, *, earlier_life: bool = False) -> None:
        """Make a call; one that an earlier life may have made is asked about first."""
        task = asyncio.create_task(self.make(call, earlier_life=earlier_life))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def resume(self) -> None:
        """Ask about, or make, the calls that an earlier life of this instance left open."""
        async with self.pool.acquire() as connection:
            for call in await left_open(connection, self.instance):
                self.begin(call, earlier_life=True)

    def doubt(self, calls: Iterable[OpenCall]) -> None:
        """A transaction began these and nobody heard how it ended: its commit may have been carried out."""
        self.unheard.update(call.call_id for call in calls)

    async def begin_unheard(self) -> None:
        """Make those in doubt that were committed after all: none of them was made yet. Before the next transaction,
        which may begin the same calls again.
        """
        if not self.unheard:
            return
        unheard, self.unheard = self.unheard, set()
        try:
            async with self.pool.acquire() as connection:
                calls = await left_open(connection, self.instance)
        except (asyncpg.PostgresError, *AWAY):  # the database is still away
            self.unheard |= unheard
            raise
        for call in calls:
            if call.call_id in unheard:
                self.begin(call)

    async def make(self, call: OpenCall, *, earlier_life: bool) -> None:
        """From the call to its outcome, folded."""
        outcome = await self.caller.make(call, earlier_life=earlier_life)
        failpoint("before_outcome_commit")
        await self.on_outcome(call, outcome)
