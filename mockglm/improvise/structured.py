"""Answers in JSON, by a schema, an example or the names of keys in the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.language import topic
from mockglm.improvise.parameters import assign, list_parameters, name_words
from mockglm.improvise.schema import WorkBudget, make_value
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.side_tasks import find_opening, make_title, quoted_conversation
from mockglm.improvise.tables import HintedPattern, pattern, table
from mockglm.improvise.tools import encode_compact
from mockglm.improvise.values import find_values
from mockglm.validation.types import decode_json

MAX_READ = 20_000
"""Characters of a prompt that are searched for JSON."""
MAX_BRACES, MAX_KEYS = 200, 100
MAX_FORM_PROMPT = 2000
"""Characters of a system prompt that may be about the form of the answer only."""
ASKED = HintedPattern("structured", "asked")
SKETCH = re.compile(r"\{[^{}]{0,2000}[}\]]+")
KEYS = pattern("structured", "keys")
QUOTED_KEY = pattern("structured", "quoted_key")
BARE_KEY = pattern("structured", "bare_key")
SEPARATOR = pattern("structured", "separator")
FORM_WORDS = pattern("structured", "form_words")
CHOICE = re.compile(r"^[\w\u4e00-\u9fff -]{1,30}(?:[|/][\w\u4e00-\u9fff -]{1,30})+$")
RESULT = re.compile(r"= (-?\d+(?:\.\d+)?)$")
TYPES = ("string", "integer", "number", "boolean")
FREE = frozenset(("enum", "const", "pattern", "format"))


def is_json_asked(conversation: Conversation) -> bool:
    """True if `response_format` or the prompt requests JSON."""
    form = conversation.chat.response_format or {}
    if form.get("type") in ("json_object", "json_schema"):
        return True
    # The long prompt of a coding agent may contain JSON for other reasons.
    system = conversation.system if len(conversation.system) <= MAX_FORM_PROMPT else ""
    texts = (conversation.text[-MAX_FORM_PROMPT:], system)
    return any(map(ASKED.search, texts)) and _find_schema(conversation) is not None


def write_json(conversation: Conversation, answer: str, ids: Ids) -> str:
    """Write a value of the requested schema, or an object with the answer if there is none."""
    shape = _find_schema(conversation)
    if shape is None:
        return encode_compact({"answer": answer})
    given = find_given_values(shape, conversation, answer)
    return encode_compact(make_value(shape, ids, given, budget=WorkBudget()))


def find_given_values(shape: Any, conversation: Conversation, answer: str) -> Given:
    """Find values in the conversation for the places of a schema.

    The answer is the value of a key such as `answer`, or of the only text.
    """
    said = remove_instructions(conversation).text
    read = "\n".join((said, *(result.text for result in conversation.results)))[:MAX_FORM_PROMPT]
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
    total = RESULT.search(answer)
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
    text = FORM_WORDS.sub(" ", SKETCH.sub(" ", conversation.text[:MAX_READ])).strip()
    return replace(conversation, text=text or conversation.text)


def _find_schema(conversation: Conversation) -> Mapping[str, Any] | None:
    """Find the requested schema, in `response_format`, the text or the system prompt."""
    form = conversation.chat.response_format or {}
    held = form.get("json_schema") or form.get("schema")
    if isinstance(held, Mapping):
        inner = held.get("schema", held)
        return inner if isinstance(inner, Mapping) else None
    texts = (conversation.text[:MAX_READ], conversation.system[:MAX_READ])
    for text in texts:
        found = [*_find_objects(text)]
        schema = next((one for one in found if _is_schema(one)), None)
        if schema is not None:
            return schema
        if found:
            return _schema_like(max(found, key=lambda one: len(str(one))))
    return next(filter(None, map(_schema_of_keys, texts)), None)


def _find_objects(text: str) -> Iterator[Mapping[str, Any]]:
    """Yield the outermost JSON objects in a text."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(MAX_BRACES):
        if at < 0:
            return
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        # Decoded again, for `json` accepts lone surrogates, which cannot be encoded.
        value = decode_json(text[at:end].encode(errors="replace"))
        if value:
            yield value
        at = text.find("{", end)


def _is_schema(value: Mapping[str, Any]) -> bool:
    is_typed = value.get("type") in ("object", "array") and len(value) <= 3
    is_object = isinstance(value.get("properties"), Mapping)
    return bool({"$schema", "$ref"} & value.keys()) or is_typed or is_object


def _schema_like(value: Any) -> Mapping[str, Any]:
    """Make a schema of an example."""
    match value:
        case dict():
            return _object_schema({str(key): _schema_like(sub) for key, sub in value.items()})
        case list():
            return {"type": "array", "items": _schema_like(value[0] if value else "")}
        case bool():
            return {"type": "boolean"}
        case int() | float():
            return {"type": "integer" if isinstance(value, int) else "number"}
        case str():
            return _string_schema(value)
    return {}


def _object_schema(properties: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _string_schema(example: str) -> Mapping[str, Any]:
    """The schema of a string, or of a choice if the example is one, as `positive|negative`."""
    if CHOICE.match(example):
        return {"enum": [part.strip() for part in re.split(r"[|/]", example)]}
    named = example.strip("<>").lower()
    return {"type": named if named in TYPES else "string"}


def _schema_of_keys(text: str) -> Mapping[str, Any] | None:
    """Make a schema of keys that a text names, as `keys: name, age (number)`; None if it has none.

    The words behind a key tell its type.
    """
    found: dict[str, Any] = {}
    for sentence in KEYS.finditer(text):
        listed = sentence["keys"]
        keys = [*QUOTED_KEY.finditer(listed)] or map(BARE_KEY.fullmatch, SEPARATOR.split(listed))
        found |= {key["name"]: _schema_of_key(*key.group("name", "hint")) for key in keys if key}
    return _object_schema(dict([*found.items()][:MAX_KEYS])) if found else None


def _schema_of_key(name: str, hint: str | None) -> Mapping[str, Any]:
    usual = "number" if name in table("samples")["numbers"] else "string"
    kinds = table("json")["kinds"].items()
    kind = next((kind for kind, form in kinds if re.search(form, hint or "", re.I)), usual)
    return {"type": "array", "items": {"type": "string"}} if kind == "array" else {"type": kind}
