"""Keywords of the schemas in requests, which may be malformed or hostile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from sys import float_info
from typing import Any
from urllib.parse import unquote

Schema = Mapping[str, Any]

MAX_NUMBER = int(float_info.max)
"""Larger numbers are valid JSON, but no doubles."""
REQUEST_WORK = 6_000


class WorkBudget:
    """The work left for one request; a unit is about the cost of one keyword for one value."""

    def __init__(self, left: float = REQUEST_WORK) -> None:
        self.left = left

    def spend(self, amount: float = 1) -> bool:
        """Spend units; return False if there are too few."""
        self.left -= amount
        return self.left >= 0


_BOUNDS = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]
_BOUNDS += [key.replace("min", "max").replace("Min", "Max") for key in _BOUNDS]
TYPES: Mapping[str, Any] = {
    "type": (str, list),
    "items": (bool, dict),
    **dict.fromkeys((*_BOUNDS, "multipleOf"), (int, float)),
    **dict.fromkeys(("format", "pattern", "$ref"), str),
    **dict.fromkeys(("properties", "patternProperties"), dict),
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


def resolve_reference(ref: str, document: Any) -> Any:
    """Find the schema that a pointer into the document names, such as `#/$defs/City`.

    Other references, by anchor or to other documents, are not followed, and nothing is fetched: the
    answer is True, which accepts anything, as for a pointer to nothing.
    """
    if not f"{ref}/".startswith("#/"):
        return True
    for step in unquote(ref).split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        try:
            document = document[int(key) if isinstance(document, list) else key]
        except (LookupError, TypeError, ValueError):
            return True
    return document
