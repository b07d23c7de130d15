"""What operations see of what waits: the figures that the alert rules read."""

import asyncio
import time
import uuid
from datetime import timedelta

import asyncpg
import prometheus_client
import pytest

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
    for module in ("service", "health"):
        monkeypatch.setattr(f"common.{module}.lag_of", lambda _: lags[0])
    monkeypatch.setattr("common.service.SAMPLE_SECONDS", 0.05)
    async with world.service().running() as service:
        service.last_ack_seconds -= 1000
        await until(lambda: shown("quittance_consumer_lag", service="toy", topic=topic) == 3)
        assert shown("quittance_consumer_silence_seconds", service="toy") >= 1000
        lags.pop(0)
        await until(lambda: shown("quittance_consumer_lag", service="toy", topic=topic) == 0)
        await until(lambda: shown("quittance_consumer_silence_seconds", service="toy") == 0)


@pytest.mark.parametrize("how", ["hangs", "fails"])
async def test_a_batch_that_is_not_applied_is_silence_and_unready_though_the_consumer_stands_behind_it(
    how, world, monkeypatch
):
    monkeypatch.setattr("common.service.SAMPLE_SECONDS", 0.05)
    monkeypatch.setattr("common.service.LONGEST_PAUSE_SECONDS", 0.1)
    monkeypatch.setattr("common.health.LONGEST_SILENCE_SECONDS", 1)
    mended = asyncio.Event()
    async with world.service().running() as service:
        take_records = service.runner.take_records

        async def take_late(records):
            if how == "hangs":
                await mended.wait()
            elif not mended.is_set():
                raise ConnectionError
            await take_records(records)

        monkeypatch.setattr(service.runner, "take_records", take_late)
        service.last_ack_seconds -= 1000  # hours without a record are no silence
        await world.send(toy.OpenCounter(counter_id=uuid.uuid4()))
        await until(lambda: 2 < (shown("quittance_consumer_silence_seconds", service="toy") or 0) < 900)
        assert any("nothing acknowledged" in fault for fault in (await service.standing()).faults)
        mended.set()
        await world.settle(1)
        await until(lambda: shown("quittance_consumer_silence_seconds", service="toy") == 0)
        assert (await service.standing()).is_ready


async def test_figures_that_can_not_be_read_are_shown_to_be_old(pool):
    service = f"toy-{uuid.uuid4()}"
    await sample(pool, service=service, things=[toy.COUNTER])
    read_at = shown("quittance_figures_read_timestamp_seconds", service=service)
    assert time.time() - 60 < read_at <= time.time()

    await pool.execute("ALTER TABLE outbox RENAME TO outbox_away")
    with pytest.raises(asyncpg.UndefinedTableError):
        await sample(pool, service=service, things=[toy.COUNTER])
    assert shown("quittance_figures_read_timestamp_seconds", service=service) == read_at


async def until(is_so):
    for _ in range(1800):
        if is_so():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it never came to that")
