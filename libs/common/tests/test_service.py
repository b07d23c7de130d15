"""The whole plumbing on the real broker and database."""

import uuid
from collections import Counter

from common import service
from common.clock import is_stepped
from common.ids import new_event_id
from testkit import toy


async def test_counts_all_and_says_each_once_in_order(world, pool):
    keys = [uuid.uuid4() for _ in range(5)]
    async with world.service().running():
        for key in keys:
            await world.send(toy.OpenCounter(counter_id=key))
        for n in range(1, 11):
            for key in keys:
                await world.send(toy.AddToCounter(counter_id=key, number=n))
        await world.settle(55)
        said = await world.said()
    assert len(said) == 50
    for key in keys:
        mine = [s for s in said if s.key == str(key)]
        assert [s.headers["ce_sequence"] for s in mine] == [str(n) for n in range(1, 11)]
        assert b'"total":55' in mine[-1].value


async def test_poison_parks_with_its_reason_and_neighbours_go_on(world, pool):
    good, other = uuid.uuid4(), uuid.uuid4()
    add = toy.AddToCounter(counter_id=good, number=1)
    ok = [("ce_id", str(new_event_id()).encode()), ("ce_type", b"toy.AddToCounter.v1")]
    async with world.service().running():
        await world.send(toy.OpenCounter(counter_id=good))
        poison = toy.AddToCounter(counter_id=other, number=1)
        await world.send(poison, value=b"{not json")
        await world.send(poison, value=b'{"counter_id": 3}')
        await world.send(poison, value=b"")  # null value
        await world.send(add, headers=[*ok, ("x", b"\xff\xfe")], key=b"")  # null key, binary header
        await world.send(poison, headers=[("ce_id", b"no-uuid"), ("ce_type", b"toy.AddToCounter.v1")])
        await world.send(poison, headers=[("ce_type", b"toy.AddToCounter.v1")])
        await world.send(poison, headers=[("ce_id", b"\xff"), ("ce_type", b"toy.AddToCounter.v1")])
        await world.send(poison, headers=[("ce_id", str(new_event_id()).encode()), ("ce_type", b"toy.Strange.v1")])
        await world.send(poison, headers=[("ce_id", str(new_event_id()).encode()), ("ce_type", b"toy.AddToCounter.v9")])
        await world.send(toy.AddToCounter(counter_id=other, number=1, text="nul \0"))
        await world.send(add, headers=[*ok, ("reply_to", b"elsewhere"), ("binary", b"\xff\xfe")])
        await world.settle(12)
    assert await pool.fetchval("SELECT state ->> 'total' FROM counter WHERE counter_id = $1", good) == "1"
    codes = Counter(row["error_code"] for row in await pool.fetch("SELECT error_code FROM dead_letter"))
    assert codes == Counter({"invalid": 4, "no_value": 1, "no_key": 1, "no_header": 1, "unknown_type": 2, "nul": 1})


async def test_a_record_that_the_database_refuses_parks_alone(world, pool):
    keys = [uuid.uuid4() for _ in range(20)]
    for key in keys:
        await world.send(toy.OpenCounter(counter_id=key))
        await world.send(toy.AddToCounter(counter_id=key, number=1500 if key == keys[7] else 1))
    async with world.service().running():
        await world.settle(40)
    totals = await pool.fetch("SELECT counter_id, state ->> 'total' AS total FROM counter")
    assert {r["total"] for r in totals if r["counter_id"] != keys[7]} == {"1"}
    parked = await pool.fetch("SELECT thing_key, error_code FROM dead_letter")
    assert [(r["thing_key"], r["error_code"]) for r in parked] == [(keys[7], "23514")]


async def test_a_repeat_changes_nothing(world, pool):
    key, event_id = uuid.uuid4(), new_event_id()
    async with world.service().running():
        await world.send(toy.OpenCounter(counter_id=key))
        for _ in range(3):
            await world.send(toy.AddToCounter(counter_id=key, number=7), event_id=event_id)
        await world.settle(4)
    assert await pool.fetchval("SELECT state ->> 'total' FROM counter") == "7"


async def test_a_message_before_its_thing_waits_and_a_dead_letter_holds_its_key(world, pool):
    early, blocked = uuid.uuid4(), uuid.uuid4()
    async with world.service().running():
        await world.send(toy.AddToCounter(counter_id=early, number=2))
        await world.send(toy.AddToCounter(counter_id=early, number=3))
        await world.send(toy.OpenCounter(counter_id=blocked))
        await world.send(toy.AddToCounter(counter_id=blocked, number=0))
        await world.send(toy.AddToCounter(counter_id=blocked, number=5))
        await world.settle(5)
        reasons = {(r["thing_key"], r["reason"]) for r in await pool.fetch("SELECT thing_key, reason FROM waiting")}
        assert reasons == {(early, "not_opened"), (blocked, "behind_dead_letter")}
        assert await pool.fetchval("SELECT due_at FROM counter WHERE counter_id = $1", blocked) is None
        await world.send(toy.OpenCounter(counter_id=early))
        await world.settle(6)
    assert await pool.fetchval("SELECT state ->> 'total' FROM counter WHERE counter_id = $1", early) == "5"
    assert await pool.fetchval("SELECT count(*) FROM waiting") == 1


async def test_a_service_whose_session_ends_while_it_starts_starts_all_the_same(world, pool, monkeypatch):
    ended = []

    async def end_the_first(connection):
        if not ended:
            ended.append(await connection.fetchval("SELECT pg_backend_pid()"))
            await pool.execute("SELECT pg_terminate_backend($1)", ended[0])
        return await is_stepped(connection)

    monkeypatch.setattr(service, "is_stepped", end_the_first)
    key = uuid.uuid4()
    await world.send(toy.OpenCounter(counter_id=key))
    async with world.service().running():
        await world.settle(1)
    assert ended
    assert await pool.fetchval("SELECT count(*) FROM counter WHERE counter_id = $1", key) == 1
