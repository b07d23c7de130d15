"""Outcomes of calls are folded together, and one that cannot be folded keeps no other from it."""

import asyncio
import contextlib
import uuid

import pytest

from common.calls import OpenCall, Outcome
from common.decisions import Result
from common.outcomes import Outcomes

ACCEPTED = Outcome(result=Result.ACCEPTED, detail="250")


class NoClock:
    """A pool whose database has no stepped time."""

    @contextlib.asynccontextmanager
    async def acquire(self):
        yield self

    async def fetchval(self, _):
        return None


def a_call():
    return OpenCall(thing="counter", key=uuid.uuid4(), call_id=uuid.uuid4(), channel="post", payload=b"{}")


async def test_what_comes_while_a_transaction_runs_is_folded_by_the_next_one_together():
    folded, may_end = [], asyncio.Event()

    async def fold(arrivals):
        folded.append([arrival.message.call_id for arrival in arrivals])
        if len(folded) == 1:
            await may_end.wait()

    outcomes, calls = Outcomes(NoClock(), fold), [a_call() for _ in range(5)]
    first = asyncio.create_task(outcomes.take(calls[0], ACCEPTED))
    while not folded:  # noqa: ASYNC110  no event tells it
        await asyncio.sleep(0)
    others = [asyncio.create_task(outcomes.take(call, ACCEPTED)) for call in calls[1:]]
    for _ in range(10):
        await asyncio.sleep(0)
    may_end.set()
    await asyncio.gather(first, *others)
    assert folded == [[calls[0].call_id], [call.call_id for call in calls[1:]]]


async def test_an_outcome_that_cannot_be_folded_keeps_no_other_from_it():
    done, poison = set(), a_call()

    async def fold(arrivals):
        ids = {arrival.message.call_id for arrival in arrivals}
        if poison.call_id in ids:
            raise AssertionError("a fault of ours")
        done.update(ids)

    outcomes, healthy = Outcomes(NoClock(), fold), [a_call() for _ in range(3)]
    tasks = [asyncio.create_task(outcomes.take(call, ACCEPTED)) for call in (poison, *healthy)]
    async with asyncio.timeout(60):
        while done != {call.call_id for call in healthy}:  # noqa: ASYNC110  no event tells it
            await asyncio.sleep(0.01)
        late = a_call()
        await outcomes.take(late, ACCEPTED)
    assert late.call_id in done
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_outcome_is_folded_as_soon_as_the_database_answers_again():
    answers = [ConnectionError("away"), ConnectionError("away"), None]

    async def fold(_):
        if (fault := answers.pop(0)) is not None:
            raise fault

    async with asyncio.timeout(60):
        await Outcomes(NoClock(), fold).take(a_call(), ACCEPTED)
    assert not answers


@pytest.mark.parametrize("count", [1, 1200])
async def test_every_outcome_is_folded_once(count):
    folded = []

    async def fold(arrivals):
        assert len(arrivals) <= 500
        folded.extend(arrival.message.call_id for arrival in arrivals)
        await asyncio.sleep(0)

    outcomes, calls = Outcomes(NoClock(), fold), [a_call() for _ in range(count)]
    await asyncio.gather(*(outcomes.take(call, ACCEPTED) for call in calls))
    assert sorted(folded) == sorted(call.call_id for call in calls)
