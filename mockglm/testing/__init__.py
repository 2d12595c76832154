"""The `glm` handle of tests: replies, faults, recorded calls, and one server for all tests."""

from mockglm.testing.calls import RecordedCall
from mockglm.testing.config import Config
from mockglm.testing.glm import GLM, open_handle, serve
from mockglm.testing.rules import StandingRule
from mockglm.testing.server import TestServer
from mockglm.testing.session import ClockControl

__all__ = [
    "GLM",
    "ClockControl",
    "Config",
    "RecordedCall",
    "StandingRule",
    "TestServer",
    "open_handle",
    "serve",
]
