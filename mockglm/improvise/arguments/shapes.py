"""The shape each keyword of JSON Schema must have; a keyword of another shape says nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import float_info
from typing import Any

__all__ = ["LARGEST", "Schema", "shaped"]

Schema = Mapping[str, Any]

LARGEST = int(float_info.max)
"""Numbers beyond it are JSON, but no double: what reads them makes them infinite."""


def shaped(schema: Schema) -> Schema:
    """The schema without the keywords that are malformed; itself when all are well."""
    wrong = [key for key, value in schema.items() if key in SHAPES and not SHAPES[key](value)]
    if not wrong:
        return schema
    return {key: value for key, value in schema.items() if key not in wrong}


def _is_number(value: Any) -> bool:
    # draft 4 had exclusiveMinimum as a flag beside minimum
    is_plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_plain and abs(value) <= LARGEST


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_names(value: Any) -> bool:
    # draft 3 had `required` as a flag of the property
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


def _is_types(value: Any) -> bool:
    return isinstance(value, str) or _is_names(value)


def _is_map(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_choice(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


SHAPES: Mapping[str, Callable[[Any], bool]] = {
    "type": _is_types,
    "enum": _is_choice,
    "examples": _is_list,
    "format": _is_text,
    "pattern": _is_text,
    "required": _is_names,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("minContains", "maxContains"), _is_count),
    **dict.fromkeys(("properties", "patternProperties", "$defs", "definitions"), _is_map),
    **dict.fromkeys(("dependencies", "dependentRequired", "dependentSchemas"), _is_map),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), _is_choice),
}
