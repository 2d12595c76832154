"""The parameters of a function, and the assignment of values in a text to them, each value once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.language import LATIN, Memo, detect_language, topic, word_set
from mockglm.improvise.schema.keywords import FORMS, REFS, resolve_reference
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.schema.scalars import ValuePath, split_name
from mockglm.improvise.tables import pattern, table
from mockglm.improvise.values import NumberInText, TextValues

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
    "person": ("email", "person", "place"),
}
"""The kinds of values that a parameter of a kind accepts, in this order."""
QUOTABLE = frozenset(
    ("", "person", "path", "fence", "code", "command", "place", "id", "old", "new")
)
DIRECTIONS = frozenset(("to", "from"))
"""Parameters for a person that may be for a place."""
NAMED = r"\s*(?:[:：=]|\bis\b|\bare\b|\blike\b|\bsuch as\b|为|是|叫)\s*([^,，。;；\n]+)"
AND = pattern("parameters", "and")
QUOTES = " \"'“”‘’「」《》`.。"
EXAMPLE = pattern("parameters", "example")
FOLDER = pattern("parameters", "folder")
PLACES = ("北京", "上海", "广州", "深圳")
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

    @Memo
    def words(self) -> frozenset[str]:
        """The words of the name, and the whole name."""
        return frozenset((*split_name(self.name), self.name.lower()))

    @Memo
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

    @Memo
    def kind(self) -> str:
        """The kind of values it accepts; empty for prose and quotes."""
        known = FORMATS.get(str(self.schema.get("format", "")))
        if known or self.type != "string":
            return known or ""
        parts = {*self.words, *(part.removesuffix("s") for part in self.words)}
        by_name, by_han = _kinds()
        kind = next((kind for kind, words in by_name.items() if parts & words), "")
        return kind or next((kind for word, kind in by_han if word in self.description), "")


@lru_cache(maxsize=16)
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


def _walk(schema: Any, root: Any, path: ValuePath, *, is_required: bool) -> Iterator[Parameter]:
    plain = _resolve(schema, root)
    held = plain.get("properties") or {}
    if path and not held:
        yield from _walk_value(plain, root, path, is_required=is_required)
    elif len(path) < MAX_DEPTH:
        for name, sub in held.items():
            is_needed = is_required and name in plain.get("required", ())
            if len(name) <= MAX_NAME:
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
    plain = {key: held for key, held in schema.items() if key not in FORMS or FORMS[key](held)}
    branches = [one for key in ("anyOf", "oneOf", "allOf") for one in plain.get(key, ())]
    if any(key in plain for key in REFS):
        branches = [resolve_reference(plain, root)]
    solid = [one for one in branches if not _is_null(one)]
    if not solid:
        return plain
    kept = {key: held for key, held in plain.items() if key in KEPT_KEYS}
    return {**_resolve(solid[0], root, depth + 1), **kept}


def _is_null(schema: Any) -> bool:
    return isinstance(schema, Mapping) and schema.get("type") == "null"


def split_calls(held: Sequence[Parameter], values: TextValues) -> tuple[TextValues, ...]:
    """Split values among several calls if one parameter accepts several of them.

    北京和上海 makes two calls for a `city`, but one for `from` and `to`.
    """
    for kind in ("place", "url", "email", "path"):
        several = values.of(kind)[:MAX_CALLS]
        takers = [one for one in held if one.kind == kind]
        if len(several) > 1 and len(takers) == 1 and not takers[0].is_list:
            return tuple(replace(values, kinds={**values.kinds, kind: (v,)}) for v in several)
    if len(held) == 1 and held[0].is_number and not held[0].is_list and values.numbers:
        return tuple(replace(values, numbers=(one,)) for one in values.numbers[:MAX_CALLS])
    return (values,)


def assign(held: Sequence[Parameter], values: TextValues) -> Given:
    """Assign values to parameters, by path; each value goes to the first that accepts it."""
    return _Assignment(values).fill(held)


def usual_values(needed: Sequence[Parameter], text: str) -> Given:
    """Values for parameters that the text has none for, where a sample would be odd.

    These are places in the language of the text, and `.` for a directory.
    """
    plain = [one for one in needed if one.type == "string" and not one.is_list]
    plain = [one for one in plain if not {"default", "enum"} & one.schema.keys()]
    places = [one for one in plain if one.kind == "place" and detect_language(text) == "zh"]
    here = [one for one in plain if one.kind == "path" and FOLDER.search(one.description)]
    given = {one.path: place for one, place in zip(places, PLACES, strict=False)}
    return given | {one.path: "." for one in here if "file" not in one.name.lower()}


class _Assignment:
    """The values of one text, and those that are not assigned yet."""

    def __init__(self, values: TextValues) -> None:
        self.text = values.text
        self.words = word_set(values.text)
        self.numbers = list(values.numbers)
        self.left = {kind: list(found) for kind, found in values.kinds.items()}

    def fill(self, held: Sequence[Parameter]) -> Given:
        given: dict[ValuePath, Any] = {}
        ranked = sorted(held, key=lambda one: not one.is_required)
        ways = (self.named, self.certain, self.quoted, self.needed)
        for choose, parameter in product(ways, ranked):
            value = choose(parameter) if parameter.path not in given else None
            if value is not None:
                given[parameter.path] = value
        return given

    def named(self, one: Parameter) -> Any:
        """The value under the parameter's own name: `title: …`, `genres like … and …`."""
        if one.type != "string" or "enum" in one.schema:
            return None
        called = table("parameters")["called"].get(one.name)
        name = r"[ _]?".join(map(re.escape, split_name(one.name))) or re.escape(one.name)
        spelled = rf"(?:{name}s?|{called})" if called else f"{name}s?"
        match = re.search(rf"(?<![A-Za-z]){spelled}{NAMED}", self.text, re.I)
        value = match[1].strip(QUOTES) if match else None
        if value is None or not one.is_list:
            return value
        return [part.strip().strip(QUOTES) for part in AND.split(value)]

    def certain(self, one: Parameter) -> Any:
        """The value that the text has for a parameter, required or not."""
        if "enum" in one.schema:
            return self.enumerated(one)
        if one.is_number:
            return self.number_beside(one)
        if one.type == "boolean":
            return True if self.is_named(one) else None
        return self.take(one) if one.type == "string" and one.kind else None

    def quoted(self, one: Parameter) -> Any:
        """A quote, for the parameter that holds the main text."""
        quotes = self.left.get("quote", [])
        is_plain = one.type == "string" and not one.is_list and not one.kind
        is_main = one.is_required and is_plain and one.name.lower() in name_words("main")
        return quotes.pop(0) if quotes and is_main and "enum" not in one.schema else None

    def needed(self, one: Parameter) -> Any:
        """The value for a parameter that must have one."""
        if not one.is_required or "enum" in one.schema or "default" in one.schema:
            return None
        if one.is_number and one.is_list:
            values, self.numbers = [number.value for number in self.numbers], []
            return values or None
        if one.is_number:
            return self.take_number(self.numbers[0], one) if self.numbers else None
        return self.worded(one) if one.type == "string" else None

    def is_named(self, one: Parameter) -> bool:
        """True if the text contains every word of the parameter's name."""
        parts = split_name(one.name)
        small = {part for part in parts if not word_set(part)}
        is_long = max(map(len, parts), default=0) > 2
        has_small = small <= {*LATIN.findall(self.text.lower())}
        return is_long and has_small and word_set(" ".join(parts)) <= self.words

    def take(self, one: Parameter) -> Any:
        for kind in FALLBACKS.get(one.kind, (one.kind,)):
            found = self.left.get(kind, [])
            if not found or (kind == "place" != one.kind and not DIRECTIONS & one.words):
                continue
            if one.is_list:
                self.left[kind] = []
                return found
            return _format_date(found.pop(0), str(one.schema.get("format", "")))
        return None

    def enumerated(self, one: Parameter) -> Any:
        """The value of an enumeration that the text mentions, in either language."""
        text = self.text.lower()
        texts = (value for value in one.schema["enum"][:MAX_VALUES] if isinstance(value, str))
        named = [value for value in texts if 0 < len(value) <= LONGEST_VALUE]
        concepts = {word for word in self.words if word.startswith("#")}
        found = [value for value in named if _is_mentioned(value, text)]
        found = found or [value for value in named if word_set(value) & concepts]
        return (found or None) if one.is_list else next(iter(found), None)

    def number_beside(self, one: Parameter) -> Any:
        """The number next to a word of the parameter's name."""
        last = split_name(one.name)[-1:]
        units = table("parameters")["units"].get(last[0], "") if last else ""
        wanted = word_set(f"{' '.join(split_name(one.name))} {units}")
        for number in self.numbers:
            is_unit = any(unit in number.unit for unit in units.split() if not unit.isascii())
            if is_unit or word_set(number.beside) & wanted:
                return self.take_number(number, one)
        return None

    def take_number(self, number: NumberInText, one: Parameter) -> Any:
        self.numbers.remove(number)
        return [number.value] if one.is_list else number.value

    def worded(self, one: Parameter) -> Any:
        """A quote, else the object of a search, the topic, or the example of the description."""
        quotes = self.left.get("quote", [])
        if one.is_list:
            self.left["quote"] = []
            return quotes or None
        if quotes and one.kind in QUOTABLE:
            return quotes.pop(0)
        sought = self.left.get("glob" if "glob" in one.description.lower() else "sought")
        if sought and one.is_search:
            return sought[0]
        if one.words & name_words("prose") and not one.kind:
            length = 40 if one.name.lower() in name_words("titles") else 200
            return topic(self.text, length) or None
        example = EXAMPLE.search(one.description)
        return example[1].strip() if example else None


def _is_mentioned(value: str, text: str) -> bool:
    """True if a text contains a value of an enumeration as a word."""
    spoken = value.lower()
    if not spoken.isascii() or spoken.split("_")[0] not in text:
        return not spoken.isascii() and spoken in text
    pattern = rf"(?<![a-z0-9]){re.escape(spoken).replace('_', '[ _-]')}(?![a-z0-9])"
    return re.search(pattern, text) is not None


def _format_date(text: str, form: str) -> str:
    """Format a date by ISO 8601 if the schema has that format."""
    parts = re.findall(r"\d+", text)
    if form == "date" and len(parts) == 2:
        parts = [YEAR, *parts]
    if form == "date" and len(parts) == 3 and len(parts[0]) == 4:
        return f"{parts[0]}-{int(parts[1]):02}-{int(parts[2]):02}"
    if form == "date-time" and len(parts) >= 5 and text[-1].isdigit() and "+" not in text:
        moment = [*parts, "00"][:6]
        return f"{'-'.join(moment[:3])}T{':'.join(moment[3:6])}Z"
    return text
