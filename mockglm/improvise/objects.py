"""Answers in JSON: after the schema, the example or the keys that the prompt names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.arguments import make
from mockglm.improvise.arguments.make import Given
from mockglm.improvise.assign import assign
from mockglm.improvise.errands import title
from mockglm.improvise.findings import find
from mockglm.improvise.plan import dump
from mockglm.improvise.scene import Scene
from mockglm.improvise.slots import Slot, slots
from mockglm.improvise.words import words

__all__ = ["asked", "given", "written"]

READ = 20_000
"""Characters of a prompt that are searched for JSON."""
TRIED = 200
TOLD = 2000
"""Characters of what was said that values are looked for in."""
SHORT = 2000
"""Characters of a system prompt that may be all about the form of the answer."""
"""Braces at which an object is tried to be read."""

KEYS = re.compile(
    r"(?:keys?|fields?|properties|attributes|字段|键|属性)\s*"
    r"(?:are|is|named|called|of|为|是|有|包括|包含|如下)?\s*[:：]?\s*(?P<names>[^.\n。;；]{1,200})",
    re.I,
)
QUOTED = re.compile(r"[\"'`“‘「]([A-Za-z_\u4e00-\u9fff][\w\u4e00-\u9fff]{0,39})[\"'`”’」]")
BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}|[\u4e00-\u9fff]{1,10}")
SEPARATOR = re.compile(r"\s*(?:,|，|、|\band\b|\bor\b|和|以及|及)\s*")
SPOKEN = re.compile(
    r"\b(?:as|in|return|output|respond with|reply with|valid|only|a)\s+"
    r"(?:a\s+|valid\s+|only\s+)*json\b"
    r"|json\s*(?:format|object|only|格式|对象)|(?:返回|输出|回复|以|用)\s*json",
    re.I,
)
CHOICE = re.compile(r"^[\w\u4e00-\u9fff -]{1,30}(?:\s*[|/]\s*[\w\u4e00-\u9fff -]{1,30})+$")


def asked(scene: Scene) -> bool:
    """Whether the answer has to be JSON: by `response_format`, or because the prompt says so."""
    form = scene.chat.response_format or {}
    if form.get("type") in ("json_object", "json_schema"):
        return True
    # the long prompt of a coding agent may show JSON for other reasons
    system = scene.system if len(scene.system) <= SHORT else ""
    said = SPOKEN.search(scene.text[-SHORT:]) or SPOKEN.search(system)
    return said is not None and _shape(scene) is not None


def written(scene: Scene, answer: str, ids: Ids) -> str:
    """The JSON text: an object of the shape that was found, else one that holds the answer."""
    shape = _shape(scene)
    if shape is None:
        return dump({"answer": answer})
    return dump(make(shape, ids, given(shape, scene, answer)))


def _shape(scene: Scene) -> Mapping[str, Any] | None:
    """The schema of what is asked for, the last one that the texts show."""
    form = scene.chat.response_format or {}
    held = form.get("json_schema") or form.get("schema")
    if isinstance(held, Mapping):
        return held.get("schema", held) if isinstance(held.get("schema", held), Mapping) else None
    for text in (scene.text, scene.system):
        found = [*_objects(text[:READ])]
        schema = next((one for one in found if _is_schema(one)), None)
        if schema is not None:
            return schema
        if found:
            return _like(max(found, key=lambda one: len(str(one))))
    return next((keys for text in (scene.text, scene.system) if (keys := _keyed(text))), None)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects that stand in a text, outermost ones only."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(TRIED):
        if at < 0:
            return
        try:
            value, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if value:
            yield value
        at = text.find("{", end)


def _is_schema(value: Mapping[str, Any]) -> bool:
    return "$schema" in value or (
        isinstance(value.get("properties"), Mapping)
        or "$ref" in value
        or (value.get("type") in ("object", "array") and len(value) <= 3)
    )


def _like(value: Any) -> Mapping[str, Any]:
    """A schema for values like an example."""
    if isinstance(value, Mapping):
        held = {str(key): _like(sub) for key, sub in value.items()}
        return {"type": "object", "properties": held, "required": list(held)}
    if isinstance(value, list):
        return {"type": "array", "items": _like(value[0]) if value else {"type": "string"}}
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, (int, float)):
        return {"type": "integer" if isinstance(value, int) else "number"}
    return _texted(value) if isinstance(value, str) else {}


def _texted(example: str) -> Mapping[str, Any]:
    """A string; one of several where the example lists them, as in `positive|negative`."""
    if CHOICE.match(example):
        return {"enum": [part.strip() for part in re.split(r"[|/]", example)]}
    named = example.strip("<>").lower()
    return {"type": named if named in NAMED else "string"}


NAMED = ("string", "integer", "number", "boolean")


def _keyed(text: str) -> Mapping[str, Any] | None:
    """A schema with the keys that a text lists: `keys: name, age`, `字段包括姓名和年龄`."""
    names = [name for match in KEYS.finditer(text) for name in _names(match["names"])]
    if not names:
        return None
    typed = {name: {"type": _type(text, name)} for name in dict.fromkeys(names)}
    return {"type": "object", "properties": typed, "required": list(typed)}


def _names(listed: str) -> list[str]:
    quoted = QUOTED.findall(listed)
    if quoted:
        return quoted
    parts = [part.strip() for part in SEPARATOR.split(re.sub(r"\([^)]*\)", "", listed))]
    bare = [part for part in parts if BARE.fullmatch(part)]
    return bare if len(bare) == len(parts) else bare[:1] if ":" in listed else bare


def _type(text: str, name: str) -> str:
    """The type said beside a key, as in `age (number)`; a string when none is."""
    after = re.search(rf"{re.escape(name)}[\"'`”’」]?\s*[(（:：]\s*(\w+)", text)
    said = after[1].lower() if after else ""
    return TYPES.get(said, "string")


TYPES: Mapping[str, str] = {
    "boolean": "boolean",
    "bool": "boolean",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "array": "array",
    "list": "array",
    "object": "object",
}


def given(shape: Mapping[str, Any], scene: Scene, answer: str) -> Given:
    """Values from the conversation: what the texts name, a title for a title, and the answer for
    what is named like one, or is the only text there is."""
    read = "\n".join((scene.text, *(result.text for result in scene.results)))[:TOLD]
    held = slots(shape)
    texts = [slot for slot in held if slot.type == "string" and not slot.is_list and _is_free(slot)]
    alone = len(texts) == 1 and not texts[0].kind
    said = {slot.path: _spoken(slot, scene, answer, alone=alone) for slot in texts}
    named = assign(held, find(read), words(read))
    return {**named, **{path: value for path, value in said.items() if value is not None}}


def _is_free(slot: Slot) -> bool:
    return not slot.schema.keys() & {"enum", "const", "pattern", "format"}


def _spoken(slot: Slot, scene: Scene, answer: str, *, alone: bool) -> str | None:
    name = slot.name.lower()
    if name in TITLES:
        return title(scene)
    return answer if name in ANSWERS or alone else None


TITLES = ("title", "标题", "subject", "topic", "headline")
ANSWERS = (
    "answer", "response", "reply", "content", "text", "message", "summary", "explanation", "output",
    "result", "回答", "答案", "内容", "摘要", "总结", "reason", "reasoning", "description",
)  # fmt: skip
