"""A JSON value as the forms of its leaves: what a client relies on, and none of the words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["Forms", "forms"]

Forms = Iterator[tuple[str, str]]
"""Pairs of a JSON path, items of lists as `[*]`, and the form of what is there."""

CONSTANTS = frozenset(
    {"code", "finish_reason", "model", "name", "object", "role", "status", "task_status", "type"}
)
"""Keys whose text is a word of the protocol, and is compared as it is."""

IDS = frozenset({"id", "request_id", "tool_call_id"})

SHAPES = {
    "14 digits of time and 16 hex": re.compile(r"20\d{12}[0-9a-f]{16}"),
    "call_ and 24 hex": re.compile(r"call_[0-9a-f]{24}"),
    "call_ and a number": re.compile(r"call_-?\d{10,20}"),
    "call_ and letters": re.compile(r"call_\w+"),
    "chatcmpl-…": re.compile(r"chatcmpl-.*"),
    "decimal digits": re.compile(r"\d+"),
    "a UUID": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
"""The forms of ids, the narrowest first."""

_TAG = re.compile(r"</?think>|<tool_call>|<arg_key>|Traceback|\n\s+at [\w.$]+\(")
_SECONDS = range(10**9, 10**10)


def forms(value: Any, path: str = "$", key: str = "") -> Forms:
    """What is at every path of a value."""
    if isinstance(value, dict):
        yield path, "an object"
        for name, item in value.items():
            yield from forms(item, f"{path}.{_shown(name)}", name)
    elif isinstance(value, list):
        yield path, "a list" if value else "an empty list"
        for item in value:
            yield from forms(item, f"{path}[*]", key)
    else:
        yield path, _leaf(value, key)


def _leaf(value: Any, key: str) -> str:
    if isinstance(value, str):
        return _text(value, key)
    if value is None or isinstance(value, bool):
        return json.dumps(value) if value is None else "true or false"
    return _number(value, key)


def _text(text: str, key: str) -> str:
    if key in CONSTANTS:
        return _shown(json.dumps(text, ensure_ascii=False))
    if key in IDS:
        return _id(text)
    tags = sorted({tag.split("(")[0].strip() for tag in _TAG.findall(text)})
    return f"text with {', '.join(tags)}" if tags else "text"


def _shown(text: str) -> str:
    """The text as it can be written, whatever half characters it has."""
    return text.encode(errors="backslashreplace").decode()


def _id(text: str) -> str:
    if not text:
        return "empty text"
    return next((name for name, form in SHAPES.items() if form.fullmatch(text)), "an id")


def _number(value: float, key: str) -> str:
    if key == "created":
        # A range is searched for what is no int, number by number.
        is_time = isinstance(value, int) and value in _SECONDS
        return "unix seconds" if is_time else "a number that is no time in seconds"
    if isinstance(value, float) and not value.is_integer():
        return "a number"
    return "a whole number" if value >= 0 else "a whole number below 0"
