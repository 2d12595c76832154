"""Texts of files: as tools print them, typing errors in them, and changes of them."""

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
LONGEST = 40_000
LONGEST_WORD = 24
SHORTEST = 5
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class TextChange(Struct, frozen=True):
    """A change of one file: the old text, the new one, and how often the old one is there."""

    path: str
    old: str
    new: str
    count: int = 1


def read_file_text(printed: str) -> str:
    """The text of a file as a tool printed it, without numbers before lines and tags around it."""
    text = NOTE.sub("", _unpack(printed[:LONGEST]))
    numbered = NUMBERED.findall(text)
    if numbered and len(numbered) >= sum(bool(line.strip()) for line in text.splitlines()) / 2:
        lines = [NUMBERED.sub("", line) for line in text.splitlines() if NUMBERED.match(line)]
        return "\n".join(lines)
    return WRAPPER.sub("", text).strip("\n")


def _unpack(printed: str) -> str:
    """The longest text in a result that is JSON; the result itself where it is none."""
    value = decode_json(printed.encode()) if printed.lstrip()[:1] in ("{", "[") else None
    return max(_texts(value), key=len, default=printed)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _texts(inner)


def find_typo(text: str) -> tuple[str, str] | None:
    """The first word that is one slip away from a known one, and that one.

    Known are the words of the table, of Python, and those that the text has several times.
    """
    known = _vocabulary()
    counted = Counter(WORD.findall(text))
    often = {word.lower() for word, count in counted.items() if count > 1}
    for word in counted:
        lower = word.lower()
        if _is_known(lower, known | often) or len(word) > LONGEST_WORD or _is_compound(word):
            continue
        right = next((near for near in _slips(lower) if _is_known(near, known | often)), None)
        if right is not None:
            return word, right.capitalize() if word[0].isupper() else right
    return None


def make_change(
    path: str, text: str, old: str, new: str, *, is_all: bool = False
) -> TextChange | None:
    """The change that replaces a text, with the whole line where the text alone is not unique."""
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
    """Whether a word is known, or is a known one with an ending."""
    ends = ("s", "es", "d", "ed", "ing", "ly", "er")
    return word in known or any(word.endswith(e) and word.removesuffix(e) in known for e in ends)


def _is_compound(word: str) -> bool:
    return any(char.isupper() for char in word[1:])


def _slips(word: str) -> Iterator[str]:
    """The words one slip away: letters swapped, doubled, missing, too many, wrong."""
    pairs = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in pairs if len(b) > 1 and b[0] != b[1])
    # a short word is near to too many others
    if len(word) < SHORTEST:
        return
    yield from (a + b[1:] for a, b in pairs if b)
    yield from (a + char + b for a, b in pairs for char in LETTERS)
    yield from (a + char + b[1:] for a, b in pairs if b and a for char in LETTERS)
