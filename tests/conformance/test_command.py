"""`mockglm check` against servers on a socket: how it ends, and the sentence it ends with."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from msgspec.structs import replace

from mockglm.conformance.collecting import Collection
from mockglm.conformance.command import arguments, main
from mockglm.conformance.plan import Limits, Plan
from mockglm.conformance.probes import PROBES
from mockglm.errors import UsageError
from mockglm.exchange import Exchange, Request, Response
from tests.conformance.mutants import MUTANTS, header
from tests.conformance.reference import ANSWERS, HEADERS, JSON_TYPE, KEY, TARGET, dump, refusal
from tests.conformance.server import serving

HTML = Response(
    200, (("Content-Type", "text/html"), *HEADERS), ((0.0, b"<html><body>Welcome</body></html>"),)
)
BUSY = refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率")
SILENT = Response(200, (), (), end="close", head=None)
"""No answer at all: the connection is closed."""


def _refused(status: int, **body: object) -> Response:
    return Response(status, (JSON_TYPE,), ((0.0, dump(body)),))


_SAID = "The model `glm-4.6` does not exist."
VLLM_OLD = _refused(404, object="error", message=_SAID, type="NotFoundError", param=None, code=404)
VLLM = _refused(404, error={"message": _SAID, "type": "NotFoundError", "param": "model"})
OLLAMA = _refused(404, error={"message": 'model "glm-4.6" not found', "type": "api_error"})
LITELLM = _refused(400, error={"message": "Invalid model name passed in model=glm-4.6"})
NEW_API = _refused(503, error={"message": "无可用渠道", "code": "model_not_found"})
ENDLESS = replace(ANSWERS["stream"], chunks=((0.0, b": still there\n"),), end="hang")


pytestmark = pytest.mark.usefixtures("key")


def good(name: str) -> Response:
    return ANSWERS[name]


def broken(*ids: str) -> Callable[[str], Response]:
    """The reference with the first mutant of each of these checks."""
    changed = {MUTANTS[id][0].probe: MUTANTS[id][0].answer() for id in ids}
    return lambda name: changed.get(name) or ANSWERS[name]


def check(
    choose: Callable[[str], Response], *arguments: str, **options: object
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
        (VLLM_OLD, "The endpoint does not know the model glm-4.6: 404"),
        (VLLM, "The endpoint does not know the model glm-4.6: 404"),
        (OLLAMA, "The endpoint does not know the model glm-4.6: 404"),
        (LITELLM, "The endpoint does not know the model glm-4.6: 400"),
        (NEW_API, "The endpoint does not know the model glm-4.6: 503"),
    ],
)
def test_what_says_nothing_of_the_endpoint_ends_with_6(
    answer: Response, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, asked = check(lambda name: answer)
    assert (code, asked) == (6, ["plain"])
    assert sentence in capsys.readouterr().out


def test_an_answer_without_an_end_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(lambda name: ENDLESS, timeout=0.3)
    assert (code, asked) == (6, ["plain", "stream"])
    output = capsys.readouterr().out
    assert "Nothing was answered: the answer had not ended after 0.3 s (--timeout)." in output
    assert "If it is only slow, raise --timeout" in output


def test_a_gateway_without_a_service_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(lambda name: replace(HTML, status=502))
    assert (code, asked) == (6, ["plain", "stream"])
    assert "A gateway reached no service: 502 <html>" in capsys.readouterr().out


def test_a_limit_in_the_middle_of_a_run_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    poor = refusal(429, "1308", "已达到 5 小时的使用上限。")
    code, asked = check(lambda name: poor if name == "tools" else ANSWERS[name])
    assert (code, asked[-2:]) == (6, ["thinking-plain", "tools"])
    assert "Recharge" in capsys.readouterr().out


@pytest.mark.parametrize("code", ["1302", "1305", "429"])
def test_what_comes_too_often_is_sent_once_more(code: str) -> None:
    busy = [refusal(429, code, "请您稍后再试")]
    ended, asked = check(
        lambda name: busy.pop() if name == "tools" and busy else ANSWERS[name], pause=0
    )
    assert (ended, asked.count("tools"), len(asked)) == (0, 2, 27)


def test_what_stays_too_often_ends_with_6(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(lambda name: BUSY if name == "tools" else ANSWERS[name], pause=0)
    assert (code, asked[-3:]) == (6, ["thinking-plain", "tools", "tools"])
    output = capsys.readouterr().out
    assert "The endpoint had too much to do, or was asked too often: 429" in output
    assert "Try again later" in output
    assert "Recharge" not in output


def test_a_retry_keeps_to_the_budget(capsys: pytest.CaptureFixture[str]) -> None:
    code, asked = check(lambda name: BUSY, max_requests=1, pause=0)
    assert (code, asked) == (6, ["plain"])


def test_a_retry_waits_as_long_as_it_is_told() -> None:
    waited: list[float] = []
    answers = iter([header("Retry-After", "7")(BUSY), ANSWERS["plain"], BUSY, BUSY])
    target = replace(TARGET, deterministic=False)
    plan = Plan((PROBES["plain"], PROBES["stream"]), target.profile, Limits())

    def send(request: Request) -> Exchange:
        return Exchange(request, next(answers), 0.0)

    found = Collection(plan, target, send, lambda name, seen: None, pause=3, wait=waited.append)
    evidence = found.collect()

    assert waited == [7, 3]
    assert {seen.name for seen in evidence} == {"plain", "plain-1", "stream", "stream-1"}
    assert evidence.cause is not None
    assert evidence.cause.kind == "busy"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (HTML, "This is no chat endpoint, it answered 200 text/html: <html>"),
        (replace(HTML, status=404), "This is no chat endpoint, it answered 404 text/html"),
    ],
)
def test_what_is_no_chat_endpoint_ends_with_1(
    answer: Response, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, asked = check(lambda name: answer, timeout=0.3)
    assert (code, asked) == (1, ["plain", "stream"])
    assert sentence in capsys.readouterr().out


def test_a_stream_that_never_ends_breaks_its_requirement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frame = ANSWERS["stream"].chunks[:1]
    endless = replace(ANSWERS["stream"], chunks=frame, end="hang")
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
    assert "soak: 5 streams of 5 requests" in output
    assert "SSE-05 failed in 1 of 5 (3.6% to 62.4%)" in output


def test_a_soak_stops_at_a_limit_and_counts_what_it_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    streams = iter([good("stream"), broken("SSE-05")("stream"), good("stream"), BUSY, BUSY])
    code, asked = check(lambda name: next(streams), "-k", "SSE-05 or TRN-02", soak=50, pause=0)
    output = capsys.readouterr().out
    assert (code, asked) == (6, ["stream"] * 5)
    assert "soak: 2 streams of 4 requests" in output
    assert "SSE-05 failed in 1 of 2 (" in output
    assert "TRN-02 failed" not in output
    assert "was asked too often: 429" in output


def test_a_soak_that_the_budget_ends_could_not_be_judged(
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, asked = check(good, "-k", "SSE-05", soak=5, max_requests=3)
    assert (code, asked) == (6, ["stream"] * 3)
    assert "The budget is spent before stream 3 of soak." in capsys.readouterr().out


def test_copies_that_are_not_answered_break_a_requirement(
    capsys: pytest.CaptureFixture[str],
) -> None:
    lock, burst = threading.Lock(), iter([good("stream")])

    def one(name: str) -> Response:
        if name != "burst":
            return good(name)
        with lock:
            return next(burst, SILENT)

    code, asked = check(one, "-k", "LIM-04", disruptive=True)
    output = capsys.readouterr().out
    assert (code, asked.count("burst")) == (1, 8)
    assert "✗ LIM-04" in output
    assert "burst-2: not whole" in output
    assert "actual:   RemoteProtocolError: Server disconnected" in output
    assert "and 4 more" in output


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
