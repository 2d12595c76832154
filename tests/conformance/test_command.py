"""`mockglm check` against servers on a socket: how it ends, and the sentence it ends with."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mockglm.conformance.command import arguments, main
from mockglm.conformance.keys import NAMES
from mockglm.errors import UsageError
from mockglm.exchange import Answer
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import ANSWERS, HEADERS, KEY, refusal
from tests.conformance.server import serving

HTML = Answer(
    200, (("Content-Type", "text/html"), *HEADERS), ((0.0, b"<html><body>Welcome</body></html>"),)
)
ENDLESS = replace(ANSWERS["stream"], pieces=((0.0, b": still there\n"),), end="hang")


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ZAI_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)


def good(name: str) -> Answer:
    return ANSWERS[name]


def broken(*ids: str) -> Callable[[str], Answer]:
    """The reference with the first mutant of each of these checks."""
    changed = {MUTANTS[id][0].probe: MUTANTS[id][0].answer() for id in ids}
    return lambda name: changed.get(name) or ANSWERS[name]


def check(
    choose: Callable[[str], Answer], *arguments: str, **options: object
) -> tuple[int, list[str]]:
    """The exit status, and the names of the probes that were sent."""
    with serving(choose) as (url, asked):
        settings = {"model": "glm-4.6", **{k.replace("_", "-"): v for k, v in options.items()}}
        return main([url], settings, arguments), [name for name, _ in asked]


def test_a_conformant_endpoint_ends_with_0(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(good, deterministic=True)
    output = capsys.readouterr().out

    assert code == 0, output
    assert "✗" not in output
    assert "93 passed; 26 requests, 182 output tokens" in output
    assert len(asked) == len(set(asked)) == 26


def test_a_violation_ends_with_1_and_is_told_in_full(capsys: pytest.CaptureFixture[str]) -> None:
    code, _ = check(broken("SSE-05"), "-k", "SSE")
    output = capsys.readouterr().out

    assert code == 1
    assert "✗ SSE-05 MUST   Each event is one JSON object or [DONE]." in output
    assert 'a second "data:" inside the line: two frames were spliced' in output
    lines = output.splitlines()
    caret = next(i for i, line in enumerate(lines) if line.strip() == "^")
    assert lines[caret - 1][lines[caret].index("^") :].startswith('data: {"id"')
    assert "repeat: curl -N http://127.0.0.1:" in output
    assert "zai-org/GLM-5#66" in output


def test_only_the_probes_that_are_needed_are_sent() -> None:
    code, asked = check(good, "-k", "TOL-01 or ERR-03")
    assert (code, asked) == (0, ["plain", "tools", "bad-model"])


def test_a_should_warns_and_fails_when_strict() -> None:
    assert check(broken("CHK-03"), "-k", "CHK")[0] == 0
    assert check(broken("CHK-03"), "-k", "CHK", strict=True)[0] == 1


def test_a_closed_port_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert main([f"http://127.0.0.1:{port}/api/paas/v4"], {}) == 6
    output = capsys.readouterr().out
    assert "No answer came: ConnectError: [Errno 111] Connection refused." in output
    assert "1 requests" in output


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refusal(401, "401", "token expired or incorrect"), "The key was refused: 401"),
        (refusal(429, "1113", "余额不足或无可用资源包,请充值。"), "The account is at a limit: 429"),
        (refusal(400, "1211", "模型不存在"), "The endpoint does not know the model glm-4.6: 400"),
    ],
)
def test_what_says_nothing_of_the_endpoint_ends_with_6(
    answer: Answer, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, asked = check(lambda name: answer)
    assert (code, asked) == (6, ["plain"])
    assert sentence in capsys.readouterr().out


def test_a_limit_in_the_middle_of_a_run_ends_with_6() -> None:
    busy = refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率")
    code, asked = check(lambda name: busy if name == "tools" else ANSWERS[name])
    assert (code, asked[-1]) == (6, "tools")


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (HTML, "This is no chat endpoint, it answered 200 text/html: <html>"),
        (ENDLESS, "This is no chat endpoint: the answer had not ended after 0.3 s."),
        (replace(HTML, status=502), "This is no chat endpoint, it answered 502 text/html"),
    ],
)
def test_what_is_no_chat_endpoint_ends_with_1(
    answer: Answer, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, asked = check(lambda name: answer, timeout=0.3)
    assert (code, asked) == (1, ["plain", "stream"])
    assert sentence in capsys.readouterr().out


def test_a_stream_that_never_ends_breaks_its_requirement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame = ANSWERS["stream"].pieces[:1]
    endless = replace(ANSWERS["stream"], pieces=frame, end="hang")
    code, _ = check(
        lambda name: endless if name == "stream" else ANSWERS[name], "-k", "TRN", timeout=0.3
    )
    assert code == 1
    assert "✗ TRN-06" in capsys.readouterr().out


def test_a_spent_budget_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(good, max_requests=3)
    assert (code, len(asked)) == (6, 3)
    assert "The budget is spent before the probe thinking-plain." in capsys.readouterr().out


def test_a_plan_sends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(good, plan=True)
    output = capsys.readouterr().out
    assert (code, asked) == (0, [])
    assert "at most 30 requests and 3488 output tokens" in output


def test_a_reluctant_model_is_asked_twice_and_then_not_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, asked = check(lambda name: ANSWERS["stream" if name == "tools" else name], "-k", "TOL-01")
    assert (code, asked) == (0, ["tools", "tools"])
    assert "○ TOL-01" in capsys.readouterr().out


def test_a_reluctant_model_cannot_be_judged_when_strict() -> None:
    reluctant = {"tools": ANSWERS["stream"]}
    code, _ = check(lambda name: reluctant.get(name, ANSWERS[name]), "-k", "TOL-01", strict=True)
    assert code == 6


def test_nothing_selected_ends_with_5() -> None:
    assert check(good, "-k", "nothing")[0] == 5


def test_a_soak_tells_how_often_a_check_fails(capsys: pytest.CaptureFixture[str]) -> None:
    streams = iter([good("stream"), broken("SSE-05")("stream")] + [good("stream")] * 4)
    code, asked = check(
        lambda name: next(streams) if name == "stream" else good(name), "-k", "SSE-05", soak=5
    )
    output = capsys.readouterr().out
    assert (code, asked) == (1, ["stream"] * 6)
    assert "SSE-05 failed in 1 of 5 (3.6% to 62.4%)" in output


def test_disruptive_probes_are_sent_only_when_asked_for() -> None:
    code, asked = check(good, "-k", "LIM", disruptive=True)
    assert code == 0
    assert asked.count("burst") == 8
    assert {"ceiling", "overflow"} <= set(asked)
    assert check(good, "-k", "LIM") == (5, [])


def baseline(tmp_path: Path, text: str) -> str:
    path = tmp_path / "known.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_known_failure_is_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = baseline(tmp_path, "SSE-05: 'two frames spliced, zai-org/GLM-5#66'\n")
    assert check(broken("SSE-05"), "-k", "SSE", baseline=known)[0] == 0
    assert "x SSE-05" in capsys.readouterr().out


def test_a_known_failure_that_passes_is_stale(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = baseline(tmp_path, "SSE-05: two frames spliced\n")
    assert check(good, "-k", "SSE", baseline=known)[0] == 1
    assert "passes now; take it out of the baseline" in capsys.readouterr().out


def test_an_unknown_check_in_the_baseline_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known = baseline(tmp_path, "SSE-55: why\n")
    assert check(good, baseline=known)[0] == 4
    assert "no check is called SSE-55, SSE-05 was meant?" in capsys.readouterr().err


def test_a_baseline_that_was_written_lets_the_next_run_pass(tmp_path: Path) -> None:
    path = tmp_path / "known.yaml"
    assert check(broken("SSE-05"), write_baseline=path)[0] == 1
    assert check(broken("SSE-05"), baseline=path)[0] == 0


def test_the_report_has_the_schema_and_no_key(tmp_path: Path) -> None:
    check(broken("AUT-06", "TOL-03"), report=tmp_path / "out")
    text = (tmp_path / "out" / "report.json").read_text(encoding="utf-8")
    report = json.loads(text)

    assert report["schema"] == "mockglm.report/1"
    assert report["summary"]["fail"] >= 2
    found = next(entry for entry in report["checks"] if entry["id"] == "TOL-03")
    assert (found["level"], found["verdict"]) == ("MUST", "fail")
    assert found["findings"][0].keys() >= {
        "message",
        "expected",
        "actual",
        "exchange",
        "at",
        "path",
    }
    for path in (tmp_path / "out").iterdir():
        written = path.read_text(encoding="utf-8")
        assert KEY not in written
        assert KEY.partition(".")[2] not in written
        assert "W" * 16 not in written
    badge: Mapping[str, object] = json.loads((tmp_path / "out" / "badge.json").read_text())
    assert badge["color"] == "red"


def test_junit_tells_level_probe_and_source(tmp_path: Path) -> None:
    check(good, "-k", "SSE-05", "--junitxml", str(tmp_path / "junit.xml"))
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="level" value="MUST"' in text
    assert '<property name="verdict" value="pass"' in text


def test_the_credential_is_what_the_probe_says() -> None:
    with serving(good) as (url, asked):
        main([url], {"model": "glm-4.6"}, ["-k", "AUT"])
    sent = {name: headers.get("authorization", "") for name, headers in asked}
    assert sent["plain"] == f"Bearer {KEY}"
    assert sent["no-key"] == ""
    assert sent["jwt"].count(".") == 2
    assert KEY not in sent["bad-key"]


@pytest.mark.parametrize(
    ("targets", "options", "sentence"),
    [
        (["nowhere"], {}, "neither a URL"),
        (["http://a", "http://b"], {}, "one URL at a time"),
        (["http://a"], {"modle": "x"}, "no option modle, model was meant?"),
    ],
)
def test_wrong_usage_is_told(
    targets: list[str], options: Mapping[str, object], sentence: str
) -> None:
    with pytest.raises(UsageError, match=sentence.replace("?", r"\?")):
        arguments(targets, options)


def test_a_missing_url_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 4
    assert "needs --glm-url" in capsys.readouterr().err
