"""Keywords of the schemas in requests, which may be malformed or hostile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from sys import float_info
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any]

MAX_NUMBER = int(float_info.max)
"""Larger numbers are valid JSON, but no doubles."""
MAX_DEFINITIONS = 100
REQUEST_WORK = 6_000


class WorkBudget:
    """The work left for one request; a unit is about the cost of one keyword for one value."""

    __slots__ = ("left",)

    def __init__(self, left: float = REQUEST_WORK) -> None:
        self.left = left

    def spend(self, amount: float = 1) -> bool:
        """Spend units; return False if there are too few."""
        self.left -= amount
        return self.left >= 0


REFS = ("$ref", "$dynamicRef", "$recursiveRef")
DEPENDENCIES = ("dependentSchemas", "dependentRequired", "dependencies")
_BOUNDS = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"]
_BOUNDS += [key.replace("min", "max").replace("Min", "Max") for key in _BOUNDS]
TYPES: Mapping[str, Any] = {
    "type": (str, list),
    **dict.fromkeys((*_BOUNDS, "multipleOf"), (int, float)),
    **dict.fromkeys(("format", "pattern", *REFS), str),
    **dict.fromkeys(("properties", "patternProperties", *DEPENDENCIES), dict),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), list),
    **dict.fromkeys(("enum", "examples", "required"), list),
}
"""The types of the values of keywords; keywords with others are ignored."""


def well_formed(schema: Schema) -> Schema:
    """The keywords of a schema that have values of the right type."""
    return {key: held for key, held in schema.items() if isinstance(held, TYPES.get(key, object))}


def strictest(schemas: Iterable[Schema], key: str, default: float) -> float:
    """The bound of schemas that must hold together: of a minimum the highest, else the lowest."""
    choose = max if "min" in key.lower() else min
    return clamp(choose((one[key] for one in schemas if key in one), default=default))


def clamp(number: float) -> float:
    return max(-MAX_NUMBER, min(number, MAX_NUMBER))


def resolve_reference(schema: Schema, root: Any) -> Any:
    """Find the schema that a reference names; True, which accepts anything, if it is missing.

    References to other documents are never fetched.
    """
    ref = next((schema[key] for key in REFS if isinstance(schema.get(key), str)), "")
    _, _, fragment = ref.partition("#")
    if ref == "#" or ref.startswith("#/"):
        return _follow_pointer(root, unquote(fragment))
    held = root if isinstance(root, dict) else {}
    places = [held[key] for key in ("$defs", "definitions") if isinstance(held.get(key), dict)]
    for one in islice((one for place in places for one in place.values()), MAX_DEFINITIONS):
        if isinstance(one, dict):
            anchors = (one.get("$anchor"), one.get("$dynamicAnchor"))
            if one.get("$id") == ref or (fragment and fragment in anchors):
                return one
    return True


def _follow_pointer(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key) if isinstance(document, list) else key]
        except (LookupError, TypeError, ValueError):
            return True
    return document
