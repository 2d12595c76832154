"""Plain values as YAML that people read: every language as it is, long texts as blocks.

Not PyYAML's dumpers: the fast one escapes emoji, the other takes milliseconds a kilobyte, and
neither leaves the lines of a stream alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from mockglm.scenarios import yaml_nodes

DEEPEST = 60
"""How deep values are nested at most; the loader takes 100 with all that is around them."""

LONGEST_KEY = 200
"""Characters of a key; YAML wants those beyond 1,024 marked."""

LONGEST_LINE = 80
"""Characters beyond which a text with quotes in it is set as a block."""

_MARKS = "./()+=@%~^$;!?，。！？、；（）《》“”…-"
_PLAIN = re.compile(rf"(?!\d|_)[\w/](?:[\w {_MARKS}]*[\w{_MARKS}])?")
_WORDS = frozenset({"y", "n", "yes", "no", "on", "off"})
"""What others than this package's loader take for true or false."""

_SEEN = "\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff"
_UNSEEN = re.compile(f"[^ -~{_SEEN}]")
_UNSEEN_IN_BLOCK = re.compile(f"[^\t\n -~{_SEEN}]")


class FlowStyle(str):
    """Text that stands as it is: a sequence or mapping in one line."""

    __slots__ = ()


def render_lines(value: Any, indent: int = 0) -> Iterator[str]:
    """The lines of a mapping or sequence, so many spaces from the left."""
    margin = " " * indent
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _entry(f"{margin}{_short(str(name))}:", item, indent)
    else:
        for item in value:
            yield from _item(item, margin, indent)


def fits_yaml(value: Any, depth: int = 0) -> bool:
    """Whether a JSON value can be laid out: not nested too deep, no key too long."""
    if isinstance(value, dict):
        return depth < DEEPEST and all(
            len(name) <= LONGEST_KEY and fits_yaml(item, depth + 1) for name, item in value.items()
        )
    if isinstance(value, list):
        return depth < DEEPEST and all(fits_yaml(item, depth + 1) for item in value)
    return True


def quote_text(text: str) -> str:
    """A text in quotes: single ones where it has double ones and all of it can be seen."""
    if '"' in text and "'" not in text and not _UNSEEN.search(text):
        return f"'{text}'"
    return _UNSEEN.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _item(item: Any, margin: str, indent: int) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        lines = render_lines(item, indent + 2)
        yield f"{margin}- {next(lines)[indent + 2 :]}"
        yield from lines
    else:
        yield from _entry(f"{margin}-", item, indent)


def _entry(lead: str, item: Any, indent: int) -> Iterator[str]:
    """What follows `name:` or `-`: on the same line if it is one, else below."""
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
    """Whether a text is better, and can be, a block: its first line says how far all are indented,
    and one line feed ends it or none."""
    if "\n" not in text and (len(text) <= LONGEST_LINE or '"' not in text):
        return False
    lines = text.removesuffix("\n").split("\n")
    is_clear = (
        lines[0][:1] not in ("", " ", "\t") and lines[-1] and not any(map(str.isspace, lines))
    )
    return bool(is_clear and not _UNSEEN_IN_BLOCK.search(text))


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
