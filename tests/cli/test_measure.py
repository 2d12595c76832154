"""`mockglm measure` as it is typed, against a server; and reports in `mockglm matrix`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conformance.commands import command
from tests.serving import KEY, serving

FILE = """
format: 1
accounts: [{key: "*", concurrency: 2}]
interactions:
  - {when: {user: "/ ramp /"}, reply: {content: 一二三四五六七八, pace: {every: 600}}}
  - {when: {chance: 0.2}, reply: {content: "", reasoning: 想一想}}
  - {reply: {content: "one, two, three, four", pace: {first: 0.01, every: 0.001}}}
"""


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    return KEY


@pytest.mark.parametrize(
    ("base", "options", "path"),
    [
        ("/api/paas/v4", (), "/chat/completions"),
        ("/api/anthropic", (), "/v1/messages"),
        ("/api/anthropic/", ("--surface", "anthropic"), "/v1/messages"),
    ],
)
def test_a_measurement_reports_its_figures(
    base: str,
    options: tuple[str, ...],
    path: str,
    key: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(FILE, speed=1) as served:
        options += ("--model", "glm-4.6", "--samples", "5", "--disruptive", "--report", "out")
        assert command("measure", served.host + base, *options, "--max-in-flight", "4") == 0
        assert {entry.request.path for entry in served.session().journal} == {path}
        sources = [entry.source for entry in served.session().journal]
        served.wait_until(lambda: served.slots() == 0)
    assert len(sources) == 21 + 3
    printed, said = capsys.readouterr()
    assert "streams at once: 2; the next one was refused with 1302" in printed
    assert said.splitlines()[-1].startswith("at most 29 requests")
    report = json.loads((tmp_path / "out/report.json").read_text("utf-8"))
    assert (report["schema"], report["requests"]) == ("mockglm.measurement/1", 24)
    assert report["in_flight"]["highest"] == 2
    for row in report["series"]:
        # No client sees the first token before it is sent; the clock of a machine is coarse.
        assert row["first"]["p50"] > 0.009
        assert row["prompt_tokens"] > 10
    assert sum(row["empty"] for row in report["empty_stops"]) > 0
    page = (tmp_path / "out/report.html").read_text("utf-8")
    assert "<svg" in page
    assert not [text for text in (printed, said, page, json.dumps(report)) if key in text]
    assert command("matrix", "out/report.json", "out/report.json") == 0
    assert "| streams at once | 2 (1302) | 2 (1302) |" in capsys.readouterr().out
    assert command("matrix", "out/report.json", "--json") == 0
    compared = json.loads(capsys.readouterr().out)
    assert compared["figures"][0] == {"name": "streams at once", "values": [2]}


def test_a_plan_sends_nothing(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as served:
        assert command("measure", served.url, "--plan", "--prompt-tokens", "9000") == 0
        assert not list(served.session().journal)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        *("plain", "tools", "uncached", "cached", "size-9000", "at")
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("ftp://x",), "is not a base URL such as"),
        (("http://127.0.0.1:1/v1", "--samples", "0"), "0 is not in the range"),
        (("http://127.0.0.1:1/v1", "--samples", "50"), "raise --max-requests (100)"),
        (("http://127.0.0.1:1/v1", "--report", "file"), "'file' is a file"),
        (("http://127.0.0.1:1/v1", "--header", "authorization=x"), "is the kit's own"),
        (("http://127.0.0.1:1/v1", "--ca", "none.pem"), "'none.pem' does not exist"),
    ],
)
def test_wrong_use_is_named(
    key: str, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    assert command("measure", *arguments) == 2
    assert message in capsys.readouterr().err


def test_an_endpoint_that_refuses_is_not_measured(
    key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving("format: 1\ninteractions: [{reply: {error: 1113}}]") as served:
        assert command("measure", served.url, "--model", "glm-4.6", "--disruptive") == 6
    assert "ended early: the endpoint refused a request with 1113" in capsys.readouterr().out
