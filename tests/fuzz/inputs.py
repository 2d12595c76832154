"""Inputs of the fuzzing targets: valid documents, and mutations of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from tests.serving import KEY, post

ROOT = Path(__file__).parents[2]
MAX_MUTATIONS = 8
MAX_REPEATS = 3000
MAX_SOURCE = 6000

CHAT: dict[str, Any] = {
    "model": "glm-4.6",
    "messages": [
        {"role": "system", "content": "你是助手。"},
        {"role": "user", "content": [{"type": "text", "text": "北京天气？"}]},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": "call_1",
                    "type": "function",
                    "function": {"name": "weather", "arguments": '{"city":"北京"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "晴"},
        {"role": "user", "content": "use weather for Paris"},
    ],
    "tools": [
        {
            "type": "function",
            "function": {
                "name": "weather",
                "parameters": {
                    "type": "object",
                    "properties": {
                        "city": {"type": "string", "pattern": "^[A-Z][a-z]+$", "maxLength": 20},
                        "days": {"type": "integer", "minimum": 1, "maximum": 7},
                    },
                    "required": ["city"],
                },
            },
        }
    ],
    "tool_choice": "auto",
    "temperature": 0.5,
    "top_p": 0.7,
    "max_tokens": 100,
    "stop": ["。"],
    "stream": True,
    "thinking": {"type": "enabled"},
    "response_format": {"type": "json_object"},
    "request_id": "a-request-id",
    "user_id": "a-user-id",
}
MESSAGE: dict[str, Any] = {
    "model": "glm-4.6",
    "max_tokens": 100,
    "system": [{"type": "text", "text": "Be short."}],
    "messages": [
        {"role": "user", "content": "hi"},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "ok"}]},
    ],
    "tools": [{"name": "f", "input_schema": {"type": "object", "properties": {}}}],
    "stream": False,
}

JSON_TOKENS = (
    *(b"{", b"}", b"[", b"]", b'"', b":", b",", b"null", b"true", b"-0", b"1e400", b"\\u0000"),
    *(b"\\ud800", b"\\", b"\xff", b"\0", "晴😀".encode(), b'"type"', b'"content"', b'"messages"'),
    *(b'"$ref":"#"', b'"pattern":"(a+)+$"', b'"minItems":1e9', b"9" * 400, b"{{", b"1.5", b"-1"),
)
HEAD_TOKENS = (
    *(b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"/", b"%2e", b"%00", b"..", b"?", b"#", b"\0"),
    *(b"HTTP/1.1", b"HTTP/1.0", b"HTTP/2.0", b"POST", b"GET", b"CONNECT", b"PRI * HTTP/2.0"),
    *(b"Content-Length: 0\r\n", b"Content-Length: 99999999999\r\n", b"Expect: 100-continue\r\n"),
    *(b"Transfer-Encoding: chunked\r\n", b"Connection: close, Upgrade\r\nUpgrade: h2c\r\n"),
    *(b"Host: evil.example\r\n", b"Authorization: Bearer \xe9\r\n", b"ffffffff\r\n", b"0\r\n\r\n"),
    *(b"/s/hello+done-twice", b"/__mockglm__/health", b"\x16\x03\x01", b"\xff\xfe", b"x" * 300),
)
YAML_TOKENS = (
    *(b"- ", b": ", b"|", b">", b"&a ", b"*a", b"!!python/object:os.system ", b"<<: ", b"? "),
    *(b"[", b"]", b"{", b"}", b"'", b'"', b"#", b"%YAML 1.1\n", b"---\n", b"...\n", b"\t", b"\0"),
    *(
        b"{{ 1 }}",
        b"{% for a in b %}",
        b"/(a+)+$/",
        b"template: true",
        b"\xef\xbb\xbf",
        b"~",
        b"\n",
    ),
    *(
        b"interactions:\n",
        b"  ",
        b"fault: ",
        b"when: ",
        b"1e400",
        b"2026-01-01",
        b"\\ud800",
        b"\xff",
    ),
)
SSE_TOKENS = (
    *(b"data: ", b"data:", b"event: ", b"id: ", b"retry: ", b": ", b"\n", b"\r", b"\r\n", b"\n\n"),
    *(
        b"\xef\xbb\xbf",
        b"\0",
        b"\xff",
        "\u2028".encode(),
        b"[DONE]",
        b"{}",
        b'"finish_reason":"stop"',
    ),
)
SECRET = "0f1e2d3c4b5a69788796a5b4c3d2e1f0.Qw7ErTy9UiOp2AsD"
OPAQUE = "sk-live/Zx81+pQ77=canary"
SECRETS = (SECRET, OPAQUE)

SERVICE_FAILURE = b"not supported between instances of 'int' and 'NoneType'"
"""Part of a response of 500 that the service itself sends: for a message without `max_tokens`."""


@st.composite
def mutated(draw: st.DrawFn, corpus: Sequence[bytes], tokens: Sequence[bytes]) -> bytes:
    """A document of the corpus with parts replaced by tokens, bytes, or repetitions of them."""
    data = draw(st.sampled_from(corpus))
    for _ in range(draw(st.integers(0, MAX_MUTATIONS))):
        start = draw(st.integers(0, len(data)))
        stop = start + draw(st.integers(0, 40))
        part = draw(st.sampled_from(tokens) | st.binary(max_size=8) | st.just(data[start:stop]))
        times = draw(st.sampled_from((0, 1, 1, 1, 2, 50, MAX_REPEATS)))
        data = data[:start] + part * times + data[stop:]
    return data


def _http() -> st.SearchStrategy[bytes]:
    paths = ("/api/paas/v4/chat/completions", "/s/hello+comment@me/v4/models", "/nowhere")
    corpus = [post({**CHAT, "stream": one}, path) for path in paths for one in (True, False)]
    corpus += [
        b"GET /api/paas/v4/models HTTP/1.1\r\nHost: a\r\n\r\n" * 3,
        b"POST /v1/files HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        post(MESSAGE, "/api/anthropic/v1/messages", f"x-api-key: {KEY}"),
    ]
    return mutated(corpus, HEAD_TOKENS + JSON_TOKENS)


def _requests() -> st.SearchStrategy[tuple[str, str, bytes]]:
    bodies = [json.dumps(body, ensure_ascii=False).encode() for body in (CHAT, MESSAGE)]
    paths = st.sampled_from(
        (
            "/api/paas/v4/chat/completions",
            "/v1/chat/completions",
            "/api/anthropic/v1/messages",
            "/api/anthropic/v1/messages/count_tokens",
            "/api/paas/v4/embeddings",
        )
    )
    return st.tuples(
        st.sampled_from(("POST", "GET")), paths, mutated(bodies, JSON_TOKENS) | _json()
    )


def _json() -> st.SearchStrategy[bytes]:
    """A chat of which one part, at any depth, is another JSON value."""
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    values = st.recursive(leaves, lambda one: st.lists(one) | st.dictionaries(st.text(), one))
    return st.tuples(st.randoms(use_true_random=False), values).map(
        lambda pair: json.dumps(_replace(CHAT, pair[0].choice, pair[1])).encode()
    )


def _replace(value: Any, choose: Callable[[Sequence[Any]], Any], other: Any) -> Any:
    """The value with a part of it replaced, which is chosen level by level."""
    if isinstance(value, dict) and value and choose((True, True, False)):
        name = choose(list(value))
        return {**value, name: _replace(value[name], choose, other)}
    if isinstance(value, list) and value and choose((True, True, False)):
        index = choose(range(len(value)))
        return [*value[:index], _replace(value[index], choose, other), *value[index + 1 :]]
    return other


def _files() -> list[bytes]:
    """The beginnings of the files that come with mockglm."""
    paths = sorted((*(ROOT / "scenarios").glob("*.yaml"), *(ROOT / "cassettes").glob("*.yaml")))
    return [path.read_bytes()[:MAX_SOURCE] for path in paths]


def _streams() -> list[bytes]:
    frames = [
        json.dumps({"choices": [{"index": 0, "delta": {"content": text}}]}) for text in "晴雨"
    ]
    chat = "".join(f"data: {frame}\n\n" for frame in frames) + "data: [DONE]\n\n"
    message = 'event: message_start\ndata: {"type":"message_start","message":{}}\n\n'
    return [chat.encode(), message.encode(), b": ping\n\nid: 1\nretry: 5\ndata: a\ndata: b\n\n"]


def _carriers() -> list[bytes]:
    """Bodies with a secret, whole or divided over frames."""
    spelled = [
        SECRET,
        OPAQUE,
        OPAQUE.replace("/", "\\/"),
        "".join(f"\\u{ord(char):04x}" for char in SECRET),
        "".join(f"%{ord(char):02x}" for char in OPAQUE),
    ]
    halves = [(text[: len(text) // 2], text[len(text) // 2 :]) for text in spelled[:3]]
    frames = [
        "".join(
            f'data: {{"choices":[{{"index":{index},"delta":{{"content":"{part}"}}}}]}}\n\n'
            for index, part in enumerate(pair)
        )
        for pair in halves
    ]
    bodies = [f'{{"messages":[{{"role":"user","content":"my key: {text}"}}]}}' for text in spelled]
    return [text.encode() for text in (*spelled, *bodies, *frames)]


HTTP = _http()
REQUESTS = _requests()
YAML = mutated(_files(), YAML_TOKENS)
SSE = st.tuples(mutated(_streams(), SSE_TOKENS + JSON_TOKENS), st.lists(st.integers(0, 4000)))
BODIES = mutated(_carriers(), JSON_TOKENS + SSE_TOKENS)
