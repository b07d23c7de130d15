"""What a message is: a frozen model with topic, key and type; and the catalogue that finds the model of a record."""

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

T = TypeVar("T", bound=BaseModel)


class Value(BaseModel):
    """A frozen part of a message. Unknown fields are ignored, so that an added field breaks no reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Message(Value):
    """What goes over a topic. Subclasses say on which topic, keyed by which field, and which case they are about."""

    topic: ClassVar[str] = "local"  # never published: from HTTP, a file, or the runner itself
    key_field: ClassVar[str] = ""
    subject_field: ClassVar[str | None] = None
    type_version: ClassVar[int] = 1

    @classmethod
    @functools.cache
    def type_name(cls) -> str:
        """`ce_type`: owner, model and version, for instance `ledger.PaymentAllocated.v1`."""
        return f"{cls.topic.split('.', 1)[0]}.{cls.__name__}.v{cls.type_version}"

    def received_on(self, topic: str) -> Self:
        """The message as it is taken from a topic (without prefix). A partner's is told apart by his topic alone."""
        del topic
        return self

    def to_json(self) -> bytes:
        """As it stands in a record's value."""
        return self.__pydantic_serializer__.to_json(self)

    def topic_name(self) -> str:
        """The topic this very message goes to (before any prefix)."""
        return self.topic

    def key(self) -> UUID:
        """Record key: what this message is ordered with."""
        value = getattr(self, self.key_field)
        assert isinstance(value, UUID), f"{type(self).__name__}.{self.key_field} is no UUID"
        return value

    def subject(self) -> UUID:
        """`ce_subject`: what this message is about."""
        value = getattr(self, self.subject_field or self.key_field)
        assert isinstance(value, UUID), f"{type(self).__name__}.{self.subject_field} is no UUID"
        return value


class Event(Message):
    """Something that happened, in the past tense with its noun. Counted per key (`ce_sequence`)."""


class Command(Message):
    """Something that another service is asked to do, in the imperative. Carries what it takes to obey."""


class Personal(Value):
    """A personal value under the key of its person. An empty `key_id` means that it is plain."""

    key_id: str = ""
    value: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Plain text."""
        return cls(value=text)

    @classmethod
    def pack(cls, part: BaseModel) -> Self:
        """A structured value, kept as JSON text, so that it can be encrypted whole."""
        return cls(value=part.model_dump_json())

    def unpack(self, model: type[T]) -> T:
        """The structured value that `pack` put in."""
        return model.model_validate_json(self.value)


@dataclass(frozen=True, kw_only=True)
class Topic:
    """A stream whose order matters."""

    name: str
    owner: str
    key: str
    partitions: int
    retention_days: int
    consumers: Sequence[str]
    description: str
    personal_data: bool
    max_message_bytes: int = 1_048_576
    external: bool = False  # a partner writes or reads it


class Catalogue:
    """All topics and message types that this program knows."""

    def __init__(self, *, topics: Iterable[Topic], messages: Iterable[type[Message]]) -> None:
        self.topics = {topic.name: topic for topic in topics}
        self.types = {message.type_name(): message for message in messages}
        self._found: dict[str, Topic] = {}  # asked for every message
        self._models: dict[tuple[str, str], type[Message]] = {}

    def topic(self, name: str) -> Topic | None:
        """The topic of this name (a partner's own included), or None. Of two patterns that fit the longer one counts:
        `partner-x-acts` is what x writes, not the topic of a partner named x-acts.
        """
        if found := self._found.get(name):
            return found
        fitting = [topic for known, topic in self.topics.items() if belongs(known, name)]
        found = max(fitting, key=lambda topic: len(topic.name), default=None)
        if found is not None:
            self._found[name] = found
        return found

    def model(self, type_name: str, *, topic: str) -> type[Message] | None:
        """The model of a record's `ce_type`, or None when the type is unknown or does not belong on this topic."""
        if found := self._models.get((type_name, topic)):
            return found
        model, known = self.types.get(type_name), self.topic(topic)
        if model is None or known is None or model.topic != known.name:
            return None
        self._models[type_name, topic] = model
        return model


def belongs(pattern: str, topic: str) -> bool:
    """Whether a topic is the one that a model names; `{partner}` in it stands for any one partner's name."""
    head, brace, tail = pattern.partition("{partner}")
    if not brace:
        return pattern == topic
    name = topic.removeprefix(head).removesuffix(tail)
    return topic == f"{head}{name}{tail}" and bool(name) and "." not in name
