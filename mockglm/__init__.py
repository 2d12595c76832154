"""Play, record, break and judge the Zhipu / Z.ai GLM API."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mockglm._version import __version__

if TYPE_CHECKING:
    from mockglm.testing import GLM, serve

__all__ = ["GLM", "__version__", "serve"]

_HOMES = {"GLM": "mockglm.testing", "serve": "mockglm.testing"}


def __getattr__(name: str) -> Any:
    # Imported late, for pytest imports this package in every run.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
