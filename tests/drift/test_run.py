"""`mockglm verify` against a running service: what is sent, when it stops, how it exits."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from mockglm.cassettes import dump
from mockglm.cassettes import file_head as head_of
from mockglm.cli.verify import verify_command
from mockglm.completions import render_error
from mockglm.drift import DriftPlan, make_plan, verify_plan
from mockglm.errors import UsageError
from mockglm.exchange import APIError, Exchange, Request
from mockglm.recorder import Upstream
from mockglm.scenarios import load
from tests.drift.responses import stamp
from tests.recorder.service import KEY, Service, chunk, head, recording
from tests.serving import Served

ERROR = '{"error":{"code":"%s","message":"…"}}'
CASSETTE = head_of("https://open.bigmodel.cn/api/paas/v4", "2026-11-22T08:00:00Z", "mockglm")
WITHOUT_REQUEST = "format: 1\ninteractions: [{reply: {content: 晴}}]\n"
QUESTION = {"model": "glm-4.6", "messages": [{"role": "user", "content": "你好"}]}


@pytest.fixture(scope="module")
def recorded_text(server: Served, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A cassette with a stream and a JSON response, recorded from a shipped scenario."""
    path = tmp_path_factory.mktemp("recorded") / "a.yaml"
    with recording(server.base("hello@recorded"), path) as proxy:
        for is_stream in (True, False):
            proxy.post(json={**QUESTION, "stream": is_stream})
    return path.read_text("utf-8")


@pytest.fixture
def recorded(recorded_text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That cassette in a folder of its own, and a key in the environment."""
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    path = tmp_path / "a.yaml"
    path.write_text(recorded_text, "utf-8")
    assert len(load(path).interactions) == 2
    return path


class Live:
    """The live service: a scenario in a session of its own."""

    def __init__(self, server: Served, label: str) -> None:
        self._server = server
        self._label = label

    def verify(self, path: Path, *options: str, scenario: str = "hello") -> Result:
        base = self._server.base(f"{scenario}@{self._label}")
        return run(path, base, *options)

    @property
    def requests(self) -> int:
        return len(self._server.session("hello", self._label).journal)


@pytest.fixture
def live(server: Served, label: str) -> Live:
    return Live(server, label)


def run(path: Path, upstream: str, *options: str) -> Result:
    command = [str(path), "--upstream", upstream, "--allow-upstream", "127.0.0.1", *options]
    return CliRunner().invoke(verify_command, command)


def test_unchanged_service_is_as_recorded(recorded: Path, live: Live) -> None:
    result = live.verify(recorded)
    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert lines[0] == f"{recorded}:8: as recorded"
    assert lines[1].endswith(": as recorded")
    assert lines[2:] == ["2 checked, 0 not as recorded"]


def test_changed_service_is_listed_and_reported(recorded: Path, live: Live, tmp_path: Path) -> None:
    report, junit = tmp_path / "new" / "report.json", tmp_path / "junit.xml"
    files = ("--report", str(report), "--junitxml", str(junit))
    result = live.verify(recorded, *files, scenario="hello+model-other")
    assert result.exit_code == 1
    assert '  $.model: was "glm-4.6", is "gpt-4o"\n' in result.output
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.attrib["failures"] == suite.attrib["tests"] == "2"
    assert suite[1].attrib["classname"] == str(recorded)
    assert suite[1][0].attrib["message"] == '$.model: was "glm-4.6", is "gpt-4o"'
    document = json.loads(report.read_text("utf-8"))
    assert (document["schema"], document["outcome"]) == ("mockglm.verify/1", "drift")
    assert (document["same"], document["checked"]) == (False, 2)
    drift = {"path": "$.model", "recorded": '"glm-4.6"', "live": '"gpt-4o"'}
    assert drift.items() <= document["drift"][-1].items()


def test_max_requests_bounds_the_requests(recorded: Path, live: Live) -> None:
    result = live.verify(recorded, "--max-requests", "1")
    assert live.requests == 1
    assert result.exit_code == 0
    assert result.output.splitlines()[1:] == [
        "1 checked, 0 not as recorded",
        "mockglm: the limit is 1 requests; 1 more are recorded (--max-requests 2 sends them, too)",
    ]


def test_requests_have_a_default_bound(recorded: Path, live: Live) -> None:
    head, marker, one = recorded.read_text("utf-8").partition("- request:")
    recorded.write_text(head + (marker + one) * 16, "utf-8")
    result = live.verify(recorded)
    assert live.requests == 30
    assert result.exit_code == 0
    assert "2 more are recorded (--max-requests 32 sends them, too)" in result.output


def test_plan_lists_the_requests_and_sends_none(
    recorded: Path, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZAI_API_KEY")
    monkeypatch.chdir(recorded.parent)
    text = recorded.read_text("utf-8")
    recorded.write_text(f"{text}- {{when: {{}}, reply: {{content: 晴}}}}\n", "utf-8")
    lines = text.count("\n")
    result = live.verify(recorded, "--plan")
    assert live.requests == 0
    assert result.exit_code == 0
    first, second, third, fourth = result.output.splitlines()
    assert first == f"{recorded}:8: POST /chat/completions, stream"
    assert second.endswith(": POST /chat/completions")
    assert third == f"{recorded}:{lines + 1}: skipped, no recorded request"
    assert re.fullmatch(r"2 requests to http://.*, which used \d+ tokens when recorded", fourth)


def test_service_that_does_not_answer_is_unreachable(recorded: Path) -> None:
    result = run(recorded, "http://127.0.0.1:9")
    assert result.exit_code == 6
    assert result.output.count("did not answer: ConnectError") == 1
    assert "0 checked, 0 not as recorded\nmockglm: the service could not be" in result.output


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, ERROR % "1000", "the service answers 401 1000 …: is the key right"),
        (429, ERROR % "1302", "the service answers 429: try it later"),
        (429, ERROR % "1113", "the service answers 429 1113 …: the account has no balance"),
        (503, "<html>", "the service answers 503: try it later"),
    ],
)
def test_unspecific_error_stops_the_run(
    recorded: Path, tmp_path: Path, status: int, body: str, expected: str
) -> None:
    answer = head(status, "application/json") + chunk(body.encode()) + chunk(b"")
    report, junit = tmp_path / "new" / "report.json", tmp_path / "new" / "junit.xml"
    with Service(lambda call: call.send(answer)) as service:
        result = run(recorded, service.url, "--report", str(report), "--junitxml", str(junit))
        assert len(service.calls) == 1
    assert result.exit_code == 6
    assert expected in result.output
    document = json.loads(report.read_text("utf-8"))
    assert (document["outcome"], document["checked"], document["left"]) == ("unasked", 0, 1)
    suite = ElementTree.parse(junit).getroot()[0]
    assert suite.attrib["errors"] == suite.attrib["tests"] == "1"


def test_error_that_was_recorded_is_compared(tmp_path: Path) -> None:
    refused = render_error(APIError("1302"), stamp(1).id)
    exchange = Exchange(Request("POST", "/chat/completions", body=b"{}"), refused, 0.0)
    (tmp_path / "a.yaml").write_text(CASSETTE + dump(exchange), "utf-8")
    answer = head(429, "application/json") + chunk(refused.body) + chunk(b"")
    with Service(lambda call: call.send(answer)) as service:
        upstream = Upstream(service.url, allowed=["127.0.0.1"], key=KEY)
        plan = make_plan([load(tmp_path / "a.yaml")], 1)
        assert asyncio.run(verify_plan(plan, upstream)).outcome == "same"


def test_request_whose_query_had_a_key_is_skipped(tmp_path: Path) -> None:
    request = "{path: /messages, query: a=1&api_key=REDACTED}"
    text = f"format: 1\ninteractions:\n- request: {request}\n  response: {{}}\n"
    (tmp_path / "a.yaml").write_text(text, "utf-8")
    plan = make_plan([load(tmp_path / "a.yaml")], 1)
    reason = "its query had a key, which is not recorded"
    assert plan == DriftPlan((), ((f"{tmp_path / 'a.yaml'}:3", reason),))


@pytest.mark.parametrize("options", [["--max-requests", "0"], []], ids=["none allowed", "no file"])
def test_run_that_sends_nothing_is_not_successful(
    recorded: Path, live: Live, options: list[str]
) -> None:
    if not options:
        recorded.write_text(WITHOUT_REQUEST, "utf-8")
    result = live.verify(recorded, *options)
    assert live.requests == 0
    assert result.exit_code == 5
    assert "mockglm: there was nothing to send" in result.output


def test_report_that_cannot_be_written_is_refused_before_sending(
    recorded: Path, live: Live
) -> None:
    result = live.verify(recorded, "--report", str(recorded / "a.json"))
    assert live.requests == 0
    assert isinstance(result.exception, UsageError)
    assert "cannot be made" in str(result.exception)


def test_run_without_a_key_is_refused(
    recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZAI_API_KEY")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(verify_command, [str(recorded), "--upstream", "https://api.z.ai"])
    assert "no API key: set ZAI_API_KEY" in str(result.exception)
