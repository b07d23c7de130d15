import asyncio
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from kafka_admin import create_topics
from local_stack.kafka import Kafka
from local_stack.postgres import Postgres, run_sql
from local_stack.processes import Processes, start_time_of
from testkit.plugin import MakeDatabase
from testkit.servers import sweep


@dataclass(frozen=True)
class ATopic:
    name: str
    partitions: int = 1
    retention_days: int = 1
    max_message_bytes: int = 1_048_576


async def test_a_record_sent_to_the_broker_of_the_run_is_read_back(kafka: str, prefix: str):
    (topic,) = create_topics(kafka, [ATopic("claims.v1")], prefix)
    async with AIOKafkaProducer(bootstrap_servers=kafka, enable_idempotence=True) as producer:
        await producer.send_and_wait(topic, b"a claim", key=b"k")

    async with AIOKafkaConsumer(topic, bootstrap_servers=kafka, auto_offset_reset="earliest") as consumer:
        record = await asyncio.wait_for(consumer.getone(), 20)

    assert (record.key, record.value) == (b"k", b"a claim")


async def test_two_databases_of_one_test_are_separate_and_the_server_is_the_one_that_production_runs(
    database: MakeDatabase, prefix: str
):
    ledger, intake = database("ledger"), database("intake")
    connection = await asyncpg.connect(ledger)
    await connection.execute("CREATE TABLE only_here (id uuid DEFAULT uuidv7())")
    other = await asyncpg.connect(intake)

    assert await connection.fetchval("SELECT current_database()") == f"{prefix}ledger"
    assert await connection.fetchval("SHOW server_version_num") >= "180000"
    assert await connection.fetchval("SHOW fsync") == "on"
    assert await other.fetchval("SELECT to_regclass('only_here')") is None
    await connection.close()
    await other.close()


def test_a_migrated_database_is_copied_as_a_template(database: MakeDatabase):
    migrated = database("migrated")
    run_sql(migrated, "CREATE TABLE claim (id int); INSERT INTO claim VALUES (7)")

    copy = database("copy", template=migrated)

    assert run_sql(copy, "SELECT id FROM claim") == [["7"]]


def test_what_was_committed_survives_the_kill_of_the_server(own_postgres: Postgres):
    run_sql(own_postgres.url, "CREATE TABLE claim (id int); INSERT INTO claim VALUES (7)")

    own_postgres.kill()
    own_postgres.start()

    assert run_sql(own_postgres.url, "SELECT id FROM claim") == [["7"]]


async def test_an_acknowledged_record_survives_the_kill_of_the_broker(own_kafka: Kafka):
    create_topics(own_kafka.bootstrap_servers, [ATopic("claims")])
    async with AIOKafkaProducer(bootstrap_servers=own_kafka.bootstrap_servers) as producer:
        await producer.send_and_wait("claims", b"a claim")

    own_kafka.kill()
    own_kafka.start()

    async with AIOKafkaConsumer(
        "claims", bootstrap_servers=own_kafka.bootstrap_servers, auto_offset_reset="earliest"
    ) as consumer:
        record = await asyncio.wait_for(consumer.getone(), 30)
    assert record.value == b"a claim"


@pytest.fixture
def a_sleeper() -> list[str]:
    return [sys.executable, "-c", "import time; time.sleep(600)"]


def test_the_servers_of_a_killed_run_are_ended_and_those_of_a_living_one_are_left(tmp_path: Path, a_sleeper: list[str]):
    killed_run, living_run = tmp_path / "1-1", tmp_path / f"{os.getpid()}-{start_time_of(os.getpid())}"
    leftover = Processes(killed_run).start("kafka", a_sleeper)
    in_use = Processes(living_run).start("kafka", a_sleeper)

    sweep(tmp_path)

    assert not leftover.is_alive
    assert not killed_run.exists()
    assert in_use.is_alive
    Processes(living_run).stop_all()


def test_a_stranger_that_got_the_pid_of_a_dead_server_is_left_alone(tmp_path: Path, a_sleeper: list[str]):
    with subprocess.Popen(a_sleeper) as stranger:
        (tmp_path / "run").mkdir()
        record = f'{{"name": "kafka", "pid": {stranger.pid}, "start_time": "1", "stop_signal": 15}}'
        (tmp_path / "run" / "kafka.json").write_text(record)

        ended = Processes(tmp_path).stop_all()

        assert ended == []
        assert stranger.poll() is None
        stranger.kill()
