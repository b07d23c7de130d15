"""What the database or a reader refuses stands alone: neighbours, openings and other due rows go on."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from aiokafka import ConsumerRecord

from common.calls import Caller
from common.decisions import Consumers, Decision, Due, On
from common.errors import InvalidMessage
from common.ids import new_event_id
from common.records import Arrival
from common.runner import Batch, Runner
from testkit import toy

TOO_MUCH = 5_000  # the table's CHECK refuses it, no handler does


def arrival(message, offset, topic="toy.requests.v1"):
    event_id = new_event_id()
    return Arrival(
        message=message, source=topic, source_id=f"0/{offset}", event_id=event_id, key=str(message.key()).encode(),
        value=message.model_dump_json().encode(), headers={"ce_id": str(event_id), "ce_type": message.type_name()},
    )  # fmt: skip


def record(message, offset, value=None):
    headers = [("ce_id", str(new_event_id()).encode()), ("ce_type", message.type_name().encode())]
    body = message.model_dump_json().encode() if value is None else value
    key = str(message.key()).encode()
    return ConsumerRecord("toy.requests.v1", 0, offset, 0, 0, key, body, None, len(key), len(body), headers)


def opening(key):
    return toy.OpenCounter(counter_id=key)


def adding(key, number):
    return toy.AddToCounter(counter_id=key, number=number)


async def total(pool, key):
    return await pool.fetchval("SELECT (state ->> 'total')::integer FROM counter WHERE counter_id = $1", key)


async def letters(pool):
    rows = await pool.fetch("SELECT source, source_id, thing_key FROM dead_letter ORDER BY dead_letter_id")
    return [tuple(row) for row in rows]


async def waiting(pool):
    rows = await pool.fetch("SELECT source_id FROM waiting ORDER BY position")
    return [row["source_id"] for row in rows]


async def test_a_waiting_message_that_the_database_refuses_parks_itself_and_not_the_opening(runner, pool):
    key, other = uuid.uuid4(), uuid.uuid4()
    early = [arrival(adding(key, 1), 0), arrival(adding(key, TOO_MUCH), 1), arrival(adding(key, 2), 2)]
    await runner.apply_batch(Batch(arrivals=early))
    await runner.apply_batch(Batch(arrivals=[arrival(opening(other), 3), arrival(opening(key), 4)]))
    assert await letters(pool) == [("toy.requests.v1", "0/1", key)]
    assert await total(pool, key) == 1, "what waited before the guilty one is folded"
    assert await waiting(pool) == ["0/2"], "what waited behind it waits for the desk"
    assert await total(pool, other) == 0


async def test_a_record_that_nobody_can_read_bars_what_comes_behind_it_in_its_batch(runner, pool):
    key, other = uuid.uuid4(), uuid.uuid4()
    await runner.take_records(
        [
            record(opening(key), 0), record(adding(key, 1), 1), record(adding(key, 1), 2, b"{not json"),
            record(adding(key, 3), 3), record(opening(other), 4), record(adding(other, 4), 5),
        ]
    )  # fmt: skip
    assert await total(pool, key) == 1
    assert await waiting(pool) == ["0/3"]
    assert await letters(pool) == [("toy.requests.v1", "0/2", key)]
    assert await total(pool, other) == 4


async def test_the_order_around_an_unreadable_record_holds_when_the_batch_is_halved(runner, pool):
    key, other = uuid.uuid4(), uuid.uuid4()
    await runner.take_records(
        [
            record(opening(other), 0), record(adding(other, TOO_MUCH), 1), record(opening(key), 2),
            record(adding(key, 1), 3), record(adding(key, 1), 4, b"{not json"), record(adding(key, 3), 5),
        ]
    )  # fmt: skip
    assert await total(pool, key) == 1
    assert await waiting(pool) == ["0/5"]
    assert {source_id for _, source_id, _ in await letters(pool)} == {"0/1", "0/4"}


async def test_a_message_that_two_things_refuse_has_a_letter_for_each(pool):
    keys = sorted([uuid.uuid4(), uuid.uuid4()])

    async def both(_connection, messages):
        return [[(key, message) for key in keys] for message in messages]

    def refuse(_counter, _command, _now):
        raise InvalidMessage("never", "not here")

    consumers = Consumers(
        on=(toy.CONSUMERS.on[0], On(message=toy.AddToCounter, handler=refuse, thing=toy.COUNTER, locate=both))
    )
    runner = Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=consumers, caller=Caller({})
    )
    await runner.apply_batch(Batch(arrivals=[arrival(opening(key), n) for n, key in enumerate(keys)]))
    refused = arrival(adding(keys[0], 1), 2)
    await runner.apply_batch(Batch(arrivals=[refused]))
    assert await letters(pool) == [("toy.requests.v1", "0/2", key) for key in keys]
    await runner.apply_batch(Batch(arrivals=[refused]))
    assert len(await letters(pool)) == 2


async def test_a_due_row_that_the_database_refuses_parks_alone_and_the_others_are_taken(pool):
    def grow(counter, due: Due, _now):
        assert due.due_at >= counter.rests_at
        return Decision(replace(counter, total=counter.total * 10, rests_at=None))

    consumers = Consumers(on=(*toy.CONSUMERS.on[:2], On(message=Due, handler=grow, thing=toy.COUNTER)))
    runner = Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=consumers, caller=Caller({})
    )
    keys = [uuid.uuid4() for _ in range(3)]
    for n, (key, number) in enumerate(zip(keys, (1, 500, 3), strict=True)):
        await runner.apply_batch(
            Batch(arrivals=[arrival(opening(key), 2 * n), arrival(adding(key, number), 2 * n + 1)])
        )
    await pool.execute("INSERT INTO clock (now) VALUES ($1)", datetime.now(UTC) + timedelta(days=3))
    assert await runner.take_due(toy.COUNTER) == 3
    assert [await total(pool, key) for key in keys] == [10, 500, 30]
    ((source, _, key),) = await letters(pool)
    assert (source, key) == ("due", keys[1])
    assert await runner.take_due(toy.COUNTER) == 0, "it rests until the desk has settled it"


@pytest.mark.parametrize("held_back", [True, False])
async def test_a_fault_of_ours_while_looking_alone_is_raised_and_leaves_everything(
    runner, pool, monkeypatch, held_back
):
    key = uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[arrival(adding(key, TOO_MUCH if held_back else 1), 0)]))
    tries = 0

    async def away(*_args, **_kwargs):
        nonlocal tries
        tries += 1
        raise ConnectionError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("common.outbox.write_outbox", away)
        with pytest.raises(ConnectionError):
            await runner.apply_batch(Batch(arrivals=[arrival(opening(key), 1)]))
    assert tries
    assert await letters(pool) == []
    assert await waiting(pool) == ["0/0"]
