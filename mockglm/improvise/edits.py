"""Texts of files: read from the output of tools, searched for typos, changed."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from msgspec import Struct

from mockglm.improvise.tables import table
from mockglm.validation.types import decode_json

NUMBERED = re.compile(r"^[^\S\n]*L?\d{1,6}(?:[^\S\n]*→|\t|[^\S\n]*\||:)[^\S\n]?", re.M)
WRAPPER = re.compile(
    r"^\s*</?(?:file|content|output|path|type|returncode|result|file_content)[^>\n]*>(?:[\w./-]*</\w+>)?\s*$",
    re.M,
)
NOTE = re.compile(
    r"\n\s*(?:\((?:End of file|Output)[^\n]*\)|\[[^\]\n]*(?:lines|truncated)[^\]\n]*\])\s*$"
)
WORD = re.compile(r"[A-Za-z]{3,}")
MAX_TEXT = 40_000
MAX_WORD = 24
MIN_WORD = 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class TextChange(Struct, frozen=True):
    """A change of one file: the old text, the new text, and the occurrences of the old one."""

    path: str
    old: str
    new: str
    count: int = 1


def read_file_text(printed: str) -> str:
    """Read the text of a file from the output of a tool, without line numbers and tags."""
    text = NOTE.sub("", _find_longest_text(printed[:MAX_TEXT]))
    numbered = NUMBERED.findall(text)
    if numbered and len(numbered) >= sum(bool(line.strip()) for line in text.splitlines()) / 2:
        lines = [NUMBERED.sub("", line) for line in text.splitlines() if NUMBERED.match(line)]
        return "\n".join(lines)
    return WRAPPER.sub("", text).strip("\n")


def _find_longest_text(printed: str) -> str:
    """The longest text in a result that is JSON, else the result itself."""
    value = decode_json(printed.encode()) if printed.lstrip()[:1] in ("{", "[") else None
    return max(_texts(value), key=len, default=printed)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def find_typo(text: str) -> tuple[str, str] | None:
    """Find the first misspelled word, and return it with its correction.

    Words of the table, of Python, and those that occur several times count as known.
    """
    known = _vocabulary()
    counted = Counter(WORD.findall(text))
    often = {word.lower() for word, count in counted.items() if count > 1}
    for word in counted:
        lower = word.lower()
        if _is_known(lower, known | often) or len(word) > MAX_WORD or _is_compound(word):
            continue
        right = next(
            (near for near in _list_near_words(lower) if _is_known(near, known | often)), None
        )
        if right is not None:
            return word, right.capitalize() if word[0].isupper() else right
    return None


def make_change(
    path: str, text: str, *, old: str, new: str, is_all: bool = False
) -> TextChange | None:
    """Make a change that replaces a text, with its whole line if the text is not unique."""
    count = text.count(old)
    if not count:
        return None
    if count > 1 and not is_all:
        lines = [line for line in text.splitlines() if old in line]
        if text.count(lines[0]) == 1:
            return TextChange(path, lines[0], lines[0].replace(old, new), count)
    return TextChange(path, old, new, count)


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    words = table("vocabulary")["words"].split()
    return frozenset((*words, *keyword.kwlist, *(name.lower() for name in dir(builtins))))


def _is_known(word: str, known: frozenset[str]) -> bool:
    """True for a known word, also with an ending."""
    ends = ("s", "es", "d", "ed", "ing", "ly", "er")
    return word in known or any(word.endswith(e) and word.removesuffix(e) in known for e in ends)


def _is_compound(word: str) -> bool:
    return any(char.isupper() for char in word[1:])


def _list_near_words(word: str) -> Iterator[str]:
    """List the words with two letters swapped, or with one letter more, fewer or changed."""
    pairs = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in pairs if len(b) > 1 and b[0] != b[1])
    # Short words are near to too many others.
    if len(word) < MIN_WORD:
        return
    yield from (a + b[1:] for a, b in pairs if b)
    yield from (a + char + b for a, b in pairs for char in LETTERS)
    yield from (a + char + b[1:] for a, b in pairs if b and a for char in LETTERS)
