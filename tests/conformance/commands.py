"""Runs of `mockglm check` in this process, as it is typed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockglm.cli import main
from tests.conformance.endpoint import Endpoint

MODEL = ("--model", "glm-4.6")

SCENARIO = Path(__file__).parents[2] / "scenarios" / "conformance.yaml"
_COUNTED = "{content: one two three four five six seven eight nine ten"
PATIENT = SCENARIO.read_text("utf-8").replace(
    f"{_COUNTED}}}", f"{_COUNTED}, pace: {{first: 0.5, every: 0.05}}}}"
)
"""The same, with streams that do not fit into one stall of a busy machine, and that overlap if they
are requested at once.
"""


def check(endpoint: Endpoint | None, *arguments: str) -> int:
    """The exit status of `mockglm check`, of an endpoint or of what the arguments name."""
    target = (endpoint.url, *MODEL) if endpoint else ()
    return command("check", *target, *arguments)


def command(*arguments: str) -> int:
    """The exit status of `mockglm …`."""
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    code = caught.value.code
    assert isinstance(code, int | None)
    return code or 0


def read_report(folder: str | Path = "out") -> dict[str, Any]:
    """The report.json of a folder."""
    found: dict[str, Any] = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
    return found


def verdicts(folder: str | Path = "out") -> dict[str, str]:
    """The verdicts of a report by the id of the check."""
    return {check["id"]: check["verdict"] for check in read_report(folder)["checks"]}
