"""What the plumbing promises at its edges: no answer to strangers' topics, no personal data in logs, red when stuck."""

import json
import logging
import time
import uuid
from types import SimpleNamespace

import pytest
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from faststream import AckPolicy

from common.broker import make_broker
from common.health import consumer_faults
from common.logs import set_up_logs
from common.messages import Personal
from common.migrate import migrate, migrations_of
from common.queries import parse_queries
from testkit import toy


async def test_a_record_that_names_a_topic_gets_no_answer_there(world, pool, kafka, prefix):
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.create_topics([NewTopic(f"{prefix}elsewhere", 1, 1)])
    await admin.close()
    key = uuid.uuid4()
    message = toy.OpenCounter(counter_id=key)
    headers = [("ce_id", str(uuid.uuid4()).encode()), ("ce_type", b"toy.OpenCounter.v1")]
    async with world.service().running():
        await world.send(message, headers=[*headers, ("reply_to", f"{prefix}elsewhere".encode())])
        await world.settle(1)
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka)
    await consumer.start()
    place = TopicPartition(f"{prefix}elsewhere", 0)
    assert (await consumer.end_offsets([place]))[place] == 0
    await consumer.stop()


def test_no_default_of_the_framework_is_taken():
    async def nothing(_):
        raise AssertionError

    broker, subscriber = make_broker(
        bootstrap=["127.0.0.1:1"], topics=["t"], group="g", instance="i-0", on_batch=nothing
    )
    assert subscriber.ack_policy is AckPolicy.NACK_ON_ERROR
    assert subscriber._no_reply
    assert subscriber._connection_args["auto_offset_reset"] == "earliest"
    assert subscriber._connection_args["group_instance_id"] == "g.i-0"
    assert broker is not None


@pytest.mark.parametrize(
    ("consumer", "fault"),
    [
        (None, "not started"),
        (SimpleNamespace(assignment=set), "no partitions"),
        (
            SimpleNamespace(
                assignment=lambda: {1}, last_poll_timestamp=lambda _: (time.time() - 90) * 1000,
                highwater=lambda _: None,
                _subscription=SimpleNamespace(
                    subscription=SimpleNamespace(assignment=SimpleNamespace(state_value=lambda _: None))
                ),
            ),
            "no answer from the broker",
        ),
    ],
)  # fmt: skip
def test_readiness_is_red_for_a_consumer_that_is_stuck(consumer, fault):
    faults = list(consumer_faults(consumer, now_seconds=time.time(), last_ack_seconds=time.time(), in_hand=set()))
    assert any(fault in text for text in faults)


async def test_readiness_is_green_for_a_consumer_that_rests_and_red_when_it_does_not_acknowledge(world, pool):
    async with world.service().running() as service:
        await world.send(toy.OpenCounter(counter_id=uuid.uuid4()))
        await world.settle(1)
        assert (await service.standing()).is_ready
        consumer = service.subscriber.consumer
        stuck = SimpleNamespace(
            assignment=consumer.assignment, last_poll_timestamp=consumer.last_poll_timestamp,
            highwater=lambda _: 10**6, _subscription=consumer._subscription,
        )  # fmt: skip
        now = time.time()
        late = list(consumer_faults(stuck, now_seconds=now, last_ack_seconds=now - 90, in_hand=set()))
        assert any("nothing acknowledged" in text for text in late)


@pytest.fixture
def logs_set_up(capsys):
    before = list(logging.getLogger().handlers)
    logging.getLogger().handlers = []
    set_up_logs("toy")
    yield
    logging.getLogger().handlers = before
    structlog.contextvars.clear_contextvars()


def test_logs_hold_no_personal_data_whatever_is_handed_to_them(logs_set_up, capsys):
    log = structlog.get_logger()
    try:
        raise ValueError("Key (email)=(jan@example.org) already exists")  # noqa: TRY301  what a driver does
    except ValueError:
        log.exception("fault", email="jan@example.org", contact=Personal.of("Jan"), case_file_id="x")
    logging.getLogger("some.library").warning("to %s", "jan@example.org")
    out = capsys.readouterr().out
    assert "jan@" not in out
    assert "Jan" not in out
    assert json.loads(out.splitlines()[0])["case_file_id"] == "x"
    assert json.loads(out.splitlines()[0])["fault"] == "ValueError"


async def test_a_migration_that_was_changed_after_it_was_applied_is_named(database, monkeypatch):
    url = database("legal")
    assert len(await migrate(url, service="legal")) == len(migrations_of("common")) + len(migrations_of("legal"))
    assert await migrate(url, service="legal") == []
    monkeypatch.setattr("common.migrate.Migration.digest", property(lambda _: "another"))
    with pytest.raises(ValueError, match=r"common/0001_create_plumbing\.sql was changed"):
        await migrate(url, service="legal")


def test_a_query_named_twice_is_an_error_and_an_unknown_one_says_its_name():
    with pytest.raises(ValueError, match="named twice: a"):
        parse_queries("-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n")
    with pytest.raises(AttributeError, match="'b'"):
        parse_queries("-- name: a\nSELECT 1;\n").b  # noqa: B018
