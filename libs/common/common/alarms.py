"""Taking what is due: one batch while few rows are due, two at once when many are."""

import asyncio
from typing import Any

from common.decisions import Thing
from common.runner import DUE_AT_ONCE, Runner

TAKERS = 2


async def take_all_due(runner: Runner, thing: Thing[Any]) -> None:
    """Take rows of this kind until few are left. A full batch says that many are due: then two takers share them, each
    in transactions of its own, and one folds while the database works for the other.
    """
    if await runner.take_due(thing) < DUE_AT_ONCE:
        return
    async with asyncio.TaskGroup() as takers:  # the fault of one ends both: who called tries again
        for _ in range(TAKERS):
            takers.create_task(_take_while_full(runner, thing))


async def _take_while_full(runner: Runner, thing: Thing[Any]) -> None:
    while await runner.take_due(thing) == DUE_AT_ONCE:
        pass
