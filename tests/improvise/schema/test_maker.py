"""The argument maker, judged by jsonschema."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import SchemaError

from mockglm.clock import Ids
from mockglm.improvise.schema import WorkBudget, make_arguments, make_value
from mockglm.improvise.schema.judge import satisfies
from tests.improvise.asked import work
from tests.improvise.schema.schemas import COMBINED, PUBLISHED, TOOLS, Schema

IDS = Ids("seed", "session", 0)


def is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def like(pattern: str) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or re.fullmatch(pattern, value) is not None


LIMITS = ("anchored", "contains", "contains_several", "dependent_schema", "if_country")
"""Schemas of `TOOLS` that are known not to be satisfied: references by anchor, items that a list
must contain, and schemas that depend on a property or its value."""
SATISFIED = [name for name in TOOLS if name not in LIMITS]

CHECKER = FormatChecker()
"""jsonschema checks these only with packages that are not needed otherwise."""
CHECKER.checkers |= {
    "date-time": (is_instant, (ValueError,)),
    "time": (like(r"\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"), ()),
    "uri": (like(r"[a-z][a-z0-9+.-]*:\S+"), ()),
    "duration": (like(r"P(T?\d+[YMWDHS])+"), ()),
    "hostname": (like(r"[a-z0-9-]+(\.[a-z0-9-]+)+"), ()),
}


def fits(value: Any, schema: Any) -> bool:
    return satisfies(value, [schema], root=schema, budget=WorkBudget())


def whole_between(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


def errors(schema: Any, value: Any) -> list[str]:
    validator = Draft202012Validator(schema, format_checker=CHECKER)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def test_the_corpus_is_of_some_hundred_different_schemas() -> None:
    different = {repr(schema) for schema in (*TOOLS.values(), *COMBINED.values())}
    assert len(different) >= 300


def test_the_published_schemas_are_of_some_hundred_tools_with_their_sources() -> None:
    assert len({repr(schema) for schema in PUBLISHED.values()}) >= 300
    sources = {name.partition(": ")[0] for name in PUBLISHED}
    assert len(sources) >= 25
    for source in sources:
        assert re.fullmatch(r"(npm|PyPI) \S+ \d+(\.\d+)+", source)


@pytest.mark.parametrize("name", PUBLISHED)
def test_arguments_for_a_published_tool_satisfy_its_schema(name: str) -> None:
    schema = PUBLISHED[name]
    for ids in (IDS, Ids("other", "place", 7)):
        assert errors(schema, make_value(schema, ids)) == []


@pytest.mark.parametrize("name", SATISFIED)
def test_arguments_for_a_tool_satisfy_its_schema(name: str) -> None:
    made = make_value(TOOLS[name], IDS)
    assert errors(TOOLS[name], made) == []


@pytest.mark.parametrize("name", COMBINED)
def test_a_value_satisfies_a_combination_of_keywords(name: str) -> None:
    assert errors(COMBINED[name], make_value(COMBINED[name], IDS)) == []


@pytest.mark.parametrize("name", SATISFIED)
def test_another_seed_satisfies_the_schema_too(name: str) -> None:
    assert errors(TOOLS[name], make_value(TOOLS[name], Ids("other", "place", 7))) == []


@pytest.mark.parametrize("name", LIMITS)
def test_a_schema_beyond_the_limits_still_gets_a_value(name: str) -> None:
    assert errors(TOOLS[name], make_value(TOOLS[name], IDS))
    assert isinstance(make_arguments(TOOLS[name], IDS), dict)


@pytest.mark.parametrize("name", ["order", "id_card", "pydantic_datetimes", "zod_record"])
def test_the_same_ids_make_the_same_value(name: str) -> None:
    assert make_value(TOOLS[name], Ids("s", "t", 1)) == make_value(TOOLS[name], Ids("s", "t", 1))


def test_a_value_that_is_given_is_used() -> None:
    schema = TOOLS["get_weather"]
    assert make_value(schema, IDS, {("location",): "北京"}) == {"location": "北京"}


def test_a_given_optional_value_brings_its_property_with_it() -> None:
    schema = TOOLS["get_weather"]
    made = make_value(schema, IDS, {("location",): "北京", ("unit",): "fahrenheit"})
    assert made == {"location": "北京", "unit": "fahrenheit"}


def test_a_given_value_that_does_not_fit_is_not_used() -> None:
    assert (
        make_value(TOOLS["stock"], IDS, {("symbol",): "not a symbol"})["symbol"] != "not a symbol"
    )


def test_a_property_whose_schema_is_none_may_be_anything() -> None:
    schema = {"properties": {"a": {"anyOf": ["no schema"]}}, "required": ["a"]}
    assert make_value(schema, IDS) == {"a": "example"}


def test_an_unsatisfiable_schema_gets_the_likeliest_value() -> None:
    assert make_value({"allOf": [True], "enum": [1], "not": {}}, IDS) == 1


def test_a_number_that_cannot_be_is_still_a_value() -> None:
    assert make_value(
        {"type": "object", "properties": {"a": whole_between(3, 1)}, "required": ["a"]}, IDS
    )


def test_a_given_value_of_a_nested_parameter_is_used() -> None:
    made = make_value(TOOLS["pydantic_nested"], IDS, {("user", "address", "city"): "上海"})
    assert made["user"]["address"]["city"] == "上海"


def test_optional_parameters_are_left_out() -> None:
    assert make_value(TOOLS["bash"], IDS) == {"command": "ls"}


@pytest.mark.parametrize("parameters", [None, {}, True, {"type": "string"}, {"type": "array"}])
def test_arguments_are_an_object_for_every_schema(parameters: Any) -> None:
    assert isinstance(make_arguments(parameters, IDS), dict)


def deep(levels: int) -> Schema:
    schema: Schema = {"type": "integer"}
    for _ in range(levels):
        schema = {"type": "array", "items": schema, "minItems": 1}
    return schema


def deep_union(levels: int) -> Schema:
    schema: Schema = {"type": "integer"}
    for _ in range(levels):
        schema = {"anyOf": [{"type": "string", "maxLength": -1}, schema, {"not": schema}]}
    return schema


HOSTILE: dict[str, Any] = {
    "endless choices": {
        "type": "array",
        "minItems": 1,
        "items": {"anyOf": [{"$ref": "#"}, {"anyOf": [{"$ref": "#/items"}, {"$ref": "#/items"}]}]},
    },
    "endless": {"$ref": "#"},
    "endless property": {"type": "object", "properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    "many items": {
        "type": "array",
        "minItems": 10**9,
        "items": {"type": "array", "minItems": 10**9},
    },
    "long text": {"type": "string", "minLength": 10**12},
    "many properties": {"type": "object", "minProperties": 10**9},
    "laughs": {
        "$ref": "#/$defs/a0",
        "$defs": {
            **{f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 10} for i in range(9)},
            "a9": {"anyOf": [{"minimum": i} for i in range(100)]},
        },
    },
    "never": {"allOf": [{"type": "string"}, {"type": "integer"}]},
    "false": False,
    "slow pattern": {"type": "string", "pattern": "^(a+)+$", "minLength": 60, "maxLength": 70},
    "slow words": {"type": "string", "pattern": r"^(\w+\s?)*\d{30}$", "not": {"const": ""}},
    "long pattern": {"type": "string", "pattern": "a{60000}{60000}"},
    "no pattern": {"type": "string", "pattern": "(["},
    "deep": deep(800),
    "deep anyOf": deep_union(200),
    "far reference": {"$ref": "https://example.com/schema.json"},
    "lost reference": {"$ref": "#/$defs/none"},
    "many branches": {
        "oneOf": [{"oneOf": [{"const": [i, j]} for j in range(60)]} for i in range(60)]
    },
    "impossible format": {"type": "string", "format": "date", "minLength": 50},
    "infinite": {"type": "number", "minimum": float("inf")},
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_schema_costs_bounded_work_and_size(name: str) -> None:
    assert work(lambda: make_value(HOSTILE[name], IDS)) < 2_000_000
    assert len(repr(make_value(HOSTILE[name], IDS))) < 200_000


MALFORMED: list[Any] = [
    {"type": 5},
    {"type": "object", "properties": []},
    {"type": "object", "required": True},
    {"enum": []},
    {"pattern": 3},
    {"anyOf": {}},
    {"minimum": True, "exclusiveMinimum": True},
    {"type": "array", "items": [{"type": "string"}]},
    {"type": "unknown"},
    {"type": "object", "properties": {"a": None}, "required": ["a"]},
    {"$ref": 7},
    {"multipleOf": 0, "type": "integer"},
    {"format": {}},
    {"const": None},
    [],
    "schema",
    7,
]


@pytest.mark.parametrize("schema", MALFORMED)
def test_a_malformed_keyword_is_passed_over(schema: Any) -> None:
    make_value(schema, IDS)


@pytest.mark.parametrize(
    ("schema", "value", "fit"),
    [
        ({"type": "integer"}, 1.0, True),
        ({"type": "integer"}, True, False),
        ({"enum": [1]}, True, False),
        ({"const": [1, True]}, [1.0, True], True),
        ({"uniqueItems": True}, [1, True, 1.0], False),
        ({"uniqueItems": True}, [{"a": 1}, {"a": True}], True),
        ({"multipleOf": 0.01}, 19.99, False),
        ({"multipleOf": 0.25}, 1.5, True),
        ({"exclusiveMinimum": 3}, 3, False),
        ({"minLength": 2}, "中文", True),
        ({"required": ["a"]}, [], True),
        ({"additionalProperties": False, "properties": {"a": {}}}, {"b": 1}, False),
        ({"propertyNames": {"maxLength": 1}}, {"ab": 1}, False),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, False),
        ({"contains": {"type": "null"}, "maxContains": 1}, [None, None], False),
        ({"prefixItems": [{"type": "null"}], "items": False}, [None, 1], False),
        ({"oneOf": [{"type": "integer"}, {"minimum": 2}]}, 3, False),
        ({"not": {}}, 1, False),
        ({"if": {"const": 1}, "then": False}, 1, False),
        ({"format": "date"}, "2026-02-30", False),
        ({"format": "date-time"}, "2026-02-03T04:05:06Z", True),
        ({"format": "ipv6"}, "::1", True),
        ({"pattern": r"^\p{Lu}"}, "a", False),
    ],
)
def test_the_judge_agrees_with_the_specification(schema: Schema, value: Any, fit: bool) -> None:
    assert fits(value, schema) is fit


names = st.sampled_from(["a", "b", "name", "city", "count"])
values = st.one_of(st.integers(-3, 3), st.sampled_from(["x", "yy"]), st.none(), st.booleans())


def ranged(low: str, high: str, most: int) -> st.SearchStrategy[Schema]:
    pair = st.tuples(st.integers(0, most), st.integers(0, most)).map(sorted)
    return pair.map(lambda edges: {low: edges[0], high: edges[1]})


leaves = st.one_of(
    st.just({}),
    st.sampled_from(["string", "integer", "number", "boolean", "null"]).map(lambda t: {"type": t}),
    st.lists(values, min_size=1, max_size=4, unique_by=repr).map(lambda found: {"enum": found}),
    ranged("minimum", "maximum", 9).map(lambda edges: {"type": "number", **edges}),
    ranged("minLength", "maxLength", 12).map(lambda edges: {"type": "string", **edges}),
    st.sampled_from(["date", "email", "uuid", "ipv4", "time", "date-time"]).map(
        lambda name: {"type": "string", "format": name}
    ),
    st.sampled_from([r"^\d{3}$", "^[a-f]+$", r"^(on|off)-\w{2,4}$", "x.y"]).map(
        lambda pattern: {"type": "string", "pattern": pattern}
    ),
)


def nested(inner: st.SearchStrategy[Schema]) -> st.SearchStrategy[Schema]:
    objects = st.builds(
        lambda held, closed: {
            "type": "object",
            "properties": held,
            "required": sorted(held)[: len(held) // 2 + 1],
            **({"additionalProperties": False} if closed else {}),
        },
        st.dictionaries(names, inner, max_size=4),
        st.booleans(),
    )
    lists = st.builds(
        lambda item, low: {"type": "array", "items": item, "minItems": low},
        inner,
        st.integers(0, 3),
    )
    unions = st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"anyOf": branches})
    both = st.tuples(objects, objects).map(lambda pair: {"anyOf": [{"allOf": [*pair]}, pair[0]]})
    return st.one_of(objects, lists, unions, both)


DATED: Schema = {
    "type": "object",
    "properties": {"b": {"type": "array", "items": {"type": "string", "format": "date"}}},
    "required": ["b"],
    "additionalProperties": False,
}
NUMBERED: Schema = {
    "type": "object",
    "properties": {
        "a": {},
        "name": {},
        "b": {"type": "array", "items": {"type": "string", "pattern": r"^\d{3}$"}, "minItems": 3},
        "city": {},
    },
    "required": ["a", "b", "city"],
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example({"anyOf": [{"allOf": [DATED, NUMBERED]}, DATED]})
@given(st.recursive(leaves, nested, max_leaves=8))
def test_any_schema_that_can_be_satisfied_is(schema: Schema) -> None:
    assert errors(schema, make_value(schema, IDS)) == []


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.recursive(leaves, nested, max_leaves=6), st.recursive(leaves, nested, max_leaves=6))
def test_the_judge_agrees_with_jsonschema(one: Schema, two: Schema) -> None:
    value = make_value(one, IDS)
    assert fits(value, two) == (errors(two, value) == [])


def test_the_schemas_of_the_corpus_are_valid_themselves() -> None:
    for schema in (*PUBLISHED.values(), *TOOLS.values(), *COMBINED.values()):
        try:
            Draft202012Validator.check_schema(schema)
        except SchemaError as error:  # pragma: no cover
            pytest.fail(f"{schema}: {error.message}")


def test_a_reference_is_followed_wherever_it_points() -> None:
    schema = {"$ref": "#/allOf/1", "allOf": [True, {"type": "integer"}]}
    assert isinstance(make_value(schema, IDS), int)


@pytest.mark.parametrize("place", ["#/allOf/7", "#/allOf/x", "#nowhere", "other.json#/a"])
def test_a_reference_to_nowhere_allows_anything(place: str) -> None:
    assert fits("anything", {"$ref": place, "allOf": [True]})
    assert make_value({"$ref": place, "allOf": [True]}, IDS) is not None


@pytest.mark.parametrize("value", [1, "a", None])
@pytest.mark.parametrize("keyword", ["propertyNames", "additionalProperties", "items", "contains"])
def test_a_keyword_ignores_values_of_another_type(keyword: str, value: Any) -> None:
    assert fits(value, {keyword: False})


@pytest.mark.parametrize("value", [1, "a", None])
@pytest.mark.parametrize("keyword", ["properties", "patternProperties", "dependentRequired"])
def test_a_map_of_schemas_ignores_values_of_another_type(keyword: str, value: Any) -> None:
    assert fits(value, {keyword: {"a": False}})


@pytest.mark.parametrize("keyword", ["unevaluatedProperties", "unevaluatedItems", "items"])
def test_a_reference_to_another_document_is_never_fetched(keyword: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        far = {"$ref": f"http://127.0.0.1:{server.getsockname()[1]}/schema.json", keyword: False}
        needed = {"required": ["a"], "properties": {"a": {}}}
        socket.setdefaulttimeout(1)
        try:
            make_value({"type": "object", **far, **needed}, IDS)
            fits([1], far)
        finally:
            socket.setdefaulttimeout(None)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_keywords_of_older_drafts_are_passed_over() -> None:
    schema = {"items": [{"const": 1}], "additionalItems": False, "dependencies": {"a": ["b"]}}
    assert fits([2, 3], schema)
    assert make_value({"type": "array", **schema}, IDS)
    assert fits("a", {"prefixItems": [False]})
