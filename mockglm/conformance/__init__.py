"""The conformance kit: proof of any endpoint, by its bytes alone, whether it speaks GLM v4."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockglm.conformance.checks import CHECKS
    from mockglm.conformance.judging import Evidence, Result, judge, review
    from mockglm.conformance.probes import PROBES
    from mockglm.conformance.seen import Seen

__all__ = ["CHECKS", "PROBES", "Evidence", "Result", "Seen", "judge", "review"]

_HOMES = {
    "CHECKS": "checks",
    "PROBES": "probes",
    "Evidence": "judging",
    "Result": "judging",
    "Seen": "seen",
    "judge": "judging",
    "review": "judging",
}


def __getattr__(name: str) -> Any:
    """What is public, imported when it is asked for: pytest imports this package in every run."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
