"""Thousands of wrong requests: always GLM's error, never a 5xx, never a hang."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mockglm.error_codes import CODES
from tests.serving import KEY, Served

ROUNDS = 25
REQUESTS = 40
"""Requests in each round of the generated tests; a round is one example of hypothesis."""

PATIENCE = 60.0
"""Seconds after which an answer is a hang."""

VALID: dict[str, Any] = {
    "model": "glm-4.6",
    "messages": [
        {"role": "system", "content": "你是助手"},
        {"role": "user", "content": [{"type": "text", "text": "北京天气？"}]},
        {
            "role": "assistant",
            "content": "",
            "reasoning_content": "查一下",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "get_weather", "arguments": '{"city": "北京"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "晴"},
        {"role": "user", "content": "谢谢"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "get_weather",
                "description": "查询天气",
                "parameters": {
                    "type": "object",
                    "properties": {"city": {"type": "string", "enum": ["北京", "上海"]}},
                    "required": ["city"],
                },
            },
        },
        {"type": "web_search", "web_search": {"enable": True, "search_engine": "search_std"}},
    ],
    "tool_choice": "auto",
    "tool_stream": False,
    "stream": False,
    "thinking": {"type": "enabled", "clear_thinking": True},
    "reasoning_effort": "high",
    "do_sample": True,
    "temperature": 0.6,
    "top_p": 0.9,
    "max_tokens": 1024,
    "stop": ["。"],
    "response_format": {"type": "text"},
    "request_id": "request-0001",
    "user_id": "user-0001",
    "stream_options": {"include_usage": True},
    "seed": 7,
}

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["glm-4.6", "glm-4v-flash", "system", "user", "function", "image_url", "{"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
BASES = ("", "hello", "tool-call")
"""Scenarios asked: where nothing is scripted an answer is improvised."""


def judge(answer: httpx.Response) -> None:
    """Hold an answer against what any request may get: GLM's answer or its envelope."""
    assert answer.status_code in (200, 400, 401), (answer.status_code, answer.text)
    if answer.status_code == 200:
        assert answer.text.startswith(('{"choices":[{', "data: {")), answer.text
        return
    error = answer.json()["error"]
    assert list(error) == ["code", "message"]
    assert CODES[error["code"]].status == answer.status_code
    assert isinstance(error["message"], str)
    assert error["message"]
    assert len(answer.headers["x-log-id"]) == 30


def ask(http: httpx.Client, server: Served, body: bytes, scenario: str, **more: str) -> None:
    headers = {"Content-Type": "application/json", **more}
    url = f"{server.base(scenario)}/chat/completions"
    judge(http.post(url, content=body, headers=headers, timeout=PATIENCE))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside a value, its own last."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*path, index))
    if path:
        yield path


PLACES = list(places(VALID))


def mutated(chance: random.Random, values: list[Any]) -> Any:
    """The valid body with one to three values replaced, dropped, wrapped or doubled."""
    body = deepcopy(VALID)
    for _ in range(chance.randint(1, 3)):
        *path, last = chance.choice(PLACES)
        holder = _held(body, path)
        if isinstance(holder, dict) and last in holder:
            _change(holder, last, chance, values)
        if isinstance(holder, list) and isinstance(last, int) and last < len(holder):
            _change(holder, last, chance, values)
    return body


def _held(body: Any, path: list[Any]) -> Any:
    """What is at a path, None where an earlier change took it away."""
    for step in path:
        try:
            body = body[step]
        except (KeyError, IndexError, TypeError):
            return None
    return body


def _change(holder: Any, last: Any, chance: random.Random, values: list[Any]) -> None:
    old, way = holder[last], chance.randrange(6)
    if way == 0:
        del holder[last]
    elif way == 1:
        holder[last] = [old]
    elif way == 2:
        holder[last] = {str(last): old}
    elif way == 3 and isinstance(old, list):
        holder[last] = old * 2
    elif way == 4 and isinstance(old, str):
        holder[last] = old * 200
    else:
        holder[last] = deepcopy(chance.choice(values))  # or a list may end up inside itself


# Not shrunk: each step would be forty requests, and what fails shows its one request anyway.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
generated = settings(max_examples=ROUNDS, deadline=None, phases=PHASES)


@generated
@given(
    chance=st.randoms(use_true_random=False),
    values=st.lists(JSON, min_size=3, max_size=8),
    scenario=st.sampled_from(BASES),
)
def test_a_body_that_was_changed_anywhere_is_answered_as_glm_would(
    server: Served, http: httpx.Client, chance: random.Random, values: list[Any], scenario: str
) -> None:
    for _ in range(REQUESTS):
        ask(http, server, json.dumps(mutated(chance, values)).encode(), scenario)


@generated
@given(bodies=st.lists(JSON, min_size=REQUESTS, max_size=REQUESTS))
def test_any_json_is_answered_as_glm_would(
    server: Served, http: httpx.Client, bodies: list[Any]
) -> None:
    for body in bodies:
        ask(http, server, json.dumps(body).encode(), "hello")


@generated
@given(
    pieces=st.lists(st.binary(max_size=40), min_size=REQUESTS, max_size=REQUESTS),
    data=st.randoms(use_true_random=False),
)
def test_any_bytes_are_answered_as_glm_would(
    server: Served, http: httpx.Client, pieces: list[bytes], data: random.Random
) -> None:
    """By themselves, and in the place of some bytes of a good body."""
    good = json.dumps(VALID, ensure_ascii=False).encode()
    for piece in pieces:
        start = data.randrange(len(good))
        ask(http, server, good[:start] + piece + good[start + len(piece) :], "hello")
        ask(http, server, piece, "hello")


HEADERS = (
    "Authorization",
    "Content-Type",
    "Accept",
    "Accept-Language",
    "Accept-Encoding",
    "Content-Encoding",
    "Cookie",
    "Origin",
    "X-Forwarded-For",
    "X-Request-Id",
    "User-Agent",
)
LETTERS = st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")
VALUES = st.text(LETTERS, max_size=60).map(lambda value: value.strip(" "))


@generated
@given(
    headers=st.lists(
        st.dictionaries(st.sampled_from(HEADERS), VALUES, min_size=1, max_size=4),
        min_size=REQUESTS,
        max_size=REQUESTS,
    )
)
def test_odd_headers_are_answered_as_glm_would(
    server: Served, http: httpx.Client, headers: list[dict[str, str]]
) -> None:
    url = f"{server.base('hello')}/chat/completions"
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "hi"}]}
    for odd in headers:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in odd.items()]
        judge(http.post(url, json=body, headers=httpx.Headers(raw), timeout=PATIENCE))


TOKENS = [
    "Bearer",
    "Bearer a.b.c",
    "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x",
    f"Basic {KEY}",
    f"bearer {KEY}",
    f"Bearer Bearer {KEY}",
    KEY,
    "." * 1000,
    "Bearer " + "a." * 5000,
]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:24])
def test_an_odd_credential_is_taken_or_refused(
    token: str, server: Served, http: httpx.Client
) -> None:
    ask(http, server, json.dumps(VALID).encode(), "hello", Authorization=token)


BROKEN = {
    "nothing": b"",
    "not UTF-8": b'{"model":"glm-4.6","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "UTF-16": json.dumps(VALID).encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + json.dumps(VALID).encode(),
    "half of a surrogate pair": json.dumps(VALID | {"request_id": "\ud83c" * 9}).encode(),
    "NaN": b'{"model":"glm-4.6","temperature":NaN,"messages":[]}',
    "a huge number": b'{"model":"glm-4.6","max_tokens":1' + b"0" * 5000 + b',"messages":[]}',
    "the same key twice": b'{"model":"glm-4.6","model":"glm-9","messages":[]}',
    "two bodies": json.dumps(VALID).encode() * 2,
    "a form": b"model=glm-4.6&messages=hi",
    "deep lists": b"[" * 100_000,
    "deep closed lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep parameters": json.dumps(VALID)
    .replace('"enum"', f'"not": {"[" * 500}{"]" * 500}, "enum"')
    .encode(),
    "deep arguments": json.dumps({**VALID, "messages": []})
    .replace("[]", json.dumps([{"role": "user", "content": "x", "tool_calls": "[" * 5000}]), 1)
    .encode(),
    "8 MB of text": b'{"model":"glm-4.6","messages":[{"role":"user","content":"'
    + b"x" * 8_000_000
    + b'"}]}',
    "100,000 messages": json.dumps(
        {"model": "glm-4.6", "messages": [{"role": "user", "content": "x"}] * 100_000}
    ).encode(),
}


@pytest.mark.parametrize("scenario", BASES, ids=lambda name: name or "improvised")
@pytest.mark.parametrize("name", BROKEN)
def test_a_body_that_is_broken_or_huge_is_answered_as_glm_would(
    name: str, scenario: str, server: Served, http: httpx.Client
) -> None:
    ask(http, server, BROKEN[name], scenario)
