"""A verdict as others read it: as JSON, and as the XML of JUnit that CI services show."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

from mockglm.verify.run import Finding, Verdict

__all__ = ["document", "junit"]

_UNFIT = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold (https://www.w3.org/TR/xml/#charsets)."""


def document(verdict: Verdict) -> str:
    """The verdict as JSON: schema `mockglm.verify/1`, to which keys are only added."""
    value = {
        "schema": "mockglm.verify/1",
        "upstream": verdict.upstream,
        "outcome": verdict.outcome,
        "same": verdict.outcome == "same",
        "checked": len(verdict.checked),
        "left": verdict.left,
        "skipped": [{"interaction": where, "reason": why} for where, why in verdict.skipped],
        "drift": [
            {"interaction": finding.where, "path": one.path}
            | {"recorded": one.recorded, "live": one.live}
            for finding in verdict.findings
            for one in finding.drift
        ],
        "errors": [
            {"interaction": finding.where, "error": finding.error}
            for finding in verdict.findings
            if finding.error
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def junit(verdict: Verdict) -> str:
    """The verdict as JUnit's XML: a test case for each interaction."""
    counts = {
        "tests": len(verdict.findings) + len(verdict.skipped),
        "failures": sum(bool(finding.drift) for finding in verdict.findings),
        "errors": sum(bool(finding.error) for finding in verdict.findings),
        "skipped": len(verdict.skipped),
    }
    root = ElementTree.Element("testsuites")
    told = {name: str(count) for name, count in counts.items()}
    suite = ElementTree.SubElement(root, "testsuite", {"name": "mockglm verify", **told})
    for finding in verdict.findings:
        _result(_case(suite, finding.where), finding)
    for where, reason in verdict.skipped:
        ElementTree.SubElement(_case(suite, where), "skipped", message=reason)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _case(suite: ElementTree.Element, where: str) -> ElementTree.Element:
    path, _, line = where.rpartition(":")
    return ElementTree.SubElement(suite, "testcase", classname=path, name=f"line {line}")


def _result(case: ElementTree.Element, finding: Finding) -> None:
    if finding.is_same:
        return
    kind = "error" if finding.error else "failure"
    lines = [_UNFIT.sub("\ufffd", line) for line in finding.lines]
    ElementTree.SubElement(case, kind, message=lines[0]).text = "\n".join(lines)
