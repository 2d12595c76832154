"""The options of the kit, for pytest: cheap to import, as pytest does so in every run.

As a plugin (`-p mockglm.conformance.options`) it declares them and loads the rest of the kit when
one of them is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest

__all__ = ["OPTIONS", "PACKAGE", "is_fed", "is_wanted", "pytest_addoption", "pytest_configure"]

PACKAGE = "mockglm.conformance"
MODEL = "glm-4.5-flash"
"""The default model: free of charge."""

OPTIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("--glm-url", {"metavar": "URL", "help": "base URL of the endpoint to judge, such as "
        "https://open.bigmodel.cn/api/paas/v4"}),
    ("--glm-model", {"metavar": "ID", "default": MODEL, "help": f"model to ask ({MODEL})"}),
    ("--glm-report", {"metavar": "DIR", "help": "write report.json, report.html and badge.json"}),
    ("--glm-plan", {"action": "store_true", "help": "say what would be sent, and send nothing"}),
    ("--glm-record-to", {"metavar": "DIR", "help": "keep the exchanges as cassettes"}),
    ("--glm-replay-from", {"metavar": "DIR", "help": "judge kept exchanges, without a network"}),
    ("--glm-recording", {"metavar": "PATH", "action": "append", "default": [],
        "help": "judge recorded exchanges by what needs no probe (again for another path)"}),
    ("--glm-max-requests", {"metavar": "N", "type": int, "help": "most requests to send (30)"}),
    ("--glm-max-tokens", {"metavar": "N", "type": int, "help": "most output tokens (6000)"}),
    ("--glm-timeout", {"metavar": "S", "type": float, "default": 300.0,
        "help": "longest wait for one answer, in seconds (300)"}),
    ("--glm-pause", {"metavar": "S", "type": float, "default": 10.0,
        "help": "seconds before a request that came too often is sent once more (10)"}),
    ("--glm-ca", {"metavar": "FILE", "help": "trust these certificates, too"}),
    ("--glm-header", {"metavar": "NAME=VALUE", "action": "append", "default": [],
        "help": "send this header with every request, for a gateway (again for another)"}),
    ("--glm-strict", {"action": "store_true", "help": "SHOULD fails the run too"}),
    ("--glm-soak", {"metavar": "N", "type": int, "default": 0,
        "help": "send the cheapest stream N times more, to catch what happens now and then"}),
    ("--glm-disruptive", {"action": "store_true",
        "help": "also exceed limits: eight streams at once, a prompt beyond the context"}),
    ("--glm-deterministic", {"action": "store_true",
        "help": "the endpoint answers the same prompt with the same words (a mock)"}),
    ("--glm-failing", {"action": "store_true",
        "help": "the endpoint breaks a stream off when it is asked to (a mock)"}),
    ("--glm-quiet", {"action": "store_true", "help": "print the report and nothing else"}),
    ("--glm-baseline", {"metavar": "FILE", "help": "known failures, by check id with a reason"}),
    ("--glm-write-baseline", {"metavar": "FILE", "help": "write today's failures as a baseline"}),
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, once, whichever plugin does it first."""
    group = parser.getgroup("mockglm conformance", "the GLM v4 conformance kit")
    declared = {name for option in group.options for name in option.names()}
    for name, attributes in OPTIONS:
        if name not in declared:
            group.addoption(name, **attributes)


def pytest_configure(config: pytest.Config) -> None:
    """Load the kit when this run is one of it."""
    if is_wanted(config) and not config.pluginmanager.has_plugin(f"{PACKAGE}.plugin"):
        config.pluginmanager.import_plugin(f"{PACKAGE}.plugin")


def is_wanted(config: pytest.Config) -> bool:
    """Whether an option of the kit is used, or its package is to be collected."""
    is_named = any(arg.partition("::")[0] == PACKAGE for arg in config.args)
    return is_named or is_fed(config.option)


def is_fed(option: Any) -> bool:
    """Whether the options say what is to be judged, or that nothing is."""
    sources = (option.glm_url, option.glm_replay_from, option.glm_recording)
    return bool(option.glm_plan or any(sources))
