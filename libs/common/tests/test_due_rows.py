"""Many rows due at once: two takers share them, and each row is still folded once."""

from datetime import UTC, datetime, timedelta

import pytest

from common.alarms import take_all_due
from common.runner import DUE_AT_ONCE
from testkit import toy

MANY = 3 * DUE_AT_ONCE + 7
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def due(pool):
    await pool.execute(
        "INSERT INTO counter (counter_id, version, state, due_at)"
        " SELECT md5(n::text)::uuid, 1, jsonb_build_object('total', 0, 'text', '', 'rests_at', $2::timestamptz), $2"
        " FROM generate_series(1, $1::integer) AS s (n)",
        MANY, LONG_AGO,
    )  # fmt: skip


async def standing(pool):
    rows = await pool.fetch(
        "SELECT version, due_at IS NULL AS rests, count(*) AS rows FROM counter GROUP BY version, due_at IS NULL"
    )
    return [tuple(row) for row in rows]


async def test_each_of_many_due_rows_is_folded_once_by_one_of_two_takers_at_once(runner, pool, due):
    under_way, most = 0, 0
    take_due = runner.take_due

    async def counted(thing):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        taken = await take_due(thing)
        under_way -= 1
        return taken

    runner.take_due = counted
    await take_all_due(runner, toy.COUNTER)
    assert await standing(pool) == [(2, True, MANY)]
    assert most == 2


async def test_when_one_taker_fails_neither_goes_on_and_what_they_left_is_taken_later(runner, pool, due):
    take_due, calls = runner.take_due, 0

    async def failing(thing):
        nonlocal calls
        calls += 1
        if calls == 3:
            raise ConnectionError
        return await take_due(thing)

    runner.take_due = failing
    with pytest.raises(ExceptionGroup):
        await take_all_due(runner, toy.COUNTER)
    done = {version: rows for version, _, rows in await standing(pool)}
    assert done[1] > 0, "the other one stopped too"
    await take_all_due(runner, toy.COUNTER)
    assert await standing(pool) == [(2, True, MANY)]


async def test_rows_that_are_due_later_stay(runner, pool, due):
    later = datetime.now(UTC) + timedelta(days=1)
    await pool.execute("UPDATE counter SET due_at = $1", later)
    await take_all_due(runner, toy.COUNTER)
    assert await standing(pool) == [(1, False, MANY)]
