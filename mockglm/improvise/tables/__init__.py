"""Tables of words and patterns in TOML files beside this module, which translators can edit."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

__all__ = ["pattern", "table"]


@lru_cache(maxsize=16)
def table(name: str) -> dict[str, Any]:
    """Load a table by name, once."""
    # Lists of the tables give the order, for TOML's tables have none.
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))


def pattern(module: str, name: str) -> re.Pattern[str]:
    """Compile a pattern of the table `wording` for a module."""
    return re.compile(table("wording")[module][name])
