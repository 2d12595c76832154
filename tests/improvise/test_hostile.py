"""No request, however made, raises or costs more than bounded work."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockglm.exchange import Reply, ToolCall
from tests.improvise.asked import (
    STRING,
    TOOLS,
    Body,
    ask,
    called,
    function,
    result,
    says,
    system,
    user,
    work,
)

CALLS = 1_500_000
"""Functions called for one answer: some seconds of work; hangs took minutes."""

LONG = 100_000

NASTY = [
    "^a*a*a*a*a*a*a*a*a*a*(?=b)c$",
    "^(a|aa)+(?=b)c$",
    "^(a+)+$",
    "^(.*)*x$",
    "^(?:a?){30}a{30}$",
    "^.*.*.*.*.*(?=b)c$",
    "^(a{1,15}){1,15}(?=b)c$",
    r"^(.|a|b|.a)+\1(?=b)c$",
    r"^(\w+\s?)+(?=!)c$",
    "(?:x|x)" * 40 + "(?=b)c",
    "(?:a{4000}){4000}",
    "(?:(?:){9999}){9999}",
    "(?i)" + r"[\u0000-\uffff]" * 100 + r"(a)\1",
    r"[\p{L" * 400,
    "[" * 2000,
    "(" * 900 + ")" * 900,
    r"\ud800",
    r"^[\ud800-\udfff]+$",
    r"^[^\u0000-\ud7ff]+$",
    "a{65535}{65535}",
    r"(?<=a*)b",
]
"""Patterns of which there are too many ways to try, or too much to write, or half characters."""

PIECES = [
    *("<env>", "</env>", "<system-reminder>", "<command-a>", "<text>", "<conversation>"),
    *(
        "\n",
        " ",
        "\t\n",
        "a",
        "A ",
        "aB",
        "_",
        "a.",
        "a@",
        "-",
        "+",
        "/",
        "../",
        "#",
        "``` \n",
        "`",
    ),
    *("1", "1,", "1+", "9**", "一", "二", "中", "，", "？", "!", '"', "“", "‘", "『", "😀", "\x00"),
    *("{", "[", '{"a":', '{"a":[', "- a: b\n", "- \n", "key ", "keys\n", "json ", "as ", "a | "),
    *("把替换成", "写", "我叫", "回复“", "搜", "title ", "exactly ", "USER:\n", "Observation:"),
    *("git ", "run ", "in Paris, ", "and ", "then ", "yaml ", "e.g. ", "write ", "or "),
]
"""What a text repeats that is meant to be read again and again."""


def tool(schema: Any, **more: Any) -> Body:
    return {"type": "function", "function": {"name": "act", "parameters": schema, **more}}


def holding(schema: Any) -> Body:
    """A function that must be given a value of the schema."""
    return tool({"type": "object", "properties": {"x": schema}, "required": ["x"]})


def repeated(piece: str) -> str:
    return piece * (LONG // len(piece))


def nested(levels: int) -> Any:
    schema: Any = STRING
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def named(count: int, **schema: Any) -> dict[str, Any]:
    return {f"p{i}": schema for i in range(count)}


def check(reply: Reply) -> None:
    """The reply can be sent: its texts are Unicode, its arguments are objects of JSON."""
    assert isinstance(reply, Reply)
    assert (f"{reply.content}{reply.reasoning}").encode()
    assert all(isinstance(json.loads(call.arguments), dict) for call in reply.calls)


def answered(*messages: Body | str, **more: Any) -> None:
    replies: list[Reply] = []
    assert work(lambda: replies.append(ask(*messages, **more))) <= CALLS
    check(replies[0])


LOUD: dict[str, Any] = {
    "a reference to itself": {"$ref": "#"},
    "three references to itself": {
        "type": "object",
        "properties": {name: {"$ref": "#"} for name in "abc"},
        "required": ["a", "b", "c"],
    },
    "a combination of itself": {
        "$defs": {"n": {"allOf": [{"$ref": "#/$defs/n"}] * 2}},
        "$ref": "#/$defs/n",
    },
    "a long pointer": {"$ref": "#/" + "a/" * LONG},
    "a large index": {"prefixItems": [1], "$ref": "#/prefixItems/" + "9" * 5000},
    "many anchors": {
        "$defs": {f"d{i}": {"$anchor": f"a{i}"} for i in range(5000)},
        "properties": {f"p{i}": {"$ref": "#none"} for i in range(3000)},
        "required": [f"p{i}" for i in range(3000)],
    },
    "a chain of requirements": {
        "type": "object",
        "required": ["p0"],
        "dependentRequired": {f"p{i}": [f"p{i + 1}"] for i in range(5000)},
    },
    "many patterns": {
        "type": "object",
        "patternProperties": {f"^p{i}$": STRING for i in range(5000)},
        "minProperties": 200,
    },
    "many properties": {"type": "object", "properties": named(10_000, type="string")},
    "many properties that are needed": {
        "type": "object",
        "properties": named(10_000, type="string", description="d" * 60),
        "required": [*named(10_000)],
    },
    "many enumerations": {"type": "object", "properties": named(1000, enum=["act", *"abcdefgh"])},
    "long names": {"type": "object", "properties": {"aB" * LONG: STRING, "a_" * LONG: STRING}},
    "a deep schema": nested(300),
}
"""Schemas of a function's parameters."""

ODD: dict[str, Any] = {
    "a long enumeration": {"enum": [f"v{i}" for i in range(LONG)]},
    "two that share nothing": {
        "allOf": [{"enum": [{"a": i} for i in range(3000)]}, {"enum": [[i] for i in range(3000)]}]
    },
    "a long list of different lists": {
        "default": [[i] for i in range(20_000)],
        "uniqueItems": True,
    },
    "different objects without end": {
        "type": "array",
        "uniqueItems": True,
        "minItems": 10**9,
        "items": {"type": "object", "properties": named(50, type="string"), "required": ["p1"]},
    },
    "many types": {"type": ["string"] * LONG},
    "examples of another type": {"type": "integer", "examples": ["s"] * LONG},
    "many ranges": {"allOf": [{"anyOf": [{"minimum": i}, {"maximum": -i}]} for i in range(200)]},
    "many multiples": {"type": "integer", "allOf": [{"multipleOf": 2**i + 1} for i in range(900)]},
    "a deep constant": {
        "enum": [json.loads("[" * 400 + "]" * 400), json.loads('{"a":' * 9 + "1" + "}" * 9)]
    },
    "an expression that is deep": {"format": "regex", "const": "(" * 3000 + ")" * 3000},
    "a long address": {"format": "email", "const": "@" * LONG},
    "a long host": {"format": "hostname", "const": "a." * LONG + "-"},
    "a long description": {"type": "string", "description": "e.g. " * (2 * LONG)},
}
"""Schemas of a single parameter."""

NUMBERS = [10**400, 10**308, 10**19, 1e308, 5e-324, -(10**400), -1e308]
EDGES = [
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
]


@pytest.mark.parametrize("name", LOUD)
def test_a_schema_costs_little(name: str) -> None:
    answered("act", tools=[tool(LOUD[name])], tool_choice="required")


@pytest.mark.parametrize("name", ODD)
def test_a_parameter_costs_little(name: str) -> None:
    answered("act", tools=[holding(ODD[name])], tool_choice="required")


@pytest.mark.parametrize("pattern", NASTY)
@pytest.mark.parametrize("least", [0, 300])
def test_a_pattern_costs_little(pattern: str, least: int) -> None:
    schema = {"type": "string", "pattern": pattern, "minLength": least}
    answered("act", tools=[holding(schema)], tool_choice="required")


@pytest.mark.parametrize("pattern", NASTY)
def test_a_pattern_of_names_costs_little(pattern: str) -> None:
    schema = {
        "type": "object",
        "patternProperties": {pattern: STRING},
        "properties": {"a" * 60: STRING},
        "additionalProperties": False,
        "minProperties": 5,
    }
    answered("act", tools=[holding(schema)], tool_choice="required")


def test_many_patterns_cost_no_more_than_one() -> None:
    each = {f"p{i}": {"type": "string", "pattern": f"^[a-z]{{{i}000,}}$"} for i in range(1, 400)}
    schema = {"type": "object", "properties": each, "required": [*each]}
    answered("act", tools=[tool(schema)], tool_choice="required")


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("kind", ["integer", "number", "string", "array", "object"])
def test_a_number_beyond_a_double_is_survived(kind: str, edge: str) -> None:
    for number in NUMBERS:
        schema = {"type": kind, edge: number}
        answered("act", tools=[holding(schema)], tool_choice="required")


@pytest.mark.parametrize("piece", PIECES)
def test_a_text_that_repeats_itself_costs_little(piece: str) -> None:
    text = repeated(piece)
    answered(text)
    answered(f"give me a title {text}")
    answered(text, tools=TOOLS)


@pytest.mark.parametrize("piece", PIECES)
def test_a_text_that_wants_json_and_repeats_itself_costs_little(piece: str) -> None:
    text = repeated(piece)
    answered(text, response_format={"type": "json_object"})
    answered(f"return json with keys: {text} as json")


@pytest.mark.parametrize("piece", PIECES)
def test_a_repetitive_history_costs_little(piece: str) -> None:
    text = repeated(piece)
    answered(system(text), text, says(text), "summarize this conversation")
    read = called(ToolCall("read_file", '{"path":"a.py"}'))
    answered("read a.py", read, result(text), tools=TOOLS)
    answered("what is my name?", user(text), "what is my name?")


@pytest.mark.parametrize(
    "text", ["read, " * 400, "read then " * 400, "天，地，" * 400, "read a.py"]
)
def test_thousands_of_functions_cost_little(text: str) -> None:
    tools = [function(f"read_{i}", f"Reads file {i}", "path", path=STRING) for i in range(10_000)]
    answered(text, tools=tools)


def test_a_long_history_costs_little() -> None:
    answered(*["<env>" * 100 + "</env> my name is Bob", "ok"] * 1000, "summarize")
    answered("go", *[called(ToolCall("act", "[" * LONG)), result("[" * LONG)] * 5, tools=TOOLS)


@pytest.mark.parametrize(
    "text",
    [
        "add " + "9" * 6000 + " and 2",
        "what is " + "9" * 39 + "**" + "9" * 15,
        "what is " + "9" * 50 + "*" + "9" * 9,
        "list " + "9" * 5000 + " things",
    ],
)
def test_a_long_number_is_survived(text: str) -> None:
    answered(text, tools=TOOLS)
    answered(text)


@pytest.mark.parametrize(
    "text",
    [
        r'return json like {"\ud800": "\udfff", "a": 1}',
        r'return json like {"a": "\ud800"}',
        '{"a": ' + "9" * 5000 + "} as json",
    ],
)
def test_half_a_character_in_a_sketch_is_survived(text: str) -> None:
    answered(text, response_format={"type": "json_object"})
    answered("act", called(ToolCall("act", text)), result(r'{"a": "\ud800"}'), tools=TOOLS)


NAMES = st.sampled_from(["a", "path", "query", "n", "x-y", "标题", "items"])
COUNTS = st.one_of(st.integers(-2, 40), st.sampled_from([10**19, 10**400, 1e308, 0.5]))
LEAVES = st.one_of(
    st.booleans(),
    st.fixed_dictionaries({}, optional={"type": st.sampled_from(["string", "null", ["integer"]])}),
    st.sampled_from(NASTY).map(lambda pattern: {"type": "string", "pattern": pattern}),
    st.dictionaries(st.sampled_from(EDGES), COUNTS, max_size=3),
    st.sampled_from([{"$ref": "#"}, {"$ref": "#/properties/a"}, {"$ref": "#/none"}]),
    st.lists(st.one_of(st.integers(), st.text(max_size=3)), max_size=3).map(
        lambda held: {"enum": held}
    ),
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.dictionaries(NAMES, inner, max_size=3).map(
            lambda held: {"type": "object", "properties": held, "required": [*held]}
        ),
        inner.map(lambda one: {"type": "array", "items": one, "minItems": 1, "uniqueItems": True}),
        st.tuples(st.sampled_from(["allOf", "anyOf", "oneOf"]), st.lists(inner, max_size=3)).map(
            lambda pair: {pair[0]: pair[1]}
        ),
        st.tuples(st.sampled_from(NASTY), inner).map(
            lambda pair: {"type": "object", "patternProperties": dict([pair]), "minProperties": 2}
        ),
        inner.map(lambda one: {"not": one}),
    ),
    max_leaves=6,
)
TEXTS = st.lists(
    st.one_of(st.sampled_from(PIECES), st.text(max_size=6)), min_size=1, max_size=8
).map("".join)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(SCHEMAS, TEXTS, st.sampled_from(["auto", "required", "none"]))
def test_any_request_is_answered(schema: Any, text: str, choice: str) -> None:
    check(ask(text, tools=[holding(schema), *TOOLS[:2]], tool_choice=choice))
    form = {"type": "json_schema", "json_schema": {"schema": schema}}
    check(ask(f"{text} as json", response_format=form))
