"""Faults: one catalogue of the ways GLM traffic breaks, each laid over any answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockglm.faults.fault import Fault, FaultSpec
    from mockglm.faults.options import Option
    from mockglm.faults.position import Position
    from mockglm.faults.registry import CATALOGUE, MAX_FAULTS, apply, no_form, parse, too_many

__all__ = [
    "CATALOGUE",
    "MAX_FAULTS",
    "Fault",
    "FaultSpec",
    "Option",
    "Position",
    "apply",
    "no_form",
    "parse",
    "too_many",
]

_HOMES = {
    "CATALOGUE": "registry",
    "Fault": "fault",
    "FaultSpec": "fault",
    "MAX_FAULTS": "registry",
    "Option": "options",
    "Position": "position",
    "apply": "registry",
    "no_form": "registry",
    "parse": "registry",
    "too_many": "registry",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: the catalogue is long, and most runs apply no fault."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
