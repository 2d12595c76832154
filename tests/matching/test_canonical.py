from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.matching import canonical, expression

CHAT = "/chat/completions"
Change = Callable[[Any], None]

TOOLS = """[{"type": "function", "function": {"name": "get_weather", "description": "查询天气",
  "parameters": {"type": "object", "properties": {"city": {"type": "string"}},
  "required": ["city"]}}}]"""

RECORDED = """{"model": "glm-4.6", "messages": [
  {"role": "user", "content": "北京天气如何？"},
  {"role": "assistant", "content": "\\n", "reasoning_content": "用户在打招呼。", "tool_calls": [
    {"id": "call_-8059876543210987654", "type": "function",
     "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"北京\\"}"}}]},
  {"role": "tool", "tool_call_id": "call_-8059876543210987654", "content": "晴 25C"}],
  "tools": TOOLS, "stream": false}"""

# How clients send back one and the same answer, as seen from zai-sdk 0.2.3, zhipuai 2.1.5, openai
# 3.54 (Python) and 6.49 (Node), langchain-openai 1.7.3, @ai-sdk/openai-compatible 2.0,
# zhipu-ai-provider 0.2.2, pydantic-ai 2.68, agno 3.1 and Qwen Code 0.15.
RETOLD = {
    "openai, plain": RECORDED,
    "openai, streamed": """{"messages": [{"role": "user", "content": "北京天气如何？"},
  {"role": "assistant", "content": "", "reasoning_content": "用户在打招呼。", "tool_calls": [
    {"id": "call_9", "type": "function",
     "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"北京\\"}"}}]},
  {"role": "tool", "tool_call_id": "call_9", "content": "晴 25C"}],
  "model": "glm-4.6", "stream": true, "stream_options": {"include_usage": true}, "tools": TOOLS}""",
    "zai-sdk and zhipuai": """{"model": "glm-4.6", "messages": [
  {"role": "user", "content": "北京天气如何？"},
  {"role": "assistant", "content": "\\n", "tool_calls": [
    {"id": "call_9", "type": "function",
     "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"北京\\"}"}}]},
  {"role": "tool", "tool_call_id": "call_9", "content": "晴 25C"}],
  "stream": false, "tools": TOOLS, "tool_choice": "auto", "response_format": null,
  "thinking": null, "request_id": "3f0c", "user_id": "somebody"}""",
    "langchain-openai, streamed": """{"model": "glm-4.6", "stream": true, "stream_options":
  {"include_usage": true}, "messages": [{"content": "北京天气如何？", "role": "user"},
  {"content": null, "role": "assistant", "tool_calls": [
    {"type": "function", "id": "call_9",
     "function": {"name": "get_weather", "arguments": "{\\"city\\": \\"北京\\"}"}}]},
  {"content": "晴 25C", "role": "tool", "tool_call_id": "call_9"}], "tools": TOOLS}""",
    "AI SDK and pydantic-ai": """{"model":"glm-4.6","messages":[
  {"role":"user","content":"北京天气如何？"},
  {"role":"assistant","content":null,"reasoning_content":"用户在打招呼。","tool_calls":[
    {"id":"call_9","type":"function",
     "function":{"name":"get_weather","arguments":"{\\"city\\":\\"北京\\"}"}}]},
  {"role":"tool","tool_call_id":"call_9","content":"晴 25C"}],
  "tools":TOOLS,"tool_choice":"auto","stream":true,"stream_options":{"include_usage":true}}""",
    "zhipu-ai-provider": """{"model":"glm-4.6","messages":[
  {"role":"user","content":"北京天气如何？"},
  {"role":"assistant","content":"","tool_calls":[{"id":"call_9","type":"function",
   "function":{"name":"get_weather","arguments":"{\\"city\\":\\"北京\\"}"}}]},
  {"role":"tool","content":"晴 25C","tool_call_id":"call_9"}],
  "tool_choice":"auto","tools":TOOLS}""",
    "openai-agents and runTools": """{"model":"glm-4.6","messages":[
  {"role":"user","content":"北京天气如何？"},
  {"role":"assistant","content":null,"tool_calls":[{"id":"call_9","type":"function",
   "function":{"arguments":"{\\"city\\": \\"北京\\"}","name":"get_weather"}}]},
  {"role":"tool","tool_call_id":"call_9","content":"晴 25C"}],
  "tools":TOOLS,"tool_choice":"auto","stream":false}""",
    "agno": """{"model": "glm-4.6", "messages": [{"role": "user", "content": "北京天气如何？"},
  {"role": "assistant", "content": "\\n", "tool_calls": [
    {"id": "call_9", "function": {"arguments": "{\\"city\\": \\"北京\\"}", "name": "get_weather"},
     "type": "function", "index": 0}]},
  {"role": "tool", "content": "晴 25C", "tool_call_id": "call_9"}], "tools": TOOLS}""",
    "content in parts": """{"model": "glm-4.6", "messages": [
  {"role": "user", "content": [{"type": "text", "text": "北京天气如何？"}]},
  {"role": "assistant", "content": [{"type": "text", "text": "\\n"}], "tool_calls": [
    {"id": "call_9", "function": {"name": "get_weather", "arguments": {"city": "北京"}}}]},
  {"role": "tool", "name": null, "content": [{"type": "text", "text": "晴 25C"}],
   "tool_call_id": "call_9"}], "tools": TOOLS, "n": null, "tool_stream": false}""",
    "without content, escaped": """{"model": "glm-4.6", "messages": [
  {"role": "user", "content": "\\u5317\\u4eac\\u5929\\u6c14\\u5982\\u4f55\\uff1f"},
  {"role": "assistant", "tool_calls": [{"id": "call_9", "type": "function", "function": {
    "name": "get_weather", "arguments": "{ \\"city\\" : \\"\\\\u5317\\\\u4eac\\" }"}}]},
  {"role": "tool", "tool_call_id": "call_9", "content": "\\u6674 25C"}], "tools": TOOLS}""",
}

# What these two send means something else, and the service refuses the first (1214): the calls are
# gone from what ChatZhipuAI puts back, smolagents makes a text of them.
LOST = {
    "ChatZhipuAI": """{"model": "glm-4.6", "stream": false, "tools": TOOLS, "messages": [
  {"role": "user", "content": "北京天气如何？"}, {"role": "assistant", "content": "\\n"},
  {"role": "tool", "content": "晴 25C", "tool_call_id": "call_9", "name": null}]}""",
    "smolagents": """{"model": "glm-4.6", "tools": TOOLS, "messages": [
  {"role": "user", "content": [{"type": "text", "text": "北京天气如何？"}]},
  {"role": "assistant", "content": [{"type": "text", "text":
   "Calling tools: [{'id': 'call_9', 'function': {'name': 'get_weather'}}]"}]},
  {"role": "user", "content": [{"type": "text", "text": "Observation: 晴 25C"}]}]}""",
}


def sent(body: str) -> bytes:
    return body.replace("TOOLS", TOOLS).encode()


def key(body: Any, path: str = CHAT, **rules: Any) -> bytes:
    return canonical.key("POST", path, query="", body=json.dumps(body).encode(), **rules)


def chat(*messages: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "glm-4.6", "messages": list(messages), **fields}


@pytest.mark.parametrize("client", RETOLD)
def test_one_turn_has_one_key_whoever_sends_it_back(client: str) -> None:
    theirs = canonical.key("POST", CHAT, query="", body=sent(RETOLD[client]))
    assert theirs == canonical.key("POST", CHAT, query="", body=sent(RECORDED))


@pytest.mark.parametrize("client", LOST)
def test_a_turn_whose_calls_are_lost_has_another_key(client: str) -> None:
    theirs = canonical.key("POST", CHAT, query="", body=sent(LOST[client]))
    assert theirs != canonical.key("POST", CHAT, query="", body=sent(RECORDED))


def _put(*steps: Any) -> Change:
    *way, last, value = steps

    def change(body: Any) -> None:
        for step in way:
            body = body[step]
        body[last] = value

    return change


MEANINGS: dict[str, Change] = {
    "another text": _put("messages", 0, "content", "上海天气如何？"),
    "a text with white space": _put("messages", 0, "content", "北京天气如何？ "),
    "another result": _put("messages", 2, "content", "雨 10C"),
    "another argument": _put(
        "messages", 1, "tool_calls", 0, "function", "arguments", '{"city": "上海"}'
    ),
    "one argument more": _put(
        "messages", 1, "tool_calls", 0, "function", "arguments", '{"city": "北京", "day": 1}'
    ),
    "arguments cut short": _put(
        "messages", 1, "tool_calls", 0, "function", "arguments", '{"city": "北京"'
    ),
    "another function": _put("messages", 1, "tool_calls", 0, "function", "name", "get_time"),
    "the result of no call": _put("messages", 2, "tool_call_id", "call_0"),
    "words beside the call": _put("messages", 1, "content", "我查一下。"),
    "another role": _put("messages", 0, "role", "system"),
    "another model": _put("model", "glm-5"),
    "a temperature": _put("temperature", 0.5),
    "a limit": _put("max_tokens", 100),
    "thinking": _put("thinking", {"type": "disabled"}),
    "kept thinking": _put("thinking", {"clear_thinking": False}),
    "a choice": _put("tool_choice", "required"),
    "pieces of arguments": _put("tool_stream", True),
    "a schema": _put("tools", 0, "function", "parameters", "required", []),
    "no tools": _put("tools", []),
    "JSON": _put("response_format", {"type": "json_object"}),
    "another word": _put("stop", ["。"]),
    "one message more": lambda body: body["messages"].append({"role": "user", "content": "?"}),
    "one message less": lambda body: body["messages"].pop(),
    "another order": lambda body: body["messages"].reverse(),
}


@pytest.mark.parametrize("meaning", MEANINGS)
def test_a_change_of_meaning_changes_the_key(meaning: str) -> None:
    body = json.loads(sent(RECORDED))
    changed = deepcopy(body)
    MEANINGS[meaning](changed)
    assert key(changed) != key(body)


def test_the_canonical_form_of_a_turn_is_its_meaning() -> None:
    form = canonical.form("post", CHAT, query="b=2&a=1&b=", body=sent(RECORDED))
    assert form == {
        "method": "POST",
        "path": "/chat/completions",
        "query": {"a": ["1"], "b": ["2", ""]},
        "json": {
            "model": "glm-4.6",
            "messages": [
                {"role": "user", "content": "北京天气如何？"},
                {
                    "role": "assistant",
                    "tool_calls": [
                        {
                            "type": "function",
                            "id": 0,
                            "function": {"name": "get_weather", "arguments": {"city": "北京"}},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": 0, "content": "晴 25C"},
            ],
            "tools": json.loads(TOOLS),
        },
    }


def _calls(*ids: str) -> Any:
    function = {"name": "f", "arguments": "{}"}
    return {"role": "assistant", "tool_calls": [{"id": id, "function": function} for id in ids]}


def _results(*ids: str) -> list[Any]:
    return [{"role": "tool", "tool_call_id": id, "content": "x"} for id in ids]


def test_ids_of_calls_are_one_while_they_join_the_same() -> None:
    first = chat(_calls("a", "b"), *_results("b", "a"), _calls("c"), *_results("c"))
    assert key(first) == key(
        chat(_calls("1", "2"), *_results("2", "1"), _calls("0"), *_results("0"))
    )
    assert key(first) != key(
        chat(_calls("1", "2"), *_results("1", "2"), _calls("0"), *_results("0"))
    )


@pytest.mark.parametrize("content", [None, "", "\n", " \n\n", [], [{"type": "text", "text": "\n"}]])
def test_kinds_of_missing_content_are_equal_beside_calls(content: Any) -> None:
    assert key(chat(_calls("a") | {"content": content})) == key(chat(_calls("a")))


def test_kinds_of_missing_content_differ_without_calls() -> None:
    keys = {key(chat({"role": "assistant", "content": text})) for text in ("", "\n", "x")}
    assert len(keys) == 3


@pytest.mark.parametrize("calls", [None, []])
def test_no_calls_are_one_however_they_are_written(calls: Any) -> None:
    message = {"role": "assistant", "content": "晴"}
    assert key(chat(message | {"tool_calls": calls})) == key(chat(message))


@pytest.mark.parametrize("arguments", [None, "", " ", "{}", "{ }", {}])
def test_no_arguments_are_one_however_they_are_written(arguments: Any) -> None:
    calls = _calls("a")
    calls["tool_calls"][0]["function"]["arguments"] = arguments
    assert key(chat(calls)) == key(chat(_calls("a")))


def test_parts_that_say_more_than_a_text_stay_parts() -> None:
    text = {"type": "text", "text": "看"}
    several = [[text], [text, text], [text, {"type": "image_url", "image_url": {"url": "x"}}]]
    marked = [{**text, "cache_control": {"type": "ephemeral"}}]
    assert len({key(chat({"role": "user", "content": parts})) for parts in [*several, marked]}) == 4


def test_whole_numbers_are_one_in_either_form_and_none_is_a_truth() -> None:
    assert key(chat(temperature=1)) == key(chat(temperature=1.0))
    assert len({key(chat(n=n)) for n in (1, True, "1", 1.5)}) == 4


def test_only_chat_completions_are_folded() -> None:
    one = {"messages": [{"role": "assistant", "reasoning_content": "?"}], "stream": True}
    other = {"messages": [{"role": "assistant"}]}
    assert key(one) == key(other)
    assert key(one, "/async/chat/completions") == key(other, "/async/chat/completions")
    assert key(one, "/agents") != key(other, "/agents")
    assert key({"input": "a", "n": None}, "/embeddings") == key({"input": "a"}, "/embeddings")
    assert key({"input": ["a", None]}, "/embeddings") != key({"input": ["a"]}, "/embeddings")


def test_method_path_and_query_count_and_the_order_of_the_query_does_not() -> None:
    keys = [
        canonical.key(method, path, query=query, body=b"")
        for method, path, query in [
            ("GET", "/files", "a=1&b=2"),
            ("get", "/files", "b=2&a=1"),
            ("POST", "/files", "a=1&b=2"),
            ("GET", "/models", "a=1&b=2"),
            ("GET", "/files", "a=1"),
            ("GET", "/files", "a=1&b="),
        ]
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5


UPLOAD = (
    b"--BOUND\r\n"
    b'Content-Disposition: form-data; name="purpose"\r\n\r\n'
    b"batch\r\n"
    b"--BOUND\r\n"
    b'Content-Disposition: form-data; name="file"; filename="a.png"\r\n'
    b"Content-Type: image/png\r\n\r\n"
    b"\x89PNG\r\n\xff\xfe\r\n"
    b"--BOUND--\r\n"
)


def test_the_boundary_of_an_upload_does_not_count_its_parts_do() -> None:
    keys = [
        canonical.key("POST", "/files", query="", body=body)
        for body in [
            UPLOAD,
            UPLOAD.replace(b"BOUND", b"3e0b39e68567b7b5"),
            UPLOAD.replace(b"batch", b"agent"),
            UPLOAD.replace(b"\xff\xfe", b"\xff\xfd"),
            UPLOAD.replace(b"a.png", b"b.png"),
        ]
    ]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


def test_the_form_of_an_upload_shows_its_parts() -> None:
    parts = canonical.form("POST", "/files", query="", body=UPLOAD)["parts"]
    assert parts[0] == {"content-disposition": 'form-data; name="purpose"', "text": "batch"}
    assert parts[1]["content-type"] == "image/png"
    assert parts[1]["bytes"]["size"] == 8


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", {}),
        (b"null", {"json": None}),
        (b"plain", {"text": "plain"}),
        ("{“".encode(), {"text": "{“"}),
        (b"--a\r\nno end", {"text": "--a\r\nno end"}),
        (b'{"a": NaN', {"text": '{"a": NaN'}),
    ],
)
def test_a_body_that_is_no_json_counts_as_it_stands(body: bytes, expected: Any) -> None:
    whole = {"method": "POST", "path": CHAT, "query": {}} | expected
    assert canonical.form("POST", CHAT, query="", body=body) == whole


ODD = [
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b"[" * 700 + b"]" * 700,
    b'{"messages": "x", "tools": 1}',
    b'{"messages": [1, null, {"role": 1, "tool_calls": {}, "tool_call_id": ["a"]}]}',
    b'{"messages": [{"tool_calls": [1, {"id": 2, "function": []}, {"function": {}}]}]}',
    b'{"messages": [{"tool_calls": [{"function": {"arguments": "%s"}}]}]}' % (b"[" * 5000),
    b'{"messages": [{"content": "\\ud83c"}], "a": 1e999, "b": -0.0}',
    b'{"a": ' + b"9" * 5000 + b"}",
    b"[]",
    b'"text"',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
def test_every_body_has_a_key_of_its_own(body: bytes) -> None:
    assert len(canonical.key("POST", CHAT, query="", body=body)) == 20
    assert canonical.key("POST", CHAT, query="", body=body) == canonical.key(
        "POST", CHAT, query="", body=body
    )
    assert len({canonical.key("POST", CHAT, query="", body=other) for other in ODD}) == len(ODD)


def test_half_of_an_emoji_counts_in_any_spelling() -> None:
    one, other = b'{"user": "\\ud83c", "x": 1}', b'{"x":1,"user":"\\uD83C"}'
    assert canonical.key("POST", "/x", query="", body=one) == canonical.key(
        "POST", "/x", query="", body=other
    )


def test_ignored_paths_do_not_change_the_key() -> None:
    def asked(day: str, at: str) -> Any:
        call = {"id": "a", "function": {"name": "f", "arguments": f'{{"at": "{at}", "b": 1}}'}}
        return chat({"role": "system", "content": day}, {"role": "assistant", "tool_calls": [call]})

    ignore = ["$.messages[0].content", "$.messages[*].tool_calls[*].function.arguments.at"]
    assert key(asked("Mon", "9"), ignore=ignore) == key(asked("Tue", "8"), ignore=ignore)
    assert key(asked("Mon", "9"), ignore=ignore[:1]) != key(asked("Tue", "8"), ignore=ignore[:1])


def test_replaced_texts_count_as_their_replacement() -> None:
    replace = [(r"\d{4}-\d\d-\d\d", "DATE"), ("今天|明天", "一天")]
    one = chat({"role": "user", "content": "今天 2026-11-22"}, tools=[{"x": "2026-01-01"}])
    other = chat({"role": "user", "content": "明天 2025-01-02"}, tools=[{"x": "2025-01-01"}])
    assert key(one, replace=replace) == key(other, replace=replace)
    assert key(one, replace=replace[:1]) != key(other, replace=replace[:1])
    form = canonical.form(
        "GET", "/x/2026-11-22", query="d=2026-11-22", body=b"2026-11-22", replace=replace
    )
    assert form == {"method": "GET", "path": "/x/DATE", "query": {"d": ["DATE"]}, "text": "DATE"}


def test_the_text_of_a_replacement_is_taken_literally() -> None:
    form = canonical.form("GET", "/", query="", body=b"a1", replace=[(r"a(\d)", r"\1\9")])
    assert form["text"] == r"\1\9"


def test_only_texts_are_replaced() -> None:
    body = b'{"12": [12, "12", true]}'
    form = canonical.form("POST", "/x", query="", body=body, replace=[(r"\d+", "N")])
    assert form["json"] == {"12": [12, "N", True]}


def test_a_pattern_to_replace_must_be_one() -> None:
    with pytest.raises(ValueError, match=r"^\[ is not a regular expression: unterminated"):
        key({}, replace=[("[", "")])


def test_a_replace_pattern_that_takes_too_long_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "SEARCH_SECONDS", 0.01)
    with pytest.raises(TimeoutError, match=r"^/\^\(a\|a\)\*\$/ takes too long here$"):
        key({"a": "a" * 50 + "!"}, replace=[("^(a|a)*$", "")])


def test_a_path_to_ignore_must_be_one() -> None:
    with pytest.raises(ValueError, match=r"^'messages' is not a path"):
        key({}, ignore=["messages"])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.sampled_from([0.5, 1.5])
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3)
    ),
    max_leaves=6,
)
MAPPING = st.dictionaries(st.sampled_from("abcd"), JSON, max_size=3)
IDS = st.sampled_from(["call_1", "call_2", "call_3"])
TEXT = st.sampled_from(["", "\n", "天气", "a b", '"', "\u2028"])
CALL = st.fixed_dictionaries(
    {
        "id": IDS,
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["f", "g"]), "arguments": MAPPING.map(json.dumps)}
        ),
    }
)
MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "tool"]), "content": TEXT},
    optional={
        "tool_calls": st.lists(CALL, max_size=2),
        "tool_call_id": IDS,
        "reasoning_content": TEXT,
    },
)
BODY = st.fixed_dictionaries(
    {"model": st.sampled_from(["glm-4.6", "glm-5"]), "messages": st.lists(MESSAGE, max_size=4)},
    optional={
        "temperature": st.sampled_from([0, 1, 0.5]),
        "stream": st.booleans(),
        "meta": MAPPING,
    },
)


@st.composite
def retold(draw: st.DrawFn, value: Any, name: str = "") -> Any:
    """The same value as another client might write it."""
    if name == "arguments":
        spaces = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " : ")]))
        inner = draw(retold(json.loads(value)))
        return json.dumps(inner, separators=spaces, ensure_ascii=draw(st.booleans()))
    if name == "content" and isinstance(value, str) and draw(st.booleans()):
        return [{"text": value, "type": "text"}]
    if isinstance(value, dict):
        others = {key: draw(retold(inner, key)) for key, inner in value.items()}
        spare = draw(st.lists(st.sampled_from(["x", "y"]), max_size=2))
        others |= dict.fromkeys(spare)
        return {key: others[key] for key in draw(st.permutations(list(others)))}
    if isinstance(value, list):
        return [draw(retold(inner)) for inner in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole and draw(st.booleans()) else value


@settings(max_examples=60, deadline=None)
@given(body=BODY, data=st.data(), is_ascii=st.booleans(), indent=st.sampled_from([None, 1]))
def test_the_key_does_not_depend_on_how_a_body_is_written(
    body: Any, data: st.DataObject, is_ascii: bool, indent: int | None
) -> None:
    other = data.draw(retold(body))
    text = json.dumps(other, ensure_ascii=is_ascii, indent=indent).encode()
    assert canonical.key("POST", CHAT, query="", body=text) == key(body)


@settings(max_examples=60, deadline=None)
@given(body=BODY)
def test_a_form_sent_as_a_request_has_that_form(body: Any) -> None:
    form = canonical.form("POST", CHAT, query="", body=json.dumps(body).encode())
    assert canonical.form("POST", CHAT, query="", body=json.dumps(form["json"]).encode()) == form


@settings(max_examples=60, deadline=None)
@given(body=BODY, other=BODY)
def test_requests_have_one_key_if_and_only_if_they_have_one_form(body: Any, other: Any) -> None:
    forms = [
        canonical.form("POST", CHAT, query="", body=json.dumps(one).encode())
        for one in (body, other)
    ]
    same = json.dumps(forms[0], sort_keys=True) == json.dumps(forms[1], sort_keys=True)
    assert (key(body) == key(other)) == same


@settings(max_examples=60, deadline=None)
@given(body=st.binary(max_size=60), path=st.sampled_from([CHAT, "/files"]))
def test_no_bytes_are_too_odd_for_a_key(body: bytes, path: str) -> None:
    assert len(canonical.key("POST", path, query="", body=body)) == 20


def test_a_picture_is_the_same_with_its_data_prefix_and_without() -> None:
    """zai-sdk takes `data:image/…;base64,` off before it asks."""

    def asked(url: str) -> bytes:
        part = {"type": "image_url", "image_url": {"url": url, "detail": "low"}}
        text = {"type": "text", "text": "这是什么？"}
        body = {"model": "glm-4.6v", "messages": [{"role": "user", "content": [text, part]}]}
        return canonical.key("POST", "/chat/completions", query="", body=json.dumps(body).encode())

    assert asked("data:image/jpeg;base64,/9j/4AAQ") == asked("/9j/4AAQ")
    assert asked("data:image/jpeg;base64,/9j/4AAQ") != asked("/9j/4AAR")
