"""CloudEvents 1.0, Kafka binding, binary mode: who said what about which case, as record headers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Headers = Iterable[tuple[str, bytes]]


@dataclass(frozen=True, kw_only=True)
class Envelope:
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
        """Record headers; empty attributes are left out."""
        headers: dict[str, str] = {header: value for name, header in HEADERS.items() if (value := getattr(self, name))}
        headers["ce_specversion"] = "1.0"
        headers["content-type"] = "application/json"
        return headers

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Envelope":
        """Read an envelope. Raises KeyError naming the header when `ce_id` or `ce_type` is missing."""
        missing = [name for name in ("ce_id", "ce_type") if not headers.get(name)]
        if missing:
            raise KeyError(missing[0])
        return cls(**{name: headers[header] for name, header in HEADERS.items() if header in headers})


HEADERS = {
    "id": "ce_id",
    "type": "ce_type",
    "source": "ce_source",
    "subject": "ce_subject",
    "time": "ce_time",
    "sequence": "ce_sequence",
    "causation_id": "ce_causationid",
    "traceparent": "traceparent",
}


def text_headers(headers: Headers) -> dict[str, str]:
    """Headers as text. The last of a repeated name counts."""
    return {name: value.decode() for name, value in headers}
