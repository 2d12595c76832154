"""From a request to its Answer, and what came of it: sessions own all state there is."""

from mockglm.server.context import Asked
from mockglm.server.explanation import explain
from mockglm.server.handlers import (
    CHAT,
    RECORDING_CHAT,
    Handler,
    authenticate,
    authenticate_if_given,
    queued_reply,
    record_key,
    replay,
    replay_new,
)
from mockglm.server.pipeline import Visit, handle
from mockglm.server.playlist import Playlist
from mockglm.server.responses import Played, apply_url_faults, mock_error
from mockglm.server.session import Session
from mockglm.server.sessions import Sessions
from mockglm.server.settings import OnMiss, Profile, Settings

__all__ = [
    "CHAT",
    "RECORDING_CHAT",
    "Asked",
    "Handler",
    "OnMiss",
    "Played",
    "Playlist",
    "Profile",
    "Session",
    "Sessions",
    "Settings",
    "Visit",
    "apply_url_faults",
    "authenticate",
    "authenticate_if_given",
    "explain",
    "handle",
    "mock_error",
    "queued_reply",
    "record_key",
    "replay",
    "replay_new",
]
