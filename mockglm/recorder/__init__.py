"""The recording proxy: a request asked of the real service, its answer passed on and kept."""

from mockglm.recorder.keys import NAMES, find, is_real
from mockglm.recorder.modes import MODES, Mode, Plan, plan
from mockglm.recorder.recorder import Passed, Recorder
from mockglm.recorder.upstream import HOSTS, Patience, Upstream

__all__ = [
    "HOSTS",
    "MODES",
    "NAMES",
    "Mode",
    "Passed",
    "Patience",
    "Plan",
    "Recorder",
    "Upstream",
    "find",
    "is_real",
    "plan",
]
