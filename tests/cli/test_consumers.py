"""`consumers rewind` on the real broker and database."""

import asyncio
from datetime import timedelta

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from typer.testing import CliRunner

from cli import desk_consumers
from cli.status import lag_of
from common.clock import system_now
from local_stack.faults import LocalStackError
from local_stack.platform import Platform
from local_stack.postgres import run_sql

TOPIC = "legal.requests.v1"


@pytest.fixture
def platform(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk_consumers, "platform_of_up", lambda: platform)
    return platform


async def said(platform: Platform, records: int):
    async with AIOKafkaProducer(bootstrap_servers=platform.bootstrap) as producer:
        for number in range(records):
            await producer.send_and_wait(platform.topic_prefix + TOPIC, b"{}", key=b"k", partition=number % 2)


def reading(platform: Platform):
    """Somebody in the group of the service, who keeps no place after he has left."""
    return AIOKafkaConsumer(
        platform.topic_prefix + TOPIC,
        bootstrap_servers=platform.bootstrap,
        group_id=f"{platform.topic_prefix}legal",
        enable_auto_commit=False,
    )


async def stands(platform: Platform, offsets: dict[int, int]):
    """As if the service had read so far."""
    topic = platform.topic_prefix + TOPIC
    async with reading(platform) as consumer:
        await consumer.commit({TopicPartition(topic, partition): offset for partition, offset in offsets.items()})
    url = platform.database("legal").url
    for partition, offset in offsets.items():
        run_sql(url, f"INSERT INTO progress VALUES ('{TOPIC}', {partition}, {offset})")  # noqa: S608  numbers of ours


async def committed(platform: Platform):
    topic = platform.topic_prefix + TOPIC
    async with reading(platform) as consumer:
        return {p: await consumer.committed(TopicPartition(topic, p)) for p in range(2)}


async def test_a_stopped_service_reads_again_what_came_since_an_instant_and_status_shows_it(platform: Platform):
    await said(platform, 4)
    await asyncio.sleep(0.01)
    since = system_now()
    await said(platform, 6)
    await stands(platform, {0: 5, 1: 5})
    assert lag_of(platform, "legal") == 0

    answer = await asyncio.to_thread(
        CliRunner().invoke, desk_consumers.consumers_app, ["rewind", "legal", "--since", since.isoformat()]
    )

    assert "legal has 6 records to read" in answer.output
    assert await committed(platform) == {0: 2, 1: 2}
    assert lag_of(platform, "legal") == 6


async def test_who_stands_beyond_the_end_is_set_back_to_it_and_nobody_is_set_forward(platform: Platform):
    begun = system_now()
    await said(platform, 4)
    await stands(platform, {0: 9, 1: 1})

    await asyncio.to_thread(desk_consumers.read_again, platform, "legal", system_now() + timedelta(hours=1))
    assert await committed(platform) == {0: 2, 1: 1}
    assert lag_of(platform, "legal") == 1

    await asyncio.to_thread(desk_consumers.read_again, platform, "legal", begun)
    assert await committed(platform) == {0: 0, 1: 0}
    assert lag_of(platform, "legal") == 4


async def test_nothing_moves_while_somebody_reads_or_for_a_service_that_never_read(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
):
    begun = system_now()
    await said(platform, 4)
    await asyncio.to_thread(desk_consumers.read_again, platform, "legal", begun)
    await stands(platform, {0: 2, 1: 2})
    monkeypatch.setattr(desk_consumers, "LONGEST_GOODBYE_SECONDS", 0.2)

    async with reading(platform) as consumer:
        await consumer.getmany(timeout_ms=100)
        with pytest.raises(LocalStackError, match="somebody reads as legal"):
            await asyncio.to_thread(desk_consumers.read_again, platform, "legal", begun)
    assert await committed(platform) == {0: 2, 1: 2}


def test_a_service_that_runs_is_left_alone(platform: Platform):
    platform.start()
    answer = CliRunner().invoke(desk_consumers.consumers_app, ["rewind", "legal", "--since", "2026-03-02"])
    assert isinstance(answer.exception, LocalStackError)
    assert "legal runs" in str(answer.exception)
