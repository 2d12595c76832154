"""Faults: one catalogue of the ways GLM traffic breaks, each laid over any answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockglm.faults.catalogue import CATALOGUE, MAX_FAULTS, apply, no_form, parse, too_many
    from mockglm.faults.fault import Fault, FaultSpec
    from mockglm.faults.options import Option
    from mockglm.faults.position import Position

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
    "CATALOGUE": "catalogue",
    "Fault": "fault",
    "FaultSpec": "fault",
    "MAX_FAULTS": "catalogue",
    "Option": "options",
    "Position": "position",
    "apply": "catalogue",
    "no_form": "catalogue",
    "parse": "catalogue",
    "too_many": "catalogue",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use: the catalogue is long, and most runs apply no fault."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
