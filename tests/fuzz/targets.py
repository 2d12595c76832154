"""The fuzzing targets: an input each, and what must hold for it."""

from __future__ import annotations

import json
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

from mockglm import sse, surfaces, yaml_documents
from mockglm.app import App
from mockglm.convert.reader import read_foreign
from mockglm.errors import FileError, Problem, StreamError
from mockglm.exchange import Request, Response
from mockglm.redaction import Redactor
from mockglm.scenarios import parse
from mockglm.server import Sessions, Settings, dispatch, parse_route
from mockglm.serving import BackgroundServer
from tests.fuzz import inputs
from tests.serving import KEY

CHECKS_SHOWN = 300
TIMEOUT = 20.0
"""Seconds after which a connection that is closed by its client hangs."""


@dataclass(frozen=True)
class Target:
    """A reader of bytes; `check` raises AssertionError, or anything else, for a finding."""

    name: str
    about: str
    inputs: st.SearchStrategy[Any]
    check: Callable[[Any], None]


class _Errors(logging.Handler):
    """Collects the errors that a server logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(self.format(record))


@cache
def _server() -> tuple[BackgroundServer, _Errors]:
    """A server for all examples, in a thread; it ends with the process."""
    errors = _Errors()
    logging.getLogger().addHandler(errors)
    server = BackgroundServer(App(Sessions(Settings(speed=0, on_miss="improvise"))), grace=0.1)
    server.start()
    return server, errors


@cache
def _sessions() -> Sessions:
    return Sessions(Settings(speed=0, on_miss="improvise"))


def check_connection(data: bytes) -> None:
    """Whatever a client sends, it gets whole responses below 500, and the connection ends."""
    server, errors = _server()
    errors.found.clear()
    received = _exchange(server.port, data)
    assert not errors.found, errors.found[0]
    assert not received or received.startswith(b"HTTP/1.1 "), received[:CHECKS_SHOWN]
    assert b"mockglm failed" not in received, received[:CHECKS_SHOWN]
    # Bodies may repeat what the client sent, so only the first status is known to be one.
    is_failure = received[9:10] == b"5" and received[9:12] != b"503"
    assert not is_failure or inputs.SERVICE_FAILURE in received, received[:CHECKS_SHOWN]


def _exchange(port: int, data: bytes) -> bytes:
    """Send bytes and return those that come before the connection ends, by FIN or RST."""
    received = []
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            while piece := sock.recv(65536):
                received.append(piece)
        except TimeoutError:
            raise
        except OSError:
            pass
    return b"".join(received)


def check_request(given: tuple[str, str, bytes]) -> None:
    """Every request gets a response below 500 without a failure of mockglm."""
    method, path, body = given
    headers = (("authorization", f"Bearer {KEY}"), ("content-type", "application/json"))
    route = parse_route(path)
    context = dispatch(_sessions(), route, Request(method, route.tail, "", headers, body))
    response = context.response
    context.finish()
    assert response is not None
    is_failure = response.status >= 500 and inputs.SERVICE_FAILURE not in response.body
    assert not is_failure, response.body[:CHECKS_SHOWN]
    assert b"mockglm failed" not in response.body, response.body[:CHECKS_SHOWN]


def check_file(source: bytes) -> None:
    """Every file is read, or refused with the place of each mistake."""
    places = [
        (problem.line, problem.column)
        for read in (_parse, _construct, _convert)
        for problem in _problems(read, source)
    ]
    assert all(min(place) >= 1 for place in places), places


def check_stream(given: tuple[bytes, list[int]]) -> None:
    """A stream has the same events however it is divided, and is parsed or refused."""
    body, cuts = given
    reader = sse.Reader()
    bounds = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    events = [event for start, end in pairwise(bounds) for event in reader.feed(body[start:end])]
    whole, defects = sse.read(body)
    assert [(one.data, one.event, one.id) for one in events] == [
        (one.data, one.event, one.id) for one in whole
    ]
    assert tuple(reader.close()) == defects
    response = Response(200, (("Content-Type", "text/event-stream"),), ((0.0, body),))
    for surface in surfaces.SURFACES:
        with suppress(StreamError):
            surface.parse(response)


def check_redaction(body: bytes) -> None:
    """No secret is left in a body, in its JSON, or in the texts that its frames make up."""
    redactor = Redactor(inputs.SECRETS)
    clean = redactor.bytes(body)
    _assert_clean(clean.decode("utf-8", "replace"))
    assert redactor.bytes(clean) == clean
    middle = len(body) // 2
    assert b"".join(redactor.pieces([body[:middle], body[middle:]])) == clean
    for text in _texts(clean):
        _assert_clean(text)


def _assert_clean(text: str) -> None:
    for secret in (*inputs.SECRETS, inputs.SECRET.partition(".")[2]):
        assert secret not in text, text[:CHECKS_SHOWN]


def _texts(body: bytes) -> list[str]:
    """The texts in the JSON of a body or of its events."""
    found: list[str] = []
    for document in (body, *(event.data.encode() for event in sse.read(body)[0])):
        with suppress(ValueError, RecursionError):
            _collect(json.loads(document), found)
    return found


def _collect(value: Any, found: list[str]) -> None:
    if isinstance(value, str):
        found.append(value)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            _collect(item, found)


def _problems(read: Callable[[bytes], None], source: bytes) -> tuple[Problem, ...]:
    try:
        read(source)
    except FileError as error:
        return error.problems
    return ()


def _parse(source: bytes) -> None:
    parse(source, "file.yaml")


def _construct(source: bytes) -> None:
    yaml_documents.construct("file.yaml", source)


def _convert(source: bytes) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.yaml"
        path.write_bytes(source)
        read_foreign(path)


TARGETS = {
    one.name: one
    for one in (
        Target("http", "the head and framing of requests", inputs.HTTP, check_connection),
        Target("request", "requests of both surfaces", inputs.REQUESTS, check_request),
        Target("yaml", "scenarios, cassettes, foreign cassettes", inputs.YAML, check_file),
        Target("sse", "streams of events", inputs.SSE, check_stream),
        Target("redactor", "redaction of bodies", inputs.BODIES, check_redaction),
    )
}
