"""Traces: all that happens to one case is one OpenTelemetry trace, in every service, and whatever died in between.

The trace id is the id of the case (`ce_subject`), so nobody has to keep it: an alarm, a redriven record or a call of an
earlier life belongs to the same trace as the message that began it. `traceparent` in a record's headers adds which
span was the cause: its parent in the same trace, a link from another one. Imported only where traces are on.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags, set_span_in_context

from common.messages import Message
from common.records import Arrival

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
LONGEST_EXPORT_SECONDS = 10.0  # of one request and its repeats; what is not taken in time is dropped
MOST_SPANS_WAITING = 8192


def read_traceparent(header: str) -> SpanContext | None:
    """The W3C header, or None for none and for what is none."""
    found = TRACEPARENT.fullmatch(header)
    if found is None:
        return None
    context = SpanContext(
        int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16))
    )
    return context if context.is_valid else None


def traceparent_of(span: Span) -> str:
    """The header that names this span as the cause; empty where the SDK is disabled."""
    context = span.get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


class SubjectIds(RandomIdGenerator):
    """The next trace that begins is that of a case, where one is named."""

    subject: UUID | None = None

    def generate_trace_id(self) -> int:
        """The id of the case as 128 bits; random without one."""
        return super().generate_trace_id() if self.subject is None else self.subject.int


@dataclass(frozen=True, kw_only=True)
class Cause:
    """Why a span is: `traceparent` of what led to it, and spans that it stands beside."""

    traceparent: str = ""
    beside: Sequence[Span] = ()


class Traces:
    """Begins the spans of one process, and has them told to a collector over OTLP/HTTP in the background."""

    def __init__(self, *, service: str, instance: str, endpoint: str) -> None:
        """`endpoint` is the collector's base URL, as in OTEL_EXPORTER_OTLP_ENDPOINT."""
        self.ids = SubjectIds()
        resource = Resource.create(
            {"service.namespace": "quittance", "service.name": service, "service.instance.id": instance}
        )
        self.provider = TracerProvider(id_generator=self.ids, resource=resource)  # flushes when the process ends
        exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=LONGEST_EXPORT_SECONDS)
        self.provider.add_span_processor(
            BatchSpanProcessor(exporter, max_queue_size=MOST_SPANS_WAITING, schedule_delay_millis=1000)
        )
        self.tracer = self.provider.get_tracer("quittance.common")

    def begin(
        self,
        name: str,
        *,
        subject: UUID | None,
        cause: Cause,
        kind: SpanKind = SpanKind.INTERNAL,
        attributes: Mapping[str, str | int | bool] | None = None,
    ) -> Span:
        """A span in the trace of a case; in one of its own without. It is told once it is ended, never otherwise."""
        before = read_traceparent(cause.traceparent)
        is_parent = before is not None and (subject is None or before.trace_id == subject.int)
        context = set_span_in_context(NonRecordingSpan(before), Context()) if before and is_parent else Context()
        links = [Link(span.get_span_context()) for span in cause.beside]
        if before is not None and not is_parent:
            links.append(Link(before))
        self.ids.subject = subject
        return self.tracer.start_span(name, context=context, kind=kind, attributes=attributes, links=links)


def describe(arrival: Arrival, *, thing: str, is_topic: bool) -> dict[str, str | int | bool]:
    """What a span says of a message. Never what is in it: a trace leaves the house."""
    described: dict[str, str | int | bool] = {"messaging.operation.type": "process", "quittance.thing": thing}
    if message_id := arrival.headers.get("ce_id"):
        described["messaging.message.id"] = message_id
    if not is_topic:
        return described
    partition, _, offset = arrival.source_id.partition("/")
    described |= {
        "messaging.system": "kafka",
        "messaging.destination.name": arrival.source,
        "messaging.destination.partition.id": partition,
    }
    if offset.isdigit():
        described["messaging.kafka.offset"] = int(offset)
    return described


def name_of(message: Message) -> str:
    """`fold PaymentAllocated`."""
    return f"fold {type(message).__name__}"
