"""JSON Schemas of all messages, and what may change in one without a new version."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from common.messages import Message
from contracts.registry import MESSAGES

FOLDER = Path(__file__).parent / "schemas"
EXAMPLES = Path(__file__).parent / "examples"
Schema = Mapping[str, Any]


def schema_of(message: type[Message]) -> dict[str, Any]:
    """The schema of a message, with its topic, key and type."""
    schema = message.model_json_schema(mode="serialization")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": message.type_name(),
        "x-topic": message.topic,
        "x-key": message.key_field,
        **schema,
    }


def schema_text(message: type[Message]) -> str:
    """The schema as it stands in its file."""
    return json.dumps(schema_of(message), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def file_name(message: type[Message]) -> str:
    """The file of a message's schema and example."""
    return f"{message.type_name()}.json"


def write_schemas() -> list[str]:
    """Write every schema that is missing or stale, and take away those of messages that are gone; returns the names."""
    wanted = {file_name(message): schema_text(message) for message in MESSAGES.values()}
    changed = [name for name, text in wanted.items() if not _is_same(FOLDER / name, text)]
    for name in changed:
        (FOLDER / name).write_text(wanted[name], "utf-8")
    for path in FOLDER.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
            changed.append(path.name)
    return sorted(changed)


def _is_same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text("utf-8") == text


def breaking_changes(old: Schema, new: Schema) -> list[str]:
    """What a reader of the old schema, or a reader of old records, would stumble over. Only optional fields may be
    added; anything else is a new version beside the old.
    """
    return list(_compare(old, new, old, new, path=""))


def _compare(old: Schema, new: Schema, old_root: Schema, new_root: Schema, *, path: str) -> Iterator[str]:
    old, new = _resolve(old, old_root), _resolve(new, new_root)
    for word in ("type", "const", "format", "pattern"):
        if old.get(word) != new.get(word):
            yield f"{path or '.'}: {word} was {old.get(word)!r} and is {new.get(word)!r}"
    if set(old.get("enum", ())) != set(new.get("enum", ())):
        yield f"{path or '.'}: the values were {old.get('enum')} and are {new.get('enum')}"
    old_fields, new_fields = old.get("properties", {}), new.get("properties", {})
    for name in old_fields.keys() - new_fields.keys():
        yield f"{path}.{name}: is gone"
    for name in new_fields.keys() - old_fields.keys():
        if "default" not in _resolve(new_fields[name], new_root) and "default" not in new_fields[name]:
            yield f"{path}.{name}: is new and has no default, so records without it cannot be read"
    for name in old_fields.keys() & new_fields.keys():
        yield from _compare(old_fields[name], new_fields[name], old_root, new_root, path=f"{path}.{name}")
        if "default" in old_fields[name] and "default" not in new_fields[name]:
            yield f"{path}.{name}: had a default and has none, so records without it cannot be read"
    if "items" in old or "items" in new:
        yield from _compare(old.get("items", {}), new.get("items", {}), old_root, new_root, path=f"{path}[]")
    yield from _compare_choices(old, new, old_root, new_root, path=path)


def _compare_choices(old: Schema, new: Schema, old_root: Schema, new_root: Schema, *, path: str) -> Iterator[str]:
    before, after = old.get("anyOf", ()), new.get("anyOf", ())
    if len(before) != len(after):
        yield f"{path or '.'}: had {len(before)} forms and has {len(after)}"
        return
    for was, now in zip(before, after, strict=True):
        yield from _compare(was, now, old_root, new_root, path=path)


def _resolve(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return root["$defs"][reference.rpartition("/")[2]]
