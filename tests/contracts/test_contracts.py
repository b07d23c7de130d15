"""What crosses a service border is documented, has an example, and never breaks its readers."""

import json
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from common.envelope import Envelope
from common.ids import new_event_id
from common.migrate import migrations_of
from contracts.page import render
from contracts.registry import MESSAGES, TOPICS
from contracts.schemas import EXAMPLES, FOLDER, breaking_changes, file_name, schema_of, schema_text

ROOT = Path(__file__).parents[2]
BOTH = pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)


@BOTH
def test_the_schema_in_git_is_that_of_the_model(message):
    assert (FOLDER / file_name(message)).read_text("utf-8") == schema_text(message), "run `python -m contracts`"


@BOTH
def test_the_example_is_read_and_fits_the_schema(message):
    example = json.loads((EXAMPLES / file_name(message)).read_text("utf-8"))
    jsonschema.validate(example, schema_of(message))
    read = message.model_validate(example)
    assert json.loads(read.model_dump_json()) == example


def test_no_schema_or_example_is_left_of_a_message_that_is_gone():
    names = {file_name(message) for message in MESSAGES.values()}
    assert {path.name for path in FOLDER.glob("*.json")} == names
    assert {path.name for path in EXAMPLES.glob("*.json")} == names


def test_the_page_of_events_is_fresh():
    assert (ROOT / "docs/events.md").read_text("utf-8") == render(), "run `python -m contracts`"


def git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)


def earlier_versions(path: Path) -> list[str]:
    """Every version of a file that ever landed."""
    inside = str(path.relative_to(ROOT))
    log = git("log", "--format=%H", "--", inside)
    if log.returncode:
        pytest.skip("not a git checkout: there is no history to compare with")
    texts = []
    for commit in log.stdout.split():
        shown = git("show", f"{commit}:{inside}")
        if shown.returncode == 0:
            texts.append(shown.stdout)
    return texts


def test_no_schema_breaks_a_version_that_landed():
    broken = {}
    for message in MESSAGES.values():
        for text in earlier_versions(FOLDER / file_name(message)):
            changes = breaking_changes(json.loads(text), schema_of(message))
            if changes:
                broken[message.__name__] = changes
    assert not broken, "only optional fields may be added; publish a new version beside the old"


OLD = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "string", "default": ""}, "c": {"enum": ["x", "y"]}},
}


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"a": None}, "is gone"),
        ({"a": {"type": "string"}}, "type was 'integer'"),
        ({"d": {"type": "integer"}}, "is new and has no default"),
        ({"b": {"type": "string"}}, "had a default"),
        ({"c": {"enum": ["x", "y", "z"]}}, "the values were"),
    ],
)
def test_a_breaking_change_is_seen(fields, says):
    properties = {name: field for name, field in (OLD["properties"] | fields).items() if field is not None}
    assert any(says in change for change in breaking_changes(OLD, {"type": "object", "properties": properties}))


def test_an_optional_addition_breaks_nothing():
    grown = {"type": "object", "properties": OLD["properties"] | {"d": {"type": "integer", "default": 0}}}
    assert breaking_changes(OLD, grown) == []


def test_the_envelope_is_read_by_the_cloudevents_library():
    envelope = Envelope(
        id=str(new_event_id()), type="ledger.CaseFilePaid.v1", source="ledger", subject="x", sequence="7",
        time="2026-03-02T05:00:00+00:00",
    )  # fmt: skip
    headers = {name: value.encode() for name, value in envelope.to_headers().items()}
    event = from_binary(KafkaMessage(headers=headers, key=b"k", value=b"{}"), JSONFormat(), CloudEvent)
    assert (event.get_id(), event.get_type(), event.get_subject()) == (envelope.id, envelope.type, "x")
    assert event.get_extension("sequence") == "7"
    assert Envelope.from_headers(envelope.to_headers()) == envelope


def test_what_a_topic_still_keeps_the_inbox_still_knows():
    """A consumer that begins at the start of a topic again must find every record's id in its inbox."""
    kept = re.findall(r"'inbox', greatest\(p_days, (\d+)\)", "".join(m.sql for m in migrations_of("common")))
    segment_days = 7  # Kafka's segment.ms, which we leave as it is: a record may stand that much longer
    ours = [topic.retention_days for topic in TOPICS if topic.owner != "partner" and topic.consumers]
    assert max(ours) + segment_days < int(kept[-1])
