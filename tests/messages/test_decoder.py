"""Requests decoded: what is neutral of them as a Chat, and the refusals of a body's shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.messages import MessagesChat, decode_request
from mockglm.validation import Message, Refusal

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("type", "text", "role", "content", "name")), inner)
    ),
    max_leaves=12,
)

ASK: dict[str, Any] = {
    "model": "glm-4.6",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "你好"}],
}


def decode(**fields: Any) -> MessagesChat:
    chat = decode_request(json.dumps({**ASK, **fields}).encode())
    assert isinstance(chat, MessagesChat)
    return chat


def refuse(body: bytes | dict[str, Any]) -> dict[str, Any]:
    """The one item of `detail` of a refusal."""
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    refusal = decode_request(text)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.status) == ("422", 422)
    (detail,) = refusal.extra["detail"]
    return dict(detail)


def said(chat: MessagesChat) -> list[tuple[str | None, str]]:
    return [(message.role, message.text) for message in chat.messages or ()]


@pytest.mark.parametrize("system", ["be brief", [{"type": "text", "text": "be brief"}]])
@pytest.mark.parametrize("content", ["hi", [{"type": "text", "text": "hi"}]])
def test_texts_and_blocks_mean_the_same(system: Any, content: Any) -> None:
    chat = decode(system=system, messages=[{"role": "user", "content": content}])
    assert said(chat) == [("system", "be brief"), ("user", "hi")]


def test_a_system_message_within_the_conversation_comes_first() -> None:
    messages = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": [{"type": "text", "text": "env"}]},
    ]
    chat = decode(system="s", messages=messages)
    assert said(chat) == [("system", "s"), ("system", "env"), ("user", "hi")]


def test_calls_and_results_are_messages_of_v4() -> None:
    call = {"type": "tool_use", "id": "call_1", "name": "f", "input": {"a": [1, 2]}}
    thought = {"type": "thinking", "thinking": "hm", "signature": "x"}
    parts = [{"type": "text", "text": "sun"}, {"type": "image", "source": {}}]
    result = {"type": "tool_result", "tool_use_id": "call_1", "content": parts}
    chat = decode(
        messages=[
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": [thought, {"type": "text", "text": "ok"}, call]},
            {"role": "user", "content": [result, {"type": "text", "text": "go on"}]},
        ]
    )
    assert said(chat) == [
        ("user", "weather?"),
        ("assistant", "ok"),
        ("tool", "sun"),
        ("user", "go on"),
    ]
    assistant, tool = (chat.messages or [])[1:3]
    assert assistant.reasoning_content == "hm"
    made = (assistant.tool_calls or [])[0]
    assert made.function
    assert (made.id, made.function.name) == ("call_1", "f")
    assert json.loads(made.function.arguments) == {"a": [1, 2]}
    assert tool.tool_call_id == "call_1"


def test_a_reminder_beside_a_result_is_no_turn_of_the_user() -> None:
    reminder = {"type": "text", "text": "<system-reminder>\nbe good\n</system-reminder>\n"}
    result = {"type": "tool_result", "tool_use_id": "1", "content": "sun"}
    chat = decode(messages=[{"role": "user", "content": [result, reminder]}])
    assert [role for role, _ in said(chat)] == ["user", "tool"]


def test_an_image_is_a_part_of_v4() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
    block = {"type": "image", "source": source}
    chat = decode(messages=[{"role": "user", "content": [block]}])
    (message,) = chat.messages or []
    assert isinstance(message.content, list)
    assert message.content[0].image_url == {"url": "data:image/png;base64,iVBORw0KGgo="}


def test_tools_are_functions_but_for_the_search_of_the_service() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    own = {"name": "f", "description": "d", "input_schema": schema}
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 8}
    first, second = decode(tools=[own, search]).tools or []
    assert first.function
    assert (first.type, first.function.name) == ("function", "f")
    assert first.function.parameters == schema
    assert second.type == "web_search"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, "auto"),
        ({"type": "any", "disable_parallel_tool_use": True}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "bogus"}, None),
        ("auto", None),
        ({"type": {}}, None),
    ],
)
def test_a_tool_choice_has_the_words_of_v4(choice: Any, expected: Any) -> None:
    assert decode(tool_choice=choice).tool_choice == expected


def test_keys_that_the_service_ignores_are_ignored() -> None:
    chat = decode(
        metadata={"user_id": "u"},
        betas=["x"],
        top_k=3,
        container=7,
        system=[{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    )
    assert (chat.user_id, said(chat)[0]) == ("u", ("system", "s"))


def test_a_block_of_an_unknown_kind_is_left_out() -> None:
    blocks = [{"type": "tool_reference", "tool_name": "x"}, {"type": "text", "text": "a"}]
    assert said(decode(messages=[{"role": "user", "content": blocks}])) == [("user", "a")]


def test_a_message_without_a_text_is_a_message() -> None:
    chat = decode(messages=[{"role": "user", "content": []}])
    assert chat.messages == [Message("user", [])]


@pytest.mark.parametrize(
    ("body", "kind", "loc"),
    [
        ({**ASK, "tools": [{}]}, "missing", ["body", "tools", 0, "name"]),
        ({**ASK, "messages": None}, "value_error", ["body", "messages"]),
        ({"model": "glm-4.6"}, "missing", ["body", "messages"]),
        ({"messages": []}, "missing", ["body", "model"]),
        ({**ASK, "model": 3}, "value_error", ["body", "model"]),
        ({**ASK, "messages": [{"role": "user"}]}, "missing", ["body", "messages", 0, "content"]),
        (b"{", "json_invalid", ["body", 1]),
        (b"", "json_invalid", ["body", 0]),
        (b'{"x":' + b"[" * 5000, "json_invalid", ["body", 0]),
        (b'{"model":"\xff"}', "json_invalid", ["body", 0]),
        (b"[]", "value_error", ["body"]),
    ],
)
def test_a_body_of_another_shape_is_422_with_pydantics_detail(
    body: Any, kind: str, loc: list[str | int]
) -> None:
    detail = refuse(body)
    assert (detail["type"], list(detail["loc"])) == (kind, loc)


@pytest.mark.parametrize(
    ("body", "at", "reason"),
    [
        (b"", 0, "Expecting value"),
        (b'{"model": "a", }', 15, "Expecting property name enclosed in double quotes"),
        ('{"model": "模" ,\n}'.encode(), 16, "Expecting property name enclosed in double quotes"),
        (b'{"x": [{},]}', 10, "Expecting value"),
        (b'{"x": [{} , ]}', 12, "Expecting value"),
        (b'{"x": [{},', 10, "Expecting value"),
        (b'{"x" "a"}', 5, "Expecting ':' delimiter"),
        (b'{"x": 1 "y"', 8, "Expecting ',' delimiter"),
        (b'{"x": "' + b"[" * 600 + b'\\"[", "y"}', 616, "Expecting ':' delimiter"),
        (b'{"x": ' + b"[" * 499 + b"x", 505, "Expecting value"),
        (b'{"x": ' + b"[" * 500 + b"x", 0, "Expecting value"),
        (b'{"x": [' + b"[]," * 600 + b"x", 1807, "Expecting value"),
    ],
)
def test_broken_json_has_the_same_detail_on_each_python(body: bytes, at: int, reason: str) -> None:
    detail = refuse(body)
    assert detail["loc"] == ["body", at]
    assert detail["ctx"] == {"error": reason}


def test_the_captured_detail_of_a_tool_without_a_name() -> None:
    expected = {
        "type": "missing",
        "loc": ["body", "tools", 0, "name"],
        "msg": "Field required",
        "input": {},
    }
    assert refuse({**ASK, "tools": [{}]}) == expected


@given(st.dictionaries(st.sampled_from([*ASK, "system", "tools", "thinking"]), json_values))
def test_any_body_is_decoded_or_refused(fields: dict[str, Any]) -> None:
    body = json.dumps({**ASK, **fields}).encode()
    assert isinstance(decode_request(body), MessagesChat | Refusal)


SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def test_structured_outputs_are_the_response_format_of_v4() -> None:
    chat = decode(output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    held = {"name": "output", "schema": SCHEMA}
    assert chat.response_format == {"type": "json_schema", "json_schema": held}


@pytest.mark.parametrize("config", [None, "x", {}, {"format": 3}, {"format": {"schema": []}}])
def test_an_output_config_without_a_schema_formats_nothing(config: Any) -> None:
    assert decode(output_config=config).response_format is None
