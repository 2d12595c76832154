"""Tables of words and patterns in TOML files beside this module, which translators can edit."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from mockglm.clock import Ids

__all__ = ["hinted_patterns", "patterns", "phrase", "table"]


MAX_KEPT = 4000
"""Characters of a text that is kept in lower case."""


@lru_cache(maxsize=16)
def table(name: str) -> dict[str, Any]:
    """Load a table by name, once."""
    # Lists of the tables give the order, for TOML's tables have none.
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))


def patterns(module: str) -> Mapping[str, re.Pattern[str]]:
    """Compile the patterns for a module that have no hints."""
    held = table("wording")[module].items()
    return {name: re.compile(one) for name, one in held if isinstance(one, str)}


def hinted_patterns(module: str) -> Mapping[str, HintedPattern]:
    held = table("wording")[module].items()
    return {name: HintedPattern(**one) for name, one in held if isinstance(one, dict)}


@lru_cache(maxsize=8)
def _lower(text: str) -> str:
    return text.lower()


class HintedPattern:
    """A pattern for texts that contain one of its hints.

    The look for the hints costs less than the pattern, and most texts have none.
    """

    def __init__(self, hints: str, pattern: str) -> None:
        self._hints, self._pattern = hints.split(), re.compile(pattern)

    def search(self, text: str) -> re.Match[str] | None:
        # Several patterns search a text one after the other.
        lower = _lower(text) if len(text) <= MAX_KEPT else text.lower()
        # A loop takes half the time of `any`.
        for hint in self._hints:
            if hint in lower:
                return self._pattern.search(text)
        return None


def phrase(name: str, language: str, ids: Ids, **values: object) -> str:
    """Pick a sentence of the table `phrases`, and fill in its values."""
    held: Any = table("phrases")
    for part in name.split("."):
        held = held[part]
    text: str = ids.pick(held[language], name)
    return text.format(**values)
