"""Where a `$ref` of a JSON Schema leads, and how much work a schema may cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any
from urllib.parse import unquote

__all__ = ["Fuel", "follow"]

MOST_NAMED = 100
"""Definitions that are searched for an anchor or an id."""
LONGEST_INDEX = 6

REFS = ("$ref", "$dynamicRef", "$recursiveRef")


class Fuel:
    """Work that may still be done, so that a hostile schema ends too."""

    __slots__ = ("left",)

    def __init__(self, left: int) -> None:
        self.left = left

    def burn(self, amount: int = 1) -> bool:
        """Take so many units; False when there are too few."""
        self.left -= amount
        return self.left >= 0


def follow(schema: Mapping[str, Any], root: Any) -> Any:
    """The schema that the reference in a schema names; True (anything) when it leads nowhere.

    Only references within the document are followed: nothing is fetched.
    """
    ref = next((schema[key] for key in REFS if isinstance(schema.get(key), str)), None)
    if ref is None:
        return True
    _, _, fragment = ref.partition("#")
    if ref.startswith("#") and (not fragment or fragment.startswith("/")):
        return _point(root, unquote(fragment))
    return next(_named(root, ref, fragment), True) if isinstance(root, Mapping) else True


def _point(document: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        is_index = key.isdecimal() and len(key) <= LONGEST_INDEX
        if isinstance(document, list) and is_index and int(key) < len(document):
            document = document[int(key)]
            continue
        if not isinstance(document, Mapping) or key not in document:
            return True
        document = document[key]
    return document


def _named(root: Mapping[str, Any], ref: str, fragment: str) -> Iterator[Any]:
    """The subschemas among the definitions that have the anchor or the id."""
    places = (root.get(name) for name in ("$defs", "definitions"))
    schemas = (one for held in places if isinstance(held, Mapping) for one in held.values())
    for schema in islice(schemas, MOST_NAMED):
        if isinstance(schema, Mapping) and _is_named(schema, ref, fragment):
            yield schema


def _is_named(schema: Mapping[str, Any], ref: str, fragment: str) -> bool:
    anchors = (schema.get("$anchor"), schema.get("$dynamicAnchor"))
    return schema.get("$id") == ref or (bool(fragment) and fragment in anchors)
