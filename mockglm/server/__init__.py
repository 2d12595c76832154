"""Requests to responses: routes, the pipeline of handlers, and the sessions that own all state."""

from mockglm.generations import Profile
from mockglm.server.context import RequestContext
from mockglm.server.explanation import explain
from mockglm.server.pipeline import CHAT, RECORDING_CHAT, Handler, handle
from mockglm.server.responses import DEFAULT_MODEL
from mockglm.server.responses import respond_with_reply as render_reply
from mockglm.server.routes import (
    FindHandlers,
    Route,
    Unread,
    allow_origin,
    complete_response,
    dispatch,
    enter_response,
    parse_route,
    parse_short_route,
    refuse_large_response,
)
from mockglm.server.sessions import (
    OnMiss,
    Playlist,
    QueuedFaults,
    Session,
    Sessions,
    Settings,
)

__all__ = [
    "CHAT",
    "DEFAULT_MODEL",
    "RECORDING_CHAT",
    "FindHandlers",
    "Handler",
    "OnMiss",
    "Playlist",
    "Profile",
    "QueuedFaults",
    "RequestContext",
    "Route",
    "Session",
    "Sessions",
    "Settings",
    "Unread",
    "allow_origin",
    "complete_response",
    "dispatch",
    "enter_response",
    "explain",
    "handle",
    "parse_route",
    "parse_short_route",
    "refuse_large_response",
    "render_reply",
]
