"""The parameters of a function that values of a text can be assigned to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.schema.keywords import FORMS, REFS, resolve_reference
from mockglm.improvise.schema.scalars import ValuePath, split_name
from mockglm.improvise.tables import table
from mockglm.improvise.values import TextValues

MAX_DEPTH = 4
MAX_CALLS = 5
"""Calls of one function at once."""
MAX_FILLED = 100
MAX_NAME = 64
"""Characters of a parameter's name; longer ones are no words (a function's name has 64, too)."""
FORMATS = {"email": "email", "uri": "url", "url": "url", "date": "date", "date-time": "instant"}
KEPT_KEYS = ("description", "type", "properties", "required", "enum", "format", "default")


class Parameter(Struct, frozen=True, dict=True):
    """A parameter for a single value or a list of such."""

    path: ValuePath
    schema: Mapping[str, Any]
    is_required: bool
    is_list: bool = False

    @property
    def name(self) -> str:
        return str(self.path[-1])

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of the name, and the whole name."""
        return frozenset((*split_name(self.name), self.name.lower()))

    @cached_property
    def type(self) -> str:
        named = self.schema.get("type", "string" if "enum" not in self.schema else "enum")
        names = [named] if isinstance(named, str) else [one for one in named if one != "null"]
        return str(names[0]) if names else "string"

    @property
    def is_number(self) -> bool:
        return self.type in ("integer", "number")

    @property
    def is_search(self) -> bool:
        """True for the parameter that takes the text to search for."""
        return self.type == "string" and bool(self.words & name_words("seeking"))

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @cached_property
    def kind(self) -> str:
        """The kind of values it accepts; empty for prose and quotes."""
        known = FORMATS.get(str(self.schema.get("format", "")))
        if known or self.type != "string":
            return known or ""
        by_name, by_han = _kinds()
        parts = {*self.words, *(part.removesuffix("s") for part in self.words)}
        kind = next((kind for kind, words in by_name.items() if parts & words), "")
        return kind or next((kind for word, kind in by_han if word in self.description), "")


@lru_cache(maxsize=8)
def name_words(name: str) -> frozenset[str]:
    """The words in names of parameters of a sort."""
    return frozenset(table("parameters")["names"][name].split())


@lru_cache(maxsize=1)
def _kinds() -> tuple[Mapping[str, frozenset[str]], tuple[tuple[str, str], ...]]:
    held = {kind: words.split() for kind, words in table("parameters")["kinds"].items()}
    han = [(word, kind) for kind, words in held.items() for word in words if not word.isascii()]
    return {kind: frozenset(words) for kind, words in held.items()}, tuple(han)


def list_parameters(schema: Any) -> tuple[Parameter, ...]:
    """List the parameters of a function, nested ones included."""
    return tuple(islice(_walk(schema, schema, (), is_required=True), MAX_FILLED))


def split_calls(held: Sequence[Parameter], values: TextValues) -> tuple[TextValues, ...]:
    """Split values among several calls if one parameter accepts several of them.

    北京和上海 makes two calls for a `city`, but one for `from` and `to`.
    """
    for kind in ("place", "url", "email", "path"):
        several = values.of(kind)[:MAX_CALLS]
        takers = [one for one in held if one.kind == kind]
        if len(several) > 1 and len(takers) == 1 and not takers[0].is_list:
            kinds = values.kinds
            return tuple(replace(values, kinds={**kinds, kind: (one,)}) for one in several)
    is_single = len(held) == 1 and held[0].is_number and not held[0].is_list
    if is_single and len(values.numbers) > 1:
        return tuple(replace(values, numbers=(one,)) for one in values.numbers[:MAX_CALLS])
    return (values,)


def _walk(schema: Any, root: Any, path: ValuePath, *, is_required: bool) -> Iterator[Parameter]:
    plain = _resolve(schema, root)
    held = plain.get("properties")
    if not held and path:
        yield from _walk_value(plain, root, path, is_required=is_required)
    elif len(path) < MAX_DEPTH:
        needed = plain.get("required", ())
        for name, sub in (held or {}).items():
            if len(name) <= MAX_NAME:
                is_needed = is_required and name in needed
                yield from _walk(sub, root, (*path, name), is_required=is_needed)


def _walk_value(
    plain: Mapping[str, Any], root: Any, path: ValuePath, *, is_required: bool
) -> Iterator[Parameter]:
    """Yield a single value, a list of such, or the values of the first object of a list."""
    is_list = plain.get("type") == "array"
    items = _resolve(plain.get("items", True), root) if is_list else plain
    if is_list and items.get("properties"):
        yield from _walk(plain["items"], root, (*path, 0), is_required=is_required)
    elif items.get("type") not in ("object", "array"):
        kept = {**items, "description": items.get("description") or plain.get("description")}
        yield Parameter(path, kept if is_list else items, is_required, is_list=is_list)


def _resolve(schema: Any, root: Any, depth: int = 0) -> Mapping[str, Any]:
    """Resolve a reference, an `allOf` of one schema, or a union with null."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}
    schema = {key: held for key, held in schema.items() if key not in FORMS or FORMS[key](held)}
    branches = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    solid = [one for one in branches if not _is_null(one)]
    target = resolve_reference(schema, root) if any(key in schema for key in REFS) else None
    target = solid[0] if target is None and solid else target
    if target is None:
        return dict(schema)
    kept = {key: held for key, held in schema.items() if key in KEPT_KEYS}
    return {**_resolve(target, root, depth + 1), **kept}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"
