"""Bodies: what is read from them, and what is said of those that cannot be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.error_codes import CODES, Language, message_for
from mockglm.validation import ASSUMED, UNREADABLE, Chat, Refusal, decode_chat
from tests.validation.bodies import TOOL, USER, body, chat

ILLEGAL = ("1210", "API 调用参数有误，请检查文档。")
MESSAGES = ("1214", "messages 参数非法。请检查文档。")


def said(refusal: Chat | Refusal, *, english: bool = False) -> tuple[str, str]:
    """The code and message of a refusal, as they go over the wire."""
    assert isinstance(refusal, Refusal)
    language: Language = "en" if english else "zh"
    failure = refusal.to_error(language)
    assert CODES[failure.code].status == 400
    return failure.code, failure.message or message_for(failure.code, language, failure.fields)


UNREADABLE_BODIES = {
    "empty": b"",
    "spaces": b"  ",
    "cut": b'{"model":"glm-4.6","messages":[{"role":"us',
    "no JSON": b"model=glm-4.6",
    "a comment": b"{} // hello",
    "two values": b"{}{}",
    "byte order mark": b"\xef\xbb\xbf{}",
    "NaN": b'{"temperature":NaN}',
    "a raw line feed": b'{"model":"glm\n4.6"}',
    "UTF-16": '{"model":"glm-4.6"}'.encode("utf-16"),
    "Latin-1": '{"model":"glé"}'.encode("latin-1"),
    "invalid UTF-8 in a key that is ignored": b'{"model":"glm-4.6","x":"\xff"}',
    "invalid UTF-8 in a schema": b'{"tools":[{"function":{"parameters":{"a":"\xff"}}}]}',
    "half a surrogate pair": b'{"model":"\\ud800"}',
    "brackets without end": b"[" * 100_000,
    "objects without end": b'{"a":' * 100_000,
    "a deep value": b'{"tool_choice":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "a deep schema": b'{"tools":[{"function":{"parameters":%b%b}}]}'
    % (b'{"a":' * 100_000, b"}" * 100_000),
}


@pytest.mark.parametrize("name", UNREADABLE_BODIES)
def test_a_body_that_cannot_be_read_is_1210(name: str) -> None:
    assert said(decode_chat(UNREADABLE_BODIES[name])) == ILLEGAL


def test_a_deep_key_that_is_ignored_raises_nothing() -> None:
    # Python 3.14 bounds the C stack, which skipping hardly uses, and older ones the depth.
    answer = decode_chat(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert isinstance(answer, Chat) or said(answer) == ILLEGAL


def test_assumptions_about_unreadable_bodies_are_documented() -> None:
    assert decode_chat(b"{") is UNREADABLE
    assert "1210" in ASSUMED[UNREADABLE.name]


@pytest.mark.parametrize("value", [b"[]", b"null", b'"hello"', b"5", b"true"])
def test_a_body_that_is_no_object_is_1210(value: bytes) -> None:
    assert said(decode_chat(value)) == ILLEGAL


WRONG: list[tuple[str, Any]] = [
    ("model", 46),
    ("model", ["glm-4.6"]),
    ("stream", "true"),
    ("stream", 1),
    ("thinking", "enabled"),
    ("thinking", {"type": True}),
    ("thinking", {"clear_thinking": "yes"}),
    ("reasoning_effort", 3),
    ("do_sample", "no"),
    ("temperature", "0.7"),
    ("temperature", True),
    ("top_p", [0.7]),
    ("max_tokens", "1024"),
    ("max_tokens", 1.5),
    ("max_tokens", False),
    ("tools", {"type": "function"}),
    ("tools", "get_weather"),
    ("tool_stream", 0),
    ("response_format", "json_object"),
    ("stop", 5),
    ("stop", ["a", 5]),
    ("request_id", 123456),
    ("user_id", {"id": "user_1"}),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_parameter_of_a_wrong_type_is_1210(name: str, value: Any) -> None:
    assert said(decode_chat(body(**{name: value}))) == ILLEGAL


def test_refusals_of_parameters_exist_in_english() -> None:
    assert said(decode_chat(body(max_tokens="5")), english=True) == (
        "1210",
        "Invalid API parameter, please check the documentation.",
    )


def test_a_number_beyond_a_double_is_1210() -> None:
    assert said(decode_chat(b'{"model":"glm-4.6","temperature":1e999}')) == ILLEGAL


@pytest.mark.parametrize("messages", ["hello", {"role": "user"}, 5, ["hello"], [USER, None]])
def test_messages_that_are_none_are_1214(messages: Any) -> None:
    found = decode_chat(msgspec.json.encode({"model": "glm-4.6", "messages": messages}))
    assert said(found) == MESSAGES
    assert said(found, english=True) == (
        "1214",
        "The messages parameter is illegal. Please check the documentation.",
    )


DEEP: list[tuple[dict[str, Any], str]] = [
    ({"messages": [{"role": 5}]}, "messages[0].role"),
    ({"messages": [USER, {"role": "user", "content": 5}]}, "messages[1].content"),
    ({"messages": [{"role": "user", "content": {"text": "hi"}}]}, "messages[0].content"),
    ({"messages": [USER] * 8 + [{"content": [{"type": 5}]}]}, "messages[8].content[0].type"),
    ({"messages": [{"content": [{}, "hello"]}]}, "messages[0].content[1]"),
    ({"messages": [{"content": [{"type": "text", "text": 5}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"tool_calls": {}}]}, "messages[0].tool_calls"),
    ({"messages": [{"tool_calls": [{"function": "get"}]}]}, "messages[0].tool_calls[0].function"),
    ({"messages": [{"tool_call_id": 7}]}, "messages[0].tool_call_id"),
    ({"messages": [{"reasoning_content": []}]}, "messages[0].reasoning_content"),
    ({"tools": ["get_weather"]}, "tools[0]"),
    ({"tools": [TOOL, {"type": 5}]}, "tools[1].type"),
    ({"tools": [{"function": "get"}]}, "tools[0].function"),
    ({"tools": [{"function": {"name": {}}}]}, "tools[0].function.name"),
    ({"tools": [TOOL] * 6 + [{"web_search": True}]}, "tools[6].web_search"),
]


@pytest.mark.parametrize(("fields", "path"), DEEP)
@pytest.mark.parametrize("english", [False, True])
def test_a_wrong_type_within_messages_and_tools_is_1214_with_its_place(
    fields: dict[str, Any], path: str, *, english: bool
) -> None:
    found = decode_chat(msgspec.json.encode(fields))
    assert said(found, english=english) == ("1214", f"{path} type error")


def test_null_is_absent_everywhere() -> None:
    names = Chat.__struct_fields__
    assert decode_chat(msgspec.json.encode(dict.fromkeys(names))) == Chat()
    message = chat({"role": "tool", "content": None, "name": None, "tool_calls": None}).messages
    assert message is not None
    sent = message[0]
    assert (sent.content, sent.name, sent.tool_calls) == (None, None, None)


def test_unknown_keys_are_ignored() -> None:
    extra = {"n": 1, "stream_options": {"include_usage": True}, "store": False, "seed": 7}
    assert chat(**extra) == chat()


def test_content_is_a_text_or_a_list_of_parts() -> None:
    listed = chat({"role": "user", "content": [{"type": "text", "text": "你"}, {"text": "好"}]})
    assert [message.text for message in listed.messages or ()] == ["你好"]
    assert [message.text for message in chat().messages or ()] == ["你好"]


def test_a_whole_number_may_be_written_with_a_point() -> None:
    found = decode_chat(
        b'{"model":"glm-4.6","max_tokens":1024.0,"tools":[{"function":{"name":"a"}}]}'
    )
    assert isinstance(found, Chat)
    assert found.max_tokens == 1024
    assert isinstance(found.max_tokens, int)
    assert found.tools is not None


def test_other_mistakes_beside_a_whole_number_are_refused() -> None:
    assert said(decode_chat(b'{"max_tokens":5.0,"stream":"no"}')) == ILLEGAL
    assert said(decode_chat(b'{"max_tokens":5.0,"stream":')) == ILLEGAL
    assert said(decode_chat(b'{"max_tokens":5.0,"max_tokens":"5"}')) == ILLEGAL


def test_of_a_key_that_comes_twice_the_last_counts() -> None:
    found = decode_chat(b'{"model":"glm-4.5","model":"glm-4.6"}')
    assert isinstance(found, Chat)
    assert found.model == "glm-4.6"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(list(Chat.__struct_fields__)) | st.text(max_size=9), inner
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=200))
def test_bytes_of_any_kind_are_read_or_refused(data: bytes) -> None:
    found = decode_chat(data)
    assert isinstance(found, Chat) or said(found)


@given(st.dictionaries(st.sampled_from(list(Chat.__struct_fields__)), JSON, max_size=6))
def test_values_of_any_type_are_read_or_refused(fields: dict[str, Any]) -> None:
    found = decode_chat(msgspec.json.encode(fields))
    assert isinstance(found, Chat) or (said(found) and said(found, english=True))


@given(st.data())
def test_a_good_body_with_a_byte_changed_is_read_or_refused(data: st.DataObject) -> None:
    good = bytearray(body(USER, tools=[TOOL], stream=True, temperature=0.7))
    place = data.draw(st.integers(0, len(good) - 1))
    good[place] = data.draw(st.integers(0, 255))
    found = decode_chat(bytes(good))
    assert isinstance(found, Chat) or said(found)
