"""The chat requests that two dozen clients were seen to send are answered, sent again as they were.

They are read where GLM_CLIENTS says: a folder of JSON files, each with a list `requests` of objects
with `method`, `target`, `headers`, `body` and the body's size as `raw_len`.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from functools import cache
from http.client import HTTPResponse
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from mockglm import sse
from mockglm.completions import ParsedReply, parse_json, parse_stream
from tests.serving import Served, serving

CLIENTS = os.environ.get("GLM_CLIENTS", "")
CHAT = "/api/paas/v4/chat/completions"
BEFORE = 1_795_305_600
"""The day the JWTs among them were made, in unix seconds: they are good for minutes."""

WAYS = tuple(
    json.JSONEncoder(ensure_ascii=is_ascii, separators=separators)
    for is_ascii in (False, True)
    for separators in ((",", ":"), (", ", ": "))
)
"""How clients write JSON."""

pytestmark = pytest.mark.skipif(not CLIENTS, reason="GLM_CLIENTS is not set")


@cache
def captured() -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """The chat requests of each client and mode, in order."""
    found = {}
    for path in sorted(Path(CLIENTS).rglob("*.json")):
        sent = json.loads(path.read_text("utf-8"))["requests"]
        chats = tuple(one for one in sent if one["target"] == CHAT)
        if chats:
            found[path.stem] = chats
    return found


def encoded(request: Mapping[str, Any]) -> bytes:
    """The body as it was sent, which its size tells."""
    texts = (way.encode(request["body"]).encode() for way in WAYS)
    return next(text for text in texts if len(text) == request["raw_len"])


def send(request: Mapping[str, Any], served: Served) -> tuple[int, bytes]:
    """Send a request again over a socket of its own: status and body of the answer."""
    lines = [f"{request['method']} {request['target']} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in request["headers"]]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    with socket.create_connection(("127.0.0.1", served.background.port), timeout=60) as sock:
        sock.sendall(head + encoded(request))
        answer = HTTPResponse(sock)
        answer.begin()
        return answer.status, answer.read()


def understood(request: Mapping[str, Any], body: bytes) -> ParsedReply:
    """What an answer of the request's mode says."""
    if not request["body"].get("stream"):
        assert list(json.loads(body))[:2] == ["choices", "created"]
        return parse_json(body)
    events, defects = sse.read(body)
    assert (events[-1].data, defects) == ("[DONE]", ())
    return parse_stream(body)


def drops_calls(request: Mapping[str, Any]) -> bool:
    """Whether a tool message follows an assistant that called nothing."""
    pairs = pairwise(request["body"]["messages"])
    return any(b["role"] == "tool" and not a.get("tool_calls") for a, b in pairs)


def every(*, dropping: bool) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for name, requests in captured().items():
        for request in requests:
            if drops_calls(request) == dropping:
                yield name, request


@pytest.fixture
def served() -> Iterator[Served]:
    """A server with no file, its clock where the JWTs are good."""
    with serving() as one:
        clock = one.session().clock
        clock.advance(BEFORE - clock.now())
        yield one


def test_there_is_a_request_of_each_client_and_mode() -> None:
    assert len(captured()) == 115


def test_requests_of_real_clients_are_answered(served: Served) -> None:
    modes = set()
    for name, request in every(dropping=False):
        status, body = send(request, served)
        assert status == 200, (name, body)
        reply = understood(request, body).reply
        assert reply.finish_reason in ("stop", "tool_calls", "length"), name
        assert reply.content or reply.calls, name
        assert reply.usage, name
        modes.add(bool(request["body"].get("stream")))
    assert modes == {False, True}
    assert {entry.source for entry in served.session().journal} == {"improvised"}


def test_a_request_with_tools_is_answered_by_a_call_and_its_result_by_text(
    served: Served,
) -> None:
    for name, request in every(dropping=False):
        messages = request["body"]["messages"]
        if not request["body"].get("tools") or "天气" not in str(messages[-1]["content"]):
            continue
        reply = understood(request, send(request, served)[1]).reply
        assert [call.name for call in reply.calls] == ["get_weather"], name
        assert json.loads(reply.calls[0].arguments)["city"] == "北京", name


def test_loops_that_drop_calls_are_answered_as_reported(served: Served) -> None:
    """ChatZhipuAI keeps content "\\n" of a plain answer, which passes, and "" of a stream."""
    (plain, passed), (streamed, refused) = (
        (name, send(request, served)) for name, request in every(dropping=True)
    )
    assert (plain.endswith("-loop"), streamed.endswith("-stream_loop")) == (True, True)
    assert (passed[0], refused[0]) == (200, 400)
    message = "messages[1]:content和tool_calls 字段不能同时为空"
    assert json.loads(refused[1]) == {"error": {"code": "1214", "message": message}}
    assert "result-without-call" in next(iter(served.session().journal)).waived
