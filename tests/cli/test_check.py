"""`mockglm check` and `mockglm matrix` as they are typed: exit status, output, files."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest
from msgspec.structs import replace

from mockglm.cli import check as verb
from mockglm.conformance.abort_reasons import ADVICE
from mockglm.conformance.options import OPTIONS
from mockglm.conformance.report.listing import render_checks_page
from mockglm.conformance.runner import ProbeRunner
from mockglm.exchange import Response
from tests.conformance.commands import check, command, read_report
from tests.conformance.endpoint import Endpoint
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, HEADERS, KEY, refusal

HTML = Response(
    200, (("Content-Type", "text/html"), *HEADERS), ((0.0, b"<html><body>Hi</body></html>"),)
)
SSE = ("-k", "SSE")


def always(answer: Response) -> Callable[[str], Response]:
    return lambda name: answer


def broken(*ids: str) -> Callable[[str], Response]:
    """The reference with the first mutant of each of these checks."""
    changed = {MUTANTS[id][0].probe: MUTANTS[id][0].answer() for id in ids}
    return lambda name: changed.get(name) or ANSWERS[name]


def test_a_conformant_endpoint_ends_with_0(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(endpoint, "--deterministic") == 0
    output = capsys.readouterr().out
    assert "✗" not in output
    assert output.splitlines()[-1] == (
        "1 not applicable, 96 passed; 26 requests, 182 output tokens"
    )
    assert len(endpoint.probes) == len(set(endpoint.probes)) == 26


def test_a_violation_ends_with_1_and_shows_its_evidence(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(endpoint.answer_with(broken("SSE-05")), *SSE) == 1
    output = capsys.readouterr().out
    assert "✗ SSE-05 MUST   Each event is one JSON object or [DONE]." in output
    assert 'a second "data:" inside the line: two frames were spliced' in output
    lines = output.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith('data: {"id"')
    assert "repeat: curl -N http://127.0.0.1:" in output
    assert "zai-org/GLM-5#66" in output


@pytest.mark.parametrize(
    ("choose", "arguments", "status", "sentence"),
    [
        (broken("USE-02"), ("-k", "USE"), 1, "✗ USE-02 MUST   The counts are integers"),
        (always(HTML), (), 1, "This is not a chat endpoint; it answered 200 text/html: <html>"),
        (always(refusal(401, "401", "token expired or incorrect")), (), 6, "The key was refused"),
        (always(refusal(429, "1113", "余额不足")), (), 6, "The account is at a limit: 429"),
        (ANSWERS.__getitem__, ("--max-requests", "3"), 6, "The budget is spent before the probe"),
    ],
)
def test_exit_status_and_cause_of_a_failed_run(
    endpoint: Endpoint,
    choose: Callable[[str], Response],
    arguments: Sequence[str],
    status: int,
    sentence: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check(endpoint.answer_with(choose), *arguments) == status
    assert capsys.readouterr().out.count(sentence) == 1


def test_a_closed_port_ends_with_6(key: None, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert command("check", f"http://127.0.0.1:{port}/api/paas/v4") == 6
    output = capsys.readouterr().out
    assert output.count("There was no response: ConnectError: [Errno 111] Connection refused.") == 1
    assert "Is the URL right, and is the service running?" in output
    assert "; 1 requests" in output


def test_no_matching_check_ends_with_5(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(endpoint, "-k", "nothing") == 5
    assert capsys.readouterr().err == "mockglm: no check matches -k 'nothing'\n"
    assert endpoint.probes == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "no endpoint: give its base URL, or the path of a recording"),
        (("nowhere.yaml",), "nowhere.yaml is neither a URL (https://…) nor an existing recording"),
        (("https://a.example", "https://b.example"), "give either one URL or paths of recordings"),
        (("--explain", "SSE-99"), "there is no check SSE-99"),
        (("https://a.example", "-k", "SSE and"), "-k 'SSE and', column 8: a name is expected"),
        (("https://a.example", "--timeout", "0"), "--timeout and --pause are seconds"),
        (("--modle", "glm-4.6"), "there is no option '--modle'; did you mean --m"),
        (("--timeout", "soon"), "Invalid value for '--timeout'"),
    ],
)
def test_wrong_usage_ends_with_4(
    key: None, arguments: Sequence[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("check", *arguments) == 4
    assert capsys.readouterr().err.startswith(f"mockglm: {sentence}")


@pytest.mark.parametrize("name", ["check", "serve", "record"])
def test_a_wrong_option_names_the_nearest(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    option = {"check": "--modle", "serve": "--prot", "record": "--upsteram"}[name]
    nearest = {"check": "--model", "serve": "--port", "record": "--upstream"}[name]
    assert command(name, option, "x") == (4 if name == "check" else 2)
    text = capsys.readouterr().err
    assert "; did you mean " in text
    assert nearest in text


def test_an_interrupted_run_ends_with_2(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(runner: ProbeRunner) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ProbeRunner, "run", interrupt)
    assert check(endpoint) == 2
    assert capsys.readouterr().err == "mockglm: interrupted\n"


def test_a_bug_of_the_kit_ends_with_3(
    endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(runner: ProbeRunner) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(ProbeRunner, "run", fail)
    assert check(endpoint) == 3
    text = capsys.readouterr().err
    assert text.startswith("mockglm: internal error, please report it\nTraceback")
    assert "RuntimeError: out of order" in text


def test_a_selection_sends_only_the_probes_it_needs(endpoint: Endpoint) -> None:
    assert check(endpoint, "-k", "TOL-01 or ERR-03") == 0
    assert endpoint.probes == ["plain", "tools", "bad-model"]


def test_disruptive_probes_are_sent_on_demand_alone(endpoint: Endpoint) -> None:
    assert check(endpoint, "-k", "LIM") == 5
    assert endpoint.probes == []
    assert check(endpoint, "-k", "LIM", "--disruptive") == 0
    assert endpoint.probes.count("burst") == 8
    assert {"ceiling", "overflow"} <= set(endpoint.probes)


def test_a_broken_should_fails_a_strict_run_alone(endpoint: Endpoint) -> None:
    endpoint.answer_with(broken("CHK-03"))
    assert check(endpoint, "-k", "CHK") == 0
    assert check(endpoint, "-k", "CHK", "--strict") == 1


def test_a_plan_sends_and_writes_nothing(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    files = ("--report", "out", "--write-baseline", "a/known.yaml")
    assert check(endpoint, "--plan", *files) == 0
    assert "at most 30 requests and 3520 output tokens" in capsys.readouterr().out
    assert endpoint.probes == []
    assert list(Path().iterdir()) == []
    assert command("check", "--plan") == 0


def test_the_credential_of_each_probe_is_its_own(endpoint: Endpoint) -> None:
    check(endpoint, "-k", "AUT")
    sent = {name: headers.get("authorization", "") for name, headers in endpoint.requests}
    assert sent["plain"] == f"Bearer {KEY}"
    assert sent["no-key"] == ""
    assert sent["jwt"].count(".") == 2
    assert KEY not in sent["bad-key"]


def test_headers_are_sent_with_every_request(endpoint: Endpoint) -> None:
    pair = ("--header", "X-Team=a", "--header", "x-route=b=c")
    assert check(endpoint, "-k", "AUT-02", *pair) == 0
    sent = [(headers["x-team"], headers["x-route"]) for _, headers in endpoint.requests]
    assert sent == [("a", "b=c")] * 2


def write_baseline(text: str) -> str:
    Path("known.yaml").write_text(text, encoding="utf-8")
    return "known.yaml"


def test_a_known_failure_is_expected(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    known = write_baseline("SSE-05: 'two frames spliced, zai-org/GLM-5#66'\n")
    assert check(endpoint.answer_with(broken("SSE-05")), *SSE, "--baseline", known) == 0
    assert "x SSE-05" in capsys.readouterr().out


def test_a_known_failure_that_passes_is_stale(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    known = write_baseline("SSE-05: two frames spliced\n")
    assert check(endpoint, *SSE, "--baseline", known) == 1
    assert "passes now; remove it from the baseline" in capsys.readouterr().out


def test_an_unknown_check_in_the_baseline_ends_with_4(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    known = write_baseline("SSE-55: why\n")
    assert check(endpoint, "--baseline", known) == 4
    expected = "known.yaml:1:1: there is no check SSE-55; did you mean SSE-05?\n"
    assert capsys.readouterr().err == expected


def test_a_written_baseline_lets_the_next_run_pass(endpoint: Endpoint) -> None:
    endpoint.answer_with(broken("SSE-05"))
    assert check(endpoint, *SSE, "--write-baseline", "known.yaml") == 1
    assert check(endpoint, *SSE, "--baseline", "known.yaml") == 0


def test_a_report_has_all_forms_and_no_secret(endpoint: Endpoint) -> None:
    endpoint.answer_with(broken("AUT-06", "TOL-03"))
    assert check(endpoint, "-k", "AUT or TOL", "--report", "out") == 1

    report = read_report()
    assert report["schema"] == "mockglm.report/1"
    found = next(entry for entry in report["checks"] if entry["id"] == "TOL-03")
    assert (found["level"], found["verdict"]) == ("MUST", "fail")
    keys = {"message", "expected", "actual", "exchange", "at", "path"}
    assert found["findings"][0].keys() >= keys
    assert json.loads(Path("out/badge.json").read_text("utf-8"))["color"] == "red"
    cases = ElementTree.parse("out/junit.xml").getroot().iter("testcase")
    assert [case.get("name") for case in cases] == [entry["id"] for entry in report["checks"]]
    files = [path for path in Path("out").rglob("*") if path.is_file()]
    names = {str(path.relative_to("out")) for path in files}
    assert names >= {"report.html", "exchanges/bad-key.yaml", "exchanges/tools.yaml"}
    for path in files:
        written = path.read_text(encoding="utf-8")
        assert KEY not in written
        assert KEY.partition(".")[2] not in written
        assert "W" * 16 not in written


def test_cookies_and_gateway_headers_are_in_no_file(endpoint: Endpoint) -> None:
    def with_cookie(name: str) -> Response:
        answer = ANSWERS[name]
        return replace(answer, headers=(*answer.headers, ("Set-Cookie", "session=s3cr3t-of-them")))

    extra = ("--header", "x-gateway-key=gw-5ecret-5ecret", "--header", "x-team=a")
    endpoint.answer_with(with_cookie)
    assert check(endpoint, "-k", "SSE or AUT", "--report", "out", *extra) == 0
    for path in Path("out").rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert "s3cr3t-of-them" not in text
        assert "gw-5ecret-5ecret" not in text
    assert HEADERS[0][1] in Path("out/report.html").read_text(encoding="utf-8")


def test_junit_has_level_probe_source_and_verdict(endpoint: Endpoint) -> None:
    endpoint.answer_with(broken("SSE-05"))
    assert check(endpoint, *SSE, "--junitxml", "a/junit.xml") == 1
    suite = ElementTree.parse("a/junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("9", "1", "0")
    case = next(case for case in suite if case.get("name") == "SSE-05")
    assert case.get("classname") == "glm-v4"
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (properties["level"], properties["probe"]) == ("MUST", "stream")
    assert properties["verdict"] == "fail"
    assert "zai-org/GLM-5#66" in str(properties["source"])
    failure = case.find("failure")
    assert failure is not None
    assert "two frames were spliced" in str(failure.text)


def test_a_file_that_cannot_be_written_at_the_end_ends_with_3(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("out/report.html").mkdir(parents=True)
    assert check(endpoint, "-k", "SSE-05", "--report", "out") == 3
    output = capsys.readouterr().out
    assert "out/report.html could not be written: Is a directory" in output
    assert "1 passed" in output


def test_the_terminal_gets_no_control_characters_of_the_endpoint(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    title = "\x1b]0;owned\x07"
    endpoint.answer_with(always(refusal(401, "401", title)))
    assert check(endpoint) == 6
    endpoint.answer_with(lambda name: replace(refusal(500, "1", ""), chunks=((0, title.encode()),)))
    assert check(endpoint, "-k", "TRN") == 1
    output = capsys.readouterr().out
    assert "\\x1b]0;owned" in output
    assert "\x1b" not in output
    assert "\x07" not in output


COMMAND = {
    name for one in verb.check_command.params if isinstance(one, click.Option) for name in one.opts
}


def options(text: str) -> set[str]:
    return set(re.findall(r"--[a-z-]+", text))


def test_every_option_of_the_kit_is_an_option_of_the_command() -> None:
    names = {f"--{option.name}" for option in OPTIONS if not option.pytest_only}
    own = {"-k", "--junitxml", "--list", "--explain", "--json"}
    assert names | own == COMMAND


def test_advice_names_existing_options() -> None:
    assert options(" ".join(ADVICE.values())) <= COMMAND


def test_the_page_names_existing_options() -> None:
    lines = render_checks_page().splitlines()
    assert options("\n".join(line for line in lines if line.startswith("mockglm check"))) <= COMMAND
    for line in lines:
        assert "pytest" in line or not any(name.startswith("--glm") for name in options(line))


def test_list_and_explain_describe_checks(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("check", "--list") == 0
    assert "SSE-05  MUST    Each event is one JSON object or [DONE]." in capsys.readouterr().out
    assert command("check", "--list", "--json") == 0
    listed = {one["id"]: one for one in json.loads(capsys.readouterr().out)}
    requirement = "Each event is one JSON object or [DONE]."
    assert listed["SSE-05"] == {"id": "SSE-05", "level": "MUST", "requirement": requirement}
    assert command("check", "a.yaml", "--json") == 4
    assert "--json needs --list" in capsys.readouterr().err
    assert command("check", "--explain", "sse-05") == 0
    assert "source  spec: RFC 8259" in capsys.readouterr().out


def test_matrix_compares_reports(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    check(endpoint, *SSE, "--report", "a")
    check(endpoint.answer_with(broken("SSE-05")), *SSE, "--report", "b")
    capsys.readouterr()
    assert command("matrix", "a/report.json", "b/report.json") == 0
    assert "| Each event is one JSON object or [DONE]. | ✓ | ✗ |" in capsys.readouterr().out


def test_matrix_refuses_other_files_with_1(key: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("a.json").write_text("{}", encoding="utf-8")
    assert command("matrix", "a.json") == 1
    assert capsys.readouterr().err == "a.json:1:1: is not a report (mockglm.report/1)\n"


def test_the_model_option_has_a_default(endpoint: Endpoint) -> None:
    assert command("check", endpoint.url, *SSE, "--report", "out") == 0
    assert read_report()["model"] == "glm-4.5-flash"
