"""The values in a text: places, numbers, dates, addresses, paths, quotes, commands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from mockglm.improvise.tables import pattern, table


class NumberInText(Struct, frozen=True):
    """A number, the words next to it, and its unit."""

    value: float
    beside: str
    unit: str


class TextValues(Struct, frozen=True, kw_only=True):
    """The values of a text, by kind and in the order of the text."""

    text: str
    numbers: tuple[NumberInText, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[str, ...]:
        return self.kinds.get(kind, ())

    def within(self, whole: TextValues, numbers: int) -> TextValues:
        """Fill in the values that this part of a text lacks from those of the whole text.

        The numbers of the whole are taken if the part has fewer than are needed.
        """
        kinds = {kind: found or whole.of(kind) for kind, found in self.kinds.items()}
        enough = len(self.numbers) >= min(numbers, len(whole.numbers))
        return replace(self, kinds=kinds, numbers=self.numbers if enough else whole.numbers)


OVERLAPPING = frozenset(("id", "person", "relative"))
"""Kinds whose texts may also be values of the kinds after them."""
QUOTES = " `\"'“”‘’「」"
NUMERAL = pattern("values", "numeral")
DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
MAX_NUMERAL = 30
PAUSE = pattern("values", "pause")
ENGLISH_PLACE = pattern("values", "english_place")
MORE_PLACES = pattern("values", "more_places")
CHINESE_PLACE = pattern("values", "chinese_place")
_NO_NAME = "I The A An My Our This That It What There Who He She They Python JavaScript JSON"
NO_NAME = frozenset(_NO_NAME.split())
"""Capitalized words that are neither places nor persons."""


@lru_cache(maxsize=64)
def find_values(text: str) -> TextValues:
    """Find all values in a text."""
    # Cached, for a clause is compared with every function.
    rest = text
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, form in _patterns().items():
        found = list(form.finditer(rest))
        kinds[kind] = tuple(dict.fromkeys(filter(None, map(_first_group, found))))
        if kind not in OVERLAPPING:
            rest = _blank_out(rest, found)
    kinds |= find_changes(text)
    kinds["place"] = tuple(dict.fromkeys(_find_places(text, rest)))
    others = {*NO_NAME, *places()[0], *places()[1].findall(text)}
    kinds["person"] = tuple(name for name in kinds["person"] if name not in others)
    return TextValues(text=text, numbers=tuple(_find_numbers(rest)), kinds=kinds)


@lru_cache(maxsize=1)
def _patterns() -> Mapping[str, re.Pattern[str]]:
    held = dict(table("patterns")["kinds"])
    kinds = {
        "fence": held.pop("fence"),
        "code": held.pop("code"),
        "command": _command_pattern(),
        **held,
    }
    flags = {"relative": re.I}
    return {kind: re.compile(p, flags.get(kind, re.S) | re.A) for kind, p in kinds.items()}


def _command_pattern() -> str:
    """The pattern of shell commands, with the command in a group."""
    words = table("patterns")["commands"]
    word = (
        rf" +(?!(?:{words['ends']})\b)"
        r"(?:\"[^\"\n]*\"|'[^'\n]*'|[-\w./:=@*~+%&|]*[-\w/*~+%=])"
    )
    pairs = table("patterns")["programs"].items()
    known = "|".join(f"(?:{names}) +(?:{first})" for names, first in pairs)
    return (
        rf"(?<![\w./-])((?:(?:{known})(?![\w])|(?:{words['alone']})(?![\w.]))(?:{word})*)"
        rf"|(?:\b(?:{words['run']}) +|(?:{words['run_zh']})(?:一下|命令|下)? *+[:：]? *+)"
        rf"(?!(?:{words['not_programs']})\b)([a-z][\w.+-]*(?:{word})*)"
    )


@lru_cache(maxsize=1)
def _change_patterns() -> tuple[list[re.Pattern[str]], list[re.Pattern[str]], re.Pattern[str]]:
    held = table("patterns")
    names = "|".join(held["globs"])
    globs = rf"\b({names})\b[\w ]{{0,40}} files?\b|({names})\s*文件"
    edits, sought = ([re.compile(p, re.I) for p in held[k].values()] for k in ("edits", "sought"))
    return edits, sought, re.compile(globs, re.I)


def find_changes(text: str) -> Mapping[str, tuple[str, ...]]:
    """Find the old and new text of a change, the text to search for, and a glob of files."""
    edits, sought, globs = _change_patterns()
    found: dict[str, tuple[str, ...]] = {}
    edit = next(filter(None, (form.search(text) for form in edits)), None)
    if edit is not None:
        found["old"], found["new"] = ((part.strip(QUOTES),) for part in edit.groups())
    thing = next(filter(None, (form.search(text) for form in sought)), None)
    if thing is not None:
        found["sought"] = (thing[1].strip(QUOTES),)
    glob = globs.search(text)
    if glob is not None:
        found["glob"] = (table("patterns")["globs"][(glob[1] or glob[2]).lower()],)
    return {kind: values for kind, values in found.items() if values[0]}


def _first_group(match: re.Match[str]) -> str:
    return next((part for part in match.groups() if part), match[0]).strip()


def _blank_out(text: str, found: list[re.Match[str]]) -> str:
    """Replace the matches by spaces, which keeps positions."""
    pieces: list[str] = []
    at = 0
    for match in found:
        start, end = match.span()
        pieces += (text[at:start], " " * (end - start))
        at = end
    return "".join((*pieces, text[at:]))


@lru_cache(maxsize=1)
def places() -> tuple[tuple[str, ...], re.Pattern[str]]:
    """The known places: Chinese names, and a pattern of the English ones."""
    held = table("places")
    names = "|".join(map(re.escape, held["en"]))
    return tuple(held["zh"].split()), re.compile(rf"\b(?:{names})\b")


def _find_places(text: str, rest: str) -> Iterator[str]:
    """Yield known places, and those after a preposition or before a suffix, in their order."""
    chinese, english = places()
    known = [(text.find(name), name) for name in chinese if name in text]
    known += [(match.start(), match[0]) for match in english.finditer(rest)]
    known += [(match.start(1), match[1]) for match in CHINESE_PLACE.finditer(rest)]
    known += [
        pair for match in ENGLISH_PLACE.finditer(rest) for pair in _find_listed_places(match, rest)
    ]
    end = 0
    for start, name in sorted(known, key=lambda pair: (pair[0], -len(pair[1]))):
        if start >= end and name.split(" ")[0] not in NO_NAME:
            yield name
            end = start + len(name)


def _find_listed_places(match: re.Match[str], text: str) -> Iterable[tuple[int, str]]:
    """Yield the place of a match and those listed after it; `Paris, France` is one place."""
    start, name = match.start(1), match[1]
    more = MORE_PLACES.match(text, match.end())
    if more and "," in name:
        second = name.partition(",")[2].strip()
        yield text.find(second, start), second
        name = name.partition(",")[0]
    yield start, name
    while more:
        yield more.start(1), more[1]
        more = MORE_PLACES.match(text, more.end())


def _find_numbers(text: str) -> Iterator[NumberInText]:
    for match in NUMERAL.finditer(text):
        if len(match[0]) <= MAX_NUMERAL:
            before = PAUSE.split(text[max(match.start() - 16, 0) : match.start()])[-1]
            after = PAUSE.split(text[match.end() : match.end() + 8])[0]
            yield NumberInText(_read_numeral(match[0]), f"{before} {after}", after[:2])


def _read_numeral(text: str) -> float:
    if text[-1].isdecimal():
        plain = text.replace(",", "")
        return float(plain) if "." in plain else int(plain)
    hundreds, _, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = DIGITS.get(hundreds, 0) * 100 + DIGITS.get(ones[-1:], 0)
    return value + (DIGITS.get(tens[-1:], 1) * 10 if ten else 0)
