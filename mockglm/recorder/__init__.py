"""The recording proxy: a request asked of the real service, its answer passed on and kept."""

from mockglm.api_keys import NAMES, find_api_key
from mockglm.recorder.credentials import DUMMY, is_real
from mockglm.recorder.modes import MODES, Mode, Plan, plan
from mockglm.recorder.outcome import Passed
from mockglm.recorder.recorder import Recorder
from mockglm.recorder.recording import Recording, begin
from mockglm.recorder.upstream import HOSTS, Patience, Upstream

__all__ = [
    "DUMMY",
    "HOSTS",
    "MODES",
    "NAMES",
    "Mode",
    "Passed",
    "Patience",
    "Plan",
    "Recorder",
    "Recording",
    "Upstream",
    "begin",
    "find_api_key",
    "is_real",
    "plan",
]
