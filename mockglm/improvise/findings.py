"""What a text names that a parameter may want: places, numbers, dates, addresses, paths, quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from msgspec import Struct, field
from msgspec.structs import replace

from mockglm.improvise.gazetteer import EN_PLACES, ZH_PLACES
from mockglm.improvise.orders import COMMAND, orders

__all__ = ["Findings", "Number", "find"]


class Number(Struct, frozen=True):
    """A number, the text beside it and what directly follows, by which parameters claim it."""

    value: float
    beside: str
    unit: str


class Findings(Struct, frozen=True, kw_only=True):
    """What was found, by kind and in the order of the text."""

    text: str
    numbers: tuple[Number, ...] = ()
    kinds: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, kind: str) -> tuple[str, ...]:
        """The texts of a kind."""
        return self.kinds.get(kind, ())

    def within(self, whole: Findings, numbers: int) -> Findings:
        """These findings of a part; of the whole text where the part has none of a kind, or fewer
        numbers than are needed."""
        kinds = {kind: found or whole.of(kind) for kind, found in self.kinds.items()}
        enough = len(self.numbers) >= min(numbers, len(whole.numbers))
        return replace(self, kinds=kinds, numbers=self.numbers if enough else whole.numbers)


PATTERNS: Mapping[str, str] = {
    "fence": r"```[^\n`]*\n(.*?)```",
    "code": r"(?<!`)`([^`\n]+)`(?!`)",
    "command": COMMAND,
    "url": r"\bhttps?://[^\s\"'<>，。；、）)\]】」]+",
    "email": r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@"
    r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
    "instant": r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?",
    "date": r"\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}年\d{1,2}月\d{1,2}[日号]"
    r"|\d{1,2}月\d{1,2}[日号]",
    "time": r"\b\d{1,2}:\d\d(?::\d\d)?(?:\s*[ap]m)?|\b\d{1,2}\s*[ap]m\b"
    r"|(?:上午|下午|晚上|早上|中午)?[\d一二两三四五六七八九十]{1,3}点(?:半|\d{1,2}分)?",
    "quote": r"“([^“”]+)”|‘([^‘’]+)’|「([^「」]+)」|『([^『』]+)』|《([^《》]+)》|\"([^\"\n]+)\""
    r"|(?<![A-Za-z0-9])'([^'\n]+)'(?![A-Za-z0-9])",
    "path": r"(?<![\w/.:~-])(?:~|\.{1,2})?/[\w.@+-]+(?:/[\w.@+-]+)*/?|\b[A-Za-z]:\\[\w.\\ -]+\w"
    r"|(?<![\w/.@+-])(?:[\w@+-][\w.@+-]*/)+(?=[\s,.;!?]|$|[^\x00-\x7f])"
    r"|(?<![\w/.@+-])(?:src|lib|tests?|docs|scripts|app|pkg|bin)"
    r"(?= (?:directory|folder)| ?(?:目录|文件夹))"
    r"|(?<![\w/.@+-])(?:README|LICENSE|CHANGELOG|Makefile|Dockerfile)(?![\w.])"
    r"|(?<![\w/.@+-])(?:[\w@+-][\w.@+-]*/)*[\w@+-][\w.@+-]*"
    r"\.(?:py|js|ts|tsx|jsx|md|txt|json|ya?ml|toml|csv|html?|css|go|rs|java|c|cpp|h|sh|sql|xml|log"
    r"|ini|cfg|pdf|docx?|xlsx?|pptx?|png|jpe?g|gif|svg|lock|ipynb|rb|php|vue|kt|swift)\b",
    "id": r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?<!\w)#(\d+)"
    r"|(?<![\w-])([A-Za-z]{1,10}[-_]?\d[\w-]*)"
    r"|(?:订单号?|编号|工单|用户|\bid|\border|\bticket|\bissue|\buser)\s*+[:：#是]?\s*+(\d{2,})",
    "relative": r"大前天|前天|昨天|今天|明天|后天|大后天|今晚|明早"
    r"|下周[一二三四五六日天]?|本周[一二三四五六日天]?"
    r"|周[一二三四五六日天]|星期[一二三四五六日天]|\b(?:today|tomorrow|tonight|yesterday"
    r"|next (?:week|month|monday|tuesday|wednesday|thursday|friday|saturday|sunday)"
    r"|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b",
    "person": r"(?:给|叫|找|联系|通知|邀请)([\u4e00-\u9fff]{2,3}?)(?=发|打|写|说|，|,|。|的|参加|$)"
    r"|我是([\u4e00-\u9fff]{2,3})(?=，|,|。|$)|([\u4e00-\u9fff]{2,3})(?=今年|的年龄)"
    r"|\b([A-Z][a-z]+(?: [A-Z][a-z]+)?) (?:is|was|has|lives|works|said|joined)\b"
    r"|\b(?:to|for|with|named|called|invite|email|call|tell|ask) ([A-Z][a-z]+(?: [A-Z][a-z]+)?)\b",
}
"""In the order they are looked for; what one found is not seen by those after it, save `SEEN`."""
SEEN = frozenset(("id", "person"))

COMPILED = {kind: re.compile(pattern, re.S | re.A) for kind, pattern in PATTERNS.items()}
CASELESS = {"relative": re.compile(PATTERNS["relative"], re.I | re.A)}

NUMERAL = re.compile(
    r"(?<![\w.#-])-?\d+(?:,\d{3})*(?:\.\d+)?(?![\d-])"
    r"|(?<![零一二两三四五六七八九十百])[零一二两三四五六七八九十百]++(?=[个条次天小分页张位岁年公份])",
    re.A,
)
DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2}
LONGEST_NUMERAL = 30
BESIDE = 8
PAUSE = re.compile(r"[,，.。;；!！?？\n]")

ENGLISH_PLACE = re.compile(
    r"\b(?:in|at|near|from|to|for|of|around|visit(?:ing)?) "
    r"((?:(?:New|San|Los|St\.?|Saint|El|La|Rio de) )?[A-Z][A-Za-z'-]+(?: [A-Z][a-z'-]+)*"
    r"(?:, ?[A-Z][A-Za-z'-]+(?: [A-Z][a-z]+)*)?)"
)
MORE_PLACES = re.compile(r"\s*(?:,|，|and|or|&)\s*(?:and\s+)?([A-Z][A-Za-z'-]+(?: [A-Z][a-z'-]+)*)")
CHINESE_PLACE = re.compile(
    r"((?:(?![和及或的是在与城哪每各全本])[\u4e00-\u9fff]){2,4}?)(?=(?:市|省|县)(?!场|区别|面|长))"
)
_NO_NAME = "I The A An My Our This That It What There Who He She They Python JavaScript JSON"
NO_NAME = frozenset(_NO_NAME.split())
"""Words in capitals that are neither a place nor a person."""


@lru_cache(maxsize=64)
def find(text: str) -> Findings:
    """All that a text names; kept, since a clause is looked at for every function."""
    rest = text
    kinds: dict[str, tuple[str, ...]] = {}
    for kind, pattern in COMPILED.items():
        found = list(CASELESS.get(kind, pattern).finditer(rest))
        kinds[kind] = _distinct(_group(match) for match in found)
        if kind not in SEEN:
            rest = _blank(rest, found)
    kinds |= orders(text)
    kinds["place"] = _places(text, rest)
    others = {*NO_NAME, *ZH_PLACES, *EN_PLACES.findall(text)}
    kinds["person"] = tuple(name for name in kinds["person"] if name not in others)
    return Findings(text=text, numbers=tuple(_numbers(rest)), kinds=kinds)


def _group(match: re.Match[str]) -> str:
    return next((part for part in match.groups() if part), match[0]).strip()


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))


def _blank(text: str, found: list[re.Match[str]]) -> str:
    """The text with what was found made white, so that places in it stay."""
    pieces: list[str] = []
    at = 0
    for match in found:
        start, end = match.span()
        pieces += (text[at:start], " " * (end - start))
        at = end
    return "".join((*pieces, text[at:]))


def _places(text: str, rest: str) -> tuple[str, ...]:
    """Places by name, and what a preposition or a suffix says is one; by where they stand."""
    known = [(text.find(name), name) for name in ZH_PLACES if name in text]
    known += [(match.start(), match[0]) for match in EN_PLACES.finditer(rest)]
    known += [(match.start(1), match[1]) for match in CHINESE_PLACE.finditer(rest)]
    known += [pair for match in ENGLISH_PLACE.finditer(rest) for pair in _listed(match, rest)]
    whole = sorted(known, key=lambda pair: (pair[0], -len(pair[1])))
    kept: list[str] = []
    end = 0
    for start, name in whole:
        if start >= end and name.split(" ")[0] not in NO_NAME:
            kept.append(name)
            end = start + len(name)
    return _distinct(kept)


def _listed(match: re.Match[str], text: str) -> Iterator[tuple[int, str]]:
    """The place of a match and those listed after it; `Paris, France` is one place."""
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


def _numbers(text: str) -> Iterator[Number]:
    for match in NUMERAL.finditer(text):
        if len(match[0]) > LONGEST_NUMERAL:
            continue
        before = PAUSE.split(text[max(match.start() - BESIDE * 2, 0) : match.start()])[-1]
        after = PAUSE.split(text[match.end() : match.end() + BESIDE])[0]
        yield Number(_value(match[0]), f"{before} {after}", after[:2])


def _value(text: str) -> float:
    if text[-1].isdecimal():
        plain = text.replace(",", "")
        return float(plain) if "." in plain else int(plain)
    hundreds, _, rest = text.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = DIGITS.get(hundreds, 0) * 100 + DIGITS.get(ones[-1:], 0)
    return value + (DIGITS.get(tens[-1:], 1) * 10 if ten else 0)
