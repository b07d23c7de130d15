"""A collector's double: takes spans over OTLP/HTTP as protobuf, and keeps them to be looked at."""

import gzip
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

LONGEST_WAIT_SECONDS = 90


@dataclass(frozen=True, kw_only=True)
class ToldSpan:
    """A span as it came; ids in hex, `links` the trace ids that it points at."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    links: tuple[str, ...]
    attributes: Mapping[str, str | int | bool | float]
    fault: str


class Collector:
    """Listens on a free port of the loopback address from its start to its stop."""

    def __init__(self) -> None:
        self.spans: list[ToldSpan] = []
        self.bodies: list[bytes] = []  # as they came
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                is_traces = self.path == "/v1/traces" and self.headers["Content-Type"] == "application/x-protobuf"
                if is_traces:
                    collector.bodies.append(body)
                    collector.spans.extend(read_spans(body))
                self.send_response(200 if is_traces else 404)
                self.send_header("Content-Type", "application/x-protobuf")
                self.end_headers()
                self.wfile.write(ExportTraceServiceResponse().SerializeToString())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  http.server's own name
                """A test's output is its own."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def wait_for(self, wanted: Callable[["Collector"], object]) -> None:
        """Until it has what is wanted. Raises AssertionError naming the spans that it has."""
        deadline = time.monotonic() + LONGEST_WAIT_SECONDS
        while not wanted(self):
            names = sorted({f"{span.service}: {span.name}" for span in self.spans})
            assert time.monotonic() < deadline, f"the collector has only {names}"
            time.sleep(0.1)

    def of(self, trace_id: str) -> list[ToldSpan]:
        """The spans of one trace, in the order in which they were told."""
        return [span for span in list(self.spans) if span.trace_id == trace_id]


def read_spans(body: bytes) -> list[ToldSpan]:
    """The spans of one request."""
    request = ExportTraceServiceRequest.FromString(body)
    return [
        told(span, service=str(plain(next(a.value for a in group.resource.attributes if a.key == "service.name"))))
        for group in request.resource_spans
        for scope in group.scope_spans
        for span in scope.spans
    ]


def told(span: Span, *, service: str) -> ToldSpan:
    """One span, as a test compares it."""
    return ToldSpan(
        service=service,
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        links=tuple(link.trace_id.hex() for link in span.links),
        attributes={a.key: plain(a.value) for a in span.attributes},
        fault=span.status.message if span.status.code == Status.STATUS_CODE_ERROR else "",
    )


def plain(value: AnyValue) -> str | int | bool | float:
    """An attribute's value; lists and maps are not ours."""
    kind = value.WhichOneof("value")
    assert kind in {"string_value", "int_value", "bool_value", "double_value"}, f"an attribute is a {kind}"
    return getattr(value, kind)
