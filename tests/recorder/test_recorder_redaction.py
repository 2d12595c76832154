"""Canaries in all spellings pass a real recorder, and are in nothing that is kept."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockglm.cli.log import LOGS, LogWriter, format_line
from mockglm.journal import Entry
from mockglm.redaction import MAX_LEARNED
from mockglm.scenarios import load
from tests.recorder.service import Call, Proxy, Service, chunk, head, recording

KEY = "89abcdef0123456789abcdef01234567.PropertyCanary12"
OPAQUE = "sk-canary/Zx+81pQ77~live"
COOKIE = "session-canary-0123456789"


def answer(body: bytes, kind: str = "application/json", **headers: str) -> bytes:
    return head(200, kind, **headers) + chunk(body) + chunk(b"")


@dataclass
class Recorded:
    """A recorder, its service, and all that it wrote or said since the last look."""

    proxy: Proxy
    client: httpx.Client
    logged: list[Entry]
    _read: int = 0
    _told: int = 0
    _seen: int = 0

    def news(self) -> Iterator[str]:
        """The new text in the file, the journal, the log and the errors."""
        text = self.proxy.path.read_text("utf-8") if self.proxy.path.exists() else ""
        yield text[self._read :]
        yield from self.proxy.told[self._told :]
        control = f"{self.proxy.url.partition('/api')[0]}/__mockglm__/journal"
        asked = self.proxy.sessions.get().requests
        for number in range(self._seen + 1, asked + 1):
            entry = self.client.get(f"{control}/{number}").json()
            yield json.dumps(entry, ensure_ascii=False)
            yield from joined("".join(piece for _, piece in entry["answer"]["pieces"]))
        yield self.client.get(control, params={"limit": 1}).text
        yield from map(format_line, self.logged)
        self.logged.clear()
        self._read, self._told, self._seen = len(text), len(self.proxy.told), asked


def joined(body: str) -> Iterator[str]:
    """The texts of a stream by choice and by call, put together as an SDK does it."""
    texts: dict[tuple[object, ...], str] = {}
    for data in re.findall(r"^data: (\{.*\})", body, re.MULTILINE):
        for choice in json.loads(data).get("choices", ()):
            for name, value in choice["delta"].items():
                if isinstance(value, str):
                    at: tuple[object, ...] = (choice["index"], name)
                    texts[at] = texts.get(at, "") + value
                    continue
                for call in value:
                    at = (choice["index"], call["index"])
                    texts[at] = texts.get(at, "") + call["function"]["arguments"]
    yield from texts.values()


def spoken(text: str) -> Iterator[str]:
    """All that a text may be read as."""
    for _ in range(4):
        yield text
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda unit: chr(int(unit[1], 16)), text)
        text = unquote(re.sub(r"\\+/", "/", text))


def has_canary(text: str) -> bool:
    secrets = (KEY.partition(".")[2], OPAQUE, COOKIE)
    coded = [
        code(bytes(shift) + secret.encode()).decode()[4:-4]
        for secret in secrets
        for shift in range(3)
        for code in (b64encode, urlsafe_b64encode)
    ]
    return any(form in said for said in spoken(text) for form in (*secrets, *coded))


def escape(letter: str) -> str:
    return f"\\u{ord(letter):04x}"


def in_json(secret: str, draw: st.DataObject) -> str:
    """A secret as the inside of a literal, in which any letter may be escaped."""
    ways: list[Callable[[str], str]] = [str, escape, lambda one: {"/": "\\/"}.get(one, one)]
    chosen = [draw.draw(st.sampled_from(ways)) for _ in secret]
    return "".join(way(letter) for way, letter in zip(chosen, secret, strict=True))


def in_percents(secret: str, draw: st.DataObject) -> str:
    escaped = draw.draw(st.lists(st.booleans(), min_size=len(secret), max_size=len(secret)))
    pairs = zip(secret, escaped, strict=True)
    return "".join(f"%{ord(one):02x}" if is_odd or one in "/+" else one for one, is_odd in pairs)


def in_base64(secret: str, draw: st.DataObject) -> str:
    before = draw.draw(st.binary(max_size=5))
    code = draw.draw(st.sampled_from([b64encode, urlsafe_b64encode]))
    return code(before + secret.encode() + b"--").decode()


def carrier(secret: str, draw: st.DataObject) -> tuple[dict[str, str], str]:
    """The headers and the query that make a secret known."""
    headers = [
        {"Authorization": f"Bearer {secret}"},
        {"Authorization": f"Token {secret}"},
        {"Authorization": secret},
        {"x-api-key": secret},
        {"X-Auth-Token": secret},
        {"Cookie": f"lang=zh; sid={secret}"},
    ]
    names = ["api_key", "auth", "secret", "key[]", "access_token"]
    if draw.draw(st.booleans()):
        return draw.draw(st.sampled_from(headers)), ""
    name = draw.draw(st.sampled_from(names))
    before = draw.draw(st.sampled_from(["", "a=1&", "a=1;"]))
    return {"Authorization": "Bearer not-needed"}, f"{before}{name}={in_percents(secret, draw)}"


def stream(secret: str, draw: st.DataObject) -> bytes:
    """A stream that says the secret in turns, cut anywhere, in every choice or call."""
    cuts = sorted(draw.draw(st.sets(st.integers(1, len(secret) - 1), max_size=8)))
    bounds = [0, *cuts, len(secret)]
    blank = draw.draw(st.sampled_from([(",", ":"), (", ", " : ")]))
    name = draw.draw(st.sampled_from(["content", "reasoning_content", "name", "tool_calls"]))
    count = draw.draw(st.integers(1, 3))
    frames = []
    for start, end in pairwise(bounds):
        for number in range(count):
            call = {"index": number, "function": {"arguments": secret[start:end]}}
            value: Any = [call] if name == "tool_calls" else secret[start:end]
            index = 0 if name == "tool_calls" else number
            choice = {"index": index, "delta": {name: value}}
            frames.append(json.dumps({"choices": [choice]}, separators=blank))
    return b"".join(b"data: %b\n\n" % frame.encode() for frame in frames) + b"data: [DONE]\n\n"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    """A recorder whose service answers what a request's `answer` says."""

    def reply(call: Call) -> None:
        wanted = json.loads(call.header("x-answer") or "{}")
        text = wanted.get("text", "{}").encode()
        call.send(answer(text, wanted.get("kind", "application/json"), **wanted.get("headers", {})))

    logged: list[Entry] = []
    path = tmp_path_factory.mktemp("redaction") / "a.yaml"
    with (
        Service(reply) as service,
        recording(service.url, path, mode="new", log=logged.append) as proxy,
        httpx.Client(trust_env=False, timeout=60) as client,
    ):
        yield Recorded(proxy, client, logged)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(draw=st.data())
def test_canary_in_any_spelling_is_in_no_file_journal_or_log(
    recorded: Recorded, draw: st.DataObject
) -> None:
    secret = draw.draw(st.sampled_from([KEY, OPAQUE]))
    headers, query = carrier(secret, draw)
    spelled = draw.draw(st.sampled_from([in_json, in_percents, in_base64]))
    inside = spelled(secret, draw)
    nested = json.dumps(json.dumps({"key": "@"}))[1:-1].replace("@", inside.replace("\\", "\\\\"))
    body = draw.draw(
        st.sampled_from(
            [
                f'{{"messages":[{{"role":"user","content":"it is {inside}."}}]}}',
                f'{{"messages":[{{"role":"user","content":[{{"type":"text","text":"{inside}"}}]}}]}}',
                f'{{"tool_calls":[{{"function":{{"arguments":"{nested}"}}}}]}}',
                f'{{"{inside}":1}}',
                f'{{"model":"{inside}","messages":[]}}',
                f"it is no JSON: {inside}",
            ]
        )
    )
    said = stream(secret, draw) if draw.draw(st.booleans()) else body.encode()
    kind = "text/event-stream" if said.startswith(b"data:") else "application/json"
    wanted = {"text": said.decode(), "kind": kind}
    headers |= {"x-answer": json.dumps(wanted), "x-note": in_percents(secret, draw)}
    path = draw.draw(st.sampled_from(["/chat/completions", f"/files/{in_percents(secret, draw)}"]))
    url = f"{recorded.proxy.url}{path}" + (f"?{query}" if query else "")
    told = recorded.client.post(url, content=body.encode(), headers=headers)
    assert told.content == said
    for text in recorded.news():
        assert not has_canary(text), text
    for interaction in load(recorded.proxy.path).interactions[-1:]:
        response = interaction.steps[0].response
        assert response is not None
        for text in joined(response.body.decode()):
            assert not has_canary(text), text


def test_key_in_the_name_of_a_header_is_recorded_nowhere(tmp_path: Path) -> None:
    def reply(call: Call) -> None:
        call.send(answer(b"{}", **{f"X-RateLimit-{KEY}": "9"}))

    with Service(reply) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        answered = proxy.post(headers={f"X-{KEY}": "1"})
        assert answered.headers[f"X-RateLimit-{KEY}"] == "9"
        journal = repr([*proxy.sessions.get().journal]).lower()
    assert "X-RateLimit-REDACTED" in proxy.path.read_text("utf-8")
    assert "canary" not in proxy.path.read_text("utf-8").lower() + journal


def test_cookie_of_the_service_is_redacted_in_its_own_response(tmp_path: Path) -> None:
    def reply(call: Call) -> None:
        call.send(answer(b'{"session":"%b"}' % COOKIE.encode(), Set_Cookie=f"sid={COOKIE}; Path=/"))

    with Service(reply) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        assert COOKIE in proxy.post().text
        journal = repr([*proxy.sessions.get().journal])
    written = proxy.path.read_text("utf-8")
    # A head that came before the body leaves the body as text.
    assert re.search(r'session"?: ?"?REDACTED', written)
    assert COOKIE not in written + journal


def test_key_is_known_until_its_exchange_ends(tmp_path: Path) -> None:
    def reply(call: Call) -> None:
        for number in range(MAX_LEARNED + 5):
            proxy.redactor.learn(f"the-key-of-another-{number}")
        call.send(head(401, "application/json"))
        call.send(chunk(b'{"error":{"code":"1000","message":"bad key %b"}}' % OPAQUE.encode()))
        call.send(chunk(b""))

    with Service(reply) as service, recording(service.url, tmp_path / "a.yaml") as proxy:
        assert OPAQUE in proxy.post(headers={"Authorization": f"Bearer {OPAQUE}"}).text
    said = proxy.path.read_text("utf-8") + "".join(proxy.told)
    assert "bad key REDACTED" in said
    assert OPAQUE not in said


@pytest.mark.parametrize("log", ["text", "json"])
def test_key_in_a_model_or_a_note_is_not_logged(
    log: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def reply(call: Call) -> None:
        call.send(answer(b"{}"))

    render = LOGS[log]
    assert render is not None
    path, writer = tmp_path / "a.yaml", LogWriter(render)
    with Service(reply) as service, recording(service.url, path, log=writer) as proxy:
        headers = {"Authorization": f"Bearer {OPAQUE}"}
        proxy.post(json={"model": OPAQUE, "messages": []}, headers=headers)
    writer.flush()
    logged = capsys.readouterr().err
    assert "REDACTED" in logged
    assert OPAQUE not in logged


def test_error_for_a_missing_service_shows_no_key(tmp_path: Path) -> None:
    with recording("http://127.0.0.1:9/v4", tmp_path / "a.yaml", key="two\nlines\\n1234") as proxy:
        answered = proxy.post(headers={"Authorization": "Bearer dummy"})
    assert answered.status_code == 502
    for text in (answered.text, *proxy.told):
        assert "lines" not in text


def test_redacted_request_is_found_again(tmp_path: Path) -> None:
    """The same credential and prompt, spelled in another way."""

    def reply(call: Call) -> None:
        call.send(answer(b'{"ok":true}'))

    asked = '{"messages":[{"role":"user","content":"use %s"}]}'
    headers = {"Authorization": "Bearer short-one", "X-Auth-Token": OPAQUE}
    with Service(reply) as service:
        for secret in (OPAQUE, OPAQUE.replace("/", "\\/"), "short-one"):
            path = tmp_path / f"{len(secret)}.yaml"
            with recording(service.url, path) as proxy:
                proxy.post(content=(asked % secret).encode(), headers=headers)
            with recording(service.url, path) as proxy:
                again = proxy.post(content=(asked % secret).encode(), headers=headers)
                assert again.text == '{"ok":true}'
    assert len(service.calls) == 3
