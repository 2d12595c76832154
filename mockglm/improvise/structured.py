"""Answers in JSON: by the schema, the example or the keys that the prompt names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.improvise.assignment import assign
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.json_keys import keys_schema, string_schema, without_form
from mockglm.improvise.language import shorten, subject
from mockglm.improvise.parameters import Parameter, list_parameters, name_words
from mockglm.improvise.schema import WorkBudget, make_value
from mockglm.improvise.schema.maker import Given, ValuePath
from mockglm.improvise.side_tasks import opening, quoted_conversation, title
from mockglm.improvise.steps import dump
from mockglm.improvise.values import find_values
from mockglm.validation.types import decode_json

READ = 20_000
"""Characters of a prompt that are searched for JSON."""
MOST_BRACES = 200
SHORT = 2000
"""Characters of a system prompt that may be all about the form of the answer."""
ASKED = re.compile(
    r"\b(?:as|in|return|output|respond with|reply with|valid|only|a)\s+"
    r"(?:a\s+|valid\s+|only\s+){0,3}json\b"
    r"|json\s*(?:format|object|only|格式|对象)|(?:返回|输出|回复|以|用)\s*json",
    re.I,
)
ONLY_QUOTE = re.compile(r"[^\"“”]{0,80}[\"“]([^\"“”]{8,})[\"”]\W*", re.S)
RESULT = re.compile(r"= (-?\d+(?:\.\d+)?)$")
SORTS = ("title", "question", "summary", "answer")
"""Sorts of texts that a conversation has a value for, by the names of their keys."""
FREE = frozenset(("enum", "const", "pattern", "format"))


def is_json_asked(conversation: Conversation) -> bool:
    """Judge whether the answer has to be JSON: by `response_format`, or by the prompt."""
    form = conversation.chat.response_format or {}
    if form.get("type") in ("json_object", "json_schema"):
        return True
    # the long prompt of a coding agent may show JSON for other reasons
    system = conversation.system if len(conversation.system) <= SHORT else ""
    said = ASKED.search(conversation.text[-SHORT:]) or ASKED.search(system)
    return said is not None and _schema(conversation) is not None


def write_json(conversation: Conversation, answer: str, ids: Ids) -> str:
    """The JSON text: a value of the shape that was found, else an object with the answer."""
    shape = _schema(conversation)
    if shape is None:
        return dump({"answer": answer})
    given = given_values(shape, conversation, answer)
    return dump(make_value(shape, ids, given, budget=WorkBudget()))


def given_values(shape: Mapping[str, Any], conversation: Conversation, answer: str) -> Given:
    """Values from the conversation: those the texts name, a title for a title, and the answer for
    the parameter that is named like one, or is the only text there is."""
    said = without_instructions(conversation).text
    read = "\n".join((said, *(result.text for result in conversation.results)))[:SHORT]
    held = list_parameters(shape)
    free = [one for one in held if one.type == "string" and not FREE & one.schema.keys()]
    texts = [one for one in free if not one.is_list]
    spoken: dict[ValuePath, Any] = {
        one.path: _spoken(one.name.lower(), conversation, said, answer) for one in texts
    }
    if len(texts) == 1 and not texts[0].kind:
        spoken = {path: answer if value is None else value for path, value in spoken.items()}
    listed = {
        one.path: [subject(said, 20)] for one in free if one.is_list and said and not one.kind
    }
    spoken |= {one.path: _sum_of(one, answer) for one in held if one.is_number}
    known = {path: value for path, value in spoken.items() if value is not None}
    return {**listed, **assign(held, find_values(read)), **known}


def without_instructions(conversation: Conversation) -> Conversation:
    """The conversation with the user's text alone, without the words about the form of the answer;
    the conversation that the text quotes, if it quotes one."""
    has_quote = quoted_conversation(conversation.text)
    text = opening(conversation) if has_quote else without_form(conversation.text)
    only = ONLY_QUOTE.fullmatch(text)
    return replace(conversation, text=only[1] if only else text or conversation.text)


def _schema(conversation: Conversation) -> Mapping[str, Any] | None:
    """The schema that is asked for, the last one that the texts show."""
    form = conversation.chat.response_format or {}
    held = form.get("json_schema") or form.get("schema")
    if isinstance(held, Mapping):
        inner = held.get("schema", held)
        return inner if isinstance(inner, Mapping) else None
    texts = (conversation.text[:READ], conversation.system[:READ])
    for text in texts:
        found = [*_objects(text)]
        schema = next((one for one in found if _is_schema(one)), None)
        if schema is not None:
            return schema
        if found:
            return _like(max(found, key=lambda one: len(str(one))))
    return next((keys for text in texts if (keys := keys_schema(text))), None)


def _objects(text: str) -> Iterator[Mapping[str, Any]]:
    """The JSON objects that stand in a text, outermost ones only."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(MOST_BRACES):
        if at < 0:
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        # read anew: `json` takes halves of characters, which no answer can be sent with
        value = decode_json(text[at:end].encode(errors="replace"))
        if value:
            yield value
        at = text.find("{", end)


def _is_schema(value: Mapping[str, Any]) -> bool:
    is_typed = value.get("type") in ("object", "array") and len(value) <= 3
    return bool({"$schema", "$ref"} & value.keys()) or is_typed or _has_properties(value)


def _has_properties(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("properties"), Mapping)


def _like(value: Any) -> Mapping[str, Any]:
    """A schema for values like an example."""
    match value:
        case dict():
            held = {str(key): _like(sub) for key, sub in value.items()}
            return {"type": "object", "properties": held, "required": list(held)}
        case list():
            return {"type": "array", "items": _like(value[0]) if value else {"type": "string"}}
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return string_schema(value)
    return {}


def _spoken(name: str, conversation: Conversation, said: str, answer: str) -> str | None:
    sort = next((sort for sort in SORTS if name in name_words(f"json_{sort}")), "")
    match sort:
        case "title":
            return title(conversation)
        case "question":
            return said
        case "summary":
            return shorten(said, 160)
    return answer if sort else None


def _sum_of(one: Parameter, answer: str) -> float | None:
    """The number that a sum comes to."""
    is_answer = one.name.lower() in name_words("json_answer") and not one.is_list
    found = RESULT.search(answer) if is_answer else None
    return json.loads(found[1]) if found else None
