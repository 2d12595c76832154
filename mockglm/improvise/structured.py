"""Answers in JSON, by a schema, an example or the names of keys in the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.json_keys import make_schema, remove_form_words, string_schema
from mockglm.improvise.language import has_any, shorten, subject
from mockglm.improvise.parameters import Parameter, assign, list_parameters, name_words
from mockglm.improvise.schema import WorkBudget, make_value
from mockglm.improvise.schema.maker import Given
from mockglm.improvise.schema.scalars import ValuePath
from mockglm.improvise.side_tasks import find_opening, make_title, quoted_conversation
from mockglm.improvise.tables import pattern
from mockglm.improvise.tools import encode_compact
from mockglm.improvise.values import find_values
from mockglm.validation.types import decode_json

MAX_READ = 20_000
"""Characters of a prompt that are searched for JSON."""
MAX_BRACES = 200
MAX_FORM_PROMPT = 2000
"""Characters of a system prompt that may be about the form of the answer only."""
ASKED = pattern("structured", "asked")
ONLY_QUOTE = pattern("structured", "only_quote")
RESULT = re.compile(r"= (-?\d+(?:\.\d+)?)$")
SORTS = ("title", "question", "summary", "answer")
"""Sorts of texts that are taken from the conversation, recognized by their keys."""
FREE = frozenset(("enum", "const", "pattern", "format"))


def is_json_asked(conversation: Conversation) -> bool:
    """True if `response_format` or the prompt requests JSON."""
    form = conversation.chat.response_format or {}
    if form.get("type") in ("json_object", "json_schema"):
        return True
    # The long prompt of a coding agent may contain JSON for other reasons.
    system = conversation.system if len(conversation.system) <= MAX_FORM_PROMPT else ""
    texts = (conversation.text[-MAX_FORM_PROMPT:], system)
    said = next((one for one in texts if has_any(one, ("json",)) and ASKED.search(one)), None)
    return said is not None and _find_schema(conversation) is not None


def write_json(conversation: Conversation, answer: str, ids: Ids) -> str:
    """Write a value of the requested schema, or an object with the answer if there is none."""
    shape = _find_schema(conversation)
    if shape is None:
        return encode_compact({"answer": answer})
    given = find_given_values(shape, conversation, answer)
    return encode_compact(make_value(shape, ids, given, budget=WorkBudget()))


def find_given_values(shape: Mapping[str, Any], conversation: Conversation, answer: str) -> Given:
    """Find values in the conversation for the places of a schema.

    The answer is the value of a key such as `answer`, or of the only text.
    """
    said = remove_instructions(conversation).text
    read = "\n".join((said, *(result.text for result in conversation.results)))[:MAX_FORM_PROMPT]
    held = list_parameters(shape)
    free = [one for one in held if one.type == "string" and not FREE & one.schema.keys()]
    texts = [one for one in free if not one.is_list]
    spoken: dict[ValuePath, Any] = {
        one.path: _text_for_name(one.name.lower(), conversation, said=said, answer=answer)
        for one in texts
    }
    if len(texts) == 1 and not texts[0].kind:
        spoken = {path: answer if value is None else value for path, value in spoken.items()}
    listed = {
        one.path: [subject(said, 20)] for one in free if one.is_list and said and not one.kind
    }
    spoken |= {one.path: _sum_of(one, answer) for one in held if one.is_number}
    known = {path: value for path, value in spoken.items() if value is not None}
    return {**listed, **assign(held, find_values(read)), **known}


def remove_instructions(conversation: Conversation) -> Conversation:
    """Remove the words about the form of the answer from the user's text.

    Of a text that quotes a conversation, the beginning of that remains.
    """
    has_quote = quoted_conversation(conversation.text)
    text = find_opening(conversation) if has_quote else remove_form_words(conversation.text)
    only = ONLY_QUOTE.fullmatch(text)
    return replace(conversation, text=only[1] if only else text or conversation.text)


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
    return next((keys for text in texts if (keys := make_schema(text))), None)


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
    return bool({"$schema", "$ref"} & value.keys()) or is_typed or _has_properties(value)


def _has_properties(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("properties"), Mapping)


def _schema_like(value: Any) -> Mapping[str, Any]:
    """Make a schema of an example."""
    match value:
        case dict():
            held = {str(key): _schema_like(sub) for key, sub in value.items()}
            return {"type": "object", "properties": held, "required": list(held)}
        case list():
            return {
                "type": "array",
                "items": _schema_like(value[0]) if value else {"type": "string"},
            }
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return string_schema(value)
    return {}


def _text_for_name(name: str, conversation: Conversation, *, said: str, answer: str) -> str | None:
    sort = next((sort for sort in SORTS if name in name_words(f"json_{sort}")), "")
    match sort:
        case "title":
            return make_title(conversation)
        case "question":
            return said
        case "summary":
            return shorten(said, 160)
    return answer if sort else None


def _sum_of(one: Parameter, answer: str) -> float | None:
    """The result of a calculation, for a parameter such as `answer`."""
    is_answer = one.name.lower() in name_words("json_answer") and not one.is_list
    found = RESULT.search(answer) if is_answer else None
    return json.loads(found[1]) if found else None
