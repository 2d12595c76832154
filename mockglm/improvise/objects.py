"""Answers in JSON: after the schema, the example or the keys that the prompt names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.improvise.arguments import make
from mockglm.improvise.arguments.make import Given, Path
from mockglm.improvise.assign import assign
from mockglm.improvise.errands import opening, quoted, title
from mockglm.improvise.findings import find
from mockglm.improvise.keys import bare, keyed, texted
from mockglm.improvise.plan import dump
from mockglm.improvise.scene import Scene
from mockglm.improvise.slots import Slot, slots
from mockglm.improvise.words import shorten, subject, words
from mockglm.validation.types import decode_json

__all__ = ["asked", "given", "plain", "written"]

READ = 20_000
"""Characters of a prompt that are searched for JSON."""
TRIED = 200
"""Braces at which an object is tried to be read."""
TOLD = 2000
"""Characters of what was said that values are looked for in."""
SHORT = 2000
"""Characters of a system prompt that may be all about the form of the answer."""

SPOKEN = re.compile(
    r"\b(?:as|in|return|output|respond with|reply with|valid|only|a)\s+"
    r"(?:a\s+|valid\s+|only\s+){0,3}json\b"
    r"|json\s*(?:format|object|only|格式|对象)|(?:返回|输出|回复|以|用)\s*json",
    re.I,
)


ONLY_QUOTE = re.compile(r"[^\"“”]{0,80}[\"“]([^\"“”]{8,})[\"”]\W*", re.S)
"""An instruction and one long quote: what it is about."""


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
    return next((keys for text in (scene.text, scene.system) if (keys := keyed(text[:READ]))), None)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects that stand in a text, outermost ones only."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(TRIED):
        if at < 0:
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        # read anew: `json` takes halves of characters, which no answer can be sent with
        value = decode_json(text[at:end].encode())
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
    return texted(value) if isinstance(value, str) else {}


def given(shape: Mapping[str, Any], scene: Scene, answer: str) -> Given:
    """Values from the conversation: what the texts name, a title for a title, and the answer for
    what is named like one, or is the only text there is."""
    said = plain(scene).text
    read = "\n".join((said, *(result.text for result in scene.results)))[:TOLD]
    held = slots(shape)
    texts = [slot for slot in held if slot.type == "string" and not slot.is_list and _is_free(slot)]
    names = {slot.name.lower() for slot in texts}
    by_name = {name: _spoken(name, scene, said, answer) for name in names}
    spoken: dict[Path, Any] = {slot.path: by_name[slot.name.lower()] for slot in texts}
    if len(texts) == 1 and not texts[0].kind:
        spoken = {path: answer if value is None else value for path, value in spoken.items()}
    listed = {slot.path: [subject(said, 20)] for slot in held if _is_open_list(slot) and said}
    named = assign(held, find(read), words(read))
    spoken |= {slot.path: _result(slot, answer) for slot in held if slot.is_number}
    told = {path: value for path, value in spoken.items() if value is not None}
    return {**listed, **named, **told}


def plain(scene: Scene) -> Scene:
    """The scene with the user's text alone, without what it says about the form of the answer; the
    conversation that the text quotes, if it quotes one."""
    text = opening(scene) if quoted(scene.text) else bare(scene.text)
    only = ONLY_QUOTE.fullmatch(text)
    return replace(scene, text=only[1] if only else text or scene.text)


def _is_open_list(slot: Slot) -> bool:
    return slot.is_list and slot.type == "string" and not slot.kind and _is_free(slot)


def _is_free(slot: Slot) -> bool:
    return not slot.schema.keys() & {"enum", "const", "pattern", "format"}


def _spoken(name: str, scene: Scene, said: str, answer: str) -> str | None:
    if name in TITLES:
        return title(scene)
    if name in QUESTIONS:
        return said
    if name in SUMMARIES:
        return shorten(said, 160)
    return answer if name in ANSWERS else None


def _result(slot: Slot, answer: str) -> float | None:
    """The number that a sum comes to."""
    found = RESULT.search(answer) if slot.name.lower() in ANSWERS and not slot.is_list else None
    return json.loads(found[1]) if found else None


RESULT = re.compile(r"= (-?\d+(?:\.\d+)?)$")
SUMMARIES = ("summary", "abstract", "gist", "摘要", "总结", "概要", "概述")
QUESTIONS = ("question", "input", "问题")


TITLES = ("title", "标题", "subject", "topic", "headline")
ANSWERS = (
    "answer", "response", "reply", "content", "text", "message", "explanation", "output",
    "result", "回答", "答案", "内容", "reason", "reasoning", "description",
)  # fmt: skip
