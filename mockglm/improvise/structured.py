"""Answers in JSON, by a schema, an example or the names of keys in the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.language import topic
from mockglm.improvise.parameters import assign, find_values, list_parameters, name_words
from mockglm.improvise.schema import WorkBudget, make_value
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.side_tasks import find_opening, make_title, quoted_conversation
from mockglm.improvise.tables import hinted_patterns, patterns, table
from mockglm.validation.types import decode_json

PATTERNS = patterns("structured")
MAX_READ = 20_000
"""Characters of a prompt that are searched for JSON."""
MAX_KEYS = 100
MAX_FORM = 2000
"""Characters of a text that may be about the form of the answer."""
ASKED = hinted_patterns("structured")["asked"]
TYPES = ("string", "integer", "number", "boolean")
FREE = frozenset(("enum", "const", "pattern", "format"))


def is_json_asked(conversation: Conversation) -> bool:
    """True if `response_format` or the prompt requests JSON."""
    form = conversation.chat.response_format or {}
    if form.get("type") in ("json_object", "json_schema"):
        return True
    texts = (conversation.text[-MAX_FORM:], conversation.short_system)
    return any(map(ASKED.search, texts)) and _find_schema(conversation) is not None


def write_json(conversation: Conversation, answer: str, ids: Ids) -> str:
    """Write a value of the requested schema, or an object with the answer if there is none."""
    shape, value = _find_schema(conversation), {"answer": answer}
    if shape is not None:
        given = find_given_values(shape, conversation, answer)
        value = make_value(shape, ids, given, budget=WorkBudget())
    return msgspec.json.encode(value).decode()


def find_given_values(shape: Any, conversation: Conversation, answer: str) -> Given:
    """Find values in the conversation for the places of a schema.

    The answer is the value of a key such as `answer`, or of the only text.
    """
    said = remove_instructions(conversation).text
    read = "\n".join((said, *(result.text for result in conversation.results)))[:MAX_FORM]
    held = list_parameters(shape)
    free = [one for one in held if one.type == "string" and not FREE & one.schema.keys()]
    texts = [one for one in free if not one.is_list]
    listed = {one.path: [topic(said, 20)] for one in free if one.is_list and not one.kind}
    titles, answers = name_words("json_title"), name_words("json_answer")
    spoken = {
        one.path: make_title(conversation) if one.name.lower() in titles else answer
        for one in texts
        if one.name.lower() in titles | answers or (len(texts) == 1 and not one.kind)
    }
    total = PATTERNS["result"].search(answer)
    numbers = [one for one in held if total and one.is_number and one.name.lower() in answers]
    sums = {one.path: json.loads(total[1]) for one in numbers} if total else {}
    # Values are taken out of quotes, too.
    return {**listed, **assign(held, find_values(read.replace('"', " "))), **spoken, **sums}


def remove_instructions(conversation: Conversation) -> Conversation:
    """Remove the words about the form of the answer from the user's text.

    Of a text that quotes a conversation, the beginning of that remains.
    """
    if quoted_conversation(conversation.text):
        return replace(conversation, text=find_opening(conversation))
    text = PATTERNS["form_words"].sub(" ", conversation.text[:MAX_READ]).strip()
    return replace(conversation, text=text or conversation.text)


def _find_schema(conversation: Conversation) -> Mapping[str, Any] | None:
    """Find the requested schema, in `response_format`, the text or the system prompt."""
    form = conversation.chat.response_format or {}
    held = form.get("json_schema") or form.get("schema")
    if isinstance(held, Mapping):
        inner = held.get("schema", held)
        return inner if isinstance(inner, Mapping) else None
    texts = (conversation.text[:MAX_READ], conversation.system[:MAX_READ])
    found = next(filter(None, map(_find_objects, texts)), [])
    schema = next(filter(_is_schema, found), None)
    keys = next(filter(None, map(_find_keys, texts)), None)
    example = max(found, key=lambda one: len(str(one)), default=keys)
    return schema or (_schema_like(example) if example else None)


def _find_objects(text: str) -> list[Mapping[str, Any]]:
    """Find the outermost JSON objects in a text."""
    found: list[Mapping[str, Any]] = []
    depth = start = 0
    for brace in re.finditer("[{}]", text):
        start = start if depth else brace.start()
        depth = max(depth + (1 if brace[0] == "{" else -1), 0)
        value = None if depth else decode_json(text[start : brace.end()].encode(errors="replace"))
        found += [value] if value else []
    return found


def _is_schema(value: Mapping[str, Any]) -> bool:
    is_typed = value.get("type") in ("object", "array") and len(value) <= 3
    is_object = isinstance(value.get("properties"), Mapping)
    return bool({"$schema", "$ref"} & value.keys()) or is_typed or is_object


def _schema_like(value: Any) -> Mapping[str, Any]:
    """Make a schema of an example, whose texts may be choices, as `positive|negative`, or types."""
    match value:
        case dict():
            held = {str(key): _schema_like(sub) for key, sub in value.items()}
            return {"type": "object", "properties": held, "required": list(held)}
        case list():
            return {"type": "array", "items": _schema_like(value[0] if value else "")}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "integer" if isinstance(value, int) else "number"}
        case str() if PATTERNS["choice"].match(value):
            return {"enum": [part.strip() for part in re.split(r"[|/]", value)]}
        case str():
            named = value.strip("<>").lower()
            return {"type": named if named in TYPES else "string"}
    return {}


def _find_keys(text: str) -> Mapping[str, Any]:
    """Find keys that a text names, as `keys: name, age (number)`, with examples of their types."""
    found: dict[str, Any] = {}
    for sentence in PATTERNS["keys"].finditer(text):
        quoted = [*PATTERNS["quoted_key"].finditer(sentence["keys"])]
        parts = PATTERNS["separator"].split(sentence["keys"])
        for key in quoted or filter(None, map(PATTERNS["bare_key"].fullmatch, parts)):
            kinds = table("json")["kinds"].items()
            said = (kind for kind, form in kinds if re.search(form, key["hint"] or "", re.I))
            usual = "number" if key["name"] in table("samples")["numbers"] else "string"
            kind = next(said, usual)
            found[key["name"]] = {"array": [], "object": {}}.get(kind, kind)
    return dict([*found.items()][:MAX_KEYS])
