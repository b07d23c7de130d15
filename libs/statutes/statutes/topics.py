"""The register of questions: a topic is a function, declared once, with the rules it applies."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from statutes.errors import UnknownTopic

Answer = TypeVar("Answer", bound=Callable[..., object])


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A question to the law: its name, the ids of the rules that answer it, and the function that does."""

    name: str
    rules: tuple[str, ...]
    answer: Callable[..., Any]


_topics: dict[str, Topic] = {}
_citations: dict[str, list[str]] = {}


def topic(name: str, *, rules: tuple[str, ...]) -> Callable[[Answer], Answer]:
    """Register the decorated keyword-only function as the answer to the topic `name`.

    Its parameters are the inputs, its defaults theirs, the fields of the dataclass that it returns the result.
    """

    def register(answer: Answer) -> Answer:
        assert name not in _topics, f"two functions answer {name}"
        _topics[name] = Topic(name=name, rules=rules, answer=answer)
        cites(*rules, by=name)
        return answer

    return register


def cites(*rules: str, by: str) -> None:
    """Note that the code named `by` applies these rules, where no topic says it."""
    for rule in rules:
        _citations.setdefault(rule, []).append(by)


def all_topics() -> dict[str, Topic]:
    """Every topic of both countries."""
    for country in ("statutes.nl", "statutes.be", "statutes.references", "statutes.rates"):
        importlib.import_module(country)
    return dict(_topics)


def citations() -> dict[str, tuple[str, ...]]:
    """Rule id to the topics and modules that apply it."""
    all_topics()
    return {rule: tuple(by) for rule, by in sorted(_citations.items())}


def topic_named(name: object) -> Topic:
    """The topic of that name.

    Raises `UnknownTopic`.
    """
    found = all_topics().get(name) if isinstance(name, str) else None
    if found is None:
        raise UnknownTopic(f"no topic is called {name!r}")
    return found
