"""The options of the kit, declared once for `mockglm check` and for pytest.

pytest imports this module in every run, so it imports nothing heavy. As a plugin (`-p
mockglm.conformance.options`) it declares the options, and loads the kit if one of them is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import pytest

PACKAGE = "mockglm.conformance"
GROUP = "glm-v4"
"""The part of a node id before the id of the check: `glm-v4::SSE-05`."""
MESSAGE_GROUP = "glm-anthropic"
"""The same of the set for the Anthropic surface."""
GROUPS = (GROUP, MESSAGE_GROUP)

LIVE = "https://open.bigmodel.cn/api/paas/v4"

MODEL = "glm-4.5-flash"
"""The default model: free of charge."""


class KitOption(NamedTuple):
    """One option: `--name` of the command, `--glm-name` of pytest.

    `type` of bool is a flag; `multiple` collects values; `pytest_only` has another form in the
    command.
    """

    name: str
    help: str
    metavar: str | None = None
    type: type[str | int | float | bool] = str
    default: Any = None
    multiple: bool = False
    pytest_only: bool = False

    @property
    def key(self) -> str:
        """The name as an identifier."""
        return self.name.replace("-", "_")

    @property
    def dest(self) -> str:
        """The name of its attribute in pytest."""
        return f"glm_{self.key}"


OPTIONS = (
    KitOption(
        "url",
        f"Judge the endpoint at this base URL, such as {LIVE}.",
        "URL",
        pytest_only=True,
    ),
    KitOption(
        "set",
        f"Judge by this set of checks, {GROUP} or {MESSAGE_GROUP}; by default the one of the "
        "target's path.",
        "NAME",
    ),
    KitOption("model", "Send requests for this model.", "ID", default=MODEL),
    KitOption(
        "report",
        "Write the reports (JSON, JUnit XML, HTML) and the exchanges to this folder.",
        "DIR",
    ),
    KitOption("plan", "List the requests and their greatest cost, and send none.", type=bool),
    KitOption("record-to", "Write the exchanges to this folder as cassettes.", "DIR"),
    KitOption("replay-from", "Judge the exchanges of --record-to again, and send none.", "DIR"),
    KitOption(
        "recording",
        "Judge recorded exchanges by the checks that need no probe (repeatable).",
        "PATH",
        multiple=True,
        pytest_only=True,
    ),
    KitOption("max-requests", "Send at most this many requests.  [default: 30]", "N", int),
    KitOption("max-tokens", "Generate at most this many tokens.  [default: 6000]", "N", int),
    KitOption(
        "timeout", "Wait at most this long for one response.", "SECONDS", float, default=300.0
    ),
    KitOption(
        "pause", "Wait this long before repeating a request after 429.", "SECONDS", float, 10.0
    ),
    KitOption("ca", "Trust these certificates of the endpoint, too (PEM).", "FILE"),
    KitOption(
        "header",
        "Send this header with every request (repeatable).",
        "NAME=VALUE",
        multiple=True,
    ),
    KitOption("strict", "Fail if a SHOULD is broken, too.", type=bool),
    KitOption(
        "soak",
        "Send the cheapest stream this many times more, to find intermittent failures.",
        "N",
        int,
        default=0,
    ),
    KitOption(
        "disruptive",
        "Exceed limits, too: eight streams at once, a prompt beyond the context.",
        type=bool,
    ),
    KitOption(
        "deterministic",
        "Compare texts, too: the endpoint answers the same prompt with the same text (a mock).",
        type=bool,
    ),
    KitOption(
        "failing",
        "Judge errors in a stream, too: the endpoint breaks off a stream on request (a mock).",
        type=bool,
    ),
    KitOption("quiet", "Print the report and nothing else.", type=bool, pytest_only=True),
    KitOption("baseline", "Accept the failures that this file lists with reasons.", "FILE"),
    KitOption("write-baseline", "Write the failures of this run as a baseline.", "FILE"),
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options once, whichever plugin is first."""
    group = parser.getgroup("mockglm conformance", "the GLM v4 conformance kit")
    declared = {name for option in group.options for name in option.names()}
    for option in OPTIONS:
        if f"--glm-{option.name}" not in declared:
            group.addoption(f"--glm-{option.name}", **_pytest_attributes(option))


def pytest_configure(config: pytest.Config) -> None:
    """Load the kit if this run needs it."""
    ids = _take_node_ids(config)
    if (ids or is_wanted(config)) and not config.pluginmanager.has_plugin(f"{PACKAGE}.plugin"):
        config.pluginmanager.import_plugin(f"{PACKAGE}.plugin")


def is_wanted(config: pytest.Config) -> bool:
    """True if an option of the kit is used or its package is to be collected."""
    is_named = any(arg.partition("::")[0] == PACKAGE for arg in config.args)
    return is_named or has_subject(option_values(config.option))


def has_subject(values: Mapping[str, Any]) -> bool:
    """True if the options name an endpoint or recordings, or ask for the plan alone."""
    return any(values[name] for name in ("plan", "url", "replay_from", "recording"))


def option_values(option: Any) -> dict[str, Any]:
    """The values of pytest's options by the names that the command has for them."""
    values = {known.key: getattr(option, known.dest) for known in OPTIONS}
    return {**values, "junitxml": getattr(option, "xmlpath", None)}


def _pytest_attributes(option: KitOption) -> dict[str, Any]:
    if option.type is bool:
        return {"action": "store_true", "help": option.help}
    shown = f" (default: {option.default})" if option.default else ""
    found = {"metavar": option.metavar, "type": option.type, "help": option.help + shown}
    if option.multiple:
        return {**found, "action": "append", "default": []}
    return {**found, "default": option.default}


def _take_node_ids(config: pytest.Config) -> list[str]:
    """The checks that arguments name by their node ids.

    pytest takes the part before `::` for a file. The arguments become the folder of the kit, and
    the ids an attribute of the options, which xdist hands to its workers.
    """
    named = [arg for arg in config.args if arg.partition("::")[0] in GROUPS and "::" in arg]
    ids = [arg.partition("::")[2] for arg in named]
    if ids:
        folder = str(Path(__file__).parent)
        config.args[:] = [*(arg for arg in config.args if arg not in named), folder]
        config.option.glm_set = config.option.glm_set or named[0].partition("::")[0]
        config.option.glm_checks = ids
    return getattr(config.option, "glm_checks", [])
