"""Regular expressions: matching in bounded time, and texts that match.

The `regex` package matches, for it has a timeout, the syntax of ECMA-262, and partial matches: a
text is written from left to right, by pieces after which it can still become a match.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from string import punctuation
from time import thread_time
from typing import Any

from mockglm.clock import Ids
from mockglm.improvise.schema.keywords import WorkBudget
from mockglm.matching.expression import compile_bounded

MAX_PATTERN = 2000
MAX_PIECES = 200
"""Pieces of a text."""
LENGTHS = (3, 0, 2, 5, 8)
"""The least characters of the texts that are written, one after the other."""
TIMEOUT = 0.05
"""Seconds of one search."""
UNITS_PER_SECOND = 30_000
"""Units of work for the time that searches take, and of compiling a pattern."""
COMPILING_PRICE = 3
LITERALS = re.compile(r"(?<!\\)(?:[A-Za-z]{2,}|[^][(){}|*+?^$\\])|(?<=\\)\W")
"""Words and characters that a pattern names."""
CHARACTERS = "a0A-b1B_c2C d3D.e4E/f5F:g6G@h7H,i8I中j9J"
"""Characters for texts, mixed, so that one of each class is near."""


def matches(pattern: str, text: str, budget: WorkBudget) -> bool:
    """True if the pattern is found in the text, is invalid, or if the budget is spent."""
    compiled = _compile(pattern) if budget.spend(COMPILING_PRICE) else None
    return compiled is None or _is_found(compiled.search, text, budget)


def _is_found(search: Callable[..., object], text: str, budget: WorkBudget) -> bool:
    started = thread_time()
    try:
        return budget.left >= 0 and search(text, timeout=TIMEOUT) is not None
    except TimeoutError:
        return False
    finally:
        budget.spend((thread_time() - started) * UNITS_PER_SECOND)


@lru_cache(maxsize=64)
def _compile(pattern: str) -> Any:
    try:
        return compile_bounded(pattern) if len(pattern) <= MAX_PATTERN else None
    except (ValueError, OverflowError, RecursionError, LookupError):
        return None


def write_matches(
    pattern: str, ids: Ids, where: str, *, budget: WorkBudget, least: int = 0
) -> Iterator[str]:
    """Write texts that match the pattern; none for one that is invalid or too difficult."""
    compiled: Any = _compile(pattern) if budget.spend(COMPILING_PRICE) else None
    for length in LENGTHS if compiled is not None else ():
        text, literals = "", deque(LITERALS.findall(pattern))
        for step in range(MAX_PIECES):
            if len(text) >= max(length, least) and _is_found(compiled.search, text, budget):
                yield text
                break
            start = int(ids.chance(f"{where}/{length}/{step}") * len(CHARACTERS))
            drawn = CHARACTERS[start:] + CHARACTERS[:start] + punctuation
            # Literals are likely in the order of the pattern; drawn characters make texts differ.
            pieces = [*drawn, *literals] if start % 3 == 0 else [*literals, *drawn]
            can_begin = partial(compiled.match, partial=True)
            piece = next((one for one in pieces if _is_found(can_begin, text + one, budget)), None)
            if piece is None or not budget.spend():
                break
            if piece in literals:
                literals.rotate(-literals.index(piece) - 1)
            text += piece
