"""The AsyncAPI document is fresh, names what exists, and is read by a model of AsyncAPI that is not ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema

from contracts.asyncapi import document, render_asyncapi
from contracts.registry import MESSAGES, TOPICS

DOCS = Path(__file__).parents[2] / "docs"


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def dangling(doc: dict[str, Any]) -> list[str]:
    found = []
    for reference in references(doc):
        file, _, place = reference.partition("#/")
        node: Any = doc
        for name in place.split("/") if not file else ():
            node = node.get(name) if isinstance(node, dict) else None
        if node is None or (file and not (DOCS / file).exists()):
            found.append(reference)
    return found


def test_the_document_is_fresh():
    assert (DOCS / "asyncapi.json").read_text("utf-8") == render_asyncapi(), "run `python -m contracts`"


def test_every_topic_and_message_is_in_it_and_every_reference_leads_somewhere():
    doc = document()
    assert {channel["address"] for channel in doc["channels"].values()} == {topic.name for topic in TOPICS}
    told = {name for channel in doc["channels"].values() for name in channel["messages"]}
    assert told == set(doc["components"]["messages"]) == {message.type_name() for message in MESSAGES.values()}
    assert dangling(doc) == []


def test_a_reference_that_leads_nowhere_is_found():
    doc = document()
    next(iter(doc["operations"].values()))["channel"]["$ref"] = "#/channels/nowhere"
    next(iter(doc["components"]["messages"].values()))["payload"]["schema"]["$ref"] = "../nowhere.json"
    assert len(dangling(doc)) == 2


def test_a_model_of_asyncapi_that_is_not_ours_reads_it():
    ApplicationSchema.model_validate(json.loads(render_asyncapi()))
    broken = document()
    next(iter(broken["operations"].values()))["action"] = "shout"
    with pytest.raises(ValueError, match="action"):
        ApplicationSchema.model_validate(broken)
