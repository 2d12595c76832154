"""The files of a report: report.json, report.html, badge.json and junit.xml in one folder."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from mockglm.conformance.report.marks import COUNTED, FAILURES, TITLES
from mockglm.conformance.report.page import render_page
from mockglm.conformance.report.terminal import failure_lines

JSON = Mapping[str, Any]

_SKIPS = ("not_exercised", "not_applicable", "expected")
_OUTCOMES: Mapping[str, Sequence[str]] = {
    "error": ("error",),
    "failure": FAILURES,
    "skipped": _SKIPS,
}
"""The elements of JUnit for verdicts; a passed check has none."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot hold, even escaped (§2.2)."""


def write_report(folder: Path, report: JSON, exchanges: Sequence[JSON]) -> None:
    """Write every form of the report; the folder is made if it does not exist."""
    folder.mkdir(parents=True, exist_ok=True)
    _dump(folder / "report.json", report)
    _dump(folder / "badge.json", make_badge(report))
    (folder / "report.html").write_text(render_page(report, exchanges), encoding="utf-8")
    write_junit(folder / "junit.xml", report)


def write_junit(path: Path, report: JSON) -> None:
    """Write the checks as test cases of JUnit, with the names and properties of the pytest run."""
    document = ElementTree.Element("testsuites", name=f"{_title(report)} conformance")
    checks = report["checks"]
    suite = ElementTree.SubElement(
        document,
        "testsuite",
        name=report["set"],
        tests=f"{len(checks)}",
        errors=f"{_count(checks, ('error',))}",
        failures=f"{_count(checks, FAILURES)}",
        skipped=f"{_count(checks, _SKIPS)}",
        timestamp=datetime.fromtimestamp(report["started"], UTC).isoformat(timespec="seconds"),
    )
    for check in checks:
        suite.append(_case(check, report["set"].rpartition("-")[0]))
    ElementTree.indent(document)
    ElementTree.ElementTree(document).write(path, encoding="utf-8", xml_declaration=True)


def make_badge(report: JSON) -> dict[str, Any]:
    """The share of the applicable MUST and SHOULD that passed, as shields.io reads it.

    Source: https://shields.io/badges/endpoint-badge, schema version 1.
    """
    must, should = (_share(report, level) for level in ("MUST", "SHOULD"))
    is_blocked = report["cause"] and report["cause"]["blocking"]
    if is_blocked or report["summary"].get("error"):
        message, color = "could not judge", "lightgrey"
    else:
        message = f"MUST {must[0]}/{must[1]} · SHOULD {should[0]}/{should[1]}"
        color = _badge_color(report["summary"])
    return {"schemaVersion": 1, "label": _title(report), "message": message, "color": color}


def _title(report: JSON) -> str:
    return TITLES.get(report["set"], "GLM")


def _case(check: JSON, group: str) -> ElementTree.Element:
    case = ElementTree.Element("testcase", classname=group, name=check["id"])
    properties = ElementTree.SubElement(case, "properties")
    for name, value in (
        ("level", check["level"]),
        ("probe", ", ".join(check["probes"])),
        ("source", "; ".join(check["sources"])),
        ("verdict", check["verdict"]),
    ):
        ElementTree.SubElement(properties, "property", name=name, value=_xml_text(value))
    verdict, message = check["verdict"], check["cause"] or check["reason"] or check["requirement"]
    kind = next((k for k, verdicts in _OUTCOMES.items() if verdict in verdicts), None)
    if kind:
        outcome = ElementTree.SubElement(case, kind, type=verdict, message=_xml_text(message))
        outcome.text = _xml_text("\n".join(text for text, _ in failure_lines(check)))
    return case


def _xml_text(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _count(checks: Iterable[JSON], verdicts: Sequence[str]) -> int:
    return sum(check["verdict"] in verdicts for check in checks)


def _badge_color(summary: Mapping[str, int]) -> str:
    """Red for a run that fails. Known failures do not fail it, and are not hidden either."""
    if any(summary.get(verdict) for verdict in FAILURES):
        return "red"
    return "yellow" if summary.get("expected") else "brightgreen"


def _share(report: JSON, level: str) -> tuple[int, int]:
    verdicts = [check["verdict"] for check in report["checks"] if check["level"] == level]
    counted = [verdict for verdict in verdicts if verdict in COUNTED]
    return counted.count("pass"), len(counted)


def _dump(path: Path, value: JSON) -> None:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
