"""The keys of the JSON object that a text asks for: in a sketch, in lines, in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.improvise.language import sentences

MOST = 100
"""Keys of an object that is asked for."""

NAME = r"[A-Za-z_]\w{0,39}|[\u4e00-\u9fff]{1,10}"
ASKED = re.compile(
    r"json|返回|输出|\b(?:keys?|fields?|properties|attributes)\b|字段|键|属性|interface|type ", re.I
)
SKETCH = re.compile(r"\{[^{}]{0,2000}[}\]]+|\[[^][{}]{0,200}+\][}\]]*")
ENTRY = re.compile(
    rf"[\"'`]?(?P<name>{NAME})[\"'`]?\??\s*[:：]\s*"
    r"(?P<hint>\"[^\"]*\"|\[[^\]]*\]|[^,，;；\n{}]+)"
)
LINE = re.compile(
    rf"^[^\S\n]*+(?:[-*•]|\d+[.)、．])\s*[\"'`“]?(?P<name>{NAME})[\"'`”]?\s*(?P<hint>[(（:：–—-].*)?$",
    re.M,
)
SENTENCE = re.compile(
    r"(?:keys?|fields?|properties|attributes|字段|键|属性)\s*+"
    r"(?:are|is|named|called|of|为|是|有|包括|包含|如下)?\s*+[:：]?\s*+(?P<names>[^.\n。;；]{1,200})",
    re.I,
)
WITH = re.compile(
    r"json(?: objects?)?\s*+(?:with|containing|including|having|，?\s*+(?:包含|包括|含))"
    r"(?P<names>[^.\n。;；]{1,200})",
    re.I,
)
QUOTED = re.compile(r"[\"'`“‘「]([A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]{0,39})[\"'`”’」]")
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}|[\u4e00-\u9fff]{1,10}")
SEPARATOR = re.compile(r",|，|、|\band\b|\bor\b|和|以及|及")

KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("array", re.compile(r"\[\]|^\[|\b(?:array|list)\b|数组|列表", re.I)),
    ("boolean", re.compile(r"\bbool(?:ean)?\b|布尔|true\b.{1,4}\bfalse|是否", re.I)),
    ("integer", re.compile(r"\bint(?:eger)?\b|整数", re.I)),
    ("number", re.compile(r"\b(?:number|float|decimal)\b|数字|小数|数值|^\W*\d[\d.]*\W", re.I)),
    ("object", re.compile(r"\b(?:object|dict)\b|对象", re.I)),
)
"""Types by the words that are said beside a key."""
COUNTED = frozenset(
    (
        *("age", "count", "price", "score", "amount", "quantity", "total", "confidence", "rating"),
        *("year", "population", "年龄", "价格", "数量", "分数", "评分", "金额", "总数", "置信度"),
        *("人口", "得分"),
    )
)
"""Keys that are numbers when nothing else is said of them."""
CHOICE = re.compile(r"^[\w\u4e00-\u9fff -]{1,30}(?:[|/][\w\u4e00-\u9fff -]{1,30})+$")
TYPES = ("string", "integer", "number", "boolean")


def keys_schema(text: str) -> Mapping[str, Any] | None:
    """A schema with the keys that a text names, required all; None when it names none."""
    ways = (_sketched, _lined, _said)
    found = next(filter(None, (dict(islice(way(text), MOST)) for way in ways)), None)
    if found is None:
        return None
    typed = {name: _typed(name, hint) for name, hint in found.items()}
    return {"type": "object", "properties": typed, "required": list(typed)}


def string_schema(example: str) -> Mapping[str, Any]:
    """A string; one of several where the example lists them, as in `positive|negative`."""
    if CHOICE.match(example):
        return {"enum": [part.strip() for part in re.split(r"[|/]", example)]}
    named = example.strip("<>").lower()
    return {"type": named if named in TYPES else "string"}


def without_form(text: str) -> str:
    """The text without what it says about the form of the answer: what the answer is about."""
    shown = FENCE.sub(SHOWN, text)
    for pattern in (SKETCH, SKETCH, LINE):
        shown = pattern.sub(SHOWN, shown)
    kept = " ".join(filter(None, map(_content, sentences(shown))))
    return kept or ASIDE.sub(" ", shown.replace(SHOWN, " ")).strip()


def _content(sentence: str) -> str:
    """A sentence without its label; of one about the form, what follows its colon or its sketch."""
    if FORM.search(sentence):
        rest = re.split(rf"{SHOWN}|[:：]", sentence)[-1].strip(" ,，。.;；")
        parts = [part.strip() for part in SEPARATOR.split(rest)]
        is_list = len(parts) > 1 and all(map(BARE.fullmatch, parts))
        return "" if is_list or len(rest) < 2 or FORM.search(rest) else rest
    return LABEL.sub("", sentence)


SHOWN = "\0"
"""What a sketch is replaced by."""
FENCE = re.compile(r"```.*?```", re.S)
FORM = re.compile(
    rf"{SHOWN}|\bjson\b|\b(?:keys|fields|properties|schema|interface)\b|字段|格式", re.I
)
LABEL = re.compile(r"^\s*(?:[A-Za-z]{2,12}|[\u4e00-\u9fff]{1,6})\s*[:：]\s*")
ASIDE = re.compile(
    r"(?:(?<!\s)\s++)?\b(?:as|in)\s++(?:valid\s++)?json(?:\s++format)?\b"
    r"|[，,]?(?:并|请)?(?:以|用|按)?(?:(?<!\s)\s++)?json\s*+(?:格式)?(?:返回|输出|回答|回复)?",
    re.I,
)


def _sketched(text: str) -> Iterator[tuple[str, str]]:
    """`{"mood": good|bad, "sure": 0-1}` and the fields of an interface: no JSON, but its shape."""
    for sketch in SKETCH.finditer(text):
        yield from ((entry["name"], entry["hint"]) for entry in ENTRY.finditer(sketch[0]))


def _lined(text: str) -> Iterator[tuple[str, str]]:
    """`- summary: one sentence`, `2. 关键词（数组）`."""
    for line in LINE.finditer(text) if ASKED.search(text) else ():
        yield line["name"], line["hint"] or ""


def _said(text: str) -> Iterator[tuple[str, str]]:
    """`keys: name, age`, `字段包括姓名和年龄`, ``JSON with `ok` (boolean)``."""
    named = [name for match in SENTENCE.finditer(text) for name in _names(match["names"])]
    named = named or [name for match in WITH.finditer(text) for name in QUOTED.findall(match[1])]
    for name in dict.fromkeys(named):
        hint = re.search(rf"{re.escape(name)}[\"'`”’」]?\s*[(（:：]\s*([^)）,，\n]*)", text)
        yield name, hint[1] if hint else ""


def _names(listed: str) -> list[str]:
    quoted: list[str] = QUOTED.findall(listed)
    if quoted:
        return quoted
    parts = [part.strip() for part in SEPARATOR.split(re.sub(r"\([^)]*\)", "", listed))]
    plain = [part for part in parts if BARE.fullmatch(part)]
    return plain if len(plain) == len(parts) else plain[:1] if ":" in listed else plain


def _typed(name: str, hint: str) -> Mapping[str, Any]:
    """The schema of a value by what is said of it, else by its name."""
    said = hint.strip(" (（)）:：–—-\"'`.。")
    if CHOICE.match(said) and not KINDS[1][1].search(said):
        return string_schema(said)
    kind = next((kind for kind, spoken in KINDS if spoken.search(hint.strip(" (（:："))), "")
    if kind == "array":
        return {"type": "array", "items": {"type": _item(hint)}}
    if not kind and name.lower() in COUNTED:
        kind = "number"
    if not kind and name.lower().startswith(("is_", "has_")):
        kind = "boolean"
    return {"type": kind or "string"}


def _item(hint: str) -> str:
    return (
        "number"
        if re.search(r"\b(?:int\w*|numbers?|floats?)\b|数字|整数", hint, re.I)
        else "string"
    )
