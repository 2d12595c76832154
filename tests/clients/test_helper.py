"""openai's own joining of a stream, which is pickier than a loop over its chunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import openai
import pytest

from tests.clients.adapters import WEATHER
from tests.clients.said import Call, Said, whole
from tests.conftest import Base
from tests.serving import KEY

ROWS: Mapping[str, tuple[Said, dict[str, Any]]] = {
    "hello": (Said(text="你好！有什么可以帮你的吗？"), {}),
    "thinking": (
        Said(
            reasoning="用户问 9.11 和 9.9 哪个大。"
            "比较小数部分：0.11 和 0.9，0.9 更大，所以 9.9 更大。",
            text="9.9 比 9.11 大，因为 0.9 大于 0.11。",
        ),
        {},
    ),
    "tool-parallel": (
        Said(
            text="我来同时查询两个城市的天气。",
            calls=(
                Call("get_weather", '{"city":"北京"}'),
                Call("get_weather", '{"city":"上海"}'),
            ),
            finish="tool_calls",
        ),
        {"tools": [WEATHER]},
    ),
    "tool-stream": (
        Said(
            calls=(Call("write_file", '{"path":"hello.py","content":"print(\'你好，世界\')\\n"}'),),
            finish="tool_calls",
        ),
        {"extra_body": {"tool_stream": True}},
    ),
    # The helper passes over a chunk without `object`, which this finish reason comes in.
    "finish-network-error": (Said(text="好的，我来", finish=None), {}),
}


def helped(base: str, **body: Any) -> Said:
    """What `.stream()` has put together at its end."""
    messages: Any = [{"role": "user", "content": "你好"}]
    with (
        openai.OpenAI(base_url=base, api_key=KEY, max_retries=0) as client,
        client.chat.completions.stream(model="glm-4.6", messages=messages, **body) as events,
    ):
        for _ in events:
            pass
        return whole(events.get_final_completion().model_dump())


@pytest.mark.parametrize("scenario", ROWS)
def test_the_helper_puts_a_stream_together(scenario: str, base: Base) -> None:
    said, body = ROWS[scenario]
    assert helped(base(scenario), **body) == said


def test_the_helper_raises_where_the_length_was_reached(base: Base) -> None:
    with pytest.raises(openai.LengthFinishReasonError):
        helped(base("finish-length"))


def test_the_helper_sees_nothing_in_the_chunks_of_2025_which_had_no_object(base: Base) -> None:
    with pytest.raises(AssertionError):
        helped(base("last-year-newline"))
