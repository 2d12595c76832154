"""The recorder between real sockets: the bytes for the service, the client and the cassette."""

from __future__ import annotations

import json
import shutil
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.recorder import Timeouts
from mockglm.recorder.relay import NETWORK_DELAY
from mockglm.scenarios import load
from mockglm.testing.config import KEY as SHIPPED
from tests.recorder.conftest import Authority
from tests.recorder.service import KEY, Call, Service, chunk, head, recording

OTHER = "f" * 32 + ".OtherOther123456"
SIGNED = jwt.encode({"api_key": SHIPPED.partition(".")[0], "exp": 1}, "mockglmmockglm00" * 2)
FRAME = 'data: {"choices":[{"index":0,"delta":{"content":"晴"}}]}\n\n'.encode()
DONE = b"data: [DONE]\n\n"
ASKED = {"model": "glm-4.6", "messages": [{"role": "user", "content": "天气"}], "stream": True}


def stream(call: Call) -> None:
    """A short stream, to its end."""
    call.send(head() + chunk(FRAME) + chunk(DONE) + chunk(b""))


def plain(call: Call) -> None:
    """A JSON answer that says what was asked."""
    body = json.dumps({"echo": call.body.decode("latin-1")}).encode()
    lines = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    call.send(lines.encode() + b"\r\nConnection: close\r\n\r\n" + body)


def error(status: int, code: str) -> bytes:
    body = json.dumps({"error": {"code": code, "message": "…"}}).encode()
    return head(status, "application/json") + chunk(body) + chunk(b"")


def test_request_reaches_the_service_without_the_headers_of_one_connection(tmp_path: Path) -> None:
    with Service(plain) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        body = '{"model" : "glm-4.6", "x":"\\u4f60好"}'.encode()
        headers = {"X-Own": "1", "Connection": "keep-alive, X-Hop", "X-Hop": "2"}
        headers |= {"Accept-Encoding": "gzip", "Content-Type": "application/json"}
        answer = proxy.post("/files/a%20b?x=1&y=%E4%BD%A0", content=body, headers=headers)
        assert answer.status_code == 200
    (call,) = service.calls
    assert call.head.startswith("POST /api/paas/v4/files/a%20b?x=1&y=%E4%BD%A0 HTTP/1.1\r\n")
    assert call.body == body
    assert call.header("authorization") == f"Bearer {KEY}"
    assert call.header("host") == service.url.split("/")[2]
    assert call.header("x-own") == "1"
    assert call.header("x-hop") is None
    assert call.header("accept-encoding") == "identity"
    assert call.header("user-agent") == f"python-httpx/{httpx.__version__}"


@pytest.mark.parametrize(
    "credential", ["Bearer test", "test-key", f"Bearer {SHIPPED}", f"Bearer {SIGNED}", None]
)
def test_dummy_is_replaced_by_the_key_of_the_environment(
    tmp_path: Path, credential: str | None
) -> None:
    with Service(plain) as service, recording(service.url, tmp_path / "a.yaml", key=KEY) as proxy:
        headers = {"Authorization": credential} if credential else {}
        httpx.post(f"{proxy.url}/chat/completions", headers=headers, content=b"{}", trust_env=False)
    assert service.calls[0].header("authorization") == f"Bearer {KEY}"


@pytest.mark.parametrize("header", ["x-api-key", "api-key"])
@pytest.mark.parametrize(
    ("given", "sent"), [("test", KEY), (SHIPPED, KEY), (OTHER, OTHER)], ids=["dummy", "ours", "own"]
)
def test_dummy_in_a_key_header_is_replaced_and_no_authorization_is_added(
    tmp_path: Path, header: str, given: str, sent: str
) -> None:
    with Service(plain) as service, recording(service.url, tmp_path / "a.yaml", key=KEY) as proxy:
        httpx.post(f"{proxy.url}/messages", headers={header: given}, content=b"{}", trust_env=False)
    (call,) = service.calls
    assert (call.header(header), call.header("authorization")) == (sent, None)


@pytest.mark.parametrize("name", ["x-api-key", "api-key", "X-Goog-Api-Key", "Cookie"])
def test_key_in_any_header_is_recorded_nowhere(tmp_path: Path, name: str) -> None:
    secret = "sk-live-abcdef123456789"

    def echo(call: Call) -> None:
        error = json.dumps({"error": {"code": "1000", "message": f"bad key {secret}"}})
        call.send(head(401, "application/json") + chunk(error.encode()) + chunk(b""))

    path = tmp_path / "a.yaml"
    with Service(echo) as service, recording(service.url, path) as proxy:
        httpx.post(f"{proxy.url}/messages", headers={name: secret}, content=b"{}", trust_env=False)
    assert "bad key REDACTED" in path.read_text("utf-8")
    assert secret not in path.read_text("utf-8") + "".join(proxy.told)
    assert secret not in str(proxy.passed[0].exchange)


@pytest.mark.parametrize("name", ["api_key", "key", "X-API-Key", "access_token", "api%5Fkey"])
def test_key_in_a_query_reaches_only_the_service(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.yaml"
    with Service(plain) as service, recording(service.url, path) as proxy:
        asked = f"/messages?beta=true&{name}=sk%2Dlive%2Dabcdef1234&b=%E4%BD%A0"
        assert proxy.post(asked, content=b"sk-live-abcdef1234").status_code == 200
        assert proxy.post(f"/messages?{name}=short", content=b"{}").status_code == 200
    assert f"{name}=sk%2Dlive%2Dabcdef1234&b" in service.calls[0].head
    first, second = (one.request for one in load(path).interactions)
    assert first is not None
    assert second is not None
    assert first.query == f"beta=true&{name}=REDACTED&b=%E4%BD%A0"
    assert second.query == f"{name}=REDACTED"
    assert "abcdef1234" not in path.read_text("utf-8")


@pytest.mark.parametrize(
    "credential",
    [OTHER, "Bearer eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl"],
)
def test_real_key_of_the_client_is_forwarded(tmp_path: Path, credential: str) -> None:
    with Service(plain) as service, recording(service.url, tmp_path / "a.yaml", key=KEY) as proxy:
        proxy.post(headers={"Authorization": credential})
    assert service.calls[0].header("authorization") == credential


def test_any_path_below_the_base_is_recorded_and_replays(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    upload = {"file": ("a.jsonl", b"\xff\x00binary", "application/octet-stream")}
    with Service(plain) as service, recording(service.url, path) as proxy:
        first = [proxy.post("/embeddings", json={"input": "晴"}).content]
        first += [proxy.post("/files", json=None, files=upload, data={"purpose": "batch"}).content]
        with proxy.client() as client:
            first += [client.get("/async-result/1?x=2").content, client.delete("/files/1").content]
    with recording("http://127.0.0.1:9", path) as proxy:
        again = [proxy.post("/embeddings", json={"input": "晴"}).content]
        again += [proxy.post("/files", json=None, files=upload, data={"purpose": "batch"}).content]
        with proxy.client() as client:
            again += [client.get("/async-result/1?x=2").content, client.delete("/files/1").content]
    assert first == again


def test_client_has_each_piece_before_the_service_sends_the_next(
    tmp_path: Path, authority: Authority
) -> None:
    held = [threading.Event() for _ in range(5)]

    def lockstep(call: Call) -> None:
        call.send(head())
        for number, event in enumerate(held):
            call.send(chunk(b'data: {"n":%d}\n\n' % number))
            assert event.wait(60)
        call.send(chunk(DONE) + chunk(b""))

    with (
        Service(lockstep, authority.context) as service,
        recording(service.url, tmp_path / "a.yaml", ca=authority.ca) as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions") as answer,
    ):
        pieces = answer.iter_raw()
        for number, event in enumerate(held):
            assert next(pieces) == b'data: {"n":%d}\n\n' % number
            event.set()
        assert b"".join(pieces) == DONE
    assert load(tmp_path / "a.yaml").interactions[0].steps[0].response is not None


def test_pieces_are_recorded_with_their_times(tmp_path: Path, authority: Authority) -> None:
    now = [100.0]
    times = (2.0, 5.25, 5.5, 5.501, 16.0)
    held = threading.Semaphore(0)

    def slow(call: Call) -> None:
        now[0] += 1.5
        call.send(head(X_Log_Id="20261122", Set_Cookie="a=1", Date="today"))
        assert held.acquire(timeout=60)
        for number, at in enumerate(times):
            now[0] = 100 + at
            call.send(chunk(b'data: {"n":%d}\n\n' % number))
            assert held.acquire(timeout=60)
        call.send(chunk(b""))

    path = tmp_path / "a.yaml"
    with (
        Service(slow, authority.context) as service,
        recording(service.url, path, ca=authority.ca, clock=lambda: now[0]) as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions", json=ASKED) as answer,
    ):
        assert (answer.headers["set-cookie"], answer.headers["x-log-id"]) == ("a=1", "20261122")
        held.release()
        for _ in answer.iter_raw():
            held.release()
    (kept,) = proxy.answers
    assert kept.head == 1.5
    assert kept.chunks == tuple(
        (at, b'data: {"n":%d}\n\n' % number) for number, at in enumerate(times)
    )
    assert kept.headers == (
        ("Content-Type", "text/event-stream;charset=UTF-8"),
        ("X-Log-Id", "20261122"),
    )
    assert "    events: |\n" in proxy.path.read_text("utf-8")
    with recording(service.url, path, speed=128) as proxy:
        proxy.post(json=ASKED)
        (entry,) = proxy.sessions.get().journal
    assert entry.response is not None
    assert entry.response.chunks == tuple((at / 128, piece) for at, piece in kept.chunks)


def test_frame_divided_by_the_network_is_one_piece(tmp_path: Path) -> None:
    def cut(call: Call) -> None:
        call.send(head() + chunk(FRAME[:20]) + chunk(FRAME[20:]) + chunk(DONE) + chunk(b""))

    path = tmp_path / "a.yaml"
    with Service(cut) as service, recording(service.url, path, clock=lambda: 100.0) as proxy:
        assert proxy.post(json=ASKED).content == FRAME + DONE
    assert proxy.answers[0].body == FRAME + DONE
    assert proxy.answers[0].chunks == ((0.0, FRAME + DONE),)
    assert "    events: |\n" in proxy.path.read_text("utf-8")


def test_frame_divided_by_the_service_is_two_pieces(tmp_path: Path) -> None:
    now = [100.0]
    arrived = threading.Event()

    def cut(call: Call) -> None:
        call.send(head() + chunk(FRAME[:60]))
        assert arrived.wait(60)
        now[0] += NETWORK_DELAY * 2
        call.send(chunk(FRAME[60:] + DONE) + chunk(b""))

    with (
        Service(cut) as service,
        recording(service.url, tmp_path / "a.yaml", clock=lambda: now[0]) as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions", json=ASKED) as answer,
    ):
        pieces = answer.iter_raw()
        assert next(pieces) == FRAME[:60]
        arrived.set()
        assert b"".join(pieces) == FRAME[60:] + DONE
    assert [piece for _, piece in proxy.answers[0].chunks] == [FRAME[:60], FRAME[60:] + DONE]


def test_any_bytes_reach_the_client_and_the_cassette(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    kinds = st.sampled_from(["text/event-stream", "application/octet-stream"])
    sent: dict[int, tuple[str, list[bytes]]] = {}

    def request(number: int) -> dict[str, object]:
        # The form of the answer is the one that is wanted, for else a replay converts it.
        return {"n": number, "stream": sent[number][0] == "text/event-stream"}

    def send(call: Call) -> None:
        kind, pieces = sent[json.loads(call.body)["n"]]
        call.send(head(kind=kind) + b"".join(map(chunk, pieces)) + chunk(b""))

    @settings(max_examples=50, deadline=None)
    @given(kinds, st.lists(st.binary(min_size=1, max_size=50), max_size=5))
    def ask(kind: str, pieces: list[bytes]) -> None:
        sent[len(sent)] = kind, pieces
        assert proxy.post(json=request(len(sent) - 1)).content == b"".join(pieces)

    with Service(send) as service, recording(service.url, path) as proxy:
        ask()
    with recording(service.url, path) as proxy:
        for number, (_, pieces) in sent.items():
            assert proxy.post(json=request(number)).content == b"".join(pieces)


def test_connection_to_the_service_is_closed_when_the_client_leaves(tmp_path: Path) -> None:
    left = threading.Event()

    def endless(call: Call) -> None:
        call.send(head() + chunk(FRAME))
        if call.wait_gone():
            left.set()

    with Service(endless) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        with proxy.client() as client, client.stream("POST", "/chat/completions") as answer:
            assert next(answer.iter_raw()) == FRAME
        assert left.wait(60)
    (kept,) = proxy.answers
    assert (kept.body, kept.end) == (FRAME, "close")


def test_connection_to_the_service_is_closed_when_the_client_leaves_before_the_response(
    tmp_path: Path,
) -> None:
    left, asked = threading.Event(), threading.Event()

    def silent(call: Call) -> None:
        asked.set()
        if call.wait_gone():
            left.set()

    with Service(silent) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        with socket.create_connection(("127.0.0.1", proxy.port)) as sock:
            sock.sendall(b"POST /api/paas/v4/chat/completions HTTP/1.1\r\nHost: a\r\n\r\n")
            assert asked.wait(60)
        assert left.wait(60)
    assert not proxy.path.exists()
    assert proxy.told == []


def test_rest_of_a_response_is_read_when_the_client_leaves_at_its_end(tmp_path: Path) -> None:
    gone = threading.Event()

    def send(call: Call) -> None:
        call.send(head() + chunk(FRAME) + chunk(DONE))
        assert gone.wait(60)
        call.send(chunk(b": after\n\n") + chunk(b""))

    with Service(send) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        with proxy.client() as client, client.stream("POST", "/chat/completions") as answer:
            body = b""
            for piece in answer.iter_raw():
                body += piece
                if body.endswith(DONE):
                    break
        gone.set()
    (kept,) = proxy.answers
    assert (kept.body, kept.end) == (FRAME + DONE + b": after\n\n", "done")


@pytest.mark.parametrize(("how", "end"), [("reset", "reset"), ("close", "close"), ("hang", "hang")])
def test_response_that_breaks_off_breaks_off_for_the_client_and_is_marked(
    tmp_path: Path, how: str, end: str
) -> None:
    def break_off(call: Call) -> None:
        call.send(head() + chunk(FRAME))
        if how == "hang":
            call.wait_gone()
        elif how == "reset":
            assert held.wait(60)
            call.reset()

    held = threading.Event()
    timeouts = Timeouts(idle=0.2 if how == "hang" else 60)
    path = tmp_path / "a.yaml"
    with (
        Service(break_off) as service,
        recording(service.url, path, timeouts=timeouts) as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions") as answer,
    ):
        pieces = answer.iter_raw()
        assert next(pieces) == FRAME
        held.set()
        with pytest.raises(httpx.ReadError if how == "reset" else httpx.RemoteProtocolError):
            next(pieces)
    (kept,) = proxy.answers
    assert (kept.body, kept.end) == (FRAME, end)
    assert f"    cut: {'true' if end == 'close' else end}\n" in path.read_text("utf-8")


def test_first_byte_may_take_longer_than_a_pause(tmp_path: Path) -> None:
    pause = threading.Event()

    def think(call: Call) -> None:
        pause.wait(0.3)
        call.send(head() + chunk(DONE) + chunk(b""))

    timeouts = Timeouts(first=5, idle=0.1)
    path = tmp_path / "a.yaml"
    with Service(think) as service, recording(service.url, path, timeouts=timeouts) as proxy:
        assert proxy.post().content == DONE


def test_missing_service_is_reported_and_not_recorded(tmp_path: Path) -> None:
    with recording("http://127.0.0.1:9/api/paas/v4", tmp_path / "a.yaml") as proxy:
        answer = proxy.post()
    assert answer.status_code == 502
    assert answer.headers["x-mockglm-miss"] == "1"
    error = answer.json()["error"]
    assert error["code"] == "502"
    assert error["message"].startswith(
        "mockglm: http://127.0.0.1:9/api/paas/v4 did not answer: ConnectError"
    )
    assert proxy.told[0] == error["message"]
    assert list(tmp_path.iterdir()) == []


def test_untrusted_certificate_is_refused(tmp_path: Path, authority: Authority) -> None:
    with (
        Service(stream, authority.context) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
    ):
        answer = proxy.post()
    assert answer.status_code == 502
    assert "CERTIFICATE_VERIFY_FAILED" in answer.text


def test_redirect_is_forwarded_and_not_followed(tmp_path: Path) -> None:
    def redirect(call: Call) -> None:
        call.send(head(302, "text/html", Location="http://127.0.0.1:9/") + chunk(b""))

    with Service(redirect) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        answer = proxy.post()
    assert (answer.status_code, answer.headers["location"]) == (302, "http://127.0.0.1:9/")


def test_content_coding_is_undone(tmp_path: Path) -> None:
    import gzip

    def coded(call: Call) -> None:
        packed = gzip.compress(b'{"a":1}')
        call.send(
            head(200, "application/json", Content_Encoding="gzip") + chunk(packed) + chunk(b"")
        )

    with Service(coded) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        answer = proxy.post()
    assert answer.content == b'{"a":1}'
    assert "content-encoding" not in answer.headers
    assert proxy.answers[0].body == b'{"a":1}'


def test_unknown_content_coding_is_forwarded_and_not_recorded(
    tmp_path: Path,
) -> None:
    def coded(call: Call) -> None:
        call.send(head(Content_Encoding="zstd-42") + chunk(b"\x0b\x02\x80abc") + chunk(b""))

    with (
        Service(coded) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
        proxy.client() as client,
        client.stream("POST", "/chat/completions", json=ASKED) as answer,
    ):
        assert answer.headers["content-encoding"] == "zstd-42"
        assert b"".join(answer.iter_raw()) == b"\x0b\x02\x80abc"
    assert proxy.told[0] == (
        "mockglm: not recorded: the response is zstd-42-encoded, though it was asked not to be"
    )
    assert not proxy.path.exists()


def test_status_outside_of_http_is_reported_and_not_recorded(tmp_path: Path) -> None:
    with (
        Service(lambda call: call.send(head(999) + chunk(b"{}") + chunk(b""))) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
    ):
        assert proxy.post().status_code == 502
    assert proxy.told[0].endswith("RemoteProtocolError: 999 is no status of HTTP")
    assert not proxy.path.exists()


@pytest.mark.parametrize(
    ("status", "code", "credential", "advice"),
    [
        (401, "401", KEY, "is the key right and not expired?"),
        (401, "1003", KEY, "is the key right and not expired?"),
        (401, "1001", "sk-test", "the key has not the form of the service's keys: 32 hex"),
        (429, "1113", KEY, "the account has no balance"),
        (404, "", KEY, "is the base URL right?"),
    ],
)
def test_error_of_the_service_is_printed_each_time_with_one_hint(
    tmp_path: Path, status: int, code: str, credential: str, advice: str
) -> None:
    with (
        Service(lambda call: call.send(error(status, code))) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
    ):
        for _ in range(2):
            proxy.post(headers={"Authorization": f"Bearer {credential}"})
    first, hint, second = proxy.told
    assert first == second == f"mockglm: the service answers {status} {code} …"
    assert hint.strip().startswith(advice)
    assert [answer.status for answer in proxy.answers] == [status, status]


def test_exchanges_of_fifty_clients_are_whole_and_separate(tmp_path: Path) -> None:
    def echo(call: Call) -> None:
        asked = json.loads(call.body)["messages"][0]["content"]
        call.send(head())
        for number in range(10):
            call.send(chunk(b'data: {"of":"%b","n":%d}\n\n' % (asked.encode(), number)))
        call.send(chunk(DONE) + chunk(b""))

    def ask(number: int) -> bytes:
        message = {"role": "user", "content": f"{number}号"}
        return proxy.post(json={"model": "glm-4.6", "messages": [message], "stream": True}).content

    with (
        Service(echo) as service,
        recording(service.url, tmp_path / "a.yaml") as proxy,
        ThreadPoolExecutor(50) as pool,
    ):
        bodies = list(pool.map(ask, range(50)))
    recorded = {}
    for interaction in load(proxy.path).interactions:
        assert interaction.request is not None
        assert interaction.steps[0].response is not None
        asked = json.loads(interaction.request.body)["messages"][0]["content"]
        recorded[asked] = interaction.steps[0].response.body
    assert recorded == {f"{number}号": bodies[number] for number in range(50)}
    assert all(
        body.count(f'"of":"{number}号"'.encode()) == 10 for number, body in enumerate(bodies)
    )


def test_exchange_is_on_disk_before_the_next_begins(tmp_path: Path) -> None:
    counts: list[int] = []

    def look(call: Call) -> None:
        counts.append(len(load(path).interactions) if path.exists() else 0)
        stream(call)

    path = tmp_path / "a.yaml"
    with (
        Service(look) as service,
        recording(service.url, path) as proxy,
        proxy.client() as client,
    ):
        for _ in range(10):
            with client.stream("POST", "/chat/completions", json=ASKED) as answer:
                for _ in answer.iter_raw():
                    pass
    assert counts == list(range(10))


def test_failed_write_is_reported_and_the_client_has_the_response(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "cassettes"
    folder.mkdir()
    with Service(stream) as service, recording(service.url, folder / "a.yaml") as proxy:
        shutil.rmtree(folder)
        assert proxy.post().content == FRAME + DONE
        assert proxy.told[0].startswith(f"mockglm: not recorded: {folder / 'a.yaml'}: ")
        assert [entry.notes for entry in proxy.sessions.get().journal] == [("not recorded",)]


def test_journal_has_the_response_of_the_service(tmp_path: Path) -> None:
    finish = b'data: {"id":"1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'

    def send(call: Call) -> None:
        call.send(head() + chunk(FRAME) + chunk(finish) + chunk(DONE) + chunk(b""))

    with Service(send) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        proxy.post(json=ASKED)
        (entry,) = proxy.sessions.get().journal
    assert (entry.source, entry.model, entry.finish) == ("upstream", "glm-4.6", "stop")
    assert (entry.outcome, entry.notes, entry.frames) == ("done", ("recorded",), 3)
    assert entry.response is not None
    assert entry.response.body == FRAME + finish + DONE


def test_proxy_of_the_environment_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Service(stream) as service,
        recording("http://127.0.0.1:9/v4", tmp_path / "a.yaml") as proxy,
    ):
        monkeypatch.setenv("http_proxy", service.url.removesuffix("/api/paas/v4"))
        monkeypatch.delenv("no_proxy", raising=False)
        assert proxy.post().content == FRAME + DONE
    assert service.calls[0].head.startswith("POST http://127.0.0.1:9/v4/chat/completions HTTP/1.1")


def test_canary_is_in_no_file_journal_or_message(tmp_path: Path) -> None:
    token = "eyJhbGciOiJIUzI1NiJ9.eyJhcGlfa2V5IjoiMDEyMzQ1Njc4OWFiY2RlZiJ9.Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"
    frames = b"".join(
        b'data: {"content":"%b"}\n\n' % part.encode() for part in (KEY[:40], KEY[40:])
    )
    leak = frames + b"data: " + KEY.encode() + b"\n\ndata: " + token.encode() + b"\n\n"

    def send(call: Call) -> None:
        if b"fail" in call.body:
            call.send(head(401, "application/json", X_Log_Id=KEY))
            call.send(chunk(b'{"error":{"code":"401","message":"%b"}}' % KEY.encode()) + chunk(b""))
            return
        call.send(head(Set_Cookie=KEY, X_Log_Id=token))
        for start in range(0, len(leak), 7):
            call.send(chunk(leak[start : start + 7]))
        call.send(chunk(b""))

    with Service(send) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        for credential in (KEY, token):
            headers = {"Authorization": f"Bearer {credential}", "X-Other": KEY, "Cookie": token}
            said = {"messages": [{"role": "user", "content": f"{KEY} {token}"}]}
            answer = proxy.post(f"/chat/completions?key={KEY}", json=said, headers=headers)
            assert KEY in answer.text
            proxy.post(json={"fail": KEY}, headers=headers)
        journal = repr([*proxy.sessions.get().journal])
    text = proxy.path.read_text("utf-8")
    for place in (text, journal, "\n".join(proxy.told)):
        assert "Canary" not in place
        assert "Q2FuYXJ5" not in place


def test_request_with_a_key_in_it_replays(tmp_path: Path) -> None:
    said = {"messages": [{"role": "user", "content": f"my key is {KEY}"}], "stream": True}
    with Service(stream) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        proxy.post(json=said)
    with recording(service.url, tmp_path / "a.yaml") as proxy:
        assert proxy.post(json=said).content == FRAME + DONE
    assert len(service.calls) == 1
