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


class HintedPattern:
    """A pattern for texts that contain one of its hints.

    The look for the hints costs less than the pattern, and most texts have none.
    """

    def __init__(self, hints: str, pattern: str) -> None:
        self._hints, self._pattern = hints.split(), re.compile(pattern)

    def search(self, text: str) -> re.Match[str] | None:
        is_hinted = any(map(text.lower().__contains__, self._hints))
        return self._pattern.search(text) if is_hinted else None


def phrase(name: str, language: str, ids: Ids, **values: object) -> str:
    """Pick a sentence of the table `phrases`, and fill in its values."""
    held: Any = table("phrases")
    for part in name.split("."):
        held = held[part]
    text: str = ids.pick(held[language], name)
    return text.format(**values)
