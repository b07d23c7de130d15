"""The runner on the real database: strangers' answers, isolation, calls to the outside, repeats."""

import asyncio
import uuid
from dataclasses import replace

import asyncpg
import pytest

from common.calls import Caller, Outcome
from common.decisions import Call, CallFinished, Consumers, Decision, On, Result
from common.errors import InvalidMessage, TemporaryFailure
from common.ids import new_event_id
from common.messages import Value
from common.records import Arrival
from common.runner import Batch, Runner, Submission
from testkit import toy


def a_submission(key, number, name="1", source="http"):
    return Submission(source=source, id=name, message=toy.AddToCounter(counter_id=key, number=number))


async def opened(runner):
    key = uuid.uuid4()
    answers = await runner.submit([Submission(source="http", id=str(key), message=toy.OpenCounter(counter_id=key))])
    assert answers[0].status == "applied"
    return key


async def total(pool, key):
    return await pool.fetchval("SELECT (state ->> 'total')::integer FROM counter WHERE counter_id = $1", key)


async def test_a_stranger_is_answered_after_the_commit_and_a_repeat_alike(runner, pool):
    key = await opened(runner)
    first = (await runner.submit([a_submission(key, 3)]))[0]
    again = (await runner.submit([a_submission(key, 3)]))[0]
    assert (first.status, first.body) == ("applied", {"total": 3})
    assert (again.status, again.body) == ("repeated", {"total": 3})
    assert await total(pool, key) == 3


async def test_the_same_id_with_another_request_is_a_conflict(runner, pool):
    key = await opened(runner)
    await runner.submit([a_submission(key, 3)])
    assert (await runner.submit([a_submission(key, 4)]))[0].status == "conflict"
    assert await total(pool, key) == 3


async def test_a_refusal_is_an_answer_never_a_dead_letter_and_harms_no_neighbour(runner, pool):
    key = await opened(runner)
    answers = await runner.submit([a_submission(key, 0, "a"), a_submission(key, 2, "b"), a_submission(key, 2000, "c")])
    assert [a.status for a in answers] == ["refused", "applied", "refused"]
    assert answers[0].body["code"] == "zero"
    assert await pool.fetchval("SELECT count(*) FROM dead_letter") == 0
    assert await total(pool, key) == 2


async def test_twelve_at_once_with_one_id_are_applied_once(runner, pool):
    key = await opened(runner)
    answers = await asyncio.gather(*(runner.submit([a_submission(key, 5)]) for _ in range(12)))
    assert sorted(a[0].status for a in answers) == ["applied"] + ["repeated"] * 11
    assert await total(pool, key) == 5


async def test_two_runners_on_overlapping_keys_do_not_deadlock(runner, pool):
    keys = [await opened(runner) for _ in range(30)]

    async def add(order, name):
        for n in range(10):
            await runner.submit([a_submission(key, 1, f"{name}-{n}-{key}") for key in order])

    await asyncio.gather(add(keys, "a"), add(keys[::-1], "b"))
    assert {await total(pool, key) for key in keys} == {20}


# --- calls to the outside ------------------------------------------------------------------------------


class Note(Value):
    text: str


def call_out(counter, command, now):
    call = Call(call_id=uuid.uuid5(command.counter_id, "call"), channel="post", payload=Note(text="hello"))
    return Decision(replace(counter, text="sending"), calls=[call])


def take_outcome(counter, outcome, now):
    return Decision(replace(counter, text=f"{outcome.result}: {outcome.detail}"))


CALLING = Consumers(
    on=(
        toy.CONSUMERS.on[0],
        On(message=toy.AddToCounter, handler=call_out, thing=toy.COUNTER),
        On(message=CallFinished, handler=take_outcome, thing=toy.COUNTER),
    )
)


class Post:
    payload = Note

    def __init__(self, *, answers=("posted",), known=None):
        self.answers, self.known, self.calls = list(answers), known, 0

    async def call(self, call_id, payload):
        self.calls += 1
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def was_accepted(self, call_id, payload):
        return self.known


def calling(pool, post):
    return Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=CALLING,
        caller=Caller({"post": post}),
    )  # fmt: skip


async def text_after(runner, pool, key):
    for _ in range(50):
        if not await pool.fetchval("SELECT count(*) FROM outside_call"):
            break
        await asyncio.sleep(0.05)
    return await pool.fetchval("SELECT state ->> 'text' FROM counter WHERE counter_id = $1", key)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("250 ok", "accepted: 250 ok"),
        (InvalidMessage("550", "no such box"), "refused: 550: no such box"),
        (TemporaryFailure("451 later"), "failed: 451 later"),
        (ConnectionResetError("gone"), "unknown: ConnectionResetError"),
    ],
)
async def test_the_outcome_of_a_call_is_folded(pool, answer, text):
    runner = calling(pool, Post(answers=[answer]))
    key = await opened(runner)
    await runner.submit([a_submission(key, 1)])
    assert await text_after(runner, pool, key) == text


@pytest.mark.parametrize(
    ("known", "calls", "text"),
    [
        (Outcome(result=Result.ACCEPTED, detail="found"), 0, "accepted: found"),
        (Outcome(result=Result.UNKNOWN, detail="no archive"), 0, "unknown: no archive"),
        (None, 1, "accepted: posted"),
    ],
)
async def test_a_call_of_an_earlier_life_is_asked_about_never_blindly_repeated(pool, known, calls, text):
    dying = calling(pool, Post())
    key = await opened(dying)
    dying.calls.begin = lambda *_, **__: None  # the process dies after its commit, before the call
    await dying.submit([a_submission(key, 1)])
    post = Post(known=known)
    reborn = calling(pool, post)
    await reborn.calls.resume()
    assert await text_after(reborn, pool, key) == text
    assert post.calls == calls


async def test_an_outcome_counts_once(pool):
    post = Post()
    runner = calling(pool, post)
    key = await opened(runner)
    await runner.submit([a_submission(key, 1)])
    await text_after(runner, pool, key)
    version = await pool.fetchval("SELECT version FROM counter WHERE counter_id = $1", key)
    call_id = uuid.uuid5(key, "call")
    late = CallFinished(
        call_id=call_id, channel="post", result=Result.FAILED, detail="late", finished_at="2026-03-02T00:00:00Z"
    )
    arrival = Arrival(message=late, source="outcome/counter", source_id=f"{key}/{call_id}")
    await runner.apply_batch(Batch(arrivals=[arrival]))
    assert await pool.fetchval("SELECT version FROM counter WHERE counter_id = $1", key) == version


async def test_a_fault_that_is_not_the_records_rolls_all_of_the_batch_back(runner, pool, monkeypatch):
    key = await opened(runner)
    event_id = new_event_id()
    arrival = Arrival(
        message=toy.AddToCounter(counter_id=key, number=1), source="toy.requests.v1", source_id="0/0", event_id=event_id
    )

    async def broken(*_, **__):
        raise RuntimeError("half a deployment")

    with monkeypatch.context() as patch:
        patch.setattr("common.outbox.write_outbox", broken)
        with pytest.raises(RuntimeError):
            await runner.apply_batch(Batch(arrivals=[arrival]))
    assert await total(pool, key) == 0
    assert await pool.fetchval("SELECT count(*) FROM inbox") == 0
    await runner.apply_batch(Batch(arrivals=[arrival]))
    assert await total(pool, key) == 1


async def test_a_record_whose_search_is_refused_parks_too(pool):
    async def refused(connection, messages):
        await connection.fetch("SELECT 1 / (length($1) - 1)", "x")

    searching = Consumers(
        on=(On(message=toy.AddToCounter, handler=toy.add_to_counter, thing=toy.COUNTER, locate=refused),)
    )
    runner = Runner(
        service="toy", instance="toy-0", pool=pool, catalogue=toy.CATALOGUE, consumers=searching, caller=Caller({})
    )
    message = toy.AddToCounter(counter_id=uuid.uuid4(), number=1)
    arrival = Arrival(message=message, source="toy.requests.v1", source_id="0/9", event_id=new_event_id())
    await runner.apply_batch(Batch(arrivals=[arrival]))
    assert await pool.fetchval("SELECT error_code FROM dead_letter") == "22012"


async def test_calls_whose_commit_nobody_heard_of_are_made_once_and_without_a_restart(pool, monkeypatch):
    post = Post(answers=["posted"])
    runner = calling(pool, post)
    key = await opened(runner)
    message = toy.AddToCounter(counter_id=key, number=1)
    arrival = Arrival(message=message, source="toy.requests.v1", source_id="0/9", event_id=new_event_id())
    end = asyncpg.transaction.Transaction.__aexit__

    async def end_unheard(transaction, *fault):
        await end(transaction, *fault)
        raise asyncpg.ConnectionDoesNotExistError("the connection was lost after COMMIT was sent")

    with monkeypatch.context() as patch:
        patch.setattr("asyncpg.transaction.Transaction.__aexit__", end_unheard)
        with pytest.raises(asyncpg.ConnectionDoesNotExistError):
            await runner.apply_batch(Batch(arrivals=[arrival]))
    await runner.apply_batch(Batch(arrivals=[arrival]))  # the broker brings it again
    assert await text_after(runner, pool, key) == "accepted: posted"
    assert post.calls == 1


async def test_a_call_of_a_transaction_that_was_rolled_back_is_made_when_it_comes_again(pool, monkeypatch):
    post = Post(answers=["posted"])
    runner = calling(pool, post)
    key = await opened(runner)
    message = toy.AddToCounter(counter_id=key, number=1)
    arrival = Arrival(message=message, source="toy.requests.v1", source_id="0/9", event_id=new_event_id())

    async def away(*_):
        raise ConnectionError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr("common.inbox.move_progress", away)
        with pytest.raises(ConnectionError):
            await runner.apply_batch(Batch(arrivals=[arrival], progress={("toy.requests.v1", 0): 10}))
    await runner.apply_batch(Batch(arrivals=[arrival]))
    assert await text_after(runner, pool, key) == "accepted: posted"
    assert post.calls == 1
