"""The registry: every topic and every message, found from the modules of this package."""

from dataclasses import replace
from importlib.resources import files
from typing import Any

import yaml

from common.messages import Catalogue, Command, Event, Message, Topic
from contracts import dunning, intake, ledger, legal, notifications

MODULES = (intake, dunning, notifications, ledger, legal)


def load_topics() -> tuple[Topic, ...]:
    """The topics of `topics.yaml`."""
    rows: dict[str, dict[str, Any]] = yaml.safe_load((files("contracts") / "topics.yaml").read_text("utf-8"))
    return tuple(Topic(name=name, **row) for name, row in rows.items())


def find_messages() -> tuple[type[Message], ...]:
    """Every event and command defined here."""
    return tuple(
        thing
        for module in MODULES
        for thing in vars(module).values()
        if isinstance(thing, type) and issubclass(thing, Message) and thing not in {Event, Command, Message}
    )


TOPICS = load_topics()
MESSAGES = {message.__name__: message for message in find_messages()}
CATALOGUE = Catalogue(topics=TOPICS, messages=MESSAGES.values())


def topics_for(partners: tuple[str, ...]) -> tuple[Topic, ...]:
    """All topics with a partner's pair for each partner named."""
    plain = tuple(topic for topic in TOPICS if "{partner}" not in topic.name)
    return plain + tuple(
        replace(topic, name=topic.name.format(partner=partner))
        for topic in TOPICS
        if "{partner}" in topic.name
        for partner in partners
    )


def topics_of(service: str, partners: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The topics that a service consumes, a partner's own included for each partner named."""
    return tuple(topic.name for topic in topics_for(partners) if service in topic.consumers)
