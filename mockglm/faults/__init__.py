"""Faults: one catalogue of the ways GLM traffic breaks, each laid over any answer."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mockglm.faults.catalogue import CATALOGUE, MOST_FAULTS, apply, parse, too_many
    from mockglm.faults.fault import Fault, FaultSpec
    from mockglm.faults.options import Option
    from mockglm.faults.position import Position

__all__ = [
    "CATALOGUE",
    "MOST_FAULTS",
    "Fault",
    "FaultSpec",
    "Option",
    "Position",
    "apply",
    "parse",
    "too_many",
]

_HOMES = {
    "CATALOGUE": "laying",
    "Fault": "fault",
    "Laid": "fault",
    "MOST_FAULTS": "laying",
    "Option": "options",
    "Place": "place",
    "apply": "laying",
    "parse": "laying",
    "too_many": "laying",
}


def __getattr__(name: str) -> Any:
    """What is asked for, imported then: the catalogue is long, and most runs lay no fault."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
