"""Reports of a run of `mockglm verify` as JSON and as JUnit XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from mockglm.drift import (
    Drift,
    DriftReport,
    VerifiedInteraction,
    render_json,
    render_junit,
)

REPORT = DriftReport(
    "https://api.z.ai",
    (
        VerifiedInteraction("a.yaml:3"),
        VerifiedInteraction("a.yaml:9", (Drift("$.id", "an id", "text\x00"),)),
        VerifiedInteraction("b.yaml:3", error="did not answer"),
    ),
    (("b.yaml:9", "no recorded response"),),
    left=2,
)


def test_json_report_has_every_interaction() -> None:
    assert json.loads(render_json(REPORT)) == {
        "schema": "mockglm.verify/1",
        "upstream": "https://api.z.ai",
        "outcome": "unasked",
        "same": False,
        "checked": 2,
        "left": 2,
        "skipped": [{"interaction": "b.yaml:9", "reason": "no recorded response"}],
        "drift": [
            {"interaction": "a.yaml:9", "path": "$.id", "recorded": "an id", "live": "text\x00"}
        ],
        "errors": [{"interaction": "b.yaml:3", "error": "did not answer"}],
    }


def test_junit_report_has_a_case_for_each_interaction() -> None:
    (suite,) = ElementTree.fromstring(render_junit(REPORT))
    counts = {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")}
    assert counts == {"tests": "4", "failures": "1", "errors": "1", "skipped": "1"}
    results = [[child.tag for child in case] for case in suite]
    assert results == [[], ["failure"], ["error"], ["skipped"]]
    assert suite[1][0].attrib["message"] == "$.id: was an id, is text\ufffd"


def test_outcome_without_errors_depends_on_drift() -> None:
    same, drift = REPORT.sent[:2]
    assert DriftReport("", (same,)).outcome == "same"
    assert DriftReport("", (same, drift)).outcome == "drift"
    assert DriftReport("").outcome == "nothing"
