"""The desk's commands against one real service of a platform of its own."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import desk, desk_outbox
from cli.desk_outbox import alarms_of, send_again
from cli.status import faults_of, read_state, troubles
from kafka_admin import end_offsets
from local_stack.platform import Platform
from local_stack.postgres import run_sql

PARKED = """
INSERT INTO dead_letter (source, source_id, thing_key, key, value, headers, error_code, error_message, failed_at)
VALUES ('legal.requests.v1', '0/7', '6f1c1c1e-0000-5000-8000-000000000001', '', '{"name": "J. Jansen"}',
    '[["ce_id", "019a0000-0000-7000-8000-000000000001"], ["ce_type", "legal.Strange.v1"]]', 'invalid', 'not ours',
    now())
"""
SENT = """
INSERT INTO outbox_sent (id, shard, seq, topic, key, payload, headers, subject, created_at)
VALUES ('019a0000-0000-7000-8000-000000000001', 3, nextval('outbox_seq_seq'), 'legal.case-files.v1', 'k', '{}',
    '{"ce_id": "019a0000-0000-7000-8000-000000000001"}', '6f1c1c1e-0000-5000-8000-000000000001', now())
"""


@pytest.fixture
def platform(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk, "platform_of_up", lambda: platform)
    monkeypatch.setattr(desk_outbox, "platform_of_up", lambda: platform)
    return platform


def deadletters(*arguments: str) -> str:
    answer = CliRunner().invoke(desk.deadletters_app, arguments, catch_exceptions=False, env={"COLUMNS": "200"})
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_a_letter_is_listed_without_its_text_shown_on_demand_edited_redriven_and_discarded(
    platform: Platform, tmp_path: Path
):
    url = platform.database("legal").url
    run_sql(url, PARKED)
    assert "legal.requests.v1 0/7" in deadletters("list")
    assert "Jansen" not in deadletters("list") + deadletters("show", "legal", "1")
    assert "J. Jansen" in deadletters("show", "legal", "1", "--payload")
    (tmp_path / "new.json").write_text('{"name": "P. Peeters"}')

    deadletters("edit", "legal", "1", str(tmp_path / "new.json"))

    both = deadletters("show", "legal", "1", "--payload")
    assert "J. Jansen" in both
    assert "P. Peeters" in both
    platform.start()
    assert "refused again: unknown_type" in deadletters("redrive", "legal", "1")
    assert "discarded (never ours)" in deadletters("discard", "legal", "1", "--reason", "never ours")
    assert "The desk is empty." in deadletters("list")


def test_what_is_asked_of_a_service_that_is_down_stays_asked(platform: Platform, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(desk.wait_for_answer, "__kwdefaults__", {"seconds": 0.2})
    run_sql(platform.database("legal").url, PARKED)

    assert "asked; the service does it when it runs" in deadletters("redrive", "legal", "1")
    assert " redrive " in deadletters("list")


def test_what_was_sent_goes_out_again_in_its_place_and_is_filed_again_once(platform: Platform, kafka: str, prefix: str):
    url = platform.database("legal").url
    run_sql(url, SENT)
    ((seq,),) = run_sql(url, "SELECT seq FROM outbox_sent")

    assert send_again(url, datetime(2100, 1, 1, tzinfo=UTC)) == 0
    assert send_again(url, datetime(2020, 1, 1, tzinfo=UTC)) == 1

    assert run_sql(url, "SELECT shard, seq FROM outbox") == [["3", seq]]
    assert run_sql(url, "SELECT count(*) FROM outbox_sent") == [["0"]]
    platform.start()
    for _ in range(100):
        if run_sql(url, "SELECT count(*) FROM outbox_sent") == [["1"]]:
            break
        run_sql(url, "SELECT pg_sleep(0.1)")
    assert run_sql(url, "SELECT shard, seq FROM outbox_sent") == [["3", seq]]
    ends = end_offsets(kafka, [f"{prefix}legal.case-files.v1"])
    assert sum(end for _, end in ends.values()) == 1


def test_a_stopped_shard_is_named_and_released(platform: Platform):
    url = platform.database("legal").url
    run_sql(url, "INSERT INTO outbox_stopped VALUES (2, 9, 'MessageSizeTooLargeError', now())")
    invoke = CliRunner().invoke

    assert "2 (MessageSizeTooLargeError)" in invoke(desk_outbox.outbox_app, [], env={"COLUMNS": "200"}).output
    assert "shard 2 goes on" in invoke(desk_outbox.outbox_app, ["release", "legal", "2"]).output
    assert run_sql(url, "SELECT count(*) FROM outbox_stopped") == [["0"]]
    assert invoke(desk_outbox.outbox_app, ["release", "legal", "2"]).exit_code == 1


def test_status_says_what_needs_a_person(platform: Platform):
    url = platform.database("legal").url
    assert troubles(read_state("legal", url)) == []
    assert faults_of(platform, "legal") == "it does not answer"
    run_sql(url, PARKED)
    run_sql(url, SENT.replace("outbox_sent (", "outbox (").replace("VALUES", "OVERRIDING SYSTEM VALUE VALUES"))
    run_sql(url, "UPDATE outbox SET created_at = now() - interval '3 minutes'")
    run_sql(url, "INSERT INTO outbox_stopped VALUES (2, 9, 'too large', now())")
    run_sql(
        url,
        "INSERT INTO procedure (procedure_id, due_at)"
        " VALUES ('6f1c1c1e-0000-5000-8000-000000000001', now() - interval '2 hours')",
    )
    run_sql(
        url,
        "INSERT INTO waiting (thing, thing_key, reason, since, source, source_id, value, headers) VALUES ('procedure',"
        " '6f1c1c1e-0000-5000-8000-000000000001', 'not_opened', now() - interval '1 hour', 't', '0/1', '', '{}')",
    )

    found = " | ".join(troubles(read_state("legal", url)))

    assert "stopped a shard: 2: too large" in found
    assert "oldest message to send waits since 0:03:0" in found
    assert "an alarm is 2:00:0" in found
    assert "1 dead letters in the last hour" in found
    assert "a message waits since 1:00:0" in found
    assert [(thing, due) for thing, _, due, _, _ in alarms_of(url)] == [("procedure", "1")]
