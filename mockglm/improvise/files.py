"""Texts of files: read from the output of tools, searched for typos, changed."""

from __future__ import annotations

import builtins
import keyword
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from mockglm.improvise.tables import patterns, table
from mockglm.validation.types import decode_json

PATTERNS = patterns("files")
WORD = re.compile(r"[A-Za-z]{3,}")
RESULT_NAMES = frozenset(("content", "output", "result", "stdout", "text"))
MAX_TEXT = 40_000
MAX_WORD, MIN_WORD = 24, 5
"""Letters of a word with a typo; short words are near to too many others for all but swaps."""
LETTERS = "abcdefghijklmnopqrstuvwxyz"
ENDINGS = ("s", "es", "d", "ed", "ing", "ly", "er")


def read_file_text(printed: str) -> str:
    """Read the text of a file from the output of a tool, without line numbers and tags."""
    printed = printed[:MAX_TEXT]
    value = decode_json(printed.encode()) if printed.lstrip()[:1] in ("{", "[") else None
    text = PATTERNS["note"].sub("", max(_texts(value), key=len, default=printed))
    number, filled = PATTERNS["numbered"], [line for line in text.splitlines() if line.strip()]
    if 2 * len(number.findall(text)) >= max(len(filled), 1):
        return "\n".join(number.sub("", line) for line in text.splitlines() if number.match(line))
    return PATTERNS["wrapper"].sub("", text).strip("\n")


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts of a JSON value, of an object those under names of results if it has some."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in [key for key in value if key in RESULT_NAMES] or value:
            yield from _texts(value[key])
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def find_typo(text: str) -> tuple[str, str] | None:
    """Find the first misspelled word, and return it with its correction.

    Words of the table, of Python, and those that occur several times count as known.
    """
    counted = Counter(WORD.findall(text))
    known = _vocabulary() | {word.lower() for word, count in counted.items() if count > 1}
    for word in counted:
        lower = word.lower()
        is_compound = any(char.isupper() for char in word[1:])
        if _is_known(lower, known) or len(word) > MAX_WORD or is_compound:
            continue
        right = next((near for near in _list_near_words(lower) if _is_known(near, known)), None)
        if right is not None:
            return word, right.capitalize() if word[0].isupper() else right
    return None


@lru_cache(maxsize=1)
def _vocabulary() -> frozenset[str]:
    words = table("vocabulary")["words"].split()
    return frozenset((*words, *keyword.kwlist, *(name.lower() for name in dir(builtins))))


def _is_known(word: str, known: frozenset[str]) -> bool:
    return word in known or any(word.removesuffix(e) in known for e in ENDINGS if word.endswith(e))


def _list_near_words(word: str) -> Iterator[str]:
    """List the words with two letters swapped, or with one letter more, fewer or changed."""
    pairs = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    yield from (a + b[1] + b[0] + b[2:] for a, b in pairs if len(b) > 1 and b[0] != b[1])
    if len(word) >= MIN_WORD:
        yield from (a + b[1:] for a, b in pairs if b)
        yield from (a + char + b for a, b in pairs for char in LETTERS)
        yield from (a + char + b[1:] for a, b in pairs if b and a for char in LETTERS)


def make_change(text: str, old: str, new: str, *, is_all: bool = False) -> tuple[str, str] | None:
    """The text to replace and the new one: whole lines if a text is not unique; None without it."""
    if old not in text:
        return None
    line = next((line for line in text.splitlines() if old in line), "")
    if text.count(old) > 1 and not is_all and text.count(line) == 1:
        return line, line.replace(old, new)
    return old, new
