"""Traces of a server: a span for each exchange, exported by OTLP.

The names of attributes are those of OpenTelemetry's semantic conventions for generative AI, and of
HTTP. OpenTelemetry, the extra `mockglm[otel]`, is imported when telemetry is opened. Its own
environment variables say where spans go: OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_SERVICE_NAME and others.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mockglm._version import __version__
from mockglm.errors import UsageError
from mockglm.journal import Entry, find_usage
from mockglm.surfaces import find_surface

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

PROVIDER = "zhipu_ai"
"""The provider of the models. The conventions have no name for it; this is in their form."""

CONTEXT_HEADERS = ("traceparent", "tracestate", "baggage")

FLUSH = 2.0
"""Seconds in which the last spans are exported when the server stops."""

NANOSECONDS = 1_000_000_000

_FIRST_ERROR_STATUS = 500

Value = str | int | float | tuple[str, ...]


class Telemetry:
    """Makes a span of each finished exchange; call it with the entry, redacted for display.

    `processor` gets the spans, by default a batch of them is sent by OTLP over HTTP. Raises
    UsageError without OpenTelemetry.
    """

    def __init__(self, processor: SpanProcessor | None = None) -> None:
        try:
            from opentelemetry.trace import SpanKind, Status, StatusCode
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

            self._provider = _open_provider(processor)
        except ImportError:
            raise UsageError("--otel needs OpenTelemetry: pip install 'mockglm[otel]'") from None
        self._tracer = self._provider.get_tracer("mockglm", __version__)
        self._propagator = TraceContextTextMapPropagator()
        self._kind = SpanKind.SERVER
        self._failed = Status(StatusCode.ERROR)

    def __call__(self, entry: Entry) -> None:
        headers = entry.request.headers
        carrier = {name: value for name, value in headers if name in CONTEXT_HEADERS}
        # The clock of a session can be moved, so the span ends now.
        end = time.time_ns()
        begin = end - int((entry.total or 0.0) * NANOSECONDS)
        span = self._tracer.start_span(
            _span_name(entry),
            context=self._propagator.extract(carrier),
            kind=self._kind,
            attributes=dict(_describe(entry)),
            start_time=begin,
        )
        if entry.first is not None:
            span.add_event("first byte", timestamp=begin + int(entry.first * NANOSECONDS))
        if _has_failed(entry):
            span.set_status(self._failed)
        span.end(end)

    def close(self) -> None:
        """Export the last spans, for a bounded time."""
        # OpenTelemetry's own waits for a collector, and its retries, have bounds of their own.
        closing = threading.Thread(target=self._provider.shutdown, daemon=True)
        closing.start()
        closing.join(FLUSH)


def _open_provider(processor: SpanProcessor | None) -> TracerProvider:
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider

    if processor is None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        processor = BatchSpanProcessor(OTLPSpanExporter())
    own = Resource({SERVICE_NAME: "mockglm", "service.version": __version__})
    # Later ones take precedence: those of the environment.
    resource = own.merge(Resource.create()) if _names_service() else own
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def _names_service() -> bool:
    return "OTEL_SERVICE_NAME" in os.environ or "OTEL_RESOURCE_ATTRIBUTES" in os.environ


def _span_name(entry: Entry) -> str:
    """The operation and its model, or the method and path of a request without a model."""
    if entry.model:
        return f"{_operation(entry)} {entry.model}"
    return f"{entry.request.method} {entry.request.path}"


def _operation(entry: Entry) -> str:
    return "embeddings" if entry.request.path.endswith("/embeddings") else "chat"


def _describe(entry: Entry) -> Iterator[tuple[str, Value]]:
    """Yield the attributes of a span. Prompts and replies are not among them."""
    request, response = entry.request, entry.response
    yield "http.request.method", request.method
    yield "url.path", request.path
    yield "mockglm.surface", find_surface(request.path).name
    yield "mockglm.source", str(entry.source)
    yield "mockglm.outcome", entry.outcome
    yield "mockglm.session", entry.session
    if entry.model:
        yield "gen_ai.operation.name", _operation(entry)
        yield "gen_ai.provider.name", PROVIDER
        yield "gen_ai.request.model", entry.model
    if entry.finish:
        yield "gen_ai.response.finish_reasons", (entry.finish,)
    if entry.code:
        yield "error.type", entry.code
    if response is None:
        return
    yield "http.response.status_code", response.status
    if response.is_stream and entry.first is not None:
        yield "gen_ai.response.time_to_first_chunk", entry.first
    log_id = response.header("x-log-id")
    if log_id and entry.model:
        yield "gen_ai.response.id", log_id
    usage = find_usage(entry)
    for name, key in _USAGE.items():
        if key in usage:
            yield name, usage[key]


_USAGE = {
    "gen_ai.usage.input_tokens": "prompt",
    "gen_ai.usage.output_tokens": "completion",
    "gen_ai.usage.cache_read.input_tokens": "cached",
}


def _has_failed(entry: Entry) -> bool:
    """True for a failure of the server, and for a response that did not come to its end."""
    status = entry.response.status if entry.response else _FIRST_ERROR_STATUS
    return status >= _FIRST_ERROR_STATUS or entry.outcome != "done"
