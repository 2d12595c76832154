"""A finished exchange is on disk whatever is in it, and replays as it was."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.cassettes import dump, writer
from mockglm.exchange import Exchange
from mockglm.recorder import outcome
from mockglm.scenarios import load
from tests.recorder.service import Call, Proxy, Service, chunk, head, recording

BODIES = {
    "lists 3,000 deep": b"[" * 3000 + b"]" * 3000,
    "objects 3,000 deep": b'{"a":' * 3000 + b"1" + b"}" * 3000,
    "a completion 3,000 deep": b'{"choices":[{"message":{"content":"x","tool_calls":'
    + b"[" * 3000
    + b"]" * 3000
    + b"}}]}",
    "an error 3,000 deep": b'{"error":{"code":"1113","message":'
    + b"[" * 3000
    + b"]" * 3000
    + b"}}",
    "lists without an end": b"[" * 100_000,
    "lone surrogates": b'{"a":"\\ud800","\\udc00":"x\\udfff"}',
    "nul": b'{"a":"\\u0000\\u0001\x7f"}',
    "raw nul": b"\0\0{}\0",
    "utf-16": '{"a":"晴"}'.encode("utf-16"),
    "gbk": '{"a":"晴"}'.encode("gbk"),
    "a byte order mark": '\ufeff{"a":1}'.encode(),
    "line breaks of unicode": '{"a":"\x85\u2028\u2029\ufffe\uffff"}'.encode(),
    "an integer of 5,000 digits": b'{"a":' + b"9" * 5000 + b"}",
    "an integer of 30 digits": b'{"a":1' + b"0" * 30 + b"}",
    "a code of 5,000 digits": b'{"error":{"code":' + b"9" * 5000 + b',"message":"x"}}',
    "a code that is a list": b'{"error":{"code":["1113"],"message":{"a":1}}}',
    "huge floats": b'{"a":1e400,"b":-0.0,"c":1e-400,"d":NaN}',
    "keys twice": b'{"a":1,"a":2}',
    "a long key": b'{"' + b"k" * 5000 + b'":1}',
    "no bytes": b"",
}
STREAMS = {
    "an event 3,000 deep": b"data: " + b"[" * 3000 + b"]" * 3000 + b"\n\ndata: [DONE]\n\n",
    "a surrogate pair in two events": b'data: {"a":"\\ud83d"}\n\ndata: {"a":"\\ude00"}\n\n',
    "events of any bytes": b"data: \0\n\ndata: \xff\n\n:\r\rdata\r\n\r\n",
}
STATUSES = (200, 401)
TARGETS = [
    "/files/%00%01%7f%c2%85",
    "/files/%f0%9f%98%80%e2%80%a8?q=%00&%ff=%e4",
    "/files/" + "x" * 5000,
    "/files?a=caf%E9&b={[|]}",
]


def answer(kind: str, body: bytes, status: int = 200) -> Callable[[Call], None]:
    content = chunk(body) if body else b""
    return lambda call: call.send(head(status, kind) + content + chunk(b""))


def notes(proxy: Proxy) -> list[tuple[str, ...]]:
    return [entry.notes for entry in proxy.sessions.get().journal]


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("name", [*BODIES, *STREAMS])
def test_exchange_of_any_content_is_recorded_and_replays(
    tmp_path: Path, name: str, status: int
) -> None:
    kind = "application/json" if name in BODIES else "text/event-stream"
    body = {**BODIES, **STREAMS}[name]
    path = tmp_path / "a.yaml"
    with Service(answer(kind, body, status)) as service, recording(service.url, path) as proxy:
        assert proxy.post(content=body).content == body
        assert notes(proxy) == [("recorded",)]
    assert [one.body for one in proxy.answers] == [body]
    with recording("http://127.0.0.1:9", path) as proxy:
        assert proxy.post(content=body).content == body


@pytest.mark.parametrize("target", TARGETS)
def test_request_of_any_target_is_recorded(tmp_path: Path, target: str) -> None:
    path = tmp_path / "a.yaml"
    with (
        Service(answer("application/json", b"{}")) as service,
        recording(service.url, path) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60) as sock,
    ):
        line = f"GET /api/paas/v4{target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        sock.sendall(line.encode("latin-1"))
        assert sock.recv(65536).startswith(b"HTTP/1.1 200 OK")
        while sock.recv(65536):
            pass
        assert notes(proxy) == [("recorded",)]
    assert len(load(path).interactions) == 1


def test_any_bytes_are_recorded_and_replay(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    parts = st.sampled_from(
        [b"[", b'{"a":', b'"', b"\\u", b"d800", b"data: ", b"\n\n", b"\r", b"\0"]
    )
    sent: list[bytes] = []

    @settings(max_examples=40, deadline=None)
    @given(st.lists(parts | st.binary(max_size=8), max_size=20).map(b"".join))
    def ask(body: bytes) -> None:
        sent.append(body)
        assert proxy.post("/files", content=body).content == body

    with (
        Service(lambda call: answer("application/json", call.body)(call)) as service,
        recording(service.url, path) as proxy,
    ):
        ask()
    assert [one.body for one in proxy.answers] == sent


def test_exchange_that_has_no_readable_form_is_recorded_as_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(exchange: Exchange) -> str:
        raise RecursionError("nested too deep")

    monkeypatch.setattr(writer, "dump", fail)
    body = '{"a": "晴"}'.encode()
    path = tmp_path / "a.yaml"
    with (
        Service(answer("application/json", body)) as service,
        recording(service.url, path) as proxy,
    ):
        assert proxy.post(content=body).content == body
        assert notes(proxy) == [("recorded", "as bytes: RecursionError: nested too deep")]
    monkeypatch.undo()
    assert path.read_text("utf-8").count("base64: ") == 2
    with recording("http://127.0.0.1:9", path) as proxy:
        assert proxy.post(content=b'{"a":"\\u6674"}').content == body


def test_exchange_that_reads_back_as_another_is_recorded_as_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "dump", lambda one: dump(one).replace("晴", "雨"))
    path = tmp_path / "a.yaml"
    with (
        Service(answer("application/json", '"晴"'.encode())) as service,
        recording(service.url, path) as proxy,
    ):
        proxy.post(content=b"{}")
        (found,) = notes(proxy)
    assert found == ("recorded", "as bytes: ValueError: the response reads back as another one")
    assert proxy.answers[0].body == '"晴"'.encode()


def test_exchange_that_cannot_be_redacted_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(exchange: Exchange, redactor: object) -> Exchange:
        raise RuntimeError("a secret")

    monkeypatch.setattr(outcome, "redact", fail)
    path = tmp_path / "a.yaml"
    with (
        Service(answer("application/json", b'{"a":1}')) as service,
        recording(service.url, path) as proxy,
    ):
        assert proxy.post(content=b'{"q":1}').content == b'{"a":1}'
        (entry,) = proxy.sessions.get().journal
    assert not path.exists()
    assert proxy.told[0] == "mockglm: not recorded: its secrets cannot be replaced (RuntimeError)"
    assert entry.notes == ("not recorded",)
    assert entry.response is not None
    assert entry.response.body == b""


def test_message_of_the_service_is_shown_in_one_short_line(tmp_path: Path) -> None:
    message = "bad\\u001b[31m key\\n" + "x" * 100_000
    body = b'{"error":{"code":"1000","message":"%b"}}' % message.encode()
    with (
        Service(answer("application/json", body, 401)) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
    ):
        proxy.post()
    assert len(proxy.told[0]) < 200
    assert proxy.told[0].isprintable()
