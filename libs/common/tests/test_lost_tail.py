"""A broker that lost its tail gives the same offsets to other records: a letter is known by its record's time too."""

import uuid

import pytest
from aiokafka import ConsumerRecord

from common.ids import new_event_id
from common.redrive import settle_asked
from common.runner import Submission
from testkit import toy
from testkit.chaos_account import read_topic

BEFORE, AFTER = 1_000_001, 2_000_002  # milliseconds: when a record was written, before the loss and after it
ASK = "UPDATE dead_letter SET asked_as = 'discard', asked_at = now() WHERE dead_letter_id = $1"
NOT_JSON = b"{not json"


def record(key, offset, written_at, *, number=1, value=None):
    message = toy.AddToCounter(counter_id=key, number=number)
    headers = [("ce_id", str(new_event_id()).encode()), ("ce_type", message.type_name().encode())]
    body = message.model_dump_json().encode() if value is None else value
    name = str(key).encode()
    return ConsumerRecord("toy.requests.v1", 0, offset, written_at, 0, name, body, None, len(name), len(body), headers)


async def opened(runner):
    key = uuid.uuid4()
    await runner.submit([Submission(source="http", id=str(key), message=toy.OpenCounter(counter_id=key))])
    return key


async def discard(runner, pool, letter):
    await pool.execute(ASK, letter["dead_letter_id"])
    assert await settle_asked(runner) == 0


async def letters(pool):
    return await pool.fetch("SELECT * FROM dead_letter ORDER BY dead_letter_id")


async def waiting(pool):
    return [row["source_id"] for row in await pool.fetch("SELECT source_id FROM waiting ORDER BY position")]


async def total(pool, key):
    return await pool.fetchval("SELECT (state ->> 'total')::integer FROM counter WHERE counter_id = $1", key)


@pytest.mark.parametrize("is_settled", [True, False])
async def test_a_bad_record_at_the_offset_of_an_old_letter_lies_on_the_desk_and_bars_what_comes_behind_it(
    runner, pool, is_settled
):
    key = await opened(runner)
    await runner.take_records([record(key, 1, BEFORE, value=NOT_JSON)])
    if is_settled:
        await discard(runner, pool, (await letters(pool))[0])

    await runner.take_records([record(key, 1, AFTER, value=b"{another"), record(key, 2, AFTER, number=2)])

    found = [(row["source_id"], row["value"]) for row in await letters(pool)]
    assert found == [("0/1", NOT_JSON), ("0/1", b"{another")]
    assert await waiting(pool) == ["0/2"]
    assert await total(pool, key) == 0


async def test_what_waited_at_one_offset_before_the_loss_and_after_it_is_parked_each(runner, pool):
    key = await opened(runner)
    await runner.take_records([record(key, 1, BEFORE, value=NOT_JSON), record(key, 2, BEFORE, number=0)])
    await runner.take_records([record(key, 2, AFTER, number=0)])
    assert await waiting(pool) == ["0/2", "0/2"]

    await discard(runner, pool, (await letters(pool))[0])
    await discard(runner, pool, (await letters(pool))[1])

    assert [(row["source_id"], row["error_code"]) for row in await letters(pool)] == [
        ("0/1", "invalid"), ("0/2", "zero"), ("0/2", "zero"),
    ]  # fmt: skip
    assert await waiting(pool) == []


async def test_a_record_that_is_read_again_has_its_time_again_and_one_letter(world, runner, pool, prefix, kafka):
    runner.prefix = prefix
    await world.send(toy.AddToCounter(counter_id=uuid.uuid4(), number=1), value=NOT_JSON)
    for _ in range(2):
        await runner.take_records(await read_topic(kafka, prefix + "toy.requests.v1"))
    (letter,) = await letters(pool)
    assert letter["recorded_at"] is not None


async def test_what_waited_before_the_loss_is_released_before_a_later_letter_at_a_lower_offset(runner, pool):
    key = await opened(runner)
    await runner.take_records([record(key, 40, BEFORE, value=NOT_JSON), record(key, 50, BEFORE, number=2)])
    await runner.take_records([record(key, 20, AFTER, value=NOT_JSON), record(key, 21, AFTER, number=3)])

    await discard(runner, pool, (await letters(pool))[0])

    assert await total(pool, key) == 2
    assert await waiting(pool) == ["0/21"]


async def test_what_comes_at_a_lower_offset_after_the_loss_does_not_overtake_an_older_letter(runner, pool):
    key = await opened(runner)
    await runner.take_records([record(key, 30, BEFORE, value=NOT_JSON), record(key, 40, BEFORE, value=NOT_JSON)])
    await runner.take_records([record(key, 20, AFTER, number=3)])

    await discard(runner, pool, (await letters(pool))[0])

    assert await total(pool, key) == 0
    assert await waiting(pool) == ["0/20"]


async def test_within_one_log_offsets_decide_whatever_clocks_say(runner, pool):
    key = await opened(runner)
    await runner.take_records([record(key, 1, BEFORE, value=NOT_JSON), record(key, 2, BEFORE, value=NOT_JSON)])
    await runner.take_records([record(key, 3, BEFORE - 1, number=3)])

    await discard(runner, pool, (await letters(pool))[0])

    assert await total(pool, key) == 0
    assert await waiting(pool) == ["0/3"]
