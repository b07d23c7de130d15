"""Topics and partners' rights on the real broker."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from confluent_kafka.admin import AdminClient, ConfigResource

from kafka_admin import create_topics, delete_topics, grant_partner, revoke_partner
from local_stack.kafka import Kafka

Login = Callable[..., dict[str, object]]
PASSWORD = "correct horse"  # noqa: S105 - of a broker that lives as long as this test run


@dataclass(frozen=True)
class ATopic:
    name: str
    partitions: int = 1
    retention_days: int = 1
    max_message_bytes: int = 1_048_576


def test_topics_are_made_once_and_a_second_call_only_brings_what_changed(kafka: str, prefix: str):
    claims = ATopic("intake.claims.v1", 2, retention_days=1)

    first = create_topics(kafka, [claims, ATopic("ledger.payments.v1")], prefix)
    second = create_topics(kafka, [replace(claims, partitions=3, retention_days=2)], prefix)

    assert sorted(first) == [f"{prefix}intake.claims.v1", f"{prefix}ledger.payments.v1"]
    assert second == []
    client = AdminClient({"bootstrap.servers": kafka})
    name = f"{prefix}intake.claims.v1"
    assert len(client.list_topics(topic=name, timeout=10).topics[name].partitions) == 3
    resource = ConfigResource(ConfigResource.Type.TOPIC, name)
    assert client.describe_configs([resource])[resource].result()["retention.ms"].value == "172800000"


def test_only_the_topics_of_a_prefix_are_deleted_and_never_all(kafka: str, prefix: str):
    create_topics(kafka, [ATopic("mine.v1")], prefix)
    create_topics(kafka, [ATopic("theirs.v1")], f"other-{prefix}")

    assert delete_topics(kafka, prefix) == [f"{prefix}mine.v1"]
    with pytest.raises(ValueError, match="every topic"):
        delete_topics(kafka, "")
    assert delete_topics(kafka, f"other-{prefix}") == [f"other-{prefix}theirs.v1"]


@pytest.fixture
def partners(kafka: str, kafka_server: Kafka, prefix: str):
    names = ["jansen", "jansens"]
    create_topics(kafka, [ATopic(f"legal.partner-{name}.v1") for name in names], prefix)
    create_topics(kafka, [ATopic(f"legal.partner-{name}-acts.v1") for name in names], prefix)
    create_topics(kafka, [ATopic("ledger.payments.v1")], prefix)
    for name in names:
        grant_partner(kafka, name, PASSWORD, prefix)

    def login(password: str = PASSWORD) -> dict[str, object]:
        return {
            "bootstrap_servers": kafka_server.partner_bootstrap_servers,
            "security_protocol": "SASL_PLAINTEXT",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_plain_username": f"{prefix}jansen",
            "sasl_plain_password": password,
        }

    return login


async def read_one(topic: str, login: dict[str, object], group: str | None) -> bytes:
    async with AIOKafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **login) as consumer:
        return (await asyncio.wait_for(consumer.getone(), 20)).value


async def write_one(topic: str, login: dict[str, object]) -> None:
    async with AIOKafkaProducer(request_timeout_ms=5000, **login) as producer:
        await producer.send_and_wait(topic, b"served")


async def test_a_partner_reads_his_own_topic_in_his_own_group_and_writes_his_acts(
    kafka: str, partners: Login, prefix: str
):
    async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
        await producer.send_and_wait(f"{prefix}legal.partner-jansen.v1", b"a file for you")

    assert await read_one(f"{prefix}legal.partner-jansen.v1", partners(), f"{prefix}jansen.reader") == b"a file for you"
    await write_one(f"{prefix}legal.partner-jansen-acts.v1", partners())


@pytest.mark.parametrize("topic", ["legal.partner-jansens.v1", "legal.partner-jansens-acts.v1", "ledger.payments.v1"])
async def test_a_partner_reads_no_topic_of_another(partners: Login, prefix: str, topic: str):
    with pytest.raises((TopicAuthorizationFailedError, KafkaError)):
        await read_one(prefix + topic, partners(), f"{prefix}jansen.reader")


async def test_a_partner_joins_no_group_of_another(partners: Login, prefix: str):
    with pytest.raises(GroupAuthorizationFailedError):
        await read_one(f"{prefix}legal.partner-jansen.v1", partners(), f"{prefix}jansens.reader")


@pytest.mark.parametrize("topic", ["legal.partner-jansen.v1", "legal.partner-jansens-acts.v1", "ledger.payments.v1"])
async def test_a_partner_writes_nowhere_but_into_his_acts(partners: Login, prefix: str, topic: str):
    with pytest.raises((TopicAuthorizationFailedError, KafkaError)):
        await write_one(prefix + topic, partners())


async def test_a_wrong_password_opens_nothing(partners: Login, prefix: str):
    with pytest.raises(KafkaError):
        await read_one(f"{prefix}legal.partner-jansen.v1", partners("wrong"), f"{prefix}jansen.reader")


async def test_a_revoked_partner_reads_nothing_any_more(kafka: str, partners: Login, prefix: str):
    revoke_partner(kafka, "jansen", prefix)

    with pytest.raises(KafkaError):
        await read_one(f"{prefix}legal.partner-jansen.v1", partners(), f"{prefix}jansen.reader")
