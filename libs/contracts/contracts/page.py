"""The page of all events, written from the models: `docs/events.md`."""

import json
from collections.abc import Iterator

from common.messages import Command, Message, Topic
from contracts.registry import MESSAGES, TOPICS
from contracts.schemas import EXAMPLES, file_name

HEAD = """# Events and commands

Written by `python -m contracts` from `libs/contracts`; do not edit. The value of a record is the JSON of one message;
the headers follow CloudEvents 1.0, Kafka binding, binary mode: `ce_id` (drop repeats by it), `ce_type` (picks the
model), `ce_source`, `ce_subject` (the case file, mostly), `ce_time`, `ce_sequence` (counts the events of one key on one
topic, from 1, without gaps), `ce_causationid`, `traceparent`. Delivery is at least once, in order per key. Amounts are
integer cents, rates decimal strings, days `_on`, instants `_at` in UTC. A personal value is `{key_id, value}`; an empty
`key_id` means plain. Only optional fields are ever added; anything else is a new version beside the old. The default
partitioner of Java and aiokafka (murmur2) decides the partition; on librdkafka set `partitioner=murmur2_random`.
"""


def render() -> str:
    """The whole page."""
    return "\n".join([HEAD, *(line for topic in TOPICS for line in _topic(topic))]) + "\n"


def _topic(topic: Topic) -> Iterator[str]:
    readers = ", ".join(topic.consumers) or "nobody inside"
    yield f"## `{topic.name}`\n"
    yield f"{topic.description}. Written by {topic.owner}, read by {readers}"
    yield (" and by partners or clients outside" if topic.external else "") + (
        f". Keyed by `{topic.key}`, {topic.partitions} partitions, kept {topic.retention_days} days, records up to"
        f" {topic.max_message_bytes // 1024} KiB{', personal data' if topic.personal_data else ''}.\n"
    )
    for message in MESSAGES.values():
        if message.topic == topic.name:
            yield from _message(message)


def _message(message: type[Message]) -> Iterator[str]:
    kind = "command" if issubclass(message, Command) else "event"
    text = " ".join((message.__doc__ or "").split())
    yield f"### {message.__name__}\n"
    yield f"*{kind}* `{message.type_name()}`. {text}\n"
    yield "| field | type | default |"
    yield "| --- | --- | --- |"
    for name, field in message.model_fields.items():
        default = "" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        yield f"| `{name}` | {_type_text(field.annotation)} | {default} |"
    example = EXAMPLES / file_name(message)
    if example.exists():
        short = json.dumps(json.loads(example.read_text("utf-8")), ensure_ascii=False)
        yield f"\n```json\n{short}\n```\n"


def _type_text(annotation: object) -> str:
    name = getattr(annotation, "__name__", None) if isinstance(annotation, type) else None
    text = name or str(annotation).replace("typing.", "").replace("contracts.", "").replace("common.messages.", "")
    text = text.replace("datetime.", "").replace("uuid.", "")
    return "`" + text.replace("|", "\\|").replace("NoneType", "null") + "`"
