"""The loops that take due rows are woken by whatever happens, also by what happens while they look."""

import asyncio
from types import SimpleNamespace

from common.service import Service
from common.settings import ServiceSettings

NOBODY = ServiceSettings(database_url="postgresql://nobody", instance="alarms-0", http_port=1)


async def test_given_a_clock_that_moves_while_one_loop_looks_and_another_wakes_then_the_first_looks_again():
    looks, looking, go_on = {"slow": 0, "quick": 0}, asyncio.Event(), asyncio.Event()

    async def take_due(thing):
        looks[thing.name] += 1
        if thing.name == "slow" and looks["slow"] == 1:
            looking.set()
            await go_on.wait()
        return 0

    service = Service("alarms", settings=NOBODY, catalogue=None, topics=(), consumers=None)
    service.stepped, service.runner = True, SimpleNamespace(take_due=take_due)
    loops = [asyncio.create_task(service._alarms(SimpleNamespace(name=name))) for name in looks]
    try:
        await looking.wait()
        await until(lambda: looks["quick"] == 1)
        service._clock_moved()
        await until(lambda: looks["quick"] == 2)  # it woke, and waits for another event than before
        go_on.set()
        await until(lambda: looks["slow"] == 2)
    finally:
        for loop in loops:
            loop.cancel()


async def until(is_so):
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  the loops tell nobody
            await asyncio.sleep(0)
