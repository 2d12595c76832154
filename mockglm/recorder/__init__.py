"""The recording proxy: forwards requests to the live service and records the exchanges."""

from mockglm.api_keys import DUMMY_ID, is_real_key
from mockglm.recorder.hints import UNREACHABLE, find_hint
from mockglm.recorder.outcome import RecordedExchange
from mockglm.recorder.recorder import Recorder
from mockglm.recorder.recording import (
    MODES,
    Mode,
    Recording,
    RecordingPlan,
    open_recording,
    plan_recording,
)
from mockglm.recorder.upstream import UPSTREAM_HOSTS, Timeouts, Upstream

__all__ = [
    "DUMMY_ID",
    "MODES",
    "UNREACHABLE",
    "UPSTREAM_HOSTS",
    "Mode",
    "RecordedExchange",
    "Recorder",
    "Recording",
    "RecordingPlan",
    "Timeouts",
    "Upstream",
    "find_hint",
    "is_real_key",
    "open_recording",
    "plan_recording",
]
