"""The AsyncAPI 3 document of all topics, written from the registry: `docs/asyncapi.json`."""

import json
import re
from typing import Any

from common.messages import Command, Message, Topic
from contracts.registry import MESSAGES, TOPICS
from contracts.schemas import EXAMPLES, file_name

SCHEMAS = "../libs/contracts/contracts/schemas"  # from docs/
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
PARAMETER = re.compile(r"\{(\w+)\}")
DAY_MS = 24 * 60 * 60 * 1000
HEADERS = {
    "ce_id": "the message's id; drop repeats by it",
    "ce_type": "picks the model",
    "ce_source": "the service that said it",
    "ce_subject": "what it is about, mostly a case file",
    "ce_time": "when it was said",
    "ce_sequence": "counts the events of one key on one topic, from 1, without gaps",
    "ce_causationid": "the id of the message that it follows from",
    "traceparent": "W3C trace context",
}


def render_asyncapi() -> str:
    """The whole document."""
    return json.dumps(document(), indent=1, ensure_ascii=False) + "\n"


def document() -> dict[str, Any]:
    """Channels, messages, and who sends and receives on each topic."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Quittance",
            "version": "1.0.0",
            "description": "Events and commands of the platform over Kafka, at least once, in order per key.",
        },
        "defaultContentType": "application/json",
        "channels": {_channel_name(topic): _channel(topic) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic).items()},
        "components": {
            "messages": {message.type_name(): _message(message) for message in MESSAGES.values()},
            "messageTraits": {"cloudEvent": _headers()},
        },
    }


def _channel_name(topic: Topic) -> str:
    return PARAMETER.sub(r"\1", topic.name)


def _messages_of(topic: Topic) -> list[type[Message]]:
    return [message for message in MESSAGES.values() if message.topic == topic.name]


def _channel(topic: Topic) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": topic.name,
        "description": topic.description,
        "messages": {
            message.type_name(): {"$ref": f"#/components/messages/{message.type_name()}"}
            for message in _messages_of(topic)
        },
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "retention.ms": topic.retention_days * DAY_MS,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }
    if topic.personal_data:
        channel["tags"] = [{"name": "personal data"}]
    parameters = PARAMETER.findall(topic.name)
    if parameters:
        channel["parameters"] = {name: {"description": f"the {name}'s own name"} for name in parameters}
    return channel


def _operations(topic: Topic) -> dict[str, Any]:
    channel = _channel_name(topic)
    sides = [(topic.owner, "send"), *((reader, "receive") for reader in topic.consumers)]
    if channel.endswith(".requests.v1"):
        sides = sides[1:]  # whoever needs the owner may ask it
    return {
        f"{service}.{action}.{channel}": {
            "action": action,
            "channel": {"$ref": f"#/channels/{channel}"},
            "tags": [{"name": service}],
        }
        for service, action in sides
    }


def _message(message: type[Message]) -> dict[str, Any]:
    return {
        "name": message.type_name(),
        "title": message.__name__,
        "summary": " ".join((message.__doc__ or "").split()),
        "tags": [{"name": "command" if issubclass(message, Command) else "event"}],
        "traits": [{"$ref": "#/components/messageTraits/cloudEvent"}],
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"{SCHEMAS}/{file_name(message)}"}},
        "bindings": {
            "kafka": {
                "key": {"type": "string", "format": "uuid", "description": message.key_field},
                "bindingVersion": "0.5.0",
            }
        },
        "examples": [{"payload": json.loads((EXAMPLES / file_name(message)).read_text("utf-8"))}],
    }


def _headers() -> dict[str, Any]:
    return {
        "headers": {
            "type": "object",
            "required": ["ce_id", "ce_type"],
            "properties": {name: {"type": "string", "description": text} for name, text in HEADERS.items()},
        }
    }
