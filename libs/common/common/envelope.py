"""CloudEvents 1.0, Kafka binding, binary mode: who said what about which case, as record headers."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

Headers = Iterable[tuple[str, bytes]]


class Envelope(NamedTuple):
    """The headers of a record, as text. `sequence` counts the events of one key on one topic, from 1."""

    id: str
    type: str
    source: str = ""
    subject: str = ""
    time: str = ""
    sequence: str = ""
    causation_id: str = ""
    traceparent: str = ""

    def to_headers(self) -> dict[str, str]:
        """Record headers; what is not counted or not traced has none for it."""
        event_id, kind, source, subject, time, sequence, causation_id, traceparent = self
        headers = {
            "ce_id": event_id,
            "ce_type": kind,
            "ce_source": source,
            "ce_subject": subject,
            "ce_time": time,
            "ce_causationid": causation_id,
            "ce_specversion": "1.0",
            "content-type": "application/json",
        }
        if sequence:
            headers["ce_sequence"] = sequence
        if traceparent:
            headers["traceparent"] = traceparent
        return headers

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Envelope":
        """Read an envelope. Raises KeyError naming the header when `ce_id` or `ce_type` is missing."""
        for name in ("ce_id", "ce_type"):
            required(headers, name)
        return cls(*[headers.get(header, "") for header in HEADERS])


HEADERS = (  # in the order of the envelope's fields
    "ce_id",
    "ce_type",
    "ce_source",
    "ce_subject",
    "ce_time",
    "ce_sequence",
    "ce_causationid",
    "traceparent",
)


def text_headers(headers: Headers) -> dict[str, str]:
    """Headers as text. The last of a repeated name counts."""
    return {name: value.decode() for name, value in headers}


def required(headers: Mapping[str, str], name: str) -> str:
    """A header that no record may lack. Raises KeyError naming it when it is missing or empty."""
    value = headers[name]
    if not value:
        raise KeyError(name)
    return value
