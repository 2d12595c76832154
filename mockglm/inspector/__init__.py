"""The inspector: a live page at /__mockglm__/ of all exchanges, which uses the control API."""

from mockglm.inspector.pages import Inspector

__all__ = ["Inspector"]
