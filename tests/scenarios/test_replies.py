from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockglm.completions import Chunking
from mockglm.exchange import FINISHES, APIError, Reply, ToolCall
from tests.scenarios.loading import load, problems, reply, step


def test_an_empty_reply_has_empty_content_and_stops() -> None:
    assert reply("{}") == Reply(content="", finish_reason="stop", usage={})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("content: 你好", Reply(content="你好")),
        ("content: 1.10", Reply(content="1.10")),
        ("content: null", Reply(content=None)),
        ("content: 'null'", Reply(content="null")),
        ("content: yes", Reply(content="yes")),
        ("content: 2026-09-09 05:38:28", Reply(content="2026-09-09 05:38:28")),
        ("content: |\n  a\n  b", Reply(content="a\nb\n")),
        ("reasoning: 想", Reply(reasoning="想")),
        ("reasoning: null", Reply(reasoning=None)),
        ("finish_reason: length", Reply(finish_reason="length")),
        ("finish_reason: tool_calls", Reply(finish_reason="tool_calls")),
        ("usage: none", Reply(usage=None)),
        ("usage: {prompt_tokens: 5}", Reply(usage={"prompt_tokens": 5})),
        ("finish_reason: sensitive", Reply(finish_reason="sensitive", usage=None)),
        ("finish_reason: network_error", Reply(finish_reason="network_error", usage=None)),
        (
            "{finish_reason: sensitive, usage: {}}",
            Reply(finish_reason="sensitive", usage={}),
        ),
        (
            "content_filter: [{role: user, level: 1}]",
            Reply(content_filter=({"role": "user", "level": 1},)),
        ),
        (
            "web_search: [{title: 北京, refer: ref_1, link: ''}]",
            Reply(web_search=({"title": "北京", "refer": "ref_1", "link": ""},)),
        ),
    ],
)
def test_a_reply_is_compiled(text: str, expected: Reply) -> None:
    assert reply(text) == expected


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("{name: weather}", ToolCall("weather", "{}")),
        (
            "{name: weather, arguments: {city: 北京, days: 3, x: 1.5, y: null}}",
            ToolCall("weather", '{"city":"北京","days":3,"x":1.5,"y":null}'),
        ),
        ("{name: f, arguments: '{\"a\": 1'}", ToolCall("f", '{"a": 1')),
        ("{name: f, arguments: ''}", ToolCall("f", "")),
        ("{name: f, arguments: {z: 1, a: '1'}}", ToolCall("f", '{"z":1,"a":"1"}')),
        ("{name: f, id: call_1}", ToolCall("f", "{}", "call_1")),
    ],
)
def test_a_tool_call_is_compiled(text: str, call: ToolCall) -> None:
    assert reply(f"tool_calls: [{text}]") == Reply(calls=(call,), finish_reason="tool_calls")


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        ("1302", APIError("1302")),
        ("{code: 1302}", APIError("1302")),
        ("{code: 1302, status: 500, message: x}", APIError("1302", 500, "x")),
        ("{code: 9999, status: 418, message: 茶壶}", APIError("9999", 418, "茶壶")),
        (
            "{code: 1308, number: 5, unit: hour, reset: 2026-09-09 05:38:28}",
            APIError(
                "1308", fields={"number": "5", "unit": "hour", "reset": "2026-09-09 05:38:28"}
            ),
        ),
        ("{code: 1308, message: x}", APIError("1308", message="x")),
        ("{code: 1311, model: glm-5.3}", APIError("1311", fields={"model": "glm-5.3"})),
        ("{code: 1214, field: messages}", APIError("1214", fields={"field": "messages"})),
        ("1234", APIError("1234")),
        ("1301", APIError("1301", extra={"contentFilter": [{"level": 2, "role": "user"}]})),
        ("{code: 1301, contentFilter: []}", APIError("1301", extra={"contentFilter": []})),
        (
            "{code: 1301, contentFilter: [{role: assistant, level: 1}]}",
            APIError("1301", extra={"contentFilter": [{"role": "assistant", "level": 1}]}),
        ),
    ],
)
def test_an_error_has_its_code_and_the_fields_of_its_message(text: str, failure: APIError) -> None:
    if "{" not in text:
        failure = APIError(failure.code, extra=failure.extra)
    assert reply(f"error: {text}") == Reply(usage=None, error=failure)


@pytest.mark.parametrize(
    ("text", "chunking"),
    [
        ("{content: ab}", Chunking()),
        ("{chunks: 2}", Chunking(2, 2, 2)),
        ("{content: ab, chunks: [a, b]}", Chunking(("a", "b"))),
        (
            "{chunks: {content: 1, reasoning: [想], arguments: 9}}",
            Chunking(1, ("想",), 9),
        ),
        ("{chunks: {arguments: [1, '', 2]}}", Chunking(4, 4, ("1", "", "2"))),
    ],
)
def test_chunks_set_the_cut_of_a_stream(text: str, chunking: Chunking) -> None:
    rendering = step(text).renderer
    assert rendering is not None
    assert rendering.chunking == chunking


@pytest.mark.parametrize("text", ["{chunks: [北京, 晴]}", "{chunks: {content: [北京, 晴]}}"])
def test_exact_pieces_alone_make_up_the_content(text: str) -> None:
    assert reply(text).content == "北京晴"


def test_headers_are_kept_in_order_and_a_name_may_have_several_values() -> None:
    rendering = step("{headers: {X-B: 1, X-A: [a, b]}}").renderer
    assert rendering is not None
    assert rendering.headers == (("X-B", "1"), ("X-A", "a"), ("X-A", "b"))


def test_defaults_fill_in_every_reply() -> None:
    scenario = load(
        """
        defaults:
          content: 好
          usage: {prompt_tokens: 1, completion_tokens: 2}
          headers: {X-A: a, X-B: b}
          chunks: 1
          pace: model
        interactions:
        - reply: {}
        - reply: [{content: null, usage: {prompt_tokens: 9}, headers: {X-B: c}, pace: {first: 1}}]
        - reply: {error: 1302}
        """
    )
    first, second, third = (interaction.steps[0] for interaction in scenario.interactions)
    assert first.renderer is not None
    assert second.renderer is not None
    assert third.renderer is not None
    assert first.renderer.reply.content == "好"
    assert first.renderer.chunking == Chunking(1, 1, 1)
    assert first.pace == "model"
    assert second.renderer.reply.content is None
    assert second.renderer.reply.usage == {"prompt_tokens": 9, "completion_tokens": 2}
    assert second.renderer.headers == (("X-A", "a"), ("X-B", "c"))
    assert second.pace != "model"
    assert third.renderer.reply == Reply(usage=None, error=APIError("1302"))
    assert third.renderer.headers == (("X-A", "a"), ("X-B", "b"))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{error: 1302x}", "12: unknown code `1302x`, did you mean `1302`?"),
        ("{error: abc}", "12: unknown code `abc`; one of your own needs `status` and `message`"),
        ("{error: {code: 42, status: 400}}", "19: unknown code `42`; one of your own needs"),
        ("{error: 1308}", "12: the message of 1308 needs `number`, `unit`, `reset`"),
        (
            "{error: {code: 1308, number: 5, unit: hour}}",
            "12: the message of 1308 needs `reset`",
        ),
        ("{error: {code: 1214}}", "12: the message of 1214 needs `field`"),
        ("{error: {code: 1302, stauts: 500}}", "25: unknown key `stauts`, did you mean `status`?"),
        ("{error: {status: 500}}", "12: `code` is missing"),
        ("{error: 1302, content: a}", "27: `content` beside `error`: an error has no `content`"),
        (
            "{error: {code: 42, status: 204, message: a}}",
            "31: a response with status 204 has no body",
        ),
        ("{finish_reason: stopp}", "20: expected one of length, model_context_window_exceeded,"),
        ("{chunks: 0}", "13: expected a whole number of at least 1 or a list of text or a mapping"),
        ("{chunks: -4}", "13: expected a whole number of at least 1 or a list of text or a mapp"),
        ("{chunks: {content: 0}}", "23: expected a whole number of at least 1 or a list of text"),
        ("{chunks: [[a]]}", "14: expected text, found a list"),
        ("{pace: fast}", "11: expected a mapping or one of measured, model, found `fast`"),
        ("{pace: {first: -1}}", "19: expected a number from 0 to 86400, found `-1`"),
        ("{pace: {every: 86401}}", "19: expected a number from 0 to 86400, found `86401`"),
        ("{pace: {fisrt: 1}}", "12: unknown key `fisrt`, did you mean `first`?"),
        ("{usage: nothing}", "12: expected a mapping or none, found `nothing`"),
        ("{tool_calls: [{arguments: {}}]}", "18: `name` is missing"),
        ("{tool_calls: [{name: f, arguments: [1]}]}", "39: expected a mapping or text, found a li"),
        ("{content_filter: [{role: user, level: 4}]}", "42: expected a whole number from 0 to 3"),
        ("{headers: {'a b': x}}", "22: `a b` is not a header name"),
        ('{headers: {a: "x\\ny"}}', "18: the header `a` has an invalid character"),
        ("{headers: {a: 你}}", "18: the header `a` has an invalid character"),
        (
            '{headers: {Content-Length: "3"}}',
            "31: `Content-Length` cannot be set, because mockglm frames the body; the faults",
        ),
        (
            "{headers: {transfer-encoding: chunked}}",
            "34: `transfer-encoding` cannot be set, because mockglm frames the body; the fault",
        ),
        (
            "{headers: {Connection: close}}",
            "27: `Connection` cannot be set, because mockglm frames",
        ),
        (
            "{error: 1302, headers: {Keep-Alive: timeout=5}}",
            "40: `Keep-Alive` cannot be set, because mockglm frames the body; the faults",
        ),
        ("{contnt: a}", "5: unknown key `contnt`, did you mean `content`?"),
        ("{template: yes}", "15: expected true or false, found `yes`"),
        ("{times: 0}", "12: expected a whole number of at least 1, found `0`"),
    ],
)
def test_mistakes_of_a_reply_have_their_place(text: str, problem: str) -> None:
    found = problems(f"format: 1\ninteractions:\n- reply:\n   {text}\n")
    assert len(found) == 1
    assert found[0].startswith(f"test.yaml:4:{problem}")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{times: 2}", "19: `times` cannot be a default"),
        ("{error: 1302}", "19: `error` cannot be a default"),
        ("{headers: {'a b': x}}", "29: `a b` is not a header name"),
    ],
)
def test_mistakes_of_defaults_are_reported_once(text: str, problem: str) -> None:
    found = problems(
        f"format: 1\ndefaults: {text}\ninteractions: [{{reply: {{}}}}, {{reply: {{}}}}]"
    )
    assert found == [f"test.yaml:2:{problem}"]


PLAIN = st.text(st.characters(codec="utf-8"), max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | PLAIN
CALLS = st.fixed_dictionaries(
    {"name": PLAIN, "arguments": PLAIN | st.dictionaries(PLAIN, SCALARS, max_size=3)},
    optional={"id": PLAIN},
)
REPLIES = st.fixed_dictionaries(
    {},
    optional={
        "content": PLAIN | st.sampled_from(["1.10", "null", "yes", "2026-09-09", "~", "1e3"]),
        "reasoning": PLAIN.filter(bool),
        "tool_calls": st.lists(CALLS, max_size=2),
        "finish_reason": st.sampled_from(FINISHES),
        "usage": st.dictionaries(PLAIN, st.integers(), max_size=2) | st.just("none"),
        "web_search": st.lists(st.dictionaries(PLAIN, SCALARS, max_size=2), max_size=2),
    },
)


class Quoting(yaml.SafeDumper):
    """Quotes all text: YAML 1.1, which it writes, and 1.2 differ in what looks like a number."""


Quoting.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"')
)


@given(REPLIES)
def test_any_reply_written_as_yaml_is_that_reply(written: dict[str, Any]) -> None:
    file = {"interactions": [{"reply": written}]}
    (interaction,) = load(yaml.dump(file, Dumper=Quoting, allow_unicode=True)).interactions
    rendering = interaction.steps[0].renderer
    assert rendering is not None
    found = rendering.reply
    assert found.content == written.get("content", "")
    assert found.reasoning == written.get("reasoning")
    assert [call.name for call in found.calls] == [
        call["name"] for call in written.get("tool_calls", [])
    ]
    assert [call.id for call in found.calls] == [
        call.get("id") for call in written.get("tool_calls", [])
    ]
    for call, source in zip(found.calls, written.get("tool_calls", []), strict=True):
        if isinstance(source["arguments"], str):
            assert call.arguments == source["arguments"]
    if "finish_reason" in written:
        assert found.finish_reason == written["finish_reason"]
    if isinstance(written.get("usage"), dict):
        assert found.usage == written["usage"]
    assert list(found.web_search) == written.get("web_search", [])
