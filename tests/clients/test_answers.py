"""What each package hears of each scenario, plain and streamed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.clients.adapters import WEATHER, Adapter
from tests.clients.said import Call, Said
from tests.conftest import Base

FOUND = {
    "content": "智谱发布新一代旗舰模型 GLM-5.3。",
    "icon": "",
    "link": "https://example.com/glm-5.3",
    "media": "示例网",
    "publish_date": "2026-08-20",
    "refer": "ref_1",
    "title": "GLM-5.3 发布",
}


@dataclass(frozen=True)
class Row:
    """A scenario, what it is asked, and what is heard."""

    scenario: str
    said: Said
    text: str = "你好"
    body: dict[str, Any] = field(default_factory=dict)


THOUGHT = "用户问 9.11 和 9.9 哪个大。比较小数部分：0.11 和 0.9，0.9 更大，所以 9.9 更大。"

ROWS = {
    "text": Row("hello", Said(text="你好！有什么可以帮你的吗？")),
    "English text": Row("hello", Said(text="Hello! How can I help you today?"), text="hi"),
    "a thought": Row(
        "thinking", Said(reasoning=THOUGHT, text="9.9 比 9.11 大，因为 0.9 大于 0.11。")
    ),
    "thinking switched off": Row(
        "thinking", Said(text="9.9 比 9.11 大。"), body={"thinking": {"type": "disabled"}}
    ),
    "one tool": Row(
        "tool-call",
        Said(
            reasoning="用户想知道天气，我来查询。",
            calls=(Call("get_weather", '{"city":"北京"}'),),
            finish="tool_calls",
        ),
        text="北京天气？",
        body={"tools": [WEATHER]},
    ),
    "two tools": Row(
        "tool-parallel",
        Said(
            text="我来同时查询两个城市的天气。",
            calls=(
                Call("get_weather", '{"city":"北京"}'),
                Call("get_weather", '{"city":"上海"}'),
            ),
            finish="tool_calls",
        ),
        text="北京和上海天气？",
        body={"tools": [WEATHER]},
    ),
    "arguments in pieces": Row(
        "tool-stream",
        Said(
            calls=(Call("write_file", '{"path":"hello.py","content":"print(\'你好，世界\')\\n"}'),),
            finish="tool_calls",
        ),
        body={"tool_stream": True},
    ),
    "JSON mode": Row(
        "json-mode",
        Said(text='{"city": "北京", "temperature": 25, "sky": "晴"}'),
        body={"response_format": {"type": "json_object"}},
    ),
    "length": Row("finish-length", Said(text="从前有一座山，山上有一座", finish="length")),
    "sensitive": Row(
        "finish-sensitive",
        Said(
            text="这个问题",
            finish="sensitive",
            content_filter=[{"role": "assistant", "level": 1}],
        ),
    ),
    "network_error": Row("finish-network-error", Said(text="好的，我来", finish="network_error")),
    "a full context": Row("finish-context-window", Said(finish="model_context_window_exceeded")),
    "web search": Row(
        "web-search", Said(text="智谱在 2026 年 8 月发布了 GLM-5.3。[ref_1]", web_search=[FOUND])
    ),
    "index -1 of 2025": Row(
        "last-year-index",
        Said(text="\n", calls=(Call("add", '{"a": 365, "b": 96}'),), finish="tool_calls"),
    ),
    "newlines of 2025": Row(
        "last-year-newline", Said(text="\n\n你好！", reasoning="\n用户在打招呼。")
    ),
    "a call of 2025": Row(
        "last-year-tools",
        Said(
            reasoning="需要查天气。",
            calls=(Call("get_weather", '{"city": "北京"}'),),
            finish="tool_calls",
        ),
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_each_package_receives_the_scripted_reply(
    row: Row, adapter: Adapter, stream: bool, base: Base
) -> None:
    heard = adapter.user(base(row.scenario)).ask(row.text, stream=stream, **row.body)
    assert heard == row.said


def test_usage_adds_up_and_is_the_same_in_both_modes(adapter: Adapter, base: Base) -> None:
    user = adapter.user(base("thinking"))
    plain, streamed = (
        user.ask("9.11 和 9.9 哪个大？", stream=mode).usage for mode in (False, True)
    )
    assert plain == streamed
    assert plain["prompt_tokens"] + plain["completion_tokens"] == plain["total_tokens"]
    assert 0 < plain["completion_tokens_details"]["reasoning_tokens"] < plain["completion_tokens"]
    assert plain["prompt_tokens_details"]["cached_tokens"] <= plain["prompt_tokens"]


def test_ids_of_calls_have_their_modes_form(adapter: Adapter, base: Base) -> None:
    user = adapter.user(base("tool-parallel"))
    plain, streamed = (user.ask("天气", stream=mode).calls for mode in (False, True))
    first, second = (int(call.id.removeprefix("call_")) for call in plain)
    assert (first < 0, second - first) == (True, 1)
    assert all(len(call.id) == 29 and int(call.id[5:], 16) >= 0 for call in streamed)
