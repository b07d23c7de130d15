"""From raw records to messages, record by record: a bad one parks itself and never harms its neighbours."""

import base64
import dataclasses
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple
from uuid import UUID

from aiokafka import ConsumerRecord
from pydantic import ValidationError

from common.envelope import required, text_headers
from common.messages import Catalogue, Message
from common.postgres import read_id

Record = ConsumerRecord[bytes | None, bytes | None]
Parser = Callable[[Any], Awaitable[Any]]


class Arrival(NamedTuple):
    """One message on its way to its thing, with what is needed to park it or let it wait."""

    message: Message
    source: str  # a topic, `due`, `outcome`, or who submitted it
    source_id: str  # partition/offset, key/version, or the submitter's own id
    event_id: UUID | None = None  # our own messages: the inbox drops repeats by it
    foreign_id: str | None = None  # a stranger's id, unique at its source
    key: bytes | None = None
    value: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})
    recorded_at: datetime | None = None
    behind: UUID | None = None  # a bad record of this key stands before it in the same batch


@dataclass(frozen=True, kw_only=True, slots=True)
class BadRecord:
    """A record that no handler can take."""

    source: str
    source_id: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    code: str
    reason: str
    recorded_at: datetime | None = None
    thing: str | None = None
    thing_key: UUID | None = None
    event_id: UUID | None = None


def _text(value: bytes | None) -> bytes:
    try:
        return (value or b"").decode().encode()
    except UnicodeDecodeError:
        return b"base64:" + base64.b64encode(value or b"")  # reversible: the desk can restore the original


def _clean(record: Record) -> Record:
    try:
        for _, value in record.headers:
            value.decode()
    except (AttributeError, UnicodeDecodeError):  # AttributeError: the value is None
        return dataclasses.replace(record, headers=tuple((name, _text(value)) for name, value in record.headers))
    return record


async def safe_parser(message: Any, original: Parser) -> Any:
    """FastStream's parser decodes every header value, and loses the record under any policy when one is not text."""
    if isinstance(message, tuple):
        return await original(tuple(_clean(record) for record in message))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
    return await original(_clean(message))


async def keep_raw(message: Any) -> Any:
    """FastStream's decoder is passed over: records are validated one by one below."""
    return message


def read_records(
    records: Iterable[Record], *, catalogue: Catalogue, wanted: frozenset[type[Message]], prefix: str
) -> tuple[list[Arrival], list[BadRecord]]:
    """Split a batch into messages that this service takes, and bad records. Known messages that it does not take are
    passed over; the same event twice in one batch is taken once.
    """
    good: list[Arrival] = []
    bad: list[BadRecord] = []
    seen: set[object] = set()
    barred: dict[tuple[str, bytes | None], UUID] = {}
    for record in records:
        topic = record.topic.removeprefix(prefix)
        try:
            arrival = read_record(record, topic=topic, catalogue=catalogue, wanted=wanted)
        except (KeyError, ValueError) as fault:
            bad.append(bad_record(record, topic=topic, fault=fault))
            if bad[-1].thing_key is not None:
                barred[topic, record.key] = bad[-1].thing_key
            continue
        if arrival is None:
            continue
        identity = arrival.event_id or (arrival.source, arrival.foreign_id)
        if identity not in seen:
            seen.add(identity)
            behind = barred.get((topic, record.key)) if barred else None
            good.append(arrival if behind is None else arrival._replace(behind=behind))
    return good, bad


class UnreadableRecordError(ValueError):
    """A record that breaks a rule of ours; the code says which."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def read_record(
    record: Record, *, topic: str, catalogue: Catalogue, wanted: frozenset[type[Message]]
) -> Arrival | None:
    """One record as a message, or None when this service does not take its type."""
    headers = text_headers(record.headers)
    given_id, given_type = required(headers, "ce_id"), required(headers, "ce_type")
    model = catalogue.model(given_type, topic=topic)
    if model is None:
        raise UnreadableRecordError("unknown_type", f"no message {given_type!r} belongs on {topic}")
    if model not in wanted:
        return None
    if record.key is None:
        raise UnreadableRecordError("no_key", "the record has no key")
    if record.value is None:
        raise UnreadableRecordError("no_value", "the record has no value")
    if b"\\u0000" in record.value or b"\0" in record.value:
        raise UnreadableRecordError("nul", "the value holds a NUL character, which the database refuses")
    message = model.model_validate_json(record.value).received_on(topic)
    if record.key != str(message.key()).encode():
        raise UnreadableRecordError("wrong_key", f"the key is not the {model.key_field} of the message")
    known = catalogue.topic(topic)
    external = known is not None and known.owner == "partner"
    return Arrival(
        message=message,
        source=topic,
        source_id=f"{record.partition}/{record.offset}",
        event_id=None if external else read_id(given_id),
        foreign_id=f"{headers.get('ce_source', '')}|{given_id}" if external else None,
        key=record.key,
        value=record.value,
        headers=headers,
        recorded_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
    )


def why_unreadable(fault: Exception) -> tuple[str, str]:
    """Code and reason of what `read_record` raised, without any value of the record."""
    if isinstance(fault, ValidationError):
        errors = fault.errors(include_input=False)
        return "invalid", "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in errors)
    if isinstance(fault, KeyError):
        return "no_header", f"the header {fault.args[0]} is missing"
    return getattr(fault, "code", "invalid"), str(fault)


def bad_record(record: Record, *, topic: str, fault: Exception) -> BadRecord:
    """A record with the reason why nobody can take it. Never quotes the value: it may be personal."""
    code, reason = why_unreadable(fault)
    return BadRecord(
        source=topic,
        source_id=f"{record.partition}/{record.offset}",
        key=record.key,
        value=record.value,
        headers=record.headers,
        code=code,
        reason=reason,
        recorded_at=datetime.fromtimestamp(record.timestamp / 1000, UTC),
        thing_key=_uuid(record.key),
    )


def _uuid(key: bytes | None) -> UUID | None:
    try:
        return UUID((key or b"").decode())
    except ValueError:
        return None
