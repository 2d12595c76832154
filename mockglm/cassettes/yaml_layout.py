"""Values as YAML for people: every language without escapes, long texts as blocks.

PyYAML's dumpers do not fit: the fast one escapes emoji, the other takes milliseconds for a
kilobyte, and neither keeps the lines of a stream.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mockglm.scenarios import yaml_nodes

MAX_DEPTH = 60
"""Levels of nested values; the loader accepts 100 including those around the value."""

MAX_KEY_LENGTH = 200
"""Characters of a key; YAML requires a mark before those beyond 1,024."""

MAX_LINE_LENGTH = 80
"""Characters of a text with quotes in it; a longer one is written as a block."""

_MARKS = "./()+=@%~^$;!?，。！？、；（）《》“”…-"
_PLAIN = re.compile(rf"(?!\d|_)[\w/](?:[\w {_MARKS}]*[\w{_MARKS}])?")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""Words that YAML loaders other than mockglm's take for true or false."""

_PRINTABLE = "\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_UNPRINTABLE = re.compile(f"[^ -~{_PRINTABLE}]")
_UNPRINTABLE_IN_BLOCK = re.compile(f"[^\t\n -~{_PRINTABLE}]")


class FlowStyle(str):
    """Text that is written as it is: a sequence or mapping in one line."""

    __slots__ = ()


def render_lines(value: Any, indent: int = 0) -> Iterator[str]:
    """Render a mapping or sequence as lines, indented by so many spaces."""
    margin = " " * indent
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _entry(f"{margin}{_short(str(name))}:", item, indent)
    else:
        for item in value:
            yield from _item(item, margin, indent)


def fits_yaml(value: Any, depth: int = 0) -> bool:
    """True if a JSON value can be rendered: it is not nested too deep, and no key is too long."""
    if isinstance(value, dict):
        return depth < MAX_DEPTH and all(
            len(name) <= MAX_KEY_LENGTH and fits_yaml(item, depth + 1)
            for name, item in value.items()
        )
    if isinstance(value, list):
        return depth < MAX_DEPTH and all(fits_yaml(item, depth + 1) for item in value)
    return True


def quote_text(text: str) -> str:
    """Quote a text: in single quotes if it is printable and contains double quotes."""
    if '"' in text and "'" not in text and not _UNPRINTABLE.search(text):
        return f"'{text}'"
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _item(item: Any, margin: str, indent: int) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        lines = render_lines(item, indent + 2)
        yield f"{margin}- {next(lines)[indent + 2 :]}"
        yield from lines
    else:
        yield from _entry(f"{margin}-", item, indent)


def _entry(lead: str, item: Any, indent: int) -> Iterator[str]:
    """The lines of a value behind `name:` or `-`: on the same line if it is one, else below."""
    if isinstance(item, Mapping) and item:
        yield lead
        yield from render_lines(item, indent + 2)
    elif _is_list(item) and item:
        yield lead
        yield from render_lines(item, indent if lead.endswith(":") else indent + 2)
    elif isinstance(item, str) and not isinstance(item, FlowStyle) and _is_block(item):
        yield f"{lead} |" if item.endswith("\n") else f"{lead} |-"
        margin = " " * (indent + 2)
        yield from (line and margin + line for line in item.removesuffix("\n").split("\n"))
    else:
        yield f"{lead} {_short(item)}"


def _short(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, FlowStyle):
        return value
    if isinstance(value, str):
        return value if _is_plain(value) else quote_text(value)
    return msgspec.json.encode(value).decode()


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _is_plain(text: str) -> bool:
    if not _PLAIN.fullmatch(text) or text.lower() in _WORDS:
        return False
    return isinstance(yaml_nodes.parse_scalar(text), str)


def _is_block(text: str) -> bool:
    """True if a text can be a block and is better as one: the first line sets the indentation, and
    at most one line feed ends the text."""
    if "\n" not in text and (len(text) <= MAX_LINE_LENGTH or '"' not in text):
        return False
    lines = text.removesuffix("\n").split("\n")
    is_indentable = (
        lines[0][:1] not in ("", " ", "\t") and lines[-1] and not any(map(str.isspace, lines))
    )
    return bool(is_indentable and not _UNPRINTABLE_IN_BLOCK.search(text))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
