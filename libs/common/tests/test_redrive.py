"""The desk on the real parts: edited, redriven, discarded, sent again."""

import asyncio
import json
import uuid

import pytest
from aiokafka import ConsumerRecord

from common.ids import new_event_id
from common.letters import place_letter
from common.records import Arrival
from common.redrive import settle_asked
from common.runner import Batch, Submission
from testkit import toy

ASK = "UPDATE dead_letter SET asked_as = $2, asked_at = now(), settled_because = $3 WHERE dead_letter_id = $1"
EDIT = "UPDATE dead_letter SET edited_value = $2 WHERE dead_letter_id = $1"


def adding(key, number, text="", offset=0, event_id=None):
    message = toy.AddToCounter(counter_id=key, number=number, text=text)
    event_id = event_id or new_event_id()
    return Arrival(
        message=message, source="toy.requests.v1", source_id=f"0/{offset}", event_id=event_id,
        key=str(key).encode(), value=message.model_dump_json().encode(),
        headers={"ce_id": str(event_id), "ce_type": message.type_name()},
    )  # fmt: skip


async def opened(runner):
    key = uuid.uuid4()
    await runner.submit([Submission(source="http", id=str(key), message=toy.OpenCounter(counter_id=key))])
    return key


async def edit(pool, letter_id, key, number):
    await pool.execute(EDIT, letter_id, toy.AddToCounter(counter_id=key, number=number).model_dump_json().encode())


async def counter(pool, key):
    row = await pool.fetchrow("SELECT state, due_at FROM counter WHERE counter_id = $1", key)
    return json.loads(row["state"]) | {"due": row["due_at"] is not None}


async def letters(pool):
    return await pool.fetch("SELECT * FROM dead_letter ORDER BY dead_letter_id")


async def blocked(runner, pool):
    """A counter with a dead letter and two messages behind it."""
    key = await opened(runner)
    arrivals = [adding(key, 0, "bad", 1), adding(key, 2, "second", 2), adding(key, 3, "third", 3)]
    await runner.apply_batch(Batch(arrivals=arrivals))
    (letter,) = await letters(pool)
    return key, arrivals, letter["dead_letter_id"]


async def sent(pool):
    return [json.loads(r["payload"])["total"] for r in await pool.fetch("SELECT payload FROM outbox ORDER BY seq")]


async def test_an_edited_letter_is_folded_first_then_what_waits_behind_it_and_the_alarm_is_back(runner, pool):
    key, arrivals, letter_id = await blocked(runner, pool)
    assert (await counter(pool, key))["due"] is False
    await edit(pool, letter_id, key, 1)
    await pool.execute(ASK, letter_id, "redrive", None)

    assert await settle_asked(runner) == 0

    assert await sent(pool) == [1, 3, 6]
    assert await counter(pool, key) | {"rests_at": None} == {"total": 6, "text": "third", "rests_at": None, "due": True}
    (letter,) = await letters(pool)
    assert (letter["settled_as"], letter["value"]) == ("applied", arrivals[0].value)
    handlers = dict(await pool.fetch("SELECT event_id, handler FROM inbox"))
    assert handlers == dict.fromkeys([a.event_id for a in arrivals], "add_to_counter")
    causes = await pool.fetch("SELECT headers ->> 'ce_causationid' AS id FROM outbox ORDER BY seq")
    assert [row["id"] for row in causes] == [str(a.event_id) for a in arrivals]

    await settle_asked(runner)
    await runner.apply_batch(Batch(arrivals=arrivals))
    assert (await counter(pool, key))["total"] == 6


async def test_a_letter_that_is_refused_again_stays_with_its_new_reason_and_all_waits_on(runner, pool):
    key, _, letter_id = await blocked(runner, pool)
    await edit(pool, letter_id, key, 5000)
    await pool.execute(ASK, letter_id, "redrive", None)

    await settle_asked(runner)

    (letter,) = await letters(pool)
    assert (letter["attempts"], letter["error_code"], letter["settled_at"]) == (2, "23514", None)
    assert letter["asked_as"] is None
    assert await pool.fetchval("SELECT count(*) FROM waiting") == 2
    assert (await counter(pool, key))["due"] is False


@pytest.mark.parametrize(
    ("value", "code"),
    [(b"{not json", "invalid"), (b'{"counter_id": "6f1c1c1e-0000-5000-8000-000000000001", "number": 1}', "wrong_key")],
)
async def test_an_edit_that_is_no_message_or_is_about_another_thing_is_refused(runner, pool, value, code):
    _, _, letter_id = await blocked(runner, pool)
    await pool.execute(EDIT, letter_id, value)
    await pool.execute(ASK, letter_id, "redrive", None)
    await settle_asked(runner)
    (letter,) = await letters(pool)
    assert (letter["attempts"], letter["error_code"]) == (2, code)


async def test_a_discarded_letter_releases_its_key(runner, pool):
    key, _, letter_id = await blocked(runner, pool)
    await pool.execute(ASK, letter_id, "discard", "typed twice by the sender")
    await settle_asked(runner)
    assert await sent(pool) == [2, 5]
    assert (await counter(pool, key))["due"] is True
    (letter,) = await letters(pool)
    assert (letter["settled_as"], letter["settled_because"]) == ("discarded", "typed twice by the sender")


@pytest.mark.parametrize("refused", [0, 5000])
async def test_what_is_refused_behind_a_letter_becomes_the_next_letter_and_the_rest_waits_behind_that(
    runner, pool, refused
):
    key = await opened(runner)
    arrivals = [
        adding(key, 0, offset=1),
        adding(key, 2, offset=2),
        adding(key, refused, offset=3),
        adding(key, 4, offset=4),
    ]
    await runner.apply_batch(Batch(arrivals=arrivals))
    await pool.execute(ASK, (await letters(pool))[0]["dead_letter_id"], "discard", "no")

    await settle_asked(runner)

    assert await sent(pool) == [2]
    assert [row["source_id"] for row in await letters(pool) if row["settled_at"] is None] == ["0/3"]
    assert [r["source_id"] for r in await pool.fetch("SELECT source_id FROM waiting")] == ["0/4"]
    assert (await counter(pool, key))["due"] is False


async def test_two_letters_of_a_key_are_redriven_in_their_order_with_what_waited_between(runner, pool):
    key = await opened(runner)
    await runner.apply_batch(Batch(arrivals=[adding(key, 0, offset=1)]))
    await runner.apply_batch(Batch(arrivals=[adding(key, 10, offset=2)]))
    await pool.execute(
        "INSERT INTO dead_letter (source, source_id, thing_key, key, value, headers, error_code, error_message,"
        " failed_at) VALUES ('toy.requests.v1', '0/3', $1, $2, '{', $3, 'invalid', 'not JSON', now())",
        key, str(key).encode(),
        json.dumps([["ce_id", str(new_event_id())], ["ce_type", "toy.AddToCounter.v1"]]).encode(),
    )  # fmt: skip
    await runner.apply_batch(Batch(arrivals=[adding(key, 1000 - 111, offset=4)]))
    first, second = [row["dead_letter_id"] for row in await letters(pool)]
    await edit(pool, first, key, 1)
    await edit(pool, second, key, 100)

    await pool.execute(ASK, second, "redrive", None)
    await settle_asked(runner)
    assert await sent(pool) == []  # the first one's turn comes first
    await pool.execute(ASK, first, "redrive", None)
    await settle_asked(runner)

    assert await sent(pool) == [1, 11, 111]  # 1000 is refused by the database: it is the next letter
    assert [row["settled_as"] for row in await letters(pool)] == ["applied", "applied", None]


async def test_a_due_letter_is_folded_anew_and_a_discarded_alarm_stays_off_until_its_row_moves(runner, pool):
    key = await opened(runner)
    await runner.apply_batch(Batch(arrivals=[adding(key, toy.STUCK_TOTAL, offset=1)]))
    past = "UPDATE counter SET due_at = '2020-01-01', state = state || '{\"rests_at\": \"2020-01-01T00:00:00Z\"}'"
    await pool.execute(past)
    await runner.take_due(toy.COUNTER)
    (letter,) = await letters(pool)
    assert (letter["source"], letter["error_code"]) == ("due", "due_unmoved")

    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)
    await settle_asked(runner)
    (letter,) = await letters(pool)
    assert (letter["attempts"], letter["settled_at"]) == (2, None)

    await pool.execute(ASK, letter["dead_letter_id"], "discard", "it may stick")
    await settle_asked(runner)
    assert (await counter(pool, key))["due"] is False

    await pool.execute(past)  # were it due again at the same version, it would not be lost
    await runner.take_due(toy.COUNTER)
    (letter,) = await letters(pool)
    assert (letter["attempts"], letter["settled_at"]) == (3, None)
    await pool.execute("UPDATE counter SET state = state || '{\"total\": 1}'")  # the cause is mended
    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)
    await settle_asked(runner)
    assert (await counter(pool, key))["rests_at"] is None
    assert (await letters(pool))[0]["settled_as"] == "applied"


async def test_an_unreadable_record_whose_repeat_was_applied_meanwhile_is_not_applied_twice(world, pool, runner):
    key, event_id = await opened(runner), new_event_id()
    async with world.service().running():
        headers = [("ce_id", str(event_id).encode()), ("ce_type", b"toy.AddToCounter.v1")]
        await world.send(toy.AddToCounter(counter_id=key, number=4), value=b"{", headers=headers)
        await world.settle(1)
    (letter,) = await letters(pool)
    await pool.execute("UPDATE dead_letter SET settled_at = now()")  # as if its key had been let go
    await runner.apply_batch(Batch(arrivals=[adding(key, 4, event_id=event_id)]))
    await pool.execute("UPDATE dead_letter SET settled_at = NULL")
    await edit(pool, letter["dead_letter_id"], key, 4)
    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)

    await settle_asked(runner)

    assert (await counter(pool, key))["total"] == 4
    assert (await letters(pool))[0]["settled_because"] == "its id was applied before"


async def test_an_unreadable_record_that_comes_again_after_its_letter_was_settled_bars_nobody_and_stops_no_alarm(
    runner, pool
):
    key = await opened(runner)
    bad, follower = adding(key, 1, offset=1), adding(key, 2, offset=2)
    await runner.take_records([record_of(bad, value=b"{not json")])
    (letter,) = await letters(pool)
    await edit(pool, letter["dead_letter_id"], key, 5)
    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)
    await settle_asked(runner)

    await runner.take_records([record_of(bad, value=b"{not json"), record_of(follower)])

    assert await sent(pool) == [5, 7]
    assert await pool.fetchval("SELECT count(*) FROM waiting") == 0
    assert (await counter(pool, key))["due"] is True


def record_of(arrival, *, value=None):
    headers = tuple((name, text.encode()) for name, text in arrival.headers.items())
    offset = int(arrival.source_id.partition("/")[2])
    value = arrival.value if value is None else value
    return ConsumerRecord(arrival.source, 0, offset, 0, 0, arrival.key, value, None, 0, len(value), headers)


async def test_a_letter_before_its_thing_waits_in_its_place(runner, pool):
    key = uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[adding(key, 4, offset=0)]))
    await pool.execute(
        "INSERT INTO dead_letter (source, source_id, thing_key, key, value, headers, error_code, error_message,"
        " failed_at) VALUES ('toy.requests.v1', '0/1', $1, $2, '{', $3, 'invalid', 'not JSON', now())",
        key, str(key).encode(),
        json.dumps([["ce_id", str(new_event_id())], ["ce_type", "toy.AddToCounter.v1"]]).encode(),
    )  # fmt: skip
    await runner.apply_batch(Batch(arrivals=[adding(key, 2, offset=2), adding(key, 3, offset=3)]))
    (letter,) = await letters(pool)
    await edit(pool, letter["dead_letter_id"], key, 1)
    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)
    await settle_asked(runner)
    waiting = await pool.fetch("SELECT source_id FROM waiting ORDER BY position")
    assert [row["source_id"] for row in waiting] == ["0/0", "0/1", "0/2", "0/3"]

    await runner.submit([Submission(source="http", id="open", message=toy.OpenCounter(counter_id=key))])

    assert await sent(pool) == [4, 5, 7, 10]


async def test_a_letter_in_the_hands_of_one_member_is_passed_over_by_another_and_applied_once(
    runner, pool, monkeypatch
):
    key, _, letter_id = await blocked(runner, pool)
    await edit(pool, letter_id, key, 1)
    await pool.execute(ASK, letter_id, "redrive", None)
    taken, go_on = asyncio.Event(), asyncio.Event()

    async def place_slowly(*arguments):
        taken.set()
        await go_on.wait()
        return await place_letter(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("common.redrive.place_letter", place_slowly)
        first = asyncio.create_task(settle_asked(runner))
        await taken.wait()
    assert await settle_asked(runner) == 0, "it does not wait either"
    assert await sent(pool) == []
    go_on.set()
    assert await first == 0

    assert await sent(pool) == [1, 3, 6]
    assert (await counter(pool, key))["total"] == 6


async def test_what_was_asked_while_the_service_was_down_is_done_at_its_start_and_at_once_when_it_runs(world, pool):
    key = uuid.uuid4()
    async with world.service().running():
        await world.send(toy.OpenCounter(counter_id=key))
        await world.send(toy.AddToCounter(counter_id=key, number=0))
        await world.send(toy.AddToCounter(counter_id=key, number=5))
        await world.settle(3)
    (letter,) = await letters(pool)
    await edit(pool, letter["dead_letter_id"], key, 1)
    await pool.execute(ASK, letter["dead_letter_id"], "redrive", None)
    async with world.service().running():
        await wait_for(pool, 1)
        await world.send(toy.AddToCounter(counter_id=key, number=0))
        await world.settle(4)
        await pool.execute(ASK, (await letters(pool))[1]["dead_letter_id"], "discard", "no")
        await pool.execute("SELECT pg_notify('desk', '')")
        await wait_for(pool, 2)
        await world.settle(4)
        said = await world.said()
    assert [json.loads(s.value)["total"] for s in said] == [1, 6]


async def wait_for(pool, settled):
    for _ in range(200):
        if await pool.fetchval("SELECT count(*) FROM dead_letter WHERE settled_at IS NOT NULL") == settled:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {settled} letters settled")
