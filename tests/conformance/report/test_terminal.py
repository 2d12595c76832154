"""The report as lines for a terminal."""

from __future__ import annotations

from mockglm.conformance.abort_reasons import AbortReason
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.report.document import make_document, make_entry, make_head
from mockglm.conformance.report.terminal import printable, report_lines
from mockglm.conformance.verdicts import RunEvidence, judge_run
from tests.conformance.reference import TARGET
from tests.conformance.report.reports import make_report


def texts(*ids: str) -> list[str]:
    return [text for text, _ in report_lines(make_report(*ids)[0])]


def test_a_failure_has_evidence_source_command_and_advice() -> None:
    lines = texts("TOL-03")
    start = lines.index(
        "    ✗ TOL-03 MUST   The argument fragments of a call are strings that join to one JSON "
        "object."
    )
    block = [line.strip() for line in lines[start + 1 : start + 9]]
    assert block[0].startswith("tools, byte ")
    assert block[0].endswith("at $.choices[0].delta.tool_calls[0].arguments: not a JSON object")
    assert block[2] == "^"
    assert block[3] == "expected: one JSON object"
    assert block[4] == 'actual:   {"city":"Beij'
    assert block[5].startswith("source: doc: docs.bigmodel.cn")
    assert block[6].startswith("repeat: curl -N http://127.0.0.1:9/api/paas/v4/chat/completions")
    assert block[7] == "next:   Send arguments as text that was JSON before it was cut."


def test_without_details_a_failure_is_one_line() -> None:
    lines = [text for text, _ in report_lines(make_report("TOL-03")[0], details=False)]
    assert sum("TOL-03" in line for line in lines) == 1
    assert not any("curl" in line for line in lines)


def test_a_note_is_shown_though_it_passes() -> None:
    assert "        note: the unknown key service_tier: default" in texts("CHK-11")


def test_the_root_cause_is_shown_once() -> None:
    cause = AbortReason.of("key", "The key was refused: 401 no.")
    unsent = {name: f"{name} was not sent: {cause.message}" for name in ("stream", "plain")}
    nothing = RunEvidence({}, TARGET.capabilities, unsent=unsent, cause=cause)
    entries = [
        make_entry(judge_run(CHECKS[id], nothing), {}, "") for id in ("SSE-01", "SSE-02", "CHK-01")
    ]
    report = make_document(make_head(target="a", model="b", started=0.0, cause=cause), entries)
    lines = [text for text, _ in report_lines(report)]
    assert sum("The key was refused" in line for line in lines) == 1
    assert "    – SSE-01, SSE-02, CHK-01: see below" in lines


def test_a_bug_of_the_kit_is_shown() -> None:
    report = make_report("SSE-05")[0]
    for check in report["checks"]:
        check.update(verdict="error" if check["id"] == "SSE-01" else check["verdict"], cause="Oh")
    lines = [text for text, _ in report_lines(report)]
    assert lines[lines.index(next(line for line in lines if "? SSE-01 " in line)) + 1].endswith(
        "Oh"
    )


def test_control_characters_are_escaped() -> None:
    assert printable("a\x1b[2J\u2028b 你 \ud83d") == "a\\x1b[2J\\u2028b 你 \\ud83d"
