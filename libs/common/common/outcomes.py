"""Outcomes of calls on their way into their things: what comes while one transaction runs is folded by the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from common import metrics
from common.calls import OpenCall, Outcome, finished
from common.clock import read_now
from common.postgres import Pool
from common.records import Arrival

log = structlog.get_logger()
MOST_AT_ONCE = 500
LONGEST_PAUSE_SECONDS = 10.0
Ended = tuple[OpenCall, Outcome]


class Outcomes:
    """Gathers what calls came to, and has it folded together; where that fails, each by itself."""

    def __init__(self, pool: Pool, fold: Callable[[Sequence[Arrival]], Awaitable[None]]) -> None:
        self.pool, self.fold = pool, fold
        self.gathered: list[Ended] = []
        self.one_at_a_time = asyncio.Lock()

    async def take(self, call: OpenCall, outcome: Outcome) -> None:
        """Fold this outcome with those that wait beside it, unless one of their calls took it along."""
        metrics.OUTSIDE_CALL_OUTCOMES.labels(call.channel, outcome.result).inc()
        self.gathered.append((call, outcome))
        async with self.one_at_a_time:
            mine, self.gathered = self.gathered[:MOST_AT_ONCE], self.gathered[MOST_AT_ONCE:]
            if not mine or await self._is_folded(mine):
                return
        await asyncio.gather(*(self._fold_for_sure(one) for one in mine))  # one that never folds holds up no other

    async def _fold_for_sure(self, ended: Ended) -> None:
        """The outcome is known: it must be folded, however long the database is away."""
        pause = 0.1
        while not await self._is_folded([ended]):
            await asyncio.sleep(pause)
            pause = min(LONGEST_PAUSE_SECONDS, pause * 2)

    async def _is_folded(self, ended: Sequence[Ended]) -> bool:
        try:
            async with self.pool.acquire() as connection:
                now = await read_now(connection)
            await self.fold(
                [
                    Arrival(
                        message=finished(call, outcome, at=now),
                        source=f"outcome/{call.thing}",
                        source_id=f"{call.key}/{call.call_id}",
                    )
                    for call, outcome in ended
                ]
            )
        except Exception:
            log.exception("outcomes_not_folded", call_ids=[str(call.call_id) for call, _ in ended[:10]])
            return False
        return True
