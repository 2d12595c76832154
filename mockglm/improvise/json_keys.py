"""The keys of the JSON object that a text requests, in a sketch, in lines or in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.improvise.language import sentences

MAX_KEYS = 100
"""Keys of a requested object."""

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
"""Types by the words next to a key."""
COUNTED = frozenset(
    (
        *("age", "count", "price", "score", "amount", "quantity", "total", "confidence", "rating"),
        *("year", "population", "年龄", "价格", "数量", "分数", "评分", "金额", "总数", "置信度"),
        *("人口", "得分"),
    )
)
"""Keys that are numbers unless the text has another type."""
CHOICE = re.compile(r"^[\w\u4e00-\u9fff -]{1,30}(?:[|/][\w\u4e00-\u9fff -]{1,30})+$")
TYPES = ("string", "integer", "number", "boolean")


def make_schema(text: str) -> Mapping[str, Any] | None:
    """Make a schema that requires the keys a text names; None if it names none."""
    ways = (_find_in_sketches, _find_in_lines, _find_in_sentences)
    found = next(filter(None, (dict(islice(way(text), MAX_KEYS)) for way in ways)), None)
    if found is None:
        return None
    typed = {name: _schema_of_key(name, hint) for name, hint in found.items()}
    return {"type": "object", "properties": typed, "required": list(typed)}


def string_schema(example: str) -> Mapping[str, Any]:
    """The schema of a string, or of a choice if the example is one, as `positive|negative`."""
    if CHOICE.match(example):
        return {"enum": [part.strip() for part in re.split(r"[|/]", example)]}
    named = example.strip("<>").lower()
    return {"type": named if named in TYPES else "string"}


def remove_form_words(text: str) -> str:
    """Remove the words about the form of the answer; the subject remains."""
    shown = FENCE.sub(SKETCH_MARK, text)
    for pattern in (SKETCH, SKETCH, LINE):
        shown = pattern.sub(SKETCH_MARK, shown)
    kept = " ".join(filter(None, map(_remove_label, sentences(shown))))
    return kept or ASIDE.sub(" ", shown.replace(SKETCH_MARK, " ")).strip()


def _remove_label(sentence: str) -> str:
    """Remove the label of a sentence; of one about the form, keep what follows colon or sketch."""
    if FORM.search(sentence):
        rest = re.split(rf"{SKETCH_MARK}|[:：]", sentence)[-1].strip(" ,，。.;；")
        parts = [part.strip() for part in SEPARATOR.split(rest)]
        is_list = len(parts) > 1 and all(map(BARE.fullmatch, parts))
        return "" if is_list or len(rest) < 2 or FORM.search(rest) else rest
    return LABEL.sub("", sentence)


SKETCH_MARK = "\0"
"""The replacement of a sketch."""
FENCE = re.compile(r"```.*?```", re.S)
FORM = re.compile(
    rf"{SKETCH_MARK}|\bjson\b|\b(?:keys|fields|properties|schema|interface)\b|字段|格式", re.I
)
LABEL = re.compile(r"^\s*(?:[A-Za-z]{2,12}|[\u4e00-\u9fff]{1,6})\s*[:：]\s*")
ASIDE = re.compile(
    r"(?:(?<!\s)\s++)?\b(?:as|in)\s++(?:valid\s++)?json(?:\s++format)?\b"
    r"|[，,]?(?:并|请)?(?:以|用|按)?(?:(?<!\s)\s++)?json\s*+(?:格式)?(?:返回|输出|回答|回复)?",
    re.I,
)


def _find_in_sketches(text: str) -> Iterator[tuple[str, str]]:
    """Find keys in `{"mood": good|bad, "sure": 0-1}` and in interfaces, which are no JSON."""
    for sketch in SKETCH.finditer(text):
        yield from ((entry["name"], entry["hint"]) for entry in ENTRY.finditer(sketch[0]))


def _find_in_lines(text: str) -> Iterator[tuple[str, str]]:
    """Find keys in lines such as `- summary: one sentence` and `2. 关键词（数组）`."""
    for line in LINE.finditer(text) if ASKED.search(text) else ():
        yield line["name"], line["hint"] or ""


def _find_in_sentences(text: str) -> Iterator[tuple[str, str]]:
    """Find keys in `keys: name, age`, `字段包括姓名和年龄`, ``JSON with `ok` (boolean)``."""
    named = [name for match in SENTENCE.finditer(text) for name in _split_names(match["names"])]
    named = named or [name for match in WITH.finditer(text) for name in QUOTED.findall(match[1])]
    for name in dict.fromkeys(named):
        hint = re.search(rf"{re.escape(name)}[\"'`”’」]?\s*[(（:：]\s*([^)）,，\n]*)", text)
        yield name, hint[1] if hint else ""


def _split_names(listed: str) -> list[str]:
    quoted: list[str] = QUOTED.findall(listed)
    if quoted:
        return quoted
    parts = [part.strip() for part in SEPARATOR.split(re.sub(r"\([^)]*\)", "", listed))]
    plain = [part for part in parts if BARE.fullmatch(part)]
    return plain if len(plain) == len(parts) else plain[:1] if ":" in listed else plain


def _schema_of_key(name: str, hint: str) -> Mapping[str, Any]:
    """The schema of a value by the words next to its key, else by the key."""
    said = hint.strip(" (（)）:：–—-\"'`.。")
    if CHOICE.match(said) and not KINDS[1][1].search(said):
        return string_schema(said)
    kind = next((kind for kind, spoken in KINDS if spoken.search(hint.strip(" (（:："))), "")
    if kind == "array":
        return {"type": "array", "items": {"type": _item_type(hint)}}
    if not kind and name.lower() in COUNTED:
        kind = "number"
    if not kind and name.lower().startswith(("is_", "has_")):
        kind = "boolean"
    return {"type": kind or "string"}


def _item_type(hint: str) -> str:
    return (
        "number"
        if re.search(r"\b(?:int\w*|numbers?|floats?)\b|数字|整数", hint, re.I)
        else "string"
    )
