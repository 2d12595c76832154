"""JSON values written as Python source.

Python compiles no source whose brackets are nested in more than 200 levels (MAXLEVEL of its
tokenizer), so that values that are nested deep are written as JSON that the source loads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pprint import pformat
from typing import Any

WIDTH = 88
MAX_LAID_OUT = 200_000
"""Characters of the longest value that is laid out; pformat takes seconds for megabytes."""

MAX_DEPTH = 50
"""Levels of brackets that are written as such."""

IMPORT = "import json\n"
"""The line that source with deep values begins with."""


def write_literal(value: Any, *, is_laid_out: bool = False) -> str:
    """Return a value as a Python expression.

    If it is laid out, it has several lines where it is long, indented as an argument. A value that
    is nested deep needs the line IMPORT.
    """
    if _is_deep(value, MAX_DEPTH):
        return f"json.loads({json.dumps(value, ensure_ascii=False)!r})"
    line = repr(value)
    if not is_laid_out or len(line) > MAX_LAID_OUT:
        return line
    return pformat(value, width=WIDTH, sort_dicts=False).replace("\n", "\n    ")


def write_imports(values: Iterable[Any]) -> str:
    """Return the import that the literals of values need; "" if they need none."""
    return IMPORT if any(_is_deep(value, MAX_DEPTH) for value in values) else ""


def _is_deep(value: Any, depth: int) -> bool:
    """True if a value is nested more than `depth` levels deep."""
    if not isinstance(value, dict | list):
        return False
    parts = value.values() if isinstance(value, dict) else value
    return depth == 0 or any(_is_deep(part, depth - 1) for part in parts)
