"""A JSON value without its text: keys in order, constants of the wire, a form for the rest."""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["example", "shape"]

LITERALS = frozenset(
    {
        "additionalProperties",
        "clear_thinking",
        "code",
        "enum",
        "finish_reason",
        "include_usage",
        "index",
        "items",
        "level",
        "max_tokens",
        "model",
        "name",
        "object",
        "reasoning_effort",
        "required",
        "role",
        "strict",
        "stream",
        "task_status",
        "temperature",
        "tool_choice",
        "tool_stream",
        "top_p",
        "type",
    }
)
"""Keys whose value is a constant of the wire or an identifier; no other value is kept."""

IDS = {
    "<time and 16 hex>": (r"\d{14}[0-9a-f]{16}", "202603130503035652f6eb725d4b48"),
    "<call_ and 24 hex>": (r"call_[0-9a-f]{24}", "call_417fb00c5b2d4aada7fa6665"),
    "<call_ and a negative decimal>": (r"call_-\d{18,19}", "call_-7807249954186984837"),
    "<call_ and 22 base62>": (r"call_[0-9A-Za-z]{22}", "call_4BgN84hpTbmswCBFSC9ggw"),
}
"""The forms of ids that were seen, each with its pattern and one of it."""

EXAMPLES = {
    "<empty>": "",
    "<text>": "A word.",
    "<JSON object>": "{}",
    "<url>": "https://example.com/picture.png",
    "<boolean>": True,
    "<integer>": 1,
    "<number>": 0.5,
    "<null>": None,
    **{form: one for form, (_, one) in IDS.items()},
}


def shape(value: Any, key: str = "") -> Any:
    """The value with each leaf replaced by its form, `<text>` for one; keys keep their order."""
    if isinstance(value, dict):
        return {name: shape(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [shape(item, key) for item in value]
    if key in LITERALS:
        return value
    return _text(value, key) if isinstance(value, str) else _scalar(value)


def example(form: Any) -> Any:
    """A value that has the form."""
    if isinstance(form, dict):
        return {key: example(item) for key, item in form.items()}
    if isinstance(form, list):
        return [example(item) for item in form]
    return EXAMPLES.get(form, form) if isinstance(form, str) else form


def _text(value: str, key: str) -> str:
    if not value:
        return "<empty>"
    if key == "url":
        return "<url>"
    if key == "arguments":
        return "<JSON object>" if _is_object(value) else "<text>"
    if key in ("id", "request_id", "tool_call_id"):
        return next((form for form, row in IDS.items() if re.fullmatch(row[0], value)), "<text>")
    return "<text>"


def _scalar(value: float | None) -> str:
    if value is None:
        return "<null>"
    if isinstance(value, bool):
        return "<boolean>"
    return "<integer>" if isinstance(value, int) else "<number>"


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
