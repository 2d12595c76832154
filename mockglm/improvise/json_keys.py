"""The keys of the JSON object that a text requests, in a sketch, in lines or in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from mockglm.improvise.language import sentences
from mockglm.improvise.tables import pattern, table

MAX_KEYS = 100
"""Keys of a requested object."""

NAME = r"[A-Za-z_]\w{0,39}|[\u4e00-\u9fff]{1,10}"
ASKED = pattern("json_keys", "asked")
SKETCH = re.compile(r"\{[^{}]{0,2000}[}\]]+|\[[^][{}]{0,200}+\][}\]]*")
ENTRY = pattern("json_keys", "entry")
LINE = pattern("json_keys", "line")
SENTENCE = pattern("json_keys", "sentence")
WITH = pattern("json_keys", "with")
QUOTED = pattern("json_keys", "quoted")
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}|[\u4e00-\u9fff]{1,10}")
SEPARATOR = pattern("json_keys", "separator")
CHOICE = re.compile(r"^[\w\u4e00-\u9fff -]{1,30}(?:[|/][\w\u4e00-\u9fff -]{1,30})+$")
TYPES = ("string", "integer", "number", "boolean")
NUMBERS = pattern("json_keys", "numbers")
SKETCH_MARK = "\0"
"""The replacement of a sketch."""
FENCE = re.compile(r"```.*?```", re.S)
FORM = re.compile(
    rf"{SKETCH_MARK}|\bjson\b|\b(?:keys|fields|properties|schema|interface)\b|字段|格式", re.I
)
LABEL = pattern("json_keys", "label")
ASIDE = pattern("json_keys", "aside")


def make_schema(text: str) -> Mapping[str, Any] | None:
    """Make a schema that requires the keys a text names; None if it names none."""
    ways = (_find_in_sketches, _find_in_lines, _find_in_sentences)
    found = next(filter(None, (dict(islice(way(text), MAX_KEYS)) for way in ways)), None)
    if found is None:
        return None
    typed = {name: _schema_of_key(name.lower(), hint) for name, hint in found.items()}
    return {"type": "object", "properties": typed, "required": list(typed)}


def string_schema(example: str) -> Mapping[str, Any]:
    """The schema of a string, or of a choice if the example is one, as `positive|negative`."""
    if CHOICE.match(example):
        return {"enum": [part.strip() for part in re.split(r"[|/]", example)]}
    named = example.strip("<>").lower()
    return {"type": named if named in TYPES else "string"}


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
    parts = [part.strip() for part in SEPARATOR.split(re.sub(r"\([^)]*\)", "", listed))]
    plain = [part for part in parts if BARE.fullmatch(part)]
    if len(plain) < len(parts) and ":" in listed:
        plain = plain[:1]
    return QUOTED.findall(listed) or plain


def _schema_of_key(name: str, hint: str) -> Mapping[str, Any]:
    """The schema of a value by the words next to its key, else by the key."""
    said, words = hint.strip(" (（)）:：–—-\"'`.。"), table("json")
    kinds = words["kinds"].items()
    if CHOICE.match(said) and not re.search(words["kinds"]["boolean"], said, re.I):
        return string_schema(said)
    shown = hint.strip(" (（:：")
    kind = next((kind for kind, form in kinds if re.search(form, shown, re.I)), "string")
    if kind == "array":
        return {"type": "array", "items": {"type": "number" if NUMBERS.search(hint) else "string"}}
    if kind == "string" and name in words["counted"]["names"].split():
        return {"type": "number"}
    return {"type": "boolean" if name.startswith(("is_", "has_")) else kind}


def remove_form_words(text: str) -> str:
    """Remove the words about the form of the answer; the subject remains."""
    shown = FENCE.sub(SKETCH_MARK, text)
    for form in (SKETCH, SKETCH, LINE):
        shown = form.sub(SKETCH_MARK, shown)
    kept = " ".join(filter(None, map(_remove_label, sentences(shown))))
    return kept or ASIDE.sub(" ", shown.replace(SKETCH_MARK, " ")).strip()


def _remove_label(sentence: str) -> str:
    """Remove the label of a sentence; of one about the form, keep what follows colon or sketch."""
    if not FORM.search(sentence):
        return LABEL.sub("", sentence)
    rest = re.split(rf"{SKETCH_MARK}|[:：]", sentence)[-1].strip(" ,，。.;；")
    parts = [part.strip() for part in SEPARATOR.split(rest)]
    is_list = len(parts) > 1 and all(map(BARE.fullmatch, parts))
    return "" if is_list or len(rest) < 2 or FORM.search(rest) else rest
