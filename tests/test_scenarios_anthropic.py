"""The shipped scenarios of the Anthropic surface, played over a socket."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from mockglm import sse
from mockglm.scenarios import shipped_scenarios
from tests.serving import KEY, Served, serving

SHIPPED = shipped_scenarios()
RESET = re.compile(r"您的限额将在 \d{4}-\d\d-\d\d \d\d:00:00 重置。")
EMPTY = '"usage":{"input_tokens":0,"output_tokens":0'


@dataclass(frozen=True)
class Case:
    """The expected answer to one request; `has` and `lacks` are parts of the body."""

    name: str
    stream: bool
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    status: int = 200
    kind: str = ""
    body: dict[str, Any] = field(default_factory=dict)
    earlier: int = 0

    def __str__(self) -> str:
        return f"{self.name}-{'stream' if self.stream else 'plain'}-{self.earlier}"


def plain(name: str, *has: str, **more: Any) -> Case:
    return Case(name, False, has, **more)


def streamed(name: str, *has: str, **more: Any) -> Case:
    return Case(name, True, has, **more)


JSON_TYPE = "application/json"
STREAM_TYPE = "text/event-stream"
SYSTEM = {
    "messages": [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "system", "content": "c"},
        {"role": "user", "content": "d"},
    ]
}

CASES = (
    streamed("anthropic-usage-late", EMPTY, '"input_tokens":1536,"output_tokens":12'),
    plain("anthropic-usage-late", '"cache_read_input_tokens":11264'),
    plain(
        "anthropic-context-window",
        '"content":[{"type":"text","text":""}],"stop_reason":"model_context_window_exceeded"',
        EMPTY,
    ),
    streamed(
        "anthropic-context-window",
        '"stop_reason":"model_context_window_exceeded"',
        lacks=("content_block",),
    ),
    plain("anthropic-overloaded", '"type":"overloaded_error","code":"1305"', status=529),
    plain("anthropic-overloaded", "久等了。", earlier=2),
    plain("anthropic-error-as-stream", "[1210][", status=400, kind=STREAM_TYPE),
    plain("anthropic-error-as-stream", "[1210][", status=400, kind=JSON_TYPE, earlier=1),
    streamed("anthropic-empty-stream", "event: ping", lacks=("content_block", "message_stop")),
    plain("anthropic-empty-stream", "[1210][", status=400),
    plain("anthropic-thinking-only", '"stop_reason":"max_tokens"', lacks=('"text"',)),
    plain("anthropic-thinking-only", '"content":[]', '"output_tokens":0', earlier=1),
    streamed("anthropic-thinking-only", EMPTY, lacks=("content_block",), earlier=1),
    plain("anthropic-thinking-only", "好的。", earlier=2),
    streamed(
        "anthropic-overloaded-mid-stream",
        "text_delta",
        'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","code":"500",',
        "[500][Operation failed][",
        lacks=("message_stop", "[DONE]"),
    ),
    plain("anthropic-overloaded-mid-stream", '"type":"api_error"', status=500),
    plain(
        "anthropic-web-search",
        '{"type":"server_tool_use","id":"call_',
        '"name":"web_search_prime"',
        '{"type":"tool_result","tool_use_id":"call_',
        '"web_search_requests":0',
    ),
    streamed(
        "anthropic-web-search",
        'event: content_block_start\ndata: {"type":"content_block_start","index":1,',
        '"input":{"search_query":"',
        '"type":"tool_result"',
        '"type":"signature_delta"',
    ),
    streamed("anthropic-web-search", '"id":"srvtoolu_', "[{'text': [], 'type'", earlier=1),
    streamed("anthropic-web-search", '"id":"call_', '"type":"signature_delta"', earlier=2),
    streamed("anthropic-web-reader", "Built-in Tool: webReader", '"type":"tool_result"'),
    plain("anthropic-web-reader", '"name":"webReader","input":{}'),
    plain("anthropic-model-alias", '"model":"glm-5.3"', body={"model": "glm-5.2"}),
    streamed("anthropic-model-alias", '"model":"glm-5.3"', body={"model": "claude-opus-4-1"}),
    plain("anthropic-error-shapes", '{"error":{"message":', '"type":"401"}}', status=401),
    plain("anthropic-error-shapes", '{"detail":[{"type":"missing"', status=422, earlier=1),
    plain("anthropic-error-shapes", '"retry-after":"40"', status=429, earlier=2),
    plain("anthropic-error-shapes", "现在可以了。", earlier=3),
    plain("anthropic-system-in-history", "[1210][", status=400, body=SYSTEM),
    streamed("anthropic-system-in-history", "明白。", body=SYSTEM),
    plain("anthropic-system-in-history", "明白。"),
    plain("anthropic-quota", "[1308][已达到 5 小时的使用上限。", status=429),
    plain("anthropic-last-year", '{"id":"2025', '"cache_read_input_tokens":0}}'),
    streamed("anthropic-last-year", "message_start"),
    plain("anthropic-long-context", "[1211][", status=400, body={"model": "glm-5.2[1m]"}),
    plain("anthropic-long-context", "你好！", body={"model": "glm-5.2"}),
)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as served:
        yield served


def ask(served: Served, name: str, *, stream: bool, **body: Any) -> httpx.Response:
    asked = {
        "model": "glm-4.6",
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": "今天的汇率是多少？"}],
        "stream": stream,
        **body,
    }
    url = f"{served.host}/s/{name}/api/anthropic/v1/messages"
    headers = {"x-api-key": KEY, **({"anthropic-beta": "claude-code-1"} if "code" in name else {})}
    return httpx.post(url, json=asked, headers=headers, trust_env=False, timeout=60)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_scenario_behaves_as_described(served: Served, case: Case) -> None:
    name = f"{case.name}@{case}"
    for _ in range(case.earlier):
        ask(served, name, stream=case.stream, **case.body)
    answer = ask(served, name, stream=case.stream, **case.body)
    body = answer.text
    assert answer.status_code == case.status, body
    assert answer.headers["content-type"].startswith(case.kind)
    assert [part for part in case.has if part not in body] == []
    assert [part for part in case.lacks if part in body] == []


def test_every_scenario_of_this_surface_is_played() -> None:
    played = {case.name for case in CASES}
    assert {name for name in SHIPPED if name.startswith("anthropic-")} == played


QUIET = ("stall", "drip", "disconnect", "wrong-path", "concurrency", "huge", "one-byte")
"""Scenarios that take their time, or break the connection."""


@pytest.mark.parametrize(
    "name", [name for name in SHIPPED if not any(word in name for word in QUIET)]
)
def test_a_scenario_of_chats_plays_on_this_surface_unless_its_fault_has_no_form(
    served: Served, name: str
) -> None:
    for stream in (False, True):
        answer = ask(served, f"{name}@both", stream=stream)
        entry = list(served.session(name, "both").journal)[-1]
        if entry.source == "miss":
            # Arguments are an object there already, as JSON.
            assert re.search("no form on the Anthropic surface|is without", answer.text)
        else:
            assert answer.content or name == "error-empty"


def test_a_quota_names_its_reset_and_claude_code_hears_when(served: Served) -> None:
    plain = ask(served, "anthropic-quota@a", stream=False)
    told = ask(served, "anthropic-quota@code", stream=False)
    assert RESET.search(plain.text)
    assert ("retry-after" in plain.headers, told.headers["retry-after"]) == (False, "14")


@pytest.mark.parametrize("stream", [False, True])
def test_events_of_a_written_stream_are_whole(served: Served, stream: bool) -> None:
    answer = ask(served, "anthropic-web-reader@whole", stream=stream)
    if not stream:
        assert json.loads(answer.text)["content"][1]["type"] == "server_tool_use"
        return
    events, defects = sse.read(answer.content)
    assert defects == ()
    assert [event.event for event in events] == [json.loads(event.data)["type"] for event in events]
