"""What operations see of what waits: the figures that the alert rules read."""

import asyncio
import uuid
from datetime import timedelta

import prometheus_client

from common.calls import OpenCall, Outcome
from common.clock import system_now
from common.decisions import Result
from common.outcomes import Outcomes
from common.watch import sample
from testkit import toy

OPEN_CALL = (
    "INSERT INTO outside_call (call_id, thing, thing_key, channel, payload, instance, started_at)"
    " VALUES ($1, 'counter', $1, 'post', '', 'toy-0', $2)"
)


def shown(name, **labels):
    return prometheus_client.REGISTRY.get_sample_value(name, labels)


async def test_the_age_of_an_open_call_is_shown_until_it_ends(pool):
    service = f"toy-{uuid.uuid4()}"
    await pool.execute(OPEN_CALL, uuid.uuid4(), system_now() - timedelta(hours=1))
    await pool.execute(OPEN_CALL, uuid.uuid4(), system_now())
    await sample(pool, service=service, things=[toy.COUNTER])
    assert shown("quittance_outside_calls_open", service=service) == 2
    assert 3600 <= shown("quittance_outside_call_age_seconds", service=service) < 7200

    await pool.execute("DELETE FROM outside_call")
    await sample(pool, service=service, things=[toy.COUNTER])
    assert shown("quittance_outside_calls_open", service=service) == 0
    assert shown("quittance_outside_call_age_seconds", service=service) == 0


async def test_each_way_that_a_call_ends_is_counted(pool):
    channel = f"post-{uuid.uuid4()}"

    async def folded(_):
        return

    outcomes = Outcomes(pool, folded)
    call = OpenCall(thing="counter", key=uuid.uuid4(), call_id=uuid.uuid4(), channel=channel, payload=b"")
    for result in (Result.UNKNOWN, Result.UNKNOWN, Result.ACCEPTED):
        await outcomes.take(call, Outcome(result=result, detail=""))
    name = "quittance_outside_call_outcomes_total"
    assert shown(name, channel=channel, result="unknown") == 2
    assert shown(name, channel=channel, result="accepted") == 1


async def test_the_lag_of_a_topic_falls_to_nothing_again_and_silence_is_only_while_records_wait(world, monkeypatch):
    topic = world.settings.topic_prefix + "toy.requests.v1"
    lags = [{topic: 3}, {}]
    monkeypatch.setattr("common.service.lag_of", lambda _: lags[0])
    monkeypatch.setattr("common.service.SAMPLE_SECONDS", 0.05)
    async with world.service().running() as service:
        service.last_ack_seconds -= 1000
        await until(lambda: shown("quittance_consumer_lag", service="toy", topic=topic) == 3)
        assert shown("quittance_consumer_silence_seconds", service="toy") >= 1000
        lags.pop(0)
        await until(lambda: shown("quittance_consumer_lag", service="toy", topic=topic) == 0)
        await until(lambda: shown("quittance_consumer_silence_seconds", service="toy") == 0)


async def until(is_so):
    for _ in range(1800):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to that")
