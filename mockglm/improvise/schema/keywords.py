"""Keywords of JSON Schema: normalized to draft 2020-12, compared and merged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import lcm
from sys import float_info
from typing import Any

Schema = Mapping[str, Any]

MAX_NUMBER = int(float_info.max)
"""Larger numbers are valid JSON, but no doubles."""
MAX_DEPTH = 60
MAX_PAIRS = 10_000


def _is_number(value: Any) -> bool:
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_plain and abs(value) <= MAX_NUMBER


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_choice(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


MAPS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
SINGLE = (
    *("items", "additionalProperties", "propertyNames", "contains", "not", "if", "then", "else"),
    *("unevaluatedItems", "unevaluatedProperties"),
)
LOW = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains")
HIGH = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains")

FORMS: Mapping[str, Callable[[Any], bool]] = {
    "type": lambda value: (_is_text(value) or _is_names(value)) and bool(value),
    "enum": _is_choice,
    "examples": lambda value: isinstance(value, list),
    **dict.fromkeys(("format", "pattern", *("$ref", "$dynamicRef", "$recursiveRef")), _is_text),
    **dict.fromkeys(("$id", "$anchor", "$dynamicAnchor", "$schema"), _is_text),
    "required": _is_names,
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **{key: _is_number if "imum" in key else _is_count for key in (*LOW, *HIGH)},
    **dict.fromkeys((*MAPS, "dependencies", "dependentRequired"), _is_map),
    **dict.fromkeys(LISTS, _is_choice),
}
"""A test for the value of each keyword; keywords with other values are ignored."""


class IdentityMap:
    """A mapping from objects, compared by identity, to values; it keeps the objects alive."""

    def __init__(self) -> None:
        self._items: dict[int, tuple[object, Any]] = {}

    def __contains__(self, key: object) -> bool:
        return id(key) in self._items

    def __getitem__(self, key: object) -> Any:
        return self._items[id(key)][1]

    def __setitem__(self, key: object, value: Any) -> None:
        self._items[id(key)] = key, value


def normalize(schema: Any) -> Any:
    """Convert a schema to draft 2020-12, without malformed keywords and with bounded depth."""
    return _normalize_schema(schema, 0, IdentityMap())


def _normalize_schema(schema: Any, depth: int, known: IdentityMap) -> Any:
    if isinstance(schema, bool):
        return schema
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return True
    # A schema that is used in many places is normalized once: their number may be exponential.
    if schema not in known:
        known[schema] = _normalize_mapping(schema, depth, known)
    return known[schema]


def _normalize_mapping(schema: Schema, depth: int, known: IdentityMap) -> Schema:
    plain = {key: held for key, held in schema.items() if key not in FORMS or FORMS[key](held)}
    if isinstance(plain.get("items"), list):
        plain["prefixItems"] = plain.pop("items")
        plain["items"] = plain.pop("additionalItems", True)
    rules = plain.pop("dependencies", {})
    for key, rule in rules.items():
        name = "dependentRequired" if isinstance(rule, list) else "dependentSchemas"
        plain[name] = {**plain.get(name, {}), key: rule}
    if "dependentRequired" in plain:
        held = plain["dependentRequired"].items()
        plain["dependentRequired"] = {key: names for key, names in held if _is_names(names)}
    for key in plain.keys() & {*MAPS}:
        plain[key] = {
            str(name): _normalize_schema(sub, depth + 1, known) for name, sub in plain[key].items()
        }
    for key in plain.keys() & {*LISTS}:
        plain[key] = [_normalize_schema(sub, depth + 1, known) for sub in plain[key]]
    for key in plain.keys() & {*SINGLE}:
        plain[key] = _normalize_schema(plain[key], depth + 1, known)
    return plain


def equal(one: Any, two: Any) -> bool:
    """Compare by the equality of JSON: 1 and 1.0 are equal, 1 and true are not, at any level."""
    if isinstance(one, bool) or isinstance(two, bool):
        return one is two
    if isinstance(one, list) and isinstance(two, list):
        return len(one) == len(two) and all(map(equal, one, two))
    if isinstance(one, Mapping) and isinstance(two, Mapping):
        return one.keys() == two.keys() and all(equal(one[key], two[key]) for key in one)
    return bool(one == two)


def merge(one: Schema, two: Schema) -> dict[str, Any] | None:
    """Merge two schemas into one for the values that satisfy both; None if there are none.

    Of keywords that cannot be merged, such as two patterns, the first is kept.
    """
    merged = dict(one)
    for key, value in two.items():
        merged[key] = _merge_values(key, merged[key], value) if key in merged else value
        if key in ("type", "enum") and not merged[key]:
            return None
    if "const" in one and "const" in two and not equal(one["const"], two["const"]):
        return None
    return merged


def _merge_values(key: str, one: Any, two: Any) -> Any:
    if key in LOW or key in HIGH:
        return max(one, two) if key in LOW else min(one, two)
    if key in SINGLE:
        return {("anyOf" if key == "not" else "allOf"): [one, two]}
    if key in MAPS:
        return {**one, **two, **{k: {"allOf": [one[k], two[k]]} for k in one if k in two}}
    match key:
        case "type":
            return _merge_types(one, two)
        case "enum":
            if len(one) * len(two) > MAX_PAIRS:
                return one
            return [value for value in one if any(equal(value, other) for other in two)]
        case "required":
            return list(dict.fromkeys((*one, *two)))
        case "dependentRequired":
            return {**one, **two}
        case "uniqueItems":
            return bool(one or two)
        case "multipleOf":
            is_whole = isinstance(one, int) and isinstance(two, int)
            return min(lcm(one, two), MAX_NUMBER) if is_whole else max(one, two)
    return one


def _merge_types(one: Any, two: Any) -> list[str]:
    left, right = ([names] if isinstance(names, str) else names for names in (one, two))
    both = [name for name in left if name in right]
    if not both and {*left, *right} >= {"integer", "number"}:
        both = ["integer"]
    return both
