"""The control API under /__mockglm__: look at a running server, queue replies, move its clock."""

from mockglm.control.api import ControlAPI

__all__ = ["ControlAPI"]
