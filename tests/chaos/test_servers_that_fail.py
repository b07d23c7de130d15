"""The database and the broker fail under load."""

import asyncio
import os
import signal

from local_stack.postgres import database_url, run_sql

PROGRESS = "SELECT coalesce(sum(next_offset), 0) FROM progress"


async def test_after_its_database_sessions_are_ended_nothing_is_lost_and_nothing_healthy_parks(
    kafka, database, toy_world, closes
):
    async with toy_world(kafka, database("toy")) as world:
        life = await world.begin_life()
        ended = 0
        for _ in range(5):
            await asyncio.sleep(1)
            ended += await world.terminate_backends()
        await asyncio.sleep(1)
        await closes(world)
        assert not life.died.done(), "it did not survive its sessions"
    assert ended >= 5


async def test_after_the_database_crashes_what_was_committed_is_there(kafka, own_postgres, toy_world, closes):
    run_sql(own_postgres.url, "CREATE DATABASE toy")
    async with toy_world(kafka, database_url(own_postgres.url, "toy")) as world:
        life = await world.begin_life()
        await progressed(world, 0)
        for _ in range(2):
            before = await world.ask(PROGRESS)
            os.kill(own_postgres.processes.child("postgres").pid, signal.SIGQUIT)  # immediate: no checkpoint
            while own_postgres.processes.is_running("postgres"):  # noqa: ASYNC110  a process tells nobody
                await asyncio.sleep(0.05)
            await asyncio.to_thread(own_postgres.start)
            assert await world.ask(PROGRESS) >= before
            await progressed(world, before)
        await closes(world)
        assert not life.died.done(), "it did not survive its database"


async def test_after_the_broker_is_killed_and_returns_consumer_and_relay_go_on(own_kafka, database, toy_world, closes):
    async with toy_world(own_kafka.bootstrap_servers, database("toy")) as world:
        life = await world.begin_life()
        await progressed(world, 0)
        before = await world.ask(PROGRESS)
        own_kafka.kill()
        await asyncio.sleep(1)
        await asyncio.to_thread(own_kafka.start)
        await progressed(world, before + 50)
        await closes(world)
        assert not life.died.done(), "it did not survive its broker"


async def progressed(world, offset):
    """Wait until more than this was consumed."""
    for _ in range(300):
        if await world.ask(PROGRESS) > offset:
            return
        await asyncio.sleep(0.2)
    raise AssertionError(f"no progress beyond {offset}")
