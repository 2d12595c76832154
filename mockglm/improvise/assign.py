"""Which words of a text go into which parameter of a function."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from mockglm.improvise.arguments.make import Given, Path
from mockglm.improvise.arguments.samples import split
from mockglm.improvise.concepts import STOP
from mockglm.improvise.findings import Findings, Number
from mockglm.improvise.shapes import program
from mockglm.improvise.slots import Slot
from mockglm.improvise.words import LATIN, language, topic, words

__all__ = ["assign", "usual"]

FALLBACKS: Mapping[str, tuple[str, ...]] = {
    "date": ("date", "relative"),
    "time": ("time",),
    "code": ("code", "fence"),
    "command": ("command", "code", "fence"),
    "fence": ("fence", "code"),
    "person": ("email", "person", "place"),
}
MOST_VALUES, LONGEST_VALUE = 300, 64
"""Values of an enumeration that are looked for in the text, and the characters of each."""
QUOTABLE = frozenset(("", "person", "path", "fence", "code", "command", "place", "id"))
"""Kinds of parameters that a quote may go into."""
WAYS = frozenset(("to", "from"))
"""Names of a person's parameter that may be a place's."""
_PROSE = (
    "query q keyword keywords search question prompt text message content body input "
    "instruction instructions description subject topic task note title summary request "
    "term goal thought pattern answer response result reason explanation plan 关键词 内容 问题 "
    "查询"
)
PROSE = frozenset(_PROSE.split())
MAIN = frozenset(
    ("body", "content", "message", "text", "title", "query", "q", "keyword", "prompt", "question")
)
WRITTEN = frozenset(("content", "contents", "file_text", "new_source"))
"""What is written into a file."""
TITLES = frozenset(("title", "subject", "name", "topic"))
CALLED: Mapping[str, str] = {
    "content": "内容",
    "body": "正文|内容",
    "message": "消息|内容",
    "text": "文本|内容",
    "title": "标题",
    "subject": "主题|标题",
    "name": "名字|名称|姓名",
    "description": "描述",
}
"""What parameters are called in Chinese."""
NAMED = r"\s*(?:[:：=]|\bis\b|\bare\b|\blike\b|\bsuch as\b|为|是|叫)\s*([^,，。;；\n]+)"
AND = re.compile(r"、|,|\band\b|\bor\b|和|及")
QUOTES = " \"'“”‘’「」《》`.。"
EXAMPLE = re.compile(
    r"(?:e\.g\.,?|for example|such as|例如|比如|如)[:,：，]?\s*[\"'“‘「`(（]?"
    r"([^\"'”’」`,，、。;；)）\n]{1,40})"
)


def assign(held: Sequence[Slot], findings: Findings, tokens: frozenset[str]) -> Given:
    """Values for parameters by path: each finding goes to the first that wants it, in order."""
    return _Assignment(findings, tokens).fill(held)


PLACES = ("北京", "上海", "广州", "深圳")
DIRECTORY = re.compile(r"\b(?:directory|folder)\b|目录|文件夹", re.I)


def usual(needed: Sequence[Slot], text: str) -> Given:
    """Values for what a text names nothing for, where the sample would not do: places in its
    language, this directory where one is meant."""
    plain = [slot for slot in needed if slot.type == "string" and not slot.is_list]
    plain = [slot for slot in plain if "default" not in slot.schema and "enum" not in slot.schema]
    places = [slot for slot in plain if slot.kind == "place" and language(text) == "zh"]
    here = [slot for slot in plain if slot.kind == "path" and DIRECTORY.search(slot.description)]
    given = {slot.path: place for slot, place in zip(places, PLACES, strict=False)}
    return given | {slot.path: "." for slot in here if "file" not in slot.name.lower()}


YEAR = "2026"
"""For a date without one: what is improvised does not depend on the clock."""


class _Assignment:
    """Hands out findings, each once."""

    def __init__(self, findings: Findings, tokens: frozenset[str]) -> None:
        self.findings, self.tokens = findings, tokens
        self.numbers = list(findings.numbers)
        self.left = {kind: list(found) for kind, found in findings.kinds.items()}

    def fill(self, held: Sequence[Slot]) -> Given:
        given: dict[Path, Any] = {}
        ranked = sorted(held, key=lambda slot: not slot.is_required)
        ways = (self.said, self.surely, self.quoted, self.needed)
        for choose, slot in product(ways, ranked):
            value = choose(slot) if slot.path not in given else None
            if value is not None:
                given[slot.path] = value
        return given

    def said(self, slot: Slot) -> Any:
        """What the text gives under the parameter's own name: `title: …`, `genres like … and …`."""
        if slot.type != "string" or "enum" in slot.schema:
            return None
        name = r"[ _]?".join(map(re.escape, split(slot.name))) or re.escape(slot.name)
        name = rf"(?:{name}s?|{CALLED[slot.name]})" if slot.name in CALLED else f"{name}s?"
        match = re.search(rf"(?<![A-Za-z]){name}{NAMED}", self.findings.text, re.I)
        if match is None:
            return None
        value = match[1].strip(QUOTES)
        return [part.strip().strip(QUOTES) for part in AND.split(value)] if slot.is_list else value

    def quoted(self, slot: Slot) -> Any:
        """A quote, for the parameter that the text of it most likely is."""
        quotes = self.left.get("quote", [])
        is_main = slot.is_required and slot.type == "string" and not slot.is_list
        is_main = is_main and not slot.kind and slot.name.lower() in MAIN
        return quotes.pop(0) if quotes and is_main and "enum" not in slot.schema else None

    def surely(self, slot: Slot) -> Any:
        """What the text says for a parameter, required or not."""
        if "enum" in slot.schema:
            return self.mentioned(slot)
        if slot.is_number:
            return self.claimed(slot)
        if slot.type == "boolean":
            return True if self.names(slot) else None
        if slot.type != "string" or not slot.kind:
            return None
        return self.take(slot)

    def names(self, slot: Slot) -> bool:
        """Whether the text says every word of a parameter's name."""
        parts = split(slot.name)
        small = {part for part in parts if part in STOP}
        has_all = small <= set(LATIN.findall(self.findings.text.lower()))
        return (
            has_all
            and max(map(len, parts), default=0) > 2
            and words(" ".join(parts)) <= self.tokens
        )

    def needed(self, slot: Slot) -> Any:
        """What may stand in a parameter that must have a value."""
        if not slot.is_required or "enum" in slot.schema:
            return None
        if slot.is_number:
            return self.numbered(slot)
        if slot.type != "string" or "default" in slot.schema:
            return None
        return self.worded(slot)

    def take(self, slot: Slot) -> Any:
        for kind in FALLBACKS.get(slot.kind, (slot.kind,)):
            if kind == "place" != slot.kind and not WAYS & {*split(slot.name)}:
                continue
            found = self.left.get(kind, [])
            if found and slot.is_list:
                self.left[kind] = []
                return found
            if found:
                return _normal(found.pop(0), str(slot.schema.get("format", "")))
        return None

    def mentioned(self, slot: Slot) -> Any:
        """The value of an enumeration that the text mentions, in either language."""
        text = self.findings.text.lower()
        listed = slot.schema["enum"][:MOST_VALUES]
        texts = (value for value in listed if isinstance(value, str))
        named = [value for value in texts if 0 < len(value) <= LONGEST_VALUE]
        found = [value for value in named if _is_said(value, text)]
        found = found or [value for value in named if words(value) & self.concepts]
        if slot.is_list:
            return found or None
        return found[0] if found else None

    @property
    def concepts(self) -> frozenset[str]:
        return frozenset(token for token in self.tokens if token.startswith("#"))

    def claimed(self, slot: Slot) -> Any:
        """The number that stands beside a word of the parameter's name."""
        wanted = words(f"{' '.join(split(slot.name))} {UNITS.get(split(slot.name)[-1:], '')}")
        units = UNITS.get(split(slot.name)[-1:], "").split()
        for number in self.numbers:
            is_unit = any(unit in number.unit for unit in units if not unit.isascii())
            if is_unit or words(number.beside) & wanted:
                return self.number(number, slot)
        return None

    def numbered(self, slot: Slot) -> Any:
        if slot.is_list:
            values = [number.value for number in self.numbers]
            self.numbers = []
            return values or None
        return self.number(self.numbers[0], slot) if self.numbers else None

    def number(self, number: Number, slot: Slot) -> Any:
        self.numbers.remove(number)
        return [number.value] if slot.is_list else number.value

    def worded(self, slot: Slot) -> Any:
        """A quote, else the example of the description, else what the text is about."""
        quotes = self.left.get("quote", [])
        if slot.is_list:
            self.left["quote"] = []
            return quotes or None
        if quotes and slot.kind in QUOTABLE:
            return quotes.pop(0)
        parts = {*split(slot.name), slot.name}
        sought = self.left.get("glob" if "glob" in slot.description.lower() else "sought")
        if sought and slot.seeks:
            return sought[0]
        if slot.name in WRITTEN:
            code = program(self.findings.text, self.findings.of("path"))
            if code:
                return code
        if parts & PROSE and not slot.kind:
            length = 40 if slot.name.lower() in TITLES else 200
            return topic(self.findings.text, length) or None
        example = EXAMPLE.search(slot.description)
        return example[1].strip() if example else None


UNITS: Mapping[tuple[str, ...], str] = {
    ("days",): "day 天",
    ("limit",): "条 个 results items top first",
    ("count",): "个 条 times",
    ("n",): "个 条",
    ("num",): "个 条",
    ("quantity",): "个 件 份 张",
    ("minutes",): "minute 分钟",
    ("hours",): "hour 小时",
    ("seconds",): "second 秒",
    ("page",): "页 第",
    ("pages",): "页",
    ("guests",): "人 位 people",
    ("people",): "人 位 people",
    ("age",): "岁 years old",
    ("nights",): "晚 night",
}


def _is_said(value: str, text: str) -> bool:
    """Whether an enumeration's value stands in a text as a word."""
    spoken = value.lower()
    if not spoken.isascii():
        return spoken in text
    if spoken.split("_")[0] not in text:
        return False
    pattern = rf"(?<![a-z0-9]){re.escape(spoken).replace('_', '[ _-]')}(?![a-z0-9])"
    return re.search(pattern, text) is not None


def _normal(text: str, form: str) -> str:
    """A date as ISO 8601 has it where the schema wants that."""
    parts = re.findall(r"\d+", text)
    if form == "date" and len(parts) == 2:
        parts = [YEAR, *parts]
    if form == "date" and len(parts) == 3 and len(parts[0]) == 4:
        return f"{parts[0]}-{int(parts[1]):02}-{int(parts[2]):02}"
    if form == "date-time" and len(parts) >= 5 and text[-1].isdigit() and "+" not in text:
        moment = [*parts, "00"][:6]
        return f"{'-'.join(moment[:3])}T{':'.join(moment[3:6])}Z"
    return text
