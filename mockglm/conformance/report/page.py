"""report.html: the report as one page that needs no network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["page"]


def page(report: Mapping[str, Any], exchanges: Sequence[Mapping[str, Any]]) -> str:
    """The page."""
    return ""
