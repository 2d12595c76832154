"""The values in a text, and the parameters of functions that they are assigned to, each once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice, product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.language import topic, word_set
from mockglm.improvise.schema.keywords import resolve_reference, well_formed
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.schema.scalars import ValuePath, split_name
from mockglm.improvise.tables import patterns, table

PATTERNS = patterns("parameters")
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
STRICT = frozenset(("email", "url", "date", "instant", "time"))
"""Kinds of parameters that take no quote."""
OVERLAPPING = frozenset(("id", "person", "relative"))
"""Kinds whose texts may also be values of the kinds after them."""
QUOTES = " `\"'“”‘’「」"


class TextValues(Struct, frozen=True):
    """The values of a text, by kind and in the order of the text."""

    text: str
    kinds: Mapping[str, tuple[str, ...]]
    numbers: tuple[float, ...]

    def of(self, kind: str) -> tuple[str, ...]:
        return self.kinds.get(kind, ())

    def first(self, kind: str) -> str:
        return next(iter(self.of(kind)), "")

    def within(self, whole: TextValues) -> TextValues:
        """Fill in the values that this part of a text lacks from those of the whole text."""
        kinds = {kind: found or whole.of(kind) for kind, found in self.kinds.items()}
        return TextValues(self.text, kinds, self.numbers or whole.numbers)


@lru_cache(maxsize=64)
def find_values(text: str) -> TextValues:
    # Cached, for a clause is compared with every function.
    rest = text
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, form in _patterns("kinds", re.S | re.A).items():
        # The first group that took part, or all of a pattern without groups; each text once.
        texts = (next(filter(None, one.groups()), one[0]).strip() for one in form.finditer(rest))
        kinds[kind] = tuple(dict.fromkeys(filter(None, texts)))
        if kinds[kind] and kind not in OVERLAPPING:
            rest = form.sub(lambda match: " " * len(match[0]), rest)
    kinds["place"] = tuple(dict.fromkeys(_find_places(rest)))
    is_place = _place_pattern().fullmatch
    persons = (name for name in kinds["person"] if not is_place(name))
    kinds["person"] = tuple(name for name in persons if name not in name_words("capitalized"))
    numbers = (one.replace(",", "") for one in PATTERNS["numeral"].findall(rest))
    found = (float(one) if "." in one else int(one) for one in numbers)
    return TextValues(text, {**kinds, **find_changes(text)}, tuple(found))


@lru_cache(maxsize=8)
def _patterns(section: str, flags: re.RegexFlag) -> Mapping[str, re.Pattern[str]]:
    return {name: re.compile(one, flags) for name, one in table("patterns")[section].items()}


def find_changes(text: str) -> Mapping[str, tuple[str, ...]]:
    """Find the old and new text of a change, and the text to search for."""
    found: dict[str, str] = {}
    for section, kinds in (("edits", ("old", "new")), ("sought", ("sought",))):
        matches = (form.search(text) for form in _patterns(section, re.I).values())
        match = next(filter(None, matches), None)
        found |= dict(zip(kinds, match.groups(), strict=True)) if match else {}
    bare = {kind: value.strip(QUOTES) for kind, value in found.items()}
    return {kind: (value,) for kind, value in bare.items() if value}


@lru_cache(maxsize=1)
def _place_pattern() -> re.Pattern[str]:
    """The pattern of known places and of those after a preposition, which are in a group."""
    held = table("places")
    latin = "|".join(map(re.escape, held["en"]))
    han = "|".join(held["zh"].split())
    return re.compile(rf"{PATTERNS['places'].pattern}|\b(?:{latin})\b|{han}")


def _find_places(text: str) -> Iterator[str]:
    for match in _place_pattern().finditer(text):
        named = match[1] or match[0]
        # `Florence, Italy` is one place.
        is_list = " and " in named or " or " in named
        names = PATTERNS["and"].split(named) if is_list else [named]
        yield from (name for name in names if name.split(" ")[0] not in name_words("capitalized"))


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
        described = self.description
        for kind, words in _kinds().items():
            if parts & words or any(word in described for word in words if not word.isascii()):
                return kind
        return ""


@lru_cache(maxsize=64)
def name_words(name: str) -> frozenset[str]:
    """The words in names of parameters of a sort, of tools of a kind, or in other names."""
    return frozenset(table("names")["names"][name].split())


@lru_cache(maxsize=1)
def _kinds() -> Mapping[str, frozenset[str]]:
    kinds = table("names")["kinds"].items()
    return {kind: frozenset(words.split()) for kind, words in kinds}


def list_parameters(schema: Any) -> tuple[Parameter, ...]:
    """List the parameters of a function, nested ones included."""
    return tuple(islice(_walk(schema, schema, (), is_required=True), MAX_FILLED))


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
    plain = well_formed(schema)
    branches = [one for key in ("anyOf", "oneOf", "allOf") for one in plain.get(key, ())]
    if "$ref" in plain:
        branches = [resolve_reference(plain["$ref"], root)]
    solid = [one for one in branches if one != {"type": "null"}]
    if not solid:
        return plain
    kept = {key: held for key, held in plain.items() if key in KEPT_KEYS}
    return {**_resolve(solid[0], root, depth + 1), **kept}


def split_calls(held: Sequence[Parameter], values: TextValues) -> Sequence[TextValues]:
    """Split values among several calls if one parameter accepts several of them.

    北京和上海 makes two calls for a `city`, but one for `from` and `to`.
    """
    for kind in ("place", "url", "email", "path"):
        several = values.of(kind)[:MAX_CALLS]
        takers = [one for one in held if one.kind == kind]
        if len(several) > 1 and len(takers) == 1 and not takers[0].is_list:
            return [replace(values, kinds={**values.kinds, kind: (one,)}) for one in several]
    return [values]


def assign(held: Sequence[Parameter], values: TextValues) -> Given:
    """Assign values to parameters, by path; each value goes to the first that accepts it."""
    text = _TextPools(values)
    given: dict[ValuePath, Any] = {}
    # The main text takes a quote before others.
    main = name_words("main")
    ranked = sorted(held, key=lambda one: (not one.is_required, one.name.lower() not in main))
    for choose, one in product((text.certain, text.needed), ranked):
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
        accepted = table("names")["accepted"].get(one.kind, one.kind).split()
        pool = next((pool for kind in accepted if (pool := self.kinds.get(kind))), [])
        return [_format_date(pool.pop(0))] if pool and one.schema.get("format") == "date" else pool

    def enumerated(self, listed: Sequence[Any]) -> list[Any]:
        """The values of an enumeration that the text mentions, in either language."""
        texts = [value for value in listed[:MAX_VALUES] if isinstance(value, str)]
        named = {value: word_set(value) for value in texts if len(value) <= LONGEST_VALUE}
        words = word_set(self.text)
        concepts = {word for word in words if word.startswith("#")}
        said = [
            value
            for value, stems in named.items()
            if (stems and stems <= words) or (not value.isascii() and value in self.text)
        ]
        return said or [value for value, stems in named.items() if stems & concepts]

    def needed(self, one: Parameter) -> list[Any]:
        """The values for a parameter that must have one: a number, a quote, the object of a
        search, the topic, or the example of the description."""
        is_known = "default" in one.schema or "enum" in one.schema
        if is_known or not one.is_required or not (one.is_number or one.type == "string"):
            return []
        quotes = self.kinds.get("quote", [])
        if one.is_number or (quotes and one.kind not in STRICT):
            return self.numbers if one.is_number else quotes
        sought = self.kinds.get("sought", [])
        if one.is_list or (sought and one.is_search):
            return sought[:] if one.is_search else []
        example = PATTERNS["example"].search(one.description)
        text = example[1].strip() if example else ""
        if one.words & name_words("prose") and not one.kind:
            text = topic(self.text, 40 if one.name.lower() in name_words("titles") else 200)
        return [text] if text else []


def _format_date(text: str) -> str:
    """Format a date by ISO 8601, as `2026-09-08`."""
    parts = [f"{int(part):02}" for part in re.findall(r"\d+", text)]
    # A reply does not depend on the clock.
    return "-".join(("2026", *parts)[-3:]) if len(parts) in (2, 3) else text
