"""The types at every path of a JSON value, as a client relies on them, without the words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

CONSTANT_KEYS = frozenset(
    {"code", "finish_reason", "model", "name", "object", "role", "status", "task_status", "type"}
)
"""Keys whose text is a word of the protocol, and is compared as it is."""

ID_KEYS = frozenset({"id", "request_id", "tool_call_id"})

ID_PATTERNS = {
    "14 digits of time and 16 hex": re.compile(r"20\d{12}[0-9a-f]{16}"),
    "call_ and 24 hex": re.compile(r"call_[0-9a-f]{24}"),
    "call_ and a number": re.compile(r"call_-?\d{10,20}"),
    "call_ and letters": re.compile(r"call_\w+"),
    "chatcmpl-…": re.compile(r"chatcmpl-.*"),
    "decimal digits": re.compile(r"\d+"),
    "a UUID": re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}
"""The forms of ids, the narrowest first."""

_LEAKED = re.compile(r"</?think>|<tool_call>|<arg_key>|Traceback|\n\s+at [\w.$]+\(")
_UNIX_SECONDS = range(10**9, 10**10)


def typed_paths(value: Any, path: str = "$", key: str = "") -> Iterator[tuple[str, str]]:
    """List the JSON paths of a value, `[*]` for the items of lists, each with its type."""
    if isinstance(value, dict):
        yield path, "an object"
        for name, item in value.items():
            yield from typed_paths(item, f"{path}.{_printable(name)}", name)
    elif isinstance(value, list):
        yield path, "a list" if value else "an empty list"
        for item in value:
            yield from typed_paths(item, f"{path}[*]", key)
    elif isinstance(value, str):
        yield path, _text_type(value, key)
    elif value is None or isinstance(value, bool):
        yield path, "null" if value is None else "true or false"
    else:
        yield path, _number_type(value, key)


def _text_type(text: str, key: str) -> str:
    if key in CONSTANT_KEYS:
        return _printable(json.dumps(text, ensure_ascii=False))
    if key in ID_KEYS:
        forms = (name for name, form in ID_PATTERNS.items() if form.fullmatch(text))
        return next(forms, "an id") if text else "empty text"
    leaked = sorted({found.split("(")[0].strip() for found in _LEAKED.findall(text)})
    return f"text with {', '.join(leaked)}" if leaked else "text"


def _number_type(value: float, key: str) -> str:
    if key == "created":
        # `in` would search the range number by number for a float.
        is_time = isinstance(value, int) and value in _UNIX_SECONDS
        return "unix seconds" if is_time else "a number that is not a time in seconds"
    if isinstance(value, float) and not value.is_integer():
        return "a number"
    return "a whole number" if value >= 0 else "a whole number below 0"


def _printable(text: str) -> str:
    """Escape lone surrogates, which cannot be written to a file."""
    return text.encode(errors="backslashreplace").decode()
