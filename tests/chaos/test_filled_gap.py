"""A broker lost its tail, and new records filled the gap before the consumer came back: it passes them over, until
somebody sets its group back.
"""

import asyncio
import contextlib
import signal

from aiokafka.errors import KafkaError

from common.clock import system_now
from common.envelope import text_headers
from common.outbox import SEND_AGAIN
from kafka_admin import GroupHasMembersError, set_group_back
from testkit.chaos import REQUESTS, a_world
from testkit.chaos_account import read_topic
from testkit.sender import Sender

IN_THE_INBOX = "SELECT count(*) FROM inbox WHERE event_id = ANY($1::uuid[])"


async def test_what_filled_the_gap_is_passed_over_until_the_group_is_set_back_and_then_counts_once(
    broker, database, tmp_path, conserved
):
    begun, url = system_now(), database("toy")
    async with contextlib.AsyncExitStack() as stack:
        world = await stack.enter_async_context(a_toy_world(broker, url, tmp_path))
        before = await stack.enter_async_context(Sender(world, database("before")).open())
        async with a_life(world):
            await until(lambda: has_acknowledged(world, 150))
        await before.finish()
        reached = await world.acknowledged()
        broker.lose_power(world.prefix, kept=0.5)
        await asyncio.to_thread(broker.start)
        left = await world.ends()
        assert any(left[p] < reached[p] for p in reached), f"nobody stood beyond an end: {reached} {left}"

        world.stop_feeding.clear()
        async with Sender(world, database("after")).open() as after:
            await until(lambda: goes_beyond(world, reached))
            await after.finish()
        passed_over = await only_in_the_gap(world, left, reached)
        assert passed_over, "nothing but repeats stood in the gap"
        assert await world.ask(SEND_AGAIN, begun) > 0  # what it had said may be lost as well
        async with a_life(world):
            await until(lambda: is_at_the_end(world))
        assert not await world.ask(IN_THE_INBOX, passed_over), "the gap was read: nothing needs to be set back"

        await until(lambda: set_back(world, begun))  # not before the broker has given up the member that ended
        async with a_life(world):
            await until(lambda: is_at_the_end(world))
            assert await world.ask(IN_THE_INBOX, passed_over), "what stood in the gap is not read yet"
            assert await before.send_again(begun) > 0
            await before.finish()
            tally = await world.settle()
    conserved(f"filled gap: {tally.line()}")
    assert not tally.faults, tally.faults[:20]
    assert tally.duplicates, "what was read before came again"


def a_toy_world(broker, url, folder):
    return a_world(
        seed=1, bootstrap=broker.bootstrap_servers, database_url=url, folder=folder, session_timeout_ms=6_000
    )


@contextlib.asynccontextmanager
async def a_life(world):
    """A process of the toy service, which ends in good order."""
    life = await world.begin_life()
    yield
    life.send(signal.SIGTERM)
    assert await life.died == 0


async def until(holds):
    """Wait for it, however often the broker can't say yet."""
    for _ in range(600):
        with contextlib.suppress(KafkaError, GroupHasMembersError):
            if await holds():
                return
        await asyncio.sleep(0.2)
    raise AssertionError("after two minutes it does not hold")


async def has_acknowledged(world, records):
    return sum((await world.acknowledged()).values()) > records


async def goes_beyond(world, reached):
    ends = await world.ends()
    return all(ends[p] > reached[p] for p in reached)


async def is_at_the_end(world):
    return await world.acknowledged() == await world.ends()


async def set_back(world, since):
    topics = [world.prefix + REQUESTS]
    return await asyncio.to_thread(set_group_back, world.bootstrap, f"{world.prefix}toy", topics, since=since)


async def only_in_the_gap(world, left, reached):
    """The ids of records between the end of what was left and where the group stands, and nowhere else."""
    within, elsewhere = set(), set()
    for record in await read_topic(world.bootstrap, world.prefix + REQUESTS):
        is_within = left[record.partition] <= record.offset < reached.get(record.partition, 0)
        (within if is_within else elsewhere).add(text_headers(record.headers)["ce_id"])
    return sorted(within - elsewhere)
