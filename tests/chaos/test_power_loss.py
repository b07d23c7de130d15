"""The broker loses its power, and with it the tail of its logs; what was in it is sent again from the outboxes."""

import asyncio
import contextlib
import signal
from uuid import UUID

from aiokafka.errors import KafkaError

from common.clock import system_now
from common.envelope import text_headers
from common.ids import new_event_id
from common.outbox import SEND_AGAIN
from testkit import toy
from testkit.chaos import PARTITIONS, REQUESTS, a_world
from testkit.chaos_account import read_topic
from testkit.sender import Sender

UNREADABLE = 40  # records in what was read and is lost
SPOILT_KEY = UUID(int=1, version=4)  # one key, one partition: it comes again at the offsets of its letters


async def test_after_a_lost_tail_what_is_sent_again_counts_once_and_consumers_beyond_the_end_read_it(
    broker, database, tmp_path, conserved
):
    begun = system_now()
    url = database("toy")
    async with (
        a_world(seed=1, bootstrap=broker.bootstrap_servers, database_url=url, folder=tmp_path) as world,
        Sender(world, database("sender")).open() as sender,
    ):
        life = await world.begin_life()
        await acknowledged_more_than(world, 150)
        await sender.say(unreadable(UNREADABLE))
        await world.until(f"SELECT count(*) >= {UNREADABLE} FROM dead_letter WHERE error_code = 'invalid'")  # noqa: S608
        life.send(signal.SIGKILL)
        await life.died
        await asyncio.sleep(2)  # and what nobody has read yet
        await sender.finish()
        ends, reached = await world.ends(), await acknowledged(world)
        assert reached != ends, "there must be what nobody has read yet"

        half_of_what_was_read = sum(reached.values()) / sum(ends.values()) / 2
        world.injected["cut"] = broker.lose_power(world.prefix, kept=half_of_what_was_read)
        await asyncio.to_thread(broker.start)
        left = await world.ends()
        assert all(left[p] < ends[p] for p in ends), "no partition may have kept its tail"
        assert any(reached.get(p, 0) > left[p] for p in left), f"nobody stood beyond the end: {reached} {left} {ends}"

        assert await world.ask(SEND_AGAIN, begun) > 0
        life = await world.begin_life()
        await caught_up(world, left)
        await sender.say(unreadable(max(ends[p] - left[p] for p in left)))  # they stand where old letters are known
        await sender.finish()
        assert await sender.send_again(begun) > 0
        await sender.finish()
        tally = await world.settle()
        assert not life.died.done()
        on_the_topic = await ids_on(world, REQUESTS)
        assert on_the_topic == await sender.said(), "all that was ever said is on the topic again"
    conserved(
        f"power loss: {tally.line()} {dict(world.injected)}; letters of lost records {tally.letters_of_the_lost},"
        f" at offsets that were given out again {tally.places_again}"
    )
    assert not tally.faults, tally.faults[:20]
    assert tally.applied
    assert tally.letters_of_the_lost >= tally.places_again > 0, "bad records stood where letters were known"
    assert tally.duplicates, "what was read before came again"
    assert world.injected["cut"] >= 2 * PARTITIONS, "of each topic"
    assert tally.said_again, "what it had said came again"


def unreadable(records):
    spoilt = toy.AddToCounter(counter_id=SPOILT_KEY, number=1)
    return [(spoilt, new_event_id(), b"{not json") for _ in range(records)]


async def ids_on(world, topic):
    records = await read_topic(world.bootstrap, world.prefix + topic)
    return {UUID(text_headers(record.headers)["ce_id"]) for record in records}


async def acknowledged(world):
    """Where the group stands, by partition; waits for a broker that has just started to know."""
    for _ in range(600):
        with contextlib.suppress(KafkaError):
            return await world.acknowledged()
        await asyncio.sleep(0.2)
    raise AssertionError("nobody knows where the group stands")


async def acknowledged_more_than(world, records):
    """Wait until the group has acknowledged so many."""
    for _ in range(600):
        if sum((await acknowledged(world)).values()) > records:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"the group stands at {await acknowledged(world)}")


async def caught_up(world, ends):
    """Wait until the group stands at the ends, wherever it stood before."""
    for _ in range(600):
        if await acknowledged(world) == ends:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"the group stands at {await acknowledged(world)}, the logs end at {ends}")
