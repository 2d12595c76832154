"""Hostile requests: whatever they hold, the answer is one that the service gives, too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.journal import Source
from tests.serving import KEY, Served, serving

STATUSES = {200, 400, 422}
"""The statuses of requests with `max_tokens`; without, the service answers 500."""

text = st.text(max_size=12) | st.sampled_from(
    [
        "",
        "\x00",
        "<system-reminder>",
        "</system-reminder>",
        "data: ",
        "event: x\n\n",
        "[DONE]",
        "\\",
    ]
)
words = st.sampled_from(
    ["text", "tool_use", "tool_result", "thinking", "image", "document", "user", "assistant"]
)
leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text | words
values = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "content", "id", "name", "input"]), inner
        )
    ),
    max_leaves=10,
)


def mostly(usual: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The usual value, or any other."""
    return st.one_of(usual, usual, usual, values)


sources = st.fixed_dictionaries(
    {"type": mostly(st.sampled_from(["base64", "url"]))},
    optional={"media_type": values, "data": mostly(text), "url": mostly(text)},
)
blocks = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": mostly(text)}),
    st.fixed_dictionaries(
        {"type": st.just("tool_use"), "id": mostly(text), "name": mostly(text), "input": values}
    ),
    st.fixed_dictionaries(
        {"type": st.just("tool_result"), "tool_use_id": mostly(text), "content": values}
    ),
    st.fixed_dictionaries({"type": st.just("thinking"), "thinking": mostly(text)}),
    st.fixed_dictionaries({"type": st.just("image"), "source": mostly(sources)}),
    st.fixed_dictionaries({"type": mostly(text)}),
)
contents = mostly(text | st.lists(blocks, max_size=4))
messages = st.lists(
    st.fixed_dictionaries(
        {"role": mostly(st.sampled_from(["user", "assistant", "system"])), "content": contents}
    ),
    max_size=5,
)
tools = st.lists(
    st.fixed_dictionaries(
        {"name": mostly(text)},
        optional={"input_schema": values, "description": values, "type": mostly(text)},
    ),
    max_size=3,
)
models = ["glm-4.6", "glm-5.3", "glm-5.3-flash", "glm-4.6v", "claude-x", "glm-4-air", "glm-5.2[1m]"]
bodies = st.fixed_dictionaries(
    {
        "model": mostly(st.sampled_from(models)),
        "messages": mostly(messages),
        "max_tokens": mostly(st.integers(1, 200)),
    },
    optional={
        "system": contents,
        "tools": mostly(tools),
        "tool_choice": mostly(st.fixed_dictionaries({"type": words | text, "name": text})),
        "thinking": mostly(st.fixed_dictionaries({"type": st.sampled_from(["enabled", "off"])})),
        "output_config": mostly(st.fixed_dictionaries({"effort": text})),
        "stop_sequences": mostly(st.lists(text, max_size=2)),
        "stream": mostly(st.booleans()),
        "metadata": values,
        "context_management": values,
        "temperature": values,
    },
)


@dataclass
class Surface:
    """A server of its own and a client of its Anthropic surface."""

    served: Served
    client: httpx.Client

    def send(self, path: str, body: Any) -> httpx.Response:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.post(f"/v1/{path}", content=data)


@pytest.fixture(scope="module")
def surface() -> Iterator[Surface]:
    with (
        serving() as served,
        httpx.Client(
            base_url=f"{served.host}/api/anthropic",
            headers={"x-api-key": KEY},
            trust_env=False,
            timeout=30,
        ) as client,
    ):
        yield Surface(served, client)


def check(surface: Surface, path: str, body: Any) -> None:
    answer = surface.send(path, body)
    session = surface.served.session()
    entry = session.journal.get(session.requests)
    assert entry is not None
    assert entry.source != Source.MISS, (body, entry.notes, answer.text)
    allowed = STATUSES if path != "messages" else STATUSES | {500}
    assert answer.status_code in allowed, (body, answer.text)
    if answer.status_code == 500:
        assert "NoneType" in answer.text
    elif answer.status_code == 200 and "event-stream" in answer.headers["content-type"]:
        assert answer.text.endswith('data: {"type":"message_stop"}\n\n')
    else:
        answer.json()


@settings(max_examples=200)
@given(body=bodies)
def test_any_body_has_an_answer_of_the_service(surface: Surface, body: Any) -> None:
    check(surface, "messages", body)


@settings(max_examples=50)
@given(body=bodies)
def test_the_tokens_of_any_body_are_counted_or_refused(surface: Surface, body: Any) -> None:
    check(surface, "messages/count_tokens", body)


@settings(max_examples=50)
@given(body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_refused_like_a_body_of_another_shape(surface: Surface, body: bytes) -> None:
    assert surface.send("messages", body).status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"glm-4.6","max_tokens":1e999,"messages":[]}',
        b'{"model":"glm-4.6","max_tokens":1e18,"messages":[]}',
        b'{"model":"glm-4.6","max_tokens":5.5,"messages":[]}',
        b'{"model":"glm-4.6","max_tokens":9,"messages":[],"x":' + b"[" * 2000 + b"]" * 2000 + b"}",
        b'{"model":"glm-4.6","max_tokens":9,"messages":[],"metadata":{"user_id":"\\ud83d"}}',
        b'{"model":"glm-4.6","max_tokens":9,"messages":[],"x":' + b"9" * 5000 + b"}",
        b'{"model":"glm-4.6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_use",'
        b'"input":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}]}]}",
    ],
)
def test_extremes_are_answered_or_refused(surface: Surface, body: bytes) -> None:
    check(surface, "messages", body)
