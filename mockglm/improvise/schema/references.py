"""References within a JSON Schema, and the budget of work for a schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote

REFS = ("$ref", "$dynamicRef", "$recursiveRef")
MAX_DEFINITIONS = 100
MAX_INDEX_DIGITS = 6
REQUEST_WORK = 6_000


class WorkBudget:
    """The work left for one request, which bounds hostile schemas.

    A unit is about the cost of applying one keyword to one value.
    """

    __slots__ = ("left",)

    def __init__(self, left: int = REQUEST_WORK) -> None:
        self.left = left

    def spend(self, amount: int = 1) -> bool:
        """Spend units; return False if there are too few."""
        self.left -= amount
        return self.left >= 0


def resolve_reference(schema: Mapping[str, Any], root: Any) -> Any:
    """Find the schema that a reference names; True, which accepts anything, if it is missing.

    References to other documents are never fetched.
    """
    ref = next((schema[key] for key in REFS if isinstance(schema.get(key), str)), "")
    _, _, fragment = ref.partition("#")
    if ref.startswith("#") and (not fragment or fragment.startswith("/")):
        return _resolve_pointer(root, unquote(fragment))
    return next(_find_definitions(root, ref, fragment), True)


def _resolve_pointer(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        is_index = key.isdecimal() and len(key) <= MAX_INDEX_DIGITS
        if isinstance(document, list) and is_index and int(key) < len(document):
            document = document[int(key)]
        elif isinstance(document, Mapping) and key in document:
            document = document[key]
        else:
            return True
    return document


def _find_definitions(root: Any, ref: str, fragment: str) -> Iterator[Any]:
    """Find definitions by anchor or id."""
    held = root if isinstance(root, Mapping) else {}
    places = [held[name] for name in ("$defs", "definitions") if name in held]
    for schema in islice((one for place in places for one in place.values()), MAX_DEFINITIONS):
        if isinstance(schema, Mapping):
            anchors = (schema.get("$anchor"), schema.get("$dynamicAnchor"))
            if (ref and schema.get("$id") == ref) or (fragment and fragment in anchors):
                yield schema
