"""Simulated time: alarms come when the driver says so, and quiet means that nothing is left to do."""

import uuid
from datetime import UTC, datetime, timedelta

from common.stepping import Stepped, Stepper
from testkit import toy

MONDAY = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)


async def test_a_row_is_due_when_the_stepped_clock_reaches_it(world, pool, kafka, prefix, toy_database):
    key, stuck = uuid.uuid4(), uuid.uuid4()
    stepped = {"toy": Stepped(database_url=toy_database, topics=["toy.requests.v1"])}
    async with Stepper(stepped, bootstrap=kafka, prefix=prefix) as stepper:
        await stepper.move_to(MONDAY)
        async with world.service().running():
            for k, number in ((key, 3), (stuck, 666)):
                await world.send(toy.OpenCounter(counter_id=k))
                await world.send(toy.AddToCounter(counter_id=k, number=number))
            await stepper.settle()
            assert await stepper.next_due_at() == MONDAY + timedelta(days=1)
            for hours in (12, 23, 24):
                await stepper.move_to(MONDAY + timedelta(hours=hours))
                await stepper.settle()
            assert await stepper.next_due_at() is None
    assert await pool.fetchval("SELECT state ->> 'rests_at' FROM counter WHERE counter_id = $1", key) is None
    parked = await pool.fetch("SELECT source, thing_key, error_code FROM dead_letter")
    assert [tuple(r) for r in parked] == [("due", stuck, "due_unmoved")]
