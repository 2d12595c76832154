"""Spans of exchanges, as a collector on this machine gets them."""

from __future__ import annotations

import builtins
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from opentelemetry.semconv.attributes import error_attributes, http_attributes, url_attributes

from mockglm.app import App
from mockglm.errors import UsageError
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings
from mockglm.serving import BackgroundServer
from mockglm.telemetry import Telemetry
from tests.cli.commands import HELLO, running
from tests.serving import Served

FILE = b"""
format: 1
interactions:
  - when: {user: hello}
    reply: {content: Hello, usage: {prompt_tokens: 5, completion_tokens: 3, total_tokens: 8}}
  - {when: {user: limited}, reply: {error: 1302}}
  - {when: {user: broken}, reply: {content: one two three, fault: {do: close, at: 2 frames}}}
"""
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
KNOWN = {
    value
    for module in (gen_ai_attributes, http_attributes, url_attributes, error_attributes)
    for value in vars(module).values()
    if isinstance(value, str)
}


class Traced(Served):
    """A server whose spans stay in memory."""

    exporter: InMemorySpanExporter

    def span(self, text: str, **body: Any) -> ReadableSpan:
        """The span of one exchange."""
        self.exporter.clear()
        with suppress(httpx.RemoteProtocolError):  # the response breaks off
            self.ask(text, **body)
        self.wait_until(lambda: bool(self.exporter.get_finished_spans()))
        (span,) = self.exporter.get_finished_spans()
        return span


@pytest.fixture(scope="module")
def traced() -> Iterator[Traced]:
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(SimpleSpanProcessor(exporter))
    sessions = Sessions(Settings(speed=0), [parse(FILE, "file.yaml")])
    background = BackgroundServer(App(sessions, log=telemetry), grace=0.2)
    background.start()
    served = Traced(background, sessions)
    served.exporter = exporter
    try:
        yield served
    finally:
        background.stop()
        telemetry.close()


def test_a_span_has_the_attributes_of_the_conventions(traced: Traced) -> None:
    span = traced.span("hello", stream=True)
    found = dict(span.attributes or {})
    assert span.name == "chat glm-4.6"
    assert found["gen_ai.operation.name"] in {
        one.value for one in gen_ai_attributes.GenAiOperationNameValues
    }
    assert found["gen_ai.request.model"] == "glm-4.6"
    assert found["gen_ai.response.finish_reasons"] == ("stop",)
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"]) == (5, 3)
    assert found["http.response.status_code"] == 200
    assert found["mockglm.source"] == "file.yaml:4"
    own = {name for name in found if name.startswith("mockglm.")}
    assert set(found) - own - KNOWN == set()
    assert span.start_time is not None
    assert span.end_time is not None
    assert span.start_time <= span.events[0].timestamp <= span.end_time
    assert span.status.is_ok or span.status.is_unset


def test_errors_have_their_code_and_broken_responses_fail(traced: Traced) -> None:
    limited = traced.span("limited")
    assert dict(limited.attributes or {})["error.type"] == "1302"
    assert limited.status.is_unset
    broken = traced.span("broken", stream=True)
    assert dict(broken.attributes or {})["mockglm.outcome"] == "cut"
    assert not broken.status.is_ok
    assert not broken.status.is_unset


class _Collector(BaseHTTPRequestHandler):
    received: list[bytes]

    def do_POST(self) -> None:
        size = int(self.headers["content-length"])
        self.received.append(self.rfile.read(size))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []
    handler = type("Collector", (_Collector,), {"received": received})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", received
        server.shutdown()
        thread.join()


def test_spans_of_a_process_reach_a_collector_in_the_trace_of_the_client(
    collector: tuple[str, list[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, received = collector
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mock-of-glm")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO, encoding="utf-8")
    with running(path, "--otel", "--log", "none") as server:
        server.ask(headers={"traceparent": f"00-{TRACE}-{PARENT}-01"})
        while not received:
            pass
        assert server.end()[0] == 0
    (message,) = map(ExportTraceServiceRequest.FromString, received)
    (resource,) = message.resource_spans
    (scope,) = resource.scope_spans
    (span,) = scope.spans
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, PARENT)
    names = {one.key: one.value.string_value for one in resource.resource.attributes}
    assert names["service.name"] == "mock-of-glm"
    assert scope.scope.name == "mockglm"


def test_a_collector_that_does_not_answer_does_not_hold_the_end_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "hello.yaml"
    path.write_text(HELLO, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        # The end of the process would take an hour.
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "3600")
        with running(path, "--otel", "--log", "none") as server:
            server.ask()
            assert server.end()[0] == 0


def test_missing_packages_are_named_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def refuse(name: str, *more: Any, **others: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return real(name, *more, **others)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(UsageError, match=r"mockglm\[otel\]"):
        Telemetry()
