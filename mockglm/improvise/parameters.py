"""The parameters of a function, and the assignment of values in a text to them, each value once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.language import topic, word_set
from mockglm.improvise.schema.keywords import REFS, normalize, resolve_reference
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.schema.scalars import ValuePath, split_name
from mockglm.improvise.tables import pattern, table
from mockglm.improvise.values import TextValues

MAX_DEPTH = 4
MAX_CALLS = 5
"""Calls of one function at once."""
MAX_FILLED = 100
MAX_NAME = 64
"""Characters of a parameter's name; longer ones are no words (a function's name has 64, too)."""
MAX_VALUES, LONGEST_VALUE = 300, 64
"""Values of an enumeration that are searched for in the text, and characters of each."""
FORMATS = {"email": "email", "uri": "url", "url": "url", "date": "date", "date-time": "instant"}
KEPT_KEYS = ("description", "type", "properties", "required", "enum", "format", "default")
FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "relative"),
    "code": ("code", "fence"),
    "command": ("command", "code", "fence"),
    "fence": ("fence", "code"),
    "person": ("email", "person"),
    # `to` and `from` may be persons or places.
    "direction": ("email", "person", "place"),
}
"""The kinds of values that a parameter of a kind accepts, in this order."""
STRICT = frozenset(("email", "url", "date", "instant", "time"))
"""Kinds of parameters that take no quote."""
EXAMPLE = pattern("parameters", "example")
YEAR = "2026"
"""The year of a date without one; an improvised reply does not depend on the clock."""


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
    def is_text(self) -> bool:
        return self.type == "string" and "enum" not in self.schema

    @property
    def is_search(self) -> bool:
        """True for the parameter that takes the text to search for."""
        return self.type == "string" and bool(self.words & name_words("query"))

    @property
    def description(self) -> str:
        return str(self.schema.get("description") or "")

    @cached_property
    def kind(self) -> str:
        """The kind of values it accepts; empty for prose and quotes."""
        known = FORMATS.get(str(self.schema.get("format", "")))
        if known or self.type != "string":
            return known or ""
        parts = {*self.words, *(part.removesuffix("s") for part in self.words)}
        by_name, by_han = _kinds()
        kind = next((kind for kind, words in by_name.items() if parts & words), "")
        return kind or next((kind for word, kind in by_han if word in self.description), "")


@lru_cache(maxsize=32)
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
    root = normalize(schema)
    return tuple(islice(_walk(root, root, (), is_required=True), MAX_FILLED))


def _walk(schema: Any, root: Any, path: ValuePath, *, is_required: bool) -> Iterator[Parameter]:
    """Yield a single value, a list of such, or those of an object or the first object of a list."""
    plain = _resolve(schema, root)
    is_list = bool(path) and plain.get("type") == "array"
    inner = _resolve(plain.get("items"), root) if is_list else plain
    held = inner.get("properties") or {}
    if path and not held and inner.get("type") not in ("object", "array"):
        kept = {**inner, "description": inner.get("description") or plain.get("description")}
        yield Parameter(path, kept, is_required, is_list)
    path = (*path, 0) if is_list else path
    for name, sub in held.items() if len(path) < MAX_DEPTH else ():
        if len(name) <= MAX_NAME:
            is_needed = is_required and name in inner.get("required", ())
            yield from _walk(sub, root, (*path, name), is_required=is_needed)


def _resolve(schema: Any, root: Any, depth: int = 0) -> Mapping[str, Any]:
    """Resolve a reference, an `allOf` of one schema, or a union with null."""
    if not isinstance(schema, Mapping) or depth > MAX_DEPTH:
        return {}
    branches = [one for key in ("anyOf", "oneOf", "allOf") for one in schema.get(key, ())]
    if any(key in schema for key in REFS):
        branches = [resolve_reference(schema, root)]
    solid = [one for one in branches if not _is_null(one)]
    if not solid:
        return schema
    kept = {key: held for key, held in schema.items() if key in KEPT_KEYS}
    return {**_resolve(solid[0], root, depth + 1), **kept}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def split_calls(held: Sequence[Parameter], values: TextValues) -> Sequence[TextValues]:
    """Split values among several calls if one parameter accepts several of them.

    北京和上海 makes two calls for a `city`, but one for `from` and `to`.
    """
    for kind in ("place", "url", "email", "path"):
        several = values.of(kind)[:MAX_CALLS]
        takers = [one for one in held if one.kind == kind]
        if len(several) > 1 and len(takers) == 1 and not takers[0].is_list:
            return [replace(values, kinds={**values.kinds, kind: (one,)}) for one in several]
    if len(held) == 1 and held[0].is_number and not held[0].is_list and values.numbers:
        return [replace(values, numbers=(one,)) for one in values.numbers[:MAX_CALLS]]
    return [values]


def assign(held: Sequence[Parameter], values: TextValues) -> Given:
    """Assign values to parameters, by path; each value goes to the first that accepts it."""
    text = _TextPools(values)
    given: dict[ValuePath, Any] = {}
    ways = (text.certain, text.quoted, text.needed)
    for choose, one in product(ways, sorted(held, key=lambda one: not one.is_required)):
        pool = choose(one) if one.path not in given else None
        if pool:
            given[one.path] = pool[:] if one.is_list else pool[0]
            del pool[: None if one.is_list else 1]
    return given


class _TextPools:
    """The values of one text that are not assigned yet, in lists to take them from."""

    def __init__(self, values: TextValues) -> None:
        self.text = values.text
        self.numbers = list(values.numbers)
        self.kinds = {kind: list(found) for kind, found in values.kinds.items()}

    def certain(self, one: Parameter) -> list[Any]:
        """The values for a parameter, required or not."""
        if "enum" in one.schema:
            return self.enumerated(one.schema["enum"])
        for kind in FALLBACKS.get(one.kind, (one.kind,)):
            pool = self.kinds.get(kind, [])
            if pool and one.schema.get("format") in ("date", "date-time"):
                return [_format_date(pool.pop(0), str(one.schema["format"]))]
            if pool:
                return pool
        return []

    def enumerated(self, listed: Sequence[Any]) -> list[Any]:
        """The values of an enumeration that the text mentions, in either language."""
        texts = [value for value in listed[:MAX_VALUES] if isinstance(value, str)]
        named = {value: word_set(value) for value in texts if len(value) <= LONGEST_VALUE}
        words = word_set(self.text)
        said = [value for value in named if not value.isascii() and value in self.text]
        said += [value for value, stems in named.items() if stems and stems <= words]
        concepts = {word for word in words if word.startswith("#")}
        return said or [value for value, stems in named.items() if stems & concepts]

    def quoted(self, one: Parameter) -> list[Any]:
        """The quotes, for the parameter that holds the main text."""
        is_main = one.is_required and one.is_text and not one.is_list and not one.kind
        is_named = one.name.lower() in name_words("main")
        return self.kinds.get("quote", []) if is_main and is_named else []

    def needed(self, one: Parameter) -> list[Any]:
        """The values for a parameter that must have one: a number, a quote, the object of a
        search, the topic, or the example of the description."""
        if not one.is_required or "default" in one.schema or not (one.is_number or one.is_text):
            return []
        quotes = self.kinds.get("quote", [])
        if one.is_number or (quotes and one.kind not in STRICT):
            return self.numbers if one.is_number else quotes
        sought = self.kinds.get("sought", [])
        if one.is_list or (sought and one.is_search):
            return sought[:] if one.is_search else []
        example = EXAMPLE.search(one.description)
        text = example[1].strip() if example else ""
        if one.words & name_words("prose") and not one.kind:
            text = topic(self.text, 40 if one.name.lower() in name_words("titles") else 200)
        return [text] if text else []


def _format_date(text: str, form: str) -> str:
    """Format a date by ISO 8601."""
    parts = [f"{int(part):02}" for part in re.findall(r"\d+", text)]
    if form == "date" and len(parts) in (2, 3):
        return "-".join((YEAR, *parts)[-3:])
    if form == "date-time" and len(parts) == 5:
        return f"{'-'.join(parts[:3])}T{':'.join(parts[3:])}:00Z"
    return text
