"""From a request to its Answer, and what came of it: sessions own all state there is."""

from mockglm.session.asked import Asked
from mockglm.session.considering import consider
from mockglm.session.decision import (
    CHAT,
    RECORDING_CHAT,
    Guard,
    authenticated,
    identified,
    noted,
    queued,
    recorded,
    unplayed,
)
from mockglm.session.play import Played, lay, unable
from mockglm.session.session import Session
from mockglm.session.sessions import Sessions
from mockglm.session.settings import OnMiss, Profile, Settings
from mockglm.session.stage import Stage
from mockglm.session.visit import Visit, visit

__all__ = [
    "CHAT",
    "RECORDING_CHAT",
    "Asked",
    "Guard",
    "OnMiss",
    "Played",
    "Profile",
    "Session",
    "Sessions",
    "Settings",
    "Stage",
    "Visit",
    "authenticated",
    "consider",
    "identified",
    "lay",
    "noted",
    "queued",
    "recorded",
    "unable",
    "unplayed",
    "visit",
]
