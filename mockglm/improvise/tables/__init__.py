"""Tables of words, read once from the TOML files beside this module, for translators to edit."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any

__all__ = ["table"]


@lru_cache(maxsize=16)
def table(name: str) -> dict[str, Any]:
    """The table of a name; TOML has no order of its own, so lists say what comes first."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))
