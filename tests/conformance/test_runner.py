"""The runner: order, second attempts, repetitions, budgets, and reasons to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from itertools import chain, repeat

import pytest
from msgspec.structs import replace

from mockglm.conformance.plan import ProbePlan, RunLimits
from mockglm.conformance.probes import PROBES
from mockglm.conformance.runner import ProbeRunner
from mockglm.conformance.transport import MAX_BYTES, MAX_LINES
from mockglm.conformance.verdicts import RunEvidence
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange, Request, Response
from tests.conformance.changes import header
from tests.conformance.commands import check
from tests.conformance.endpoint import Endpoint
from tests.conformance.mutants import MUTANTS
from tests.conformance.reference import (
    ANSWERS,
    HEADERS,
    JSON_TYPE,
    STREAM_TYPE,
    TARGET,
    chunk,
    dump,
    refusal,
)

HTML = Response(
    200, (("Content-Type", "text/html"), *HEADERS), ((0.0, b"<html><body>Welcome</body></html>"),)
)
BUSY = refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率")
NO_ANSWER = Response(200, (), (), end="close", head=None)


def unfinished(*pieces: bytes) -> Response:
    """A stream that was left before its end."""
    times = ((0.1, piece) for piece in pieces)
    return Response(200, (STREAM_TYPE,), tuple(times), end="hang", head=0.1)


CHUNK = chunk({"delta": {"role": "assistant", "content": "hi "}})
SLOW = unfinished(*[CHUNK] * 5)
OVERRUN = unfinished(*[CHUNK] * 65)
"""More chunks than twice the max_tokens of the probes plain and stream."""


def run(choose: Callable[[str], Response], *names: str, soak: int = 0) -> RunEvidence:
    """The evidence of these probes, without a network."""
    target = replace(TARGET, deterministic=False)
    plan = ProbePlan(tuple(PROBES[n] for n in names), target.capabilities, RunLimits(), soak)

    def send(request: Request) -> Exchange:
        request_id = str(ExchangeView("", Exchange(request, None, 0.0)).request_json["request_id"])
        answer = choose(request_id.split("-", 2)[2])
        error = "the answer had not ended after 2 s (--timeout)" if answer.end == "hang" else ""
        return Exchange(request, answer, 0.0, error)

    return ProbeRunner(plan, target, send, pause=0, wait=lambda seconds: None).run()


def test_a_stream_that_came_at_once_is_sent_again() -> None:
    good = ANSWERS["stream"]
    assert ExchangeView("", Exchange(Request("POST", "/"), good, 0.0)).moments > 2
    late = replace(good, chunks=tuple((0.2, piece) for _, piece in good.chunks))
    for answers, kept in (((late, good), good), ((late, late), late), ((good,), good)):
        coming = iter(answers)
        evidence = run(lambda name, coming=coming: next(coming), "stream")  # type: ignore[misc]
        assert evidence.views["stream"].answer == kept
        assert len(evidence.more) == len(answers) - 1


def _refused(status: int, **body: object) -> Response:
    return Response(status, (JSON_TYPE,), ((0.0, dump(body)),))


NO_MODEL = "The model `glm-4.6` does not exist."
UNKNOWN_MODEL = {
    "GLM": refusal(400, "1211", "模型不存在"),
    "old vLLM": _refused(404, object="error", message=NO_MODEL, type="NotFoundError", code=404),
    "vLLM": _refused(404, error={"message": NO_MODEL, "type": "NotFoundError", "param": "model"}),
    "Ollama": _refused(404, error={"message": 'model "glm-4.6" not found', "type": "api_error"}),
    "LiteLLM": _refused(400, error={"message": "Invalid model name passed in model=glm-4.6"}),
    "new-api": _refused(503, error={"message": "无可用渠道", "code": "model_not_found"}),
}


@pytest.mark.parametrize("server", UNKNOWN_MODEL)
def test_an_unknown_model_stops_a_run(server: str) -> None:
    found = run(lambda name: UNKNOWN_MODEL[server], "plain", "stream")
    assert found.cause is not None
    assert (found.cause.kind, list(found.views)) == ("model", ["plain"])
    assert found.cause.message.startswith("The endpoint does not know the model glm-4.6: ")


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (HTML, "endpoint", "This is not a chat endpoint; it answered 200 text/html: <html>"),
        (
            replace(HTML, status=404),
            "endpoint",
            "This is not a chat endpoint; it answered 404 text/",
        ),
        (replace(HTML, status=502), "transport", "A gateway reached no service: 502 <html>"),
        (unfinished(b": ping\n\n"), "transport", "Nothing was answered: the answer had not ended"),
        (SLOW, "transport", "No answer came to its end (plain, stream): the answer had not ended"),
        (
            OVERRUN,
            "endpoint",
            "The endpoint does not end its answers (plain, stream): 65 chunks of plain, where "
            "max_tokens is 32.",
        ),
        (unfinished(b" " * (MAX_BYTES + 1)), "endpoint", "The endpoint does not end its answers"),
        (unfinished(b":\n" * (MAX_LINES + 1)), "endpoint", "The endpoint does not end its answe"),
        (unfinished(*[b"x"] * (MAX_LINES + 1)), "endpoint", "The endpoint does not end its answ"),
    ],
)
def test_a_useless_answer_to_plain_and_stream_stops_a_run(
    answer: Response, kind: str, message: str
) -> None:
    found = run(lambda name: answer, "plain", "stream", "thinking", "tools")
    assert found.cause is not None
    assert found.cause.message.startswith(message)
    assert (found.cause.kind, list(found.views)) == (kind, ["plain", "stream"])
    assert found.unsent["tools"] == f"tools was not sent: {found.cause.message}"


def test_a_second_unfinished_answer_stops_a_run() -> None:
    slow = {"stream", "tools", "length"}
    found = run(lambda name: SLOW if name in slow else ANSWERS[name], *ANSWERS_IN_ORDER)
    assert found.cause is not None
    assert found.cause.kind == "transport"
    assert list(found.views)[-1] == "tools"
    assert "thinking" in found.views


ANSWERS_IN_ORDER = ("plain", "stream", "thinking", "tools", "length", "echo")


def test_one_unfinished_answer_does_not_stop_a_run() -> None:
    found = run(lambda name: OVERRUN if name == "tools" else ANSWERS[name], *ANSWERS_IN_ORDER)
    assert found.cause is None
    assert list(found.views) == list(ANSWERS_IN_ORDER)


def test_an_unfinished_answer_is_not_attempted_again() -> None:
    found = run(lambda name: OVERRUN if name == "tools" else ANSWERS[name], "plain", "tools")
    assert found.more == ()


def test_an_unfinished_answer_in_a_soak_stops_it_at_the_second() -> None:
    streams = chain([ANSWERS["stream"]], repeat(OVERRUN))
    found = run(lambda name: next(streams), "stream", soak=20)
    assert found.cause is not None
    assert found.cause.kind == "endpoint"
    assert [view.name for view in found.more] == ["soak-1", "soak-2"]


def test_a_limit_in_the_middle_of_a_run_stops_it(endpoint: Endpoint) -> None:
    poor = refusal(429, "1308", "已达到 5 小时的使用上限。")
    found = run(lambda name: poor if name == "tools" else ANSWERS[name], *ANSWERS_IN_ORDER)
    assert found.cause is not None
    assert (found.cause.kind, list(found.views)[-1]) == ("balance", "tools")
    assert "Recharge" in found.cause.advice


@pytest.mark.parametrize("code", ["1302", "1305", "429"])
def test_a_busy_request_is_sent_once_more(code: str) -> None:
    busy = [refusal(429, code, "请您稍后再试")]
    found = run(
        lambda name: busy.pop() if name == "tools" and busy else ANSWERS[name], "plain", "tools"
    )
    assert (found.cause, [view.name for view in found.more]) == (None, ["tools-1"])


def test_an_endpoint_that_stays_busy_stops_a_run() -> None:
    found = run(lambda name: BUSY if name == "tools" else ANSWERS[name], *ANSWERS_IN_ORDER)
    assert found.cause is not None
    assert (found.cause.kind, list(found.views)[-1]) == ("busy", "tools")
    assert "Try again later" in found.cause.advice
    assert "Recharge" not in found.cause.advice


def test_the_wait_before_a_repetition_is_that_of_retry_after() -> None:
    waited: list[float] = []
    answers = iter([header("Retry-After", "7")(BUSY), ANSWERS["plain"], BUSY, BUSY])
    plan = ProbePlan((PROBES["plain"], PROBES["stream"]), TARGET.capabilities, RunLimits())

    def send(request: Request) -> Exchange:
        return Exchange(request, next(answers), 0.0)

    found = ProbeRunner(plan, TARGET, send, pause=3, wait=waited.append).run()

    assert waited == [7, 3]
    assert {view.name for view in found} == {"plain", "plain-1", "stream", "stream-1"}


def test_a_repetition_keeps_to_the_budget(endpoint: Endpoint) -> None:
    endpoint.answer_with(lambda name: BUSY)
    assert check(endpoint, "--max-requests", "1", "--pause", "0") == 6
    assert endpoint.probes == ["plain"]


def test_a_spent_budget_stops_a_run(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(endpoint, "--max-requests", "3") == 6
    assert len(endpoint.probes) == 3
    assert "The budget is spent before the probe thinking-plain." in capsys.readouterr().out


def test_a_reluctant_model_gets_a_second_probe(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer_with(lambda name: ANSWERS["stream" if name == "tools" else name])
    assert check(endpoint, "-k", "TOL-01") == 0
    assert endpoint.probes == ["tools", "tools"]
    assert "○ TOL-01" in capsys.readouterr().out
    assert check(endpoint, "-k", "TOL-01", "--strict") == 6


def broken(id: str, name: str = "stream") -> Response:
    return MUTANTS[id][0].change(ANSWERS[name])


def test_a_soak_counts_the_failures_of_each_check(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    good = ANSWERS["stream"]
    streams = iter([good, broken("SSE-05"), good, good, good, good])
    endpoint.answer_with(lambda name: next(streams))
    assert check(endpoint, "-k", "SSE-05", "--soak", "5") == 1
    assert endpoint.probes == ["stream"] * 6
    output = capsys.readouterr().out
    assert "soak: 5 streams of 5 requests" in output
    assert "SSE-05 failed in 1 of 5 (3.6% to 62.4%)" in output


def test_a_soak_stops_at_a_limit(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    good = ANSWERS["stream"]
    streams: Iterator[Response] = iter([good, broken("SSE-05"), good, BUSY, BUSY])
    endpoint.answer_with(lambda name: next(streams))
    assert check(endpoint, "-k", "SSE-05 or TRN-02", "--soak", "50", "--pause", "0") == 6
    assert endpoint.probes == ["stream"] * 5
    output = capsys.readouterr().out
    assert "soak: 2 streams of 4 requests" in output
    assert "SSE-05 failed in 1 of 2 (" in output
    assert "TRN-02 failed" not in output
    assert "got too many requests: 429" in output


def test_a_soak_beyond_the_budget_ends_with_6(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(endpoint, "-k", "SSE-05", "--soak", "5", "--max-requests", "3") == 6
    assert endpoint.probes == ["stream"] * 3
    assert "The budget is spent before stream 3 of soak." in capsys.readouterr().out


def test_an_unanswered_copy_of_a_burst_is_a_violation(
    endpoint: Endpoint, capsys: pytest.CaptureFixture[str]
) -> None:
    lock, burst = threading.Lock(), iter([ANSWERS["stream"]])

    def answer_one(name: str) -> Response:
        if name != "burst":
            return ANSWERS[name]
        with lock:
            return next(burst, NO_ANSWER)

    endpoint.answer_with(answer_one)
    assert check(endpoint, "-k", "LIM-04", "--disruptive") == 1
    assert endpoint.probes.count("burst") == 8
    output = capsys.readouterr().out
    assert "✗ LIM-04" in output
    assert "burst-2: not whole" in output
    assert "actual:   RemoteProtocolError: Server disconnected" in output
    assert "and 4 more" in output
