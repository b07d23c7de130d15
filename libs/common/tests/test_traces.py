"""Traces on real servers: one case is one trace, whatever happens between its messages. A double takes the protobuf."""

import asyncio
import subprocess
import sys
import uuid
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import asyncpg
import pytest

from common.calls import Caller, left_open
from common.decisions import Call, CallFinished, Consumers, Decision, Due, On, Thing
from common.ids import new_event_id
from common.messages import Catalogue, Command, Value
from common.migrate import migrations_of
from common.records import Arrival
from common.redrive import settle_asked
from common.runner import Batch, Runner, Submission
from common.service import Service
from common.stepping import Stepped, Stepper
from common.traced import TracedRunner
from common.traces import Traces
from testkit import toy
from testkit.otlp import Collector

MONDAY = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)
ASK = "UPDATE dead_letter SET asked_as = 'redrive', asked_at = now(), edited_value = $1"
NEVER_TOLD = "Jansen, Dorpsstraat 1"


@dataclass(frozen=True)
class Tally:
    """What the second service keeps of a counter."""

    total: int = 0


TALLY = Thing(name="tally", state=Tally)
TALLY_TABLE = toy.SCHEMA.replace("counter", "tally").replace("CHECK ((state ->> 'total')::integer < 1000)", "")


def follow_counter(tally, event, now):
    return Decision(Tally(total=event.total))


FOLLOWING = Consumers(on=(On(message=toy.CounterMoved, handler=follow_counter, thing=TALLY, opens=True),))


@pytest.fixture
def collector():
    with Collector() as running:
        yield running


@pytest.fixture
def traces(collector):
    made = Traces(service="toy", instance="toy-0", endpoint=collector.endpoint)
    yield made
    made.provider.shutdown()


def traced(pool, traces, consumers=toy.CONSUMERS, catalogue=toy.CATALOGUE, channels=None) -> TracedRunner:
    return TracedRunner(
        traces=traces, service="toy", instance="toy-0", pool=pool, catalogue=catalogue, consumers=consumers,
        caller=Caller(channels or {}),
    )  # fmt: skip


def adding(key, number, offset, text=""):
    message, event_id = toy.AddToCounter(counter_id=key, number=number, text=text), new_event_id()
    return Arrival(
        message=message, source="toy.requests.v1", source_id=f"0/{offset}", event_id=event_id,
        key=str(key).encode(), value=message.model_dump_json().encode(),
        headers={"ce_id": str(event_id), "ce_type": message.type_name()},
    )  # fmt: skip


def opening(key, offset):
    message, event_id = toy.OpenCounter(counter_id=key), new_event_id()
    return adding(key, 1, offset)._replace(message=message, event_id=event_id, headers={"ce_id": str(event_id)})


def told(collector, traces, key):
    """The spans of one case, once all that was ended has come."""
    assert traces.provider.force_flush()
    return collector.of(key.hex)


def only(spans, name):
    [found] = [span for span in spans if span.name == name]
    return found


async def test_a_case_is_one_trace_over_two_services_and_an_alarm(
    world, database, collector, kafka, prefix, toy_database
):
    followers = database("tally")
    connection = await asyncpg.connect(followers)
    for migration in migrations_of("common"):
        await connection.execute(migration.sql)
    await connection.execute(TALLY_TABLE)
    await connection.close()
    tracing = world.settings.model_copy(update={"otel_exporter_otlp_endpoint": collector.endpoint})
    topics = {"toy": "toy.requests.v1", "tally": "toy.counters.v1"}
    services = [
        Service(
            name, settings=tracing.model_copy(update={"instance": f"{name}-0", "database_url": url}),
            catalogue=toy.CATALOGUE, topics=[topics[name]], consumers=consumers,
        )
        for name, url, consumers in (("toy", toy_database, toy.CONSUMERS), ("tally", followers, FOLLOWING))
    ]  # fmt: skip
    key, other = uuid.uuid4(), uuid.uuid4()
    stepped = {
        name: Stepped(database_url=url, topics=[topics[name]])
        for name, url in (("toy", toy_database), ("tally", followers))
    }
    async with Stepper(stepped, bootstrap=kafka, prefix=prefix) as stepper:
        await stepper.move_to(MONDAY)
        async with services[0].running(), services[1].running():
            for one in (key, other):
                await world.send(toy.OpenCounter(counter_id=one))
                await world.send(toy.AddToCounter(counter_id=one, number=3, text=NEVER_TOLD))
            await stepper.settle()
            await stepper.move_to(MONDAY + timedelta(days=1))
            await stepper.settle()
            await asyncio.to_thread(collector.wait_for, lambda c: len(c.of(key.hex)) == len(c.of(other.hex)) == 4)

    spans = collector.of(key.hex)
    assert {(span.service, span.name) for span in spans} == {
        ("toy", "fold OpenCounter"),
        ("toy", "fold AddToCounter"),
        ("toy", "fold Due"),
        ("tally", "fold CounterMoved"),
    }
    cause, effect = only(spans, "fold AddToCounter"), only(spans, "fold CounterMoved")
    assert effect.parent_id == cause.span_id
    [moved] = [event for event in await world.said() if event.key == str(key)]
    assert moved.headers["traceparent"].startswith(f"00-{key.hex}-{cause.span_id}-")
    assert effect.attributes["messaging.destination.name"] == "toy.counters.v1"
    assert effect.attributes["messaging.message.id"] == moved.headers["ce_id"]
    assert {"messaging.destination.partition.id", "messaging.kafka.offset"} <= set(effect.attributes)
    assert only(spans, "fold Due").attributes["quittance.now"] == (MONDAY + timedelta(days=1)).isoformat()
    assert not any(NEVER_TOLD.encode() in body for body in collector.bodies)


async def test_a_message_that_waits_is_told_twice_and_the_second_hangs_on_the_first(pool, collector, traces):
    runner, key = traced(pool, traces), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[adding(key, 2, 1)]))
    await runner.apply_batch(Batch(arrivals=[opening(key, 2)]))

    spans = told(collector, traces, key)
    assert [span.name for span in spans] == ["wait AddToCounter", "fold AddToCounter", "fold OpenCounter"]
    assert only(spans, "fold AddToCounter").parent_id == only(spans, "wait AddToCounter").span_id


async def test_a_redriven_letter_hangs_on_the_try_that_was_refused(pool, collector, traces):
    runner, key = traced(pool, traces), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1), adding(key, 0, 2)]))
    await pool.execute(ASK, toy.AddToCounter(counter_id=key, number=7).model_dump_json().encode())
    assert await settle_asked(runner) == 0

    refused, redriven = [span for span in told(collector, traces, key) if span.name == "fold AddToCounter"]
    assert (refused.fault, redriven.fault) == ("zero", "")
    assert redriven.parent_id == refused.span_id
    assert await pool.fetchval("SELECT (state ->> 'total')::integer FROM counter") == 7


async def test_what_the_database_refuses_is_told_once_with_its_code(pool, collector, traces):
    runner, key, neighbour = traced(pool, traces), uuid.uuid4(), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1), opening(neighbour, 2)]))
    await runner.apply_batch(Batch(arrivals=[adding(key, 2000, 3), adding(neighbour, 1, 4)]))

    assert only(told(collector, traces, key), "fold AddToCounter").fault == "23514"
    assert only(told(collector, traces, neighbour), "fold AddToCounter").fault == ""


async def test_what_rolls_back_is_never_told(pool, collector, traces, monkeypatch):
    runner, key = traced(pool, traces), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1)]))
    arrival = adding(key, 1, 2)

    async def broken(*_):
        raise RuntimeError("away")

    with monkeypatch.context() as patch:
        patch.setattr("common.inbox.move_progress", broken)
        with pytest.raises(RuntimeError):
            await runner.apply_batch(Batch(arrivals=[arrival], progress={("toy.requests.v1", 0): 3}))
    assert [span.name for span in told(collector, traces, key)] == ["fold OpenCounter"]
    await runner.apply_batch(Batch(arrivals=[arrival], progress={("toy.requests.v1", 0): 3}))
    assert [span.name for span in told(collector, traces, key)] == ["fold OpenCounter", "fold AddToCounter"]


async def test_what_a_stranger_hands_over_is_linked_from_each_case_in_it(pool, collector, traces):
    runner, keys = traced(pool, traces), [uuid.uuid4(), uuid.uuid4()]
    await runner.submit([Submission(source="file", id=str(k), message=toy.OpenCounter(counter_id=k)) for k in keys])

    spans = [only(told(collector, traces, key), "fold OpenCounter") for key in keys]
    handed_over = only(collector.spans, "submit")
    assert handed_over.attributes["messaging.batch.message_count"] == 2
    assert [span.links for span in spans] == [(handed_over.trace_id,)] * 2
    assert not {key.hex for key in keys} & {handed_over.trace_id}


# --- calls to the outside ------------------------------------------------------------------------------


class Note(Value):
    text: str


def call_out(counter, command, now):
    return Decision(counter, calls=[Call(call_id=command.counter_id, channel="post", payload=Note(text=NEVER_TOLD))])


def take_outcome(counter, outcome, now):
    return Decision(
        replace(counter, text=outcome.detail), [toy.CounterMoved(counter_id=outcome.call_id, total=counter.total)]
    )


CALLING = Consumers(
    on=(
        toy.CONSUMERS.on[0],
        On(message=toy.AddToCounter, handler=call_out, thing=toy.COUNTER),
        On(message=CallFinished, handler=take_outcome, thing=toy.COUNTER),
    )
)


class Post:
    payload = Note

    def __init__(self, answer="posted"):
        self.answer = answer

    async def call(self, call_id, payload):
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer

    async def was_accepted(self, call_id, payload):
        return None


async def outcome_of(pool, key):
    for _ in range(600):
        if text := await pool.fetchval("SELECT nullif(state ->> 'text', '') FROM counter WHERE counter_id = $1", key):
            return text
        await asyncio.sleep(0.1)
    raise AssertionError("the call has no outcome")


@pytest.mark.parametrize(("answer", "fault"), [("posted", ""), (ConnectionResetError(NEVER_TOLD), "unknown")])
async def test_a_call_hangs_on_what_asked_for_it_and_its_outcome_on_the_call(pool, collector, traces, answer, fault):
    runner, key = traced(pool, traces, CALLING, channels={"post": Post(answer)}), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1), adding(key, 1, 2)]))
    await outcome_of(pool, key)
    await asyncio.gather(*runner.calls.tasks)

    spans = told(collector, traces, key)
    asked, call, outcome = (only(spans, name) for name in ("fold AddToCounter", "call post", "fold CallFinished"))
    assert (call.parent_id, outcome.parent_id, call.fault) == (asked.span_id, call.span_id, fault)
    header = await pool.fetchval("SELECT headers ->> 'traceparent' FROM outbox")
    assert header.startswith(f"00-{key.hex}-{outcome.span_id}-")
    assert not any(NEVER_TOLD.encode() in body for body in collector.bodies)
    assert runner.traced_caller.causes == {}, "what is done is forgotten"


async def test_a_call_of_an_earlier_life_stays_in_its_trace(pool, collector, traces):
    dying = traced(pool, traces, CALLING, channels={"post": Post()})
    key, dying.committed = uuid.uuid4(), lambda _: None  # it dies before its calls are made
    await dying.apply_batch(Batch(arrivals=[opening(key, 1), adding(key, 1, 2)]))
    async with pool.acquire() as connection:
        assert len(await left_open(connection, "toy-0")) == 1

    reborn = traced(pool, traces, CALLING, channels={"post": Post()})
    await reborn.calls.resume()
    await asyncio.gather(*reborn.calls.tasks)

    spans = told(collector, traces, key)
    assert only(spans, "call post").attributes["quittance.earlier_life"] is True
    assert only(spans, "fold CallFinished").parent_id == only(spans, "call post").span_id


# --- alarms of what gathers many cases -----------------------------------------------------------------


class PutIntoBasket(Command):
    topic: ClassVar[str] = "toy.requests.v1"
    key_field: ClassVar[str] = "basket_id"
    subject_field: ClassVar[str | None] = "counter_id"
    basket_id: uuid.UUID
    counter_id: uuid.UUID


@dataclass(frozen=True)
class Basket:
    """Emptied at its instant, for all that was put into it."""

    emptied_at: datetime | None = None


BASKET = Thing(name="basket", state=Basket, next_due_at=lambda basket: basket.emptied_at)


def put_into_basket(basket, command, now):
    return Decision(Basket(emptied_at=now))


def empty_basket(basket, due, now):
    return Decision(Basket())


GATHERING = Consumers(
    on=(
        On(message=PutIntoBasket, handler=put_into_basket, thing=BASKET, opens=True),
        On(message=Due, handler=empty_basket, thing=BASKET),
    )
)
GATHERING_CATALOGUE = Catalogue(topics=toy.TOPICS, messages=(PutIntoBasket,))


async def test_the_alarm_of_what_gathers_cases_stands_in_the_trace_of_each(pool, collector, traces):
    await pool.execute(TALLY_TABLE.replace("tally", "basket"))
    runner = traced(pool, traces, GATHERING, GATHERING_CATALOGUE)
    basket, cases = uuid.uuid4(), [uuid.uuid4(), uuid.uuid4()]
    for round_ in (0, 2):
        messages = [PutIntoBasket(basket_id=basket, counter_id=one) for one in cases[: 2 - round_ // 2]]
        await runner.apply_batch(
            Batch(
                arrivals=[
                    Arrival(message=m, source="toy.requests.v1", source_id=f"0/{n + round_}", event_id=new_event_id())
                    for n, m in enumerate(messages)
                ]
            )
        )
        assert await runner.take_due(BASKET) == 1

    put, emptied, put_again, emptied_again = told(collector, traces, cases[0])
    assert [span.name for span in (put, put_again)] == ["fold PutIntoBasket"] * 2
    assert [span.name for span in (emptied, emptied_again)] == ["fold Due"] * 2
    assert (emptied.parent_id, emptied_again.parent_id) == (put.span_id, put_again.span_id)
    assert emptied.links == (basket.hex,)
    assert [span.name for span in collector.of(cases[1].hex)] == ["fold PutIntoBasket", "fold Due"]
    assert [span.name for span in collector.of(basket.hex)] == ["fold Due"] * 2
    assert await pool.fetchval("SELECT count(*) FROM alarm_trace") == 0


# --- off, or nobody there ------------------------------------------------------------------------------


async def test_without_the_setting_the_runner_is_the_plain_one(world):
    async with world.service().running() as service:
        assert type(service.runner) is Runner


def test_without_the_setting_the_sdk_is_not_even_imported():
    code = "import sys, common.service; sys.exit('opentelemetry.sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_collector_that_is_away_harms_nobody(pool, monkeypatch):
    monkeypatch.setattr("common.traces.LONGEST_EXPORT_SECONDS", 1.0)
    with Collector() as gone:
        endpoint = gone.endpoint
    away = Traces(service="toy", instance="toy-0", endpoint=endpoint)
    runner, key = traced(pool, away), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1), adding(key, 4, 2)]))
    assert await pool.fetchval("SELECT (state ->> 'total')::integer FROM counter") == 4
    await asyncio.to_thread(away.provider.shutdown)


@pytest.mark.parametrize("header", ["", "00-0-0-0", f"00-{'0' * 32}-{'1' * 16}-01", "ff-a", "00-" + "x" * 500])
async def test_a_header_that_is_none_begins_the_trace_anew(pool, collector, traces, header):
    runner, key = traced(pool, traces), uuid.uuid4()
    arrival = opening(key, 1)
    await runner.apply_batch(Batch(arrivals=[arrival._replace(headers=arrival.headers | {"traceparent": header})]))
    [span] = told(collector, traces, key)
    assert (span.parent_id, span.links) == ("", ())


async def test_a_strangers_trace_is_linked_never_gone_on_with(pool, collector, traces):
    runner, key, his = traced(pool, traces), uuid.uuid4(), uuid.uuid4()
    arrival = opening(key, 1)
    header = {"traceparent": f"00-{his.hex}-{'1' * 16}-01"}
    await runner.apply_batch(Batch(arrivals=[arrival._replace(headers=arrival.headers | header)]))
    [span] = told(collector, traces, key)
    assert (span.parent_id, span.links) == ("", (his.hex,))


async def test_a_sampler_leaves_out_whole_cases_and_no_effect(pool, collector, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    traces = Traces(service="toy", instance="toy-0", endpoint=collector.endpoint)
    runner, key = traced(pool, traces), uuid.uuid4()
    await runner.apply_batch(Batch(arrivals=[opening(key, 1), adding(key, 4, 2)]))
    assert told(collector, traces, key) == []
    header = await pool.fetchval("SELECT headers ->> 'traceparent' FROM outbox")
    assert header.startswith(f"00-{key.hex}-")
    assert not int(header[-2:], 16) & 1, "the next service leaves it out too"
    traces.provider.shutdown()
