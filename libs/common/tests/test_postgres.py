"""Working on while the database runs a statement: whatever happens to the work, the connection is free afterwards."""

import asyncio

import asyncpg
import pytest

from common.postgres import meanwhile

SLOW = "SELECT pg_sleep(0.3)"


async def test_the_statement_begins_before_the_work():
    began = asyncio.Event()

    async def statement():
        began.set()

    assert await meanwhile(statement(), began.is_set)


async def test_work_that_fails_leaves_its_connection_free(pool):
    def refuse():
        raise ZeroDivisionError

    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(ZeroDivisionError):
            await meanwhile(connection.execute(SLOW), refuse)
        assert await connection.fetchval("SELECT 1") == 1


async def test_work_that_is_cancelled_leaves_its_connection_free(pool):
    async with pool.acquire() as connection, connection.transaction():
        task = asyncio.create_task(meanwhile(connection.execute(SLOW), lambda: None))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await connection.fetchval("SELECT 1") == 1


async def test_a_statement_that_fails_is_told_although_the_work_was_done(pool):
    done = []
    async with pool.acquire() as connection:
        with pytest.raises(Exception, match="division by zero"):
            await meanwhile(connection.execute("SELECT 1 / 0"), lambda: done.append(True))
    assert done == [True]


@pytest.mark.parametrize(("said", "last"), [("SELECT 1", "SELECT 1"), ("BEGIN", "ROLLBACK")])
async def test_a_session_goes_back_without_a_word_but_never_inside_a_transaction(pool, toy_database, said, last):
    async with pool.acquire() as connection:
        pid = connection.get_server_pid()
        await connection.execute(said)
    other = await asyncpg.connect(toy_database)
    row = await other.fetchrow("SELECT state, query FROM pg_stat_activity WHERE pid = $1", pid)
    await other.close()
    assert tuple(row) == ("idle", last)
