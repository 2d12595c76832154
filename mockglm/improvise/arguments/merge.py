"""Two JSON Schemas made into one that both of them hold in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import lcm
from typing import Any

from mockglm.improvise.arguments.judge import equal
from mockglm.improvise.arguments.shapes import LARGEST, Schema

__all__ = ["merge"]


MOST_PAIRS = 100_000
"""Pairs of values of two enumerations that are compared."""


class _Never(Exception):  # noqa: N818
    """No value satisfies both."""


def merge(one: Schema, two: Schema) -> dict[str, Any] | None:
    """A schema satisfied by what satisfies both, as near as keywords can say; None if none can.

    Where a keyword cannot be intersected (two patterns, two formats) the first one stays.
    """
    merged = dict(one)
    try:
        for key, value in two.items():
            merged[key] = _meet(key, merged[key], value) if key in merged else value
    except _Never:
        return None
    return merged


def _meet(key: str, one: Any, two: Any) -> Any:
    return MEETINGS.get(key, _first)(one, two)


def _first(one: Any, _: Any) -> Any:
    return one


def _types(one: Any, two: Any) -> Any:
    left = [one] if isinstance(one, str) else one
    right = [two] if isinstance(two, str) else two
    both = [name for name in left if name in right]
    if ("number" in left and "integer" in right) or ("integer" in left and "number" in right):
        both += [] if "integer" in both or "number" in both else ["integer"]
    if not both:
        raise _Never
    return both


def _choices(one: Any, two: Any) -> Any:
    if len(one) * len(two) > MOST_PAIRS:
        return one
    both = [a for a in one if any(equal(a, b) for b in two)]
    if not both:
        raise _Never
    return both


def _constants(one: Any, two: Any) -> Any:
    if not equal(one, two):
        raise _Never
    return one


def _names(one: Any, two: Any) -> Any:
    return list(dict.fromkeys((*one, *two)))


def _both(one: Any, two: Any) -> Any:
    """Both of two schemas, left for later."""
    if one is False or two is False:
        return False
    return {"allOf": [one, two]}


def _maps(one: Mapping[str, Any], two: Mapping[str, Any]) -> Any:
    shared = {key: _both(one[key], two[key]) for key in one if key in two}
    return {**one, **two, **shared}


def _rows(one: Any, two: Any) -> Any:
    shared = [_both(a, b) for a, b in zip(one, two, strict=False)]
    return shared + max(one, two, key=len)[len(shared) :]


def _steps(one: Any, two: Any) -> Any:
    both = lcm(one, two) if isinstance(one, int) and isinstance(two, int) else LARGEST
    return both if both < LARGEST else max(one, two)


def _neither(one: Any, two: Any) -> Any:
    return {"anyOf": [one, two]}


MEETINGS: Mapping[str, Callable[[Any, Any], Any]] = {
    "type": _types,
    "enum": _choices,
    "const": _constants,
    "required": _names,
    "not": _neither,
    "multipleOf": _steps,
    "prefixItems": _rows,
    "uniqueItems": lambda one, two: bool(one or two),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems"), max),
    **dict.fromkeys(("minProperties", "minContains"), max),
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), min),
    **dict.fromkeys(("maxProperties", "maxContains"), min),
    **dict.fromkeys(("items", "additionalProperties", "contains", "propertyNames"), _both),
    **dict.fromkeys(("properties", "patternProperties", "$defs", "definitions"), _maps),
    **dict.fromkeys(
        ("dependencies", "dependentRequired", "dependentSchemas"), lambda a, b: {**a, **b}
    ),
}
