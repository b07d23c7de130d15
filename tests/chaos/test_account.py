"""The account of a chaos run can fail: each fault that it looks for, made by hand, turns it red; and plans name all."""

import asyncio
import random
import signal

import asyncpg
import pytest

from testkit.chaos import failpoint_names
from testkit.chaos_kills import RANDOM_INSTANT, TAKEN_OVER, kill_at, plan_of
from testkit.toy_app import rung_at

SPOILT = {
    "an input that nobody applied": (
        "DELETE FROM inbox WHERE event_id = (SELECT event_id FROM inbox WHERE handler <> 'parked' LIMIT 1)", "is lost"
    ),
    "an input applied and parked": (
        "UPDATE inbox SET handler = 'add_to_counter' WHERE handler = 'parked'", "is applied and parked"
    ),
    "an effect twice": (
        ("UPDATE counter SET state = jsonb_set(state, '{total}', '999')"
        " WHERE counter_id = (SELECT counter_id FROM counter LIMIT 1)"),
        "stands at 999",
    ),
    "an alarm that is lost": (
        "UPDATE counter SET due_at = NULL, state = jsonb_set(state, '{rests_at}', '\"2026-01-01T00:00:00Z\"')",
        "has lost its alarm",
    ),
    "a healthy record on the desk": ("UPDATE dead_letter SET error_code = '08006'", "is parked by 08006"),
    "an unknown call": ("UPDATE counter SET state = jsonb_set(state, '{unheard}', '1')", "unknown calls instead of 0"),
    "a message that never left": (
        ("INSERT INTO outbox (shard, id, topic, key, payload, headers, subject, created_at)"
        " SELECT shard, id, 'toy.nowhere.v1', key, payload, headers, subject, created_at FROM outbox_sent LIMIT 1"),
        "outbox: 1 rows are left",
    ),
    "a letter of a record that never was": (
        ("UPDATE dead_letter SET source_id = '0/999999', headers = '[]'"
        " WHERE dead_letter_id = (SELECT min(dead_letter_id) FROM dead_letter)"),
        "0/999999 is of nothing that is on the topic",
    ),
}  # fmt: skip


@pytest.fixture
async def settled(kafka, database, toy_world, closes):
    async with toy_world(kafka, database("toy")) as world:
        life = await world.begin_life()
        await asyncio.sleep(4)
        await closes(world)
        life.send(signal.SIGKILL)
        await life.died
        yield world


async def test_the_account_sees_each_fault_that_it_looks_for(settled):
    await spoil_and_see(settled)
    settled.bell_file.write_text("\n".join([*rung_at(settled.bell_file), rung_at(settled.bell_file)[0]]))
    assert any("was made 2 times" in fault for fault in (await settled.draw_up()).faults)


async def spoil_and_see(world):
    """Each fault in turn, in the same database; those before it stay."""
    connection = await asyncpg.connect(world.database_url)
    try:
        for name, (sql, words) in SPOILT.items():
            assert not any(words in fault for fault in (await world.draw_up()).faults), name
            await connection.execute(sql)
            assert any(words in fault for fault in (await world.draw_up()).faults), name
    finally:
        await connection.close()


def test_a_plan_of_enough_kills_has_every_instant_that_the_source_names_and_random_ones():
    names = failpoint_names()
    assert "after_db_commit" in names
    assert len(names) >= 18
    plan = plan_of(random.Random(1), kills=40, names=names)  # noqa: S311  a schedule, no secret
    assert len(plan) == 40
    assert set(names) < set(plan)
    assert plan.count(RANDOM_INSTANT) >= 10
    assert plan.count(TAKEN_OVER)


async def test_a_fault_that_is_never_injected_fails_the_run(kafka, database, toy_world, monkeypatch):
    monkeypatch.setattr("testkit.chaos_kills.LONGEST_LIFE_SECONDS", 3)
    async with toy_world(kafka, database("toy")) as world:
        with pytest.raises(AssertionError, match="no_such_instant was not reached"):
            await kill_at(world, "no_such_instant")
