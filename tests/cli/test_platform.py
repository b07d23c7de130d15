"""One service as a process of a platform of its own, and what `status` and `trace` read of it."""

from uuid import UUID

import pytest
from confluent_kafka import Producer

from cli.status import lag_of, read_state
from cli.trace import messages_about
from kafka_admin import end_offsets
from local_stack.platform import Platform, PlatformError
from local_stack.postgres import run_sql

CASE_FILE_ID = UUID("6f1c1c1e-0000-5000-8000-000000000001")
EVENT_ID = "019a0000-0000-7000-8000-000000000001"

HELD = """
INSERT INTO dead_letter (source, source_id, headers, error_code, error_message, failed_at)
VALUES ('legal.requests.v1', '0/7', '', 'bad_json', 'not JSON', now() - interval '2 hours');
INSERT INTO waiting (thing, thing_key, reason, since, source, source_id, value, headers)
VALUES ('procedure', 'THING', 'no_thing', now(), 'ledger.case-files.v1', '0/9', '', '{}');
"""
SAID = """
INSERT INTO outbox_sent (id, shard, seq, topic, key, payload, headers, subject, created_at)
VALUES ('EVENT', 0, 1, 'legal.case-files.v1', '', '',
    '{"ce_type": "legal.FileHandedOff.v1", "ce_sequence": "4"}', 'SUBJECT', now());
INSERT INTO inbox (event_id, seen_at, handler) VALUES ('EVENT', now(), 'follow_payment');
"""


def test_a_killed_service_comes_back_on_its_port_and_all_of_it_goes_in_the_end(
    platform: Platform, postgres: str, kafka: str, prefix: str
):
    platform.start()
    url = platform.http_url("legal")

    assert platform.kill_service("legal")
    assert not platform.is_ready("legal")
    platform.start()

    assert platform.is_ready("legal")
    assert platform.http_url("legal") == url
    platform.erase()
    assert not platform.processes.is_running("legal")
    assert [f"{prefix}legal"] not in run_sql(postgres, "SELECT datname FROM pg_database")
    assert end_offsets(kafka, [f"{prefix}legal.requests.v1"]) == {}


def test_a_service_that_ends_at_its_start_is_said_with_the_end_of_its_log(platform: Platform):
    platform.env_of["legal"] = {"HTTP_PORT": "none"}

    with pytest.raises(PlatformError, match=r"legal ended at its start:\n(.|\n)*http_port"):
        platform.start()


def test_status_tells_lag_outbox_and_what_is_parked_or_waits_and_why(platform: Platform, kafka: str, prefix: str):
    url = platform.database("legal").url
    producer = Producer({"bootstrap.servers": kafka, "log_level": 0})
    for number in range(3):
        producer.produce(f"{prefix}legal.requests.v1", value=b"{}", key=str(number), partition=0)
    producer.flush(10)
    run_sql(url, "INSERT INTO progress VALUES ('legal.requests.v1', 0, 1)")
    run_sql(url, HELD.replace("THING", str(CASE_FILE_ID)))

    state = read_state("legal", url)

    assert lag_of(platform, "legal") == 2
    assert (state.parked_count, state.waiting_count, state.outbox_depth) == (1, 1, 0)
    assert state.parked[0].reason == "bad_json: not JSON"
    assert int(state.parked[0].age.total_seconds()) // 3600 == 2
    assert state.waiting[0].key == f"procedure {CASE_FILE_ID}"


def test_trace_tells_who_said_a_message_and_who_folded_it(platform: Platform):
    database = platform.database("legal")
    run_sql(database.url, SAID.replace("SUBJECT", str(CASE_FILE_ID)).replace("EVENT", EVENT_ID))

    (message,) = messages_about(CASE_FILE_ID, [database])

    assert (message.service, message.type, message.sequence, message.sent) == (
        "legal",
        "legal.FileHandedOff.v1",
        "4",
        True,
    )
    assert message.folded_by == ("legal.follow_payment",)
