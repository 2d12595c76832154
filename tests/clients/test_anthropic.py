"""The official anthropic SDK on the Anthropic surface: scenarios of v4, without any change."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import anthropic
import pytest
from anthropic import Anthropic
from anthropic.types import Message, ToolUseBlock

from tests.conftest import Base
from tests.serving import KEY, Served

PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TOOL: Any = {
    "name": "get_weather",
    "description": "查询天气",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
Connect = Callable[..., Anthropic]


@pytest.fixture
def connect(base: Base) -> Iterator[Connect]:
    """Make a client for a scenario, in this test's own session, and close it after the test."""
    with ExitStack() as stack:

        def make(scenario: str = "", *, retries: int = 0, **options: Any) -> Anthropic:
            url = base(scenario).replace("/paas/v4", "/anthropic")
            given = {"api_key": KEY, **options}
            client = Anthropic(base_url=url, max_retries=retries, timeout=30, **given)
            return stack.enter_context(client)

        yield make


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the SDK would have waited, which it does not."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    return waited


def ask(client: Anthropic, content: Any = "你好", *, stream: bool = False, **more: Any) -> Message:
    """Send one message and read the whole response."""
    body = {
        "model": "glm-4.6",
        "max_tokens": 500,
        "messages": [{"role": "user", "content": content}],
        **more,
    }
    with client:
        if not stream:
            message: Message = client.messages.create(**body)
            return message
        with client.messages.stream(**body) as events:
            final: Message = events.get_final_message()
            return final


def text(message: Message) -> str:
    return "".join(block.text for block in message.content if block.type == "text")


def test_a_text_is_the_same_in_both_modes(stream: bool, connect: Connect) -> None:
    message = ask(connect("hello"), stream=stream)
    assert text(message) == "你好！有什么可以帮你的吗？"
    assert (message.role, message.model, message.stop_reason) == (
        "assistant",
        "glm-4.6",
        "end_turn",
    )
    assert message.id.startswith("msg_20")
    assert message.usage.output_tokens > 0
    assert (message.usage.input_tokens > 0) is True


def test_a_thought_is_a_signed_block_before_the_text(stream: bool, connect: Connect) -> None:
    switch = {"type": "enabled", "budget_tokens": 1024}
    thought, said = ask(connect("thinking"), stream=stream, thinking=switch).content
    assert thought.type == "thinking"
    assert thought.thinking.startswith("用户问 9.11")
    assert len(thought.signature) == 24
    assert said.type == "text"


def test_without_the_switch_the_model_does_not_think(connect: Connect) -> None:
    (said,) = ask(connect("thinking")).content
    assert said.type == "text"


def test_a_loop_of_tools_runs_to_its_end(stream: bool, connect: Connect) -> None:
    names = ("list_files", "read_file", "write_file")
    tools = [{"name": name, "input_schema": {"type": "object"}} for name in names]
    messages: list[Any] = [{"role": "user", "content": "main.py 有语法错误，请修复。"}]
    called = []
    for _ in range(5):
        message = ask(connect("tool-loop"), stream=stream, messages=messages, tools=tools)
        uses = [block for block in message.content if isinstance(block, ToolUseBlock)]
        if not uses:
            break
        assert message.stop_reason == "tool_use"
        called += [(use.name, dict(use.input)) for use in uses]
        results = [
            {"type": "tool_result", "tool_use_id": use.id, "content": "main.py"} for use in uses
        ]
        messages.append({"role": "assistant", "content": message.content})
        messages.append({"role": "user", "content": results})
    assert [name for name, _ in called] == list(names)
    assert called[1][1] == {"path": "main.py"}
    assert text(message) == "已修复 main.py 里缺少的冒号。"


def test_a_thought_goes_back_with_its_call(stream: bool, connect: Connect) -> None:
    more: Any = {
        "stream": stream,
        "tools": [TOOL],
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "max_tokens": 2000,
    }
    question = {"role": "user", "content": "北京今天天气怎么样？"}
    message = ask(connect("preserved-thinking"), messages=[question], **more)
    thought, use = message.content
    assert isinstance(use, ToolUseBlock)
    result = {"type": "tool_result", "tool_use_id": use.id, "content": "晴"}

    def history(*content: Any) -> list[Any]:
        answered = {"role": "assistant", "content": list(content)}
        return [question, answered, {"role": "user", "content": [result]}]

    final = ask(connect("preserved-thinking"), messages=history(thought, use), **more)
    assert text(final) == "北京今天晴，25 度。"
    with pytest.raises(anthropic.BadRequestError, match="without its reasoning_content"):
        ask(connect("preserved-thinking"), messages=history(use), **more)


def test_parallel_calls_are_blocks_of_their_own(stream: bool, connect: Connect) -> None:
    message = ask(connect("tool-parallel"), "天气", stream=stream, tools=[TOOL])
    uses = [block for block in message.content if isinstance(block, ToolUseBlock)]
    assert [use.input for use in uses] == [{"city": "北京"}, {"city": "上海"}]
    assert len({use.id for use in uses}) == 2
    assert all(use.id.startswith("call_") for use in uses)


def test_an_agent_runs_offline_with_no_file(connect: Connect) -> None:
    message = ask(connect(), "北京今天天气怎么样？", tools=[TOOL])
    (use,) = [block for block in message.content if isinstance(block, ToolUseBlock)]
    assert use.input == {"city": "北京"}
    history = [
        {"role": "user", "content": "北京今天天气怎么样？"},
        {"role": "assistant", "content": message.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": use.id, "content": "晴，25 度"}],
        },
    ]
    final = ask(connect(), messages=history, tools=[TOOL])
    assert (final.stop_reason, "25" in text(final)) == ("end_turn", True)


def test_an_image_is_accepted_whether_or_not_the_model_sees(connect: Connect) -> None:
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "这是什么？"}]
    for model in ("glm-4.6v", "glm-5.2"):
        assert text(ask(connect(), content, model=model))


@pytest.mark.parametrize(
    ("scenario", "raised", "status", "code"),
    [
        ("rate-limit", anthropic.RateLimitError, 429, "1302"),
        ("overload", anthropic.OverloadedError, 529, "1305"),
        ("no-balance", anthropic.RateLimitError, 429, "1113"),
        ("quota-5h", anthropic.RateLimitError, 429, "1308"),
        ("error-server", anthropic.InternalServerError, 500, "500"),
        ("error-permission", anthropic.PermissionDeniedError, 403, "1220"),
        ("error-request", anthropic.BadRequestError, 400, "1210"),
        ("error-auth-wrong", anthropic.AuthenticationError, 401, "401"),
    ],
)
def test_an_error_raises_what_its_status_means(
    scenario: str,
    raised: type[anthropic.APIStatusError],
    status: int,
    code: str,
    stream: bool,
    connect: Connect,
) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        ask(connect(scenario), stream=stream)
    assert type(caught.value) is raised
    error = caught.value.body["error"]  # type: ignore[index]
    assert (caught.value.status_code, error.get("code", error["type"])) == (status, code)


def test_an_error_in_a_stream_is_raised(connect: Connect) -> None:
    with pytest.raises(anthropic.APIStatusError, match=r"\[1234\]\["):
        ask(connect("error-mid-stream"), stream=True)


def test_a_body_of_another_shape_is_unprocessable(connect: Connect) -> None:
    with pytest.raises(anthropic.UnprocessableEntityError) as caught:
        ask(connect("hello"), tools=[{"input_schema": {}}])
    assert caught.value.body["detail"][0]["loc"] == ["body", "tools", 0, "name"]  # type: ignore[index]


@pytest.mark.parametrize(("scenario", "codes"), [
    ("overload", ["1305", "1305", "1305", ""]),
    ("rate-limit", ["1302", "1302", ""]),
])  # fmt: skip
def test_a_busy_service_is_retried_until_it_answers(
    scenario: str,
    codes: list[str],
    stream: bool,
    connect: Connect,
    server: Served,
    label: str,
    waits: list[float],
) -> None:
    message = ask(connect(scenario, retries=4), stream=stream)
    assert message.stop_reason == "end_turn"
    entries = list(server.session(scenario, label).journal)
    assert [entry.code for entry in entries] == codes
    assert len(waits) == len(codes) - 1


def test_tokens_are_counted_and_models_listed(connect: Connect) -> None:
    with connect() as client:
        counted = client.messages.count_tokens(
            model="glm-4.6", messages=[{"role": "user", "content": "你好"}]
        )
        assert counted.input_tokens == ask(connect()).usage.input_tokens
        models = list(client.models.list())
    assert models[0].id == "glm-4.5"
    assert models[0].created_at.isoformat() == "2025-07-28T00:00:00+00:00"


def test_the_other_way_to_give_a_key_is_taken(connect: Connect) -> None:
    client = connect("hello", api_key=None, auth_token=KEY)
    assert text(ask(client))


async def test_asynchronous_streams_are_read(base: Base) -> None:
    url = base("hello").replace("/paas/v4", "/anthropic")
    async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY, max_retries=0) as client:
        pieces = []
        async with client.messages.stream(
            model="glm-4.6", max_tokens=50, messages=[{"role": "user", "content": "hi"}]
        ) as stream:
            async for piece in stream.text_stream:
                pieces.append(piece)
    assert "".join(pieces) == "Hello! How can I help you today?"
    assert len(pieces) > 3


def test_a_broken_stream_is_noticed(connect: Connect) -> None:
    # The SDK lets the error of the JSON module through, as most clients do.
    with pytest.raises(json.JSONDecodeError):
        ask(connect("hello+garble.4-frames"), stream=True)
