"""The files of a report: badge and JUnit."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from mockglm.conformance.abort_reasons import AbortReason
from mockglm.conformance.report.document import count_verdicts
from mockglm.conformance.report.files import make_badge, write_junit
from mockglm.conformance.report.marks import MARKS
from tests.conformance.report.reports import make_report


@pytest.mark.parametrize(
    ("ids", "message", "color"),
    [
        ((), "MUST 75/75 · SHOULD 21/21", "brightgreen"),
        (("CHK-03",), "MUST 75/75 · SHOULD 20/21", "brightgreen"),
        (("CHK-02",), "MUST 74/75 · SHOULD 21/21", "red"),
    ],
)
def test_a_badge_counts_applicable_checks(ids: tuple[str, ...], message: str, color: str) -> None:
    found = make_badge(make_report(*ids)[0])
    assert (found["message"], found["color"]) == (message, color)


@pytest.mark.parametrize(
    ("verdict", "message", "color"),
    [
        ("expected", "MUST 74/75 · SHOULD 21/21", "yellow"),
        ("stale", "MUST 74/75 · SHOULD 21/21", "red"),
        ("not_testable", "MUST 74/75 · SHOULD 21/21", "red"),
        ("error", "could not judge", "lightgrey"),
    ],
)
def test_a_badge_has_the_colour_of_the_worst_verdict(
    verdict: str, message: str, color: str
) -> None:
    report = make_report()[0]
    checks = [
        {**c, "verdict": verdict if c["id"] == "CHK-02" else c["verdict"]} for c in report["checks"]
    ]
    found = make_badge({**report, "checks": checks, "summary": count_verdicts(checks)})
    assert (found["message"], found["color"]) == (message, color)


def test_a_badge_is_grey_if_nothing_could_be_judged() -> None:
    cause = AbortReason.of("transport", "No answer came.")
    assert make_badge(make_report(cause=cause)[0])["message"] == "could not judge"


def test_every_verdict_has_its_outcome_in_junit(tmp_path: Path) -> None:
    report = make_report()[0]
    checks = [{**c, "verdict": v} for c, v in zip(report["checks"], MARKS, strict=False)]
    write_junit(tmp_path / "junit.xml", {**report, "checks": checks})
    suite = ElementTree.parse(tmp_path / "junit.xml").getroot()[0]
    outcomes = {
        case.find("properties/property[@name='verdict']").get("value"): case[1:]  # type: ignore[union-attr]
        for case in suite
    }
    tags = {verdict: [outcome.tag for outcome in found] for verdict, found in outcomes.items()}
    assert tags == {
        "pass": [],
        "warn": [],
        "fail": ["failure"],
        "not_testable": ["failure"],
        "stale": ["failure"],
        "error": ["error"],
        "not_exercised": ["skipped"],
        "not_applicable": ["skipped"],
        "expected": ["skipped"],
    }
    assert (suite.get("errors"), suite.get("failures"), suite.get("skipped")) == ("1", "3", "3")


def test_junit_can_hold_any_text(tmp_path: Path) -> None:
    report = make_report()[0]
    strange = "a\x00b\x1b<c>&\ufffe\U0001f600"
    checks = [{**report["checks"][0], "verdict": "error", "cause": strange}]
    write_junit(tmp_path / "junit.xml", {**report, "checks": checks})
    error = ElementTree.parse(tmp_path / "junit.xml").getroot().find(".//error")
    assert error is not None
    assert error.get("message") == "a\ufffdb\ufffd<c>&\ufffd\U0001f600"
