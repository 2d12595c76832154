"""Keywords of JSON Schema: normalized to draft 2020-12, merged, referred to.

Schemas of requests may be hostile: depth is bounded here, and work by a `WorkBudget`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from math import lcm
from sys import float_info
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any]

MAX_NUMBER = int(float_info.max)
"""Larger numbers are valid JSON, but no doubles."""
MAX_DEPTH = 60
MAX_PAIRS = 10_000
MAX_DEFINITIONS = 100
REQUEST_WORK = 6_000


class WorkBudget:
    """The work left for one request; a unit is about the cost of one keyword for one value."""

    __slots__ = ("left",)

    def __init__(self, left: int = REQUEST_WORK) -> None:
        self.left = left

    def spend(self, amount: int = 1) -> bool:
        """Spend units; return False if there are too few."""
        self.left -= amount
        return self.left >= 0


def is_number(value: Any) -> bool:
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_plain and abs(value) <= MAX_NUMBER


def _is_count(value: Any) -> bool:
    return is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_choice(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


REFS = ("$ref", "$dynamicRef", "$recursiveRef")
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
    "required": _is_names,
    "multipleOf": lambda value: is_number(value) and value > 0,
    **{key: is_number if "imum" in key else _is_count for key in (*LOW, *HIGH)},
    **dict.fromkeys(("format", "pattern", *REFS), _is_text),
    **dict.fromkeys(("$id", "$anchor", "$dynamicAnchor", "$schema"), _is_text),
    **dict.fromkeys((*MAPS, "dependencies", "dependentRequired"), _is_map),
    **dict.fromkeys(LISTS, _is_choice),
}
"""A test for the value of each keyword; keywords with other values are ignored."""


class NormalizedSchema(dict[str, Any]):
    """A schema that `normalize` has made, and need not make again."""


class IdentityMap:
    """A mapping from objects, compared by identity, to values; it keeps the objects alive."""

    def __init__(self) -> None:
        self._items: dict[int, tuple[object, Any]] = {}

    def get(self, key: object) -> Any:
        return self._items.get(id(key), (None, None))[1]

    def __setitem__(self, key: object, value: Any) -> None:
        self._items[id(key)] = key, value


def normalize(schema: Any, depth: int = 0, known: IdentityMap | None = None) -> Any:
    """Convert a schema to draft 2020-12, without malformed keywords and with bounded depth."""
    if isinstance(schema, (bool, NormalizedSchema)):
        return schema
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return True
    # A schema that is used in many places is normalized once: their number may be exponential.
    known = IdentityMap() if known is None else known
    found = known.get(schema)
    if found is None:
        found = known[schema] = _normalize_mapping(schema, depth + 1, known)
    return found


def _normalize_mapping(schema: Schema, depth: int, known: IdentityMap) -> Schema:
    plain = {key: held for key, held in schema.items() if key not in FORMS or FORMS[key](held)}
    if isinstance(plain.get("items"), list):
        plain["prefixItems"] = plain.pop("items")
        plain["items"] = plain.pop("additionalItems", True)
    for key, rule in plain.pop("dependencies", {}).items():
        name = "dependentRequired" if isinstance(rule, list) else "dependentSchemas"
        plain[name] = {**plain.get(name, {}), key: rule}
    if "dependentRequired" in plain:
        held = plain["dependentRequired"].items()
        plain["dependentRequired"] = {key: names for key, names in held if _is_names(names)}
    for key, value in plain.items():
        if key in MAPS:
            plain[key] = {str(name): normalize(sub, depth, known) for name, sub in value.items()}
        elif key in LISTS:
            plain[key] = [normalize(sub, depth, known) for sub in value]
        elif key in SINGLE:
            plain[key] = normalize(value, depth, known)
    return NormalizedSchema(plain)


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
    is_same = "const" not in one or "const" not in two or equal(one["const"], two["const"])
    return merged if is_same else None


def _merge_values(key: str, one: Any, two: Any) -> Any:
    if key in LOW or key in HIGH:
        return max(one, two) if key in LOW else min(one, two)
    if key in SINGLE:
        return {("anyOf" if key == "not" else "allOf"): [one, two]}
    if key in MAPS:
        return {**one, **two, **{k: {"allOf": [one[k], two[k]]} for k in one if k in two}}
    match key:
        case "type":
            left, right = ([names] if isinstance(names, str) else names for names in (one, two))
            both = [name for name in left if name in right]
            return both or (["integer"] if {*left, *right} >= {"integer", "number"} else [])
        case "enum" if len(one) * len(two) <= MAX_PAIRS:
            return [value for value in one if any(equal(value, other) for other in two)]
        case "required":
            return list(dict.fromkeys((*one, *two)))
        case "dependentRequired":
            return {**one, **two}
        case "uniqueItems":
            return bool(one or two)
        case "multipleOf" if isinstance(one, int) and isinstance(two, int):
            return min(lcm(one, two), MAX_NUMBER)
    return one


def resolve_reference(schema: Schema, root: Any) -> Any:
    """Find the schema that a reference names; True, which accepts anything, if it is missing.

    References to other documents are never fetched.
    """
    ref = next((schema[key] for key in REFS if isinstance(schema.get(key), str)), "")
    _, _, fragment = ref.partition("#")
    if ref.startswith("#") and (not fragment or fragment.startswith("/")):
        return _resolve_pointer(root, unquote(fragment))
    held = root if isinstance(root, Mapping) else {}
    places = [held[name] for name in ("$defs", "definitions") if name in held]
    for one in islice((one for place in places for one in place.values()), MAX_DEFINITIONS):
        if isinstance(one, Mapping):
            anchors = (one.get("$anchor"), one.get("$dynamicAnchor"))
            if (ref and one.get("$id") == ref) or (fragment and fragment in anchors):
                return one
    return True


def _resolve_pointer(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        is_index = isinstance(document, list) and key.isdecimal() and len(key) < len("1000000")
        if is_index and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, Mapping) and key in document:
            document = document[key]
        else:
            return True
    return document
