"""A run: exit status, endless answers, and what is judged again from a kept run."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.conformance.run import RunReport
from mockglm.exchange import Response
from tests.conformance.commands import check, command, read_report, verdicts
from tests.conformance.endpoint import Endpoint
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, STREAM_TYPE, chunk, refusal

KEY = {"kind": "key", "blocking": True}
HTML = {"kind": "endpoint", "blocking": False}


@pytest.mark.parametrize(
    ("tests_status", "summary", "cause", "strict", "expected"),
    [
        (0, {"pass": 9, "not_applicable": 1}, None, False, 0),
        (0, {"pass": 9, "warn": 1}, None, False, 0),
        (0, {"pass": 9, "expected": 1}, None, True, 0),
        (1, {"pass": 9, "fail": 1}, None, False, 1),
        (1, {"pass": 9, "stale": 1}, None, False, 1),
        (1, {"not_testable": 9}, HTML, False, 1),
        (1, {"not_testable": 9}, KEY, False, 6),
        (0, {"not_testable": 9}, KEY, False, 6),
        (0, {"pass": 9, "not_exercised": 1}, None, False, 0),
        (0, {"pass": 9, "not_exercised": 1}, None, True, 6),
        (1, {"pass": 9}, None, False, 1),
        (1, {"pass": 9}, KEY, False, 6),
        (0, {"pass": 9, "error": 1}, None, False, 3),
        (1, {"fail": 9, "error": 1}, KEY, False, 3),
        (2, {"error": 1}, None, False, 3),
        (4, {"error": 1}, None, False, 4),
        (2, {"fail": 1}, KEY, False, 2),
        (3, {"fail": 1}, None, False, 3),
        (4, {}, None, False, 4),
        (5, {}, None, False, 5),
        (0, {}, None, False, 5),
    ],
)
def test_exit_status_is_the_worst_outcome(
    tests_status: int,
    summary: dict[str, int],
    cause: dict[str, object] | None,
    strict: bool,
    expected: int,
) -> None:
    report = RunReport({"summary": summary, "cause": cause})
    assert report.exit_status(tests_status, strict=strict) == expected


def test_exit_status_of_a_lost_file_is_3() -> None:
    report = RunReport({"summary": {"pass": 1}, "cause": None}, "out could not be written")
    assert report.exit_status() == 3


CHUNK = chunk({"delta": {"role": "assistant", "content": "hi "}})


def endless(piece: bytes) -> Response:
    return Response(200, (STREAM_TYPE,), ((0.0, piece),), end="hang")


@pytest.mark.usefixtures("reads_the_beginning")
def test_endless_comments_end_with_6_after_two_probes(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: endless(b": still there\n"))
    assert check(endpoint, "--timeout", "0.3") == 6
    assert endpoint.probes == ["plain", "stream"]
    output = capsys.readouterr().out
    cause = "Nothing was answered: the answer had not ended after 0.3 s (--timeout)."
    assert output.count(cause) == 1
    assert "If it is only slow, raise --timeout" in output


@pytest.mark.usefixtures("reads_the_beginning")
def test_endless_chunks_end_with_1_after_two_probes(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: endless(CHUNK * 10))
    assert check(endpoint, "--timeout", "0.5", "--report", "out") == 1
    assert endpoint.probes == ["plain", "stream"]
    output = capsys.readouterr().out
    assert output.count("The endpoint does not end its answers (plain, stream): ") == 1
    assert "where max_tokens is 32." in output
    report = read_report()
    assert (report["cause"]["kind"], report["cause"]["blocking"]) == ("endpoint", False)
    assert verdicts()["TRN-06"] == "fail"


@pytest.mark.usefixtures("reads_the_beginning")
def test_one_endless_stream_is_a_violation(endpoint: Endpoint) -> None:
    stream = endless(CHUNK)
    endpoint.answer_with(lambda name: stream if name == "stream" else ANSWERS[name])
    assert check(endpoint, "-k", "TRN", "--timeout", "0.5", "--report", "out") == 1
    assert verdicts()["TRN-06"] == "fail"
    assert endpoint.probes == ["plain", "stream", "echo"]


NOT_KEPT = {"TRN-04", "CHK-09", "HDR-01", "AUT-06"}
"""Checks of what a cassette leaves out: headers of requests, the date of an answer."""


@pytest.mark.parametrize("id", ["", "SSE-05", "ERR-01", "TRN-06"])
def test_a_kept_run_is_judged_as_it_was(endpoint: Endpoint, id: str) -> None:
    mutant = MUTANTS[id][0] if id else None
    endpoint.answer_with(
        lambda name: mutant.answer() if mutant and name == mutant.probe else ANSWERS[name]
    )
    code = check(endpoint, "--failing", "--record-to", "kept", "--report", "live")

    assert command("check", "--replay-from", "kept", "--report", "again") == code

    live, again = verdicts("live"), verdicts("again")
    assert again == live | dict.fromkeys(NOT_KEPT & live.keys(), "not_applicable")
    assert not id or again[id] == "fail"


def test_a_kept_disruptive_run_is_judged_as_it_was(endpoint: Endpoint) -> None:
    limits = ("-k", "LIM", "--disruptive")
    assert check(endpoint, *limits, "--record-to", "kept", "--report", "live") == 0
    assert command("check", "--replay-from", "kept", *limits, "--report", "again") == 0
    assert verdicts("again") == verdicts("live")
    assert len(list(Path("kept").glob("burst*.yaml"))) == 8


def test_the_exchanges_of_a_report_can_be_judged_again(endpoint: Endpoint) -> None:
    assert check(endpoint, "-k", "SSE", "--report", "out") == 0
    assert command("check", "--replay-from", "out/exchanges", "-k", "SSE") == 0


def test_a_part_of_a_run_cannot_be_judged_as_a_whole(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    check(endpoint, "-k", "SSE", "--record-to", "kept")
    assert command("check", "--replay-from", "kept", "-k", "SSE") == 0
    assert command("check", "--replay-from", "kept", "-k", "SSE or JSN or AUT") == 6
    text = "The recordings have no exchange of plain, bad-key, no-key."
    assert text in capsys.readouterr().out


def test_a_kept_run_that_was_stopped_has_the_same_cause(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: refusal(429, "1113", "余额不足或无可用资源包,请充值。"))
    assert check(endpoint, "--record-to", "kept") == 6
    assert command("check", "--replay-from", "kept") == 6
    assert capsys.readouterr().out.count("The account is at a limit: 429") == 2


def test_a_note_is_shown_for_an_unknown_model(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("check", endpoint.url, "--model", "other-1", "-k", "SSE-04") == 0
    text = "other-1 is in no table of GLM's models: every capability is assumed."
    assert text in capsys.readouterr().out


def test_a_bug_in_one_check_is_reported_beside_the_others(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mockglm.conformance.checks import CHECKS

    bug = replace(CHECKS["SSE-04"], run=lambda view: [view.name[99]])
    monkeypatch.setitem(CHECKS, "SSE-04", bug)
    mutant = MUTANTS["SSE-05"][0]
    endpoint.answer_with(lambda name: mutant.answer() if name == "stream" else ANSWERS[name])
    assert check(endpoint, "-k", "SSE", "--report", "out") == 3
    output = capsys.readouterr().out
    assert "? SSE-04 MUST" in output
    assert "internal error, please report it: IndexError: string index" in output
    assert "✗ SSE-05 MUST" in output
    assert read_report()["summary"] == {"error": 1, "fail": 1, "pass": 7}
