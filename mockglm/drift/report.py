"""The report as JSON, and as the JUnit XML that CI services show."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from mockglm.drift.run import DriftReport, VerifiedInteraction

# The characters that XML cannot hold (https://www.w3.org/TR/xml/#charsets).
_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_json(report: DriftReport) -> str:
    """Render JSON of the schema `mockglm.verify/1`, to which keys are only added."""
    value = {
        "schema": "mockglm.verify/1",
        "upstream": report.upstream,
        # `unasked` is the contract's word; the code says what it means.
        "outcome": "unasked" if report.outcome == "unreachable" else report.outcome,
        "same": report.outcome == "same",
        "checked": len(report.checked),
        "left": report.left,
        "skipped": [{"interaction": where, "reason": why} for where, why in report.skipped],
        "drift": [
            {"interaction": sent.where, "path": one.path}
            | {"recorded": one.recorded, "live": one.live}
            for sent in report.sent
            for one in sent.drift
        ],
        "errors": [
            {"interaction": sent.where, "error": sent.error} for sent in report.sent if sent.error
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def render_junit(report: DriftReport) -> str:
    """Render JUnit XML with a test case for each interaction."""
    counts = {
        "tests": len(report.sent) + len(report.skipped),
        "failures": sum(bool(one.drift) for one in report.sent),
        "errors": sum(bool(one.error) for one in report.sent),
        "skipped": len(report.skipped),
    }
    root = ElementTree.Element("testsuites")
    attributes = {name: str(count) for name, count in counts.items()}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "mockglm verify", **attributes})
    for sent in report.sent:
        _add_result(_add_case(suite, sent.where), sent)
    for where, reason in report.skipped:
        ElementTree.SubElement(_add_case(suite, where), "skipped", message=reason)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _add_case(suite: ElementTree.Element, where: str) -> ElementTree.Element:
    path, _, line = where.rpartition(":")
    return ElementTree.SubElement(suite, "testcase", classname=path, name=f"line {line}")


def _add_result(case: ElementTree.Element, sent: VerifiedInteraction) -> None:
    if sent.is_same:
        return
    kind = "error" if sent.error else "failure"
    lines = [_UNFIT.sub("\ufffd", line) for line in sent.lines]
    ElementTree.SubElement(case, kind, message=lines[0]).text = "\n".join(lines)
