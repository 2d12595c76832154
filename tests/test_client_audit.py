"""The audit of clients: findings from journals made by hand, and of real clients."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from mockglm import GLM, error_codes
from mockglm.client_audit import KINDS, audit_client
from mockglm.exchange import Request, Response
from mockglm.journal import Entry, Outcome
from tests.testing.client import body

DAY = 1_773_349_383.0
JSON_TYPE = (("Content-Type", "application/json; charset=UTF-8"),)
STREAM_TYPE = (("Content-Type", "text/event-stream;charset=UTF-8"),)


def refusal(code: str, **fields: str) -> Response:
    message = error_codes.message_for(code, "zh", {"error_id": "1", **fields})
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    return Response(error_codes.CODES[code].status, JSON_TYPE, ((0.0, body),))


def plain(text: str = "好", finish: str = "stop") -> Response:
    choice = {"index": 0, "finish_reason": finish, "message": {"content": text}}
    return Response(200, JSON_TYPE, ((0.0, json.dumps({"choices": [choice]}).encode()),))


def stream(text: str, finish: str | None = "stop", error: str | None = None) -> Response:
    chunks: list[Any] = [{"choices": [{"index": 0, "delta": {"content": text}}]}]
    if finish:
        chunks.append({"choices": [{"index": 0, "finish_reason": finish, "delta": {}}]})
    if error:
        chunks.append({"error": {"code": error, "message": "网络错误"}})
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in chunks)
    return Response(200, STREAM_TYPE, ((0.0, body.encode()),))


def question(text: str = "你好", **more: Any) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": "glm-4.6", "messages": messages, **more}).encode()


def entry(
    ordinal: int,
    at: float,
    answer: Response | None,
    body: bytes = question(),
    *,
    took: float | None = 0.01,
    outcome: Outcome = "done",
    source: str = "x.yaml:4",
) -> Entry:
    request = Request("POST", "/chat/completions", body=body)
    return Entry(
        ordinal,
        "",
        DAY + at,
        request,
        source=source,
        response=answer,
        total=took,
        outcome=outcome,
    )


def attempts(answer: Response, *times: float) -> list[Entry]:
    """The same question at these seconds, with the same response each time."""
    return [entry(index, at, answer) for index, at in enumerate(times, 1)]


def names(entries: Sequence[Entry], **more: Any) -> list[str]:
    return [finding.name for finding in audit_client(entries, **more)]


NEVER = ("1000", "1001", "1113", "1210", "1211", "1261", "1301", "1309", "1313")
AGAIN = ("1302", "1303", "1305", "1234", "1200", "500")
LIMITS = ("1308", "1310", "1316", "1321")
RESET = {"number": "5", "unit": "hour", "reset": "2026-03-13 09:03:03"}
"""Beijing time of DAY + 4 hours."""


@pytest.mark.parametrize("code", NEVER)
def test_useless_retry_is_found(code: str) -> None:
    assert names(attempts(refusal(code), 0)) == []
    assert names(attempts(refusal(code), 0, 1)) == ["retried-in-vain"]


@pytest.mark.parametrize("code", AGAIN)
def test_missing_retry_is_found(code: str) -> None:
    assert names(attempts(refusal(code), 0)) == ["gave-up"]
    assert names(attempts(refusal(code), 0, 1, 3)) == []


@pytest.mark.parametrize("code", LIMITS)
def test_retry_before_the_reset_is_found(code: str) -> None:
    answer = refusal(code, **RESET)
    assert names(attempts(answer, 0)) == []
    assert names(attempts(answer, 0, 3 * 3600)) == ["ignored-reset"]
    assert names(attempts(answer, 0, 4 * 3600 + 1)) == []


@pytest.mark.parametrize(
    ("name", "value", "waits", "expected"),
    [
        ("Retry-After-Ms", "50", (0, 0.06, 0.12), []),
        ("Retry-After", "2", (0, 2, 4.1, 6.2, 8.3), []),
        ("Retry-After", "2", (0, 0.05, 0.1), ["no-backoff"]),
        ("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT", (0, 0.05), ["no-backoff"]),
        ("X-Other", "2", (0, 2, 4, 6, 8), ["no-backoff"]),
    ],
)
def test_wait_of_a_header_counts_as_backoff(
    name: str, value: str, waits: tuple[float, ...], expected: list[str]
) -> None:
    answer = refusal("1302")
    answer = replace(answer, headers=(*answer.headers, (name, value)))
    assert names(attempts(answer, *waits)) == expected


def test_client_that_must_not_retry_has_not_given_up() -> None:
    answer = refusal("1302")
    answer = replace(answer, headers=(*answer.headers, ("X-Should-Retry", "false")))
    assert names(attempts(answer, 0)) == []


def test_retry_of_a_limit_without_a_reset_is_useless() -> None:
    body = json.dumps({"error": {"code": "1308", "message": "used up"}}).encode()
    assert names(attempts(Response(429, JSON_TYPE, ((0.0, body),)), 0, 9999)) == ["retried-in-vain"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Response(502, (), ((0.0, b"<html>"),)), []),
        (Response(429, (), ((0.0, b"slow down"),)), []),
        (Response(404, (), ((0.0, b"{}"),)), ["retried-in-vain"]),
        (plain(finish="sensitive"), ["retried-in-vain"]),
        (plain(finish="model_context_window_exceeded"), ["retried-in-vain"]),
        (plain(finish="network_error"), []),
        (plain(), []),
        (stream("好", None), []),
        (stream("好", None, "1234"), []),
        (Response(200, STREAM_TYPE, ()), []),
    ],
)
def test_use_of_a_retry_depends_on_the_response(answer: Response, expected: list[str]) -> None:
    assert names(attempts(answer, 0, 1, 3)) == expected


def test_another_question_is_no_retry() -> None:
    first, second = attempts(refusal("1113"), 0, 1)
    second.request = Request("POST", "/chat/completions", body=question("再问"))
    assert names([first, second]) == []


def test_same_question_in_other_json_is_a_retry() -> None:
    body = json.dumps(json.loads(question(stream=True, user_id="x")), indent=2).encode()
    assert names([*attempts(refusal("1113"), 0), entry(2, 1, refusal("1113"), body)]) == [
        "retried-in-vain"
    ]


def test_concurrent_requests_are_no_retries() -> None:
    both = [entry(1, 0, refusal("1302"), took=2), entry(2, 1, refusal("1302"), took=2)]
    assert names(both) == ["gave-up", "gave-up"]
    again = [entry(3, 4, plain()), entry(4, 5, plain())]
    assert names([*both, *again]) == []


def test_concurrency_of_the_journal_wins_over_times() -> None:
    close = [entry(1, 0, refusal("1113"), took=2), entry(2, 1, refusal("1113"), took=2)]
    assert names(close, concurrent={1: (), 2: ()}) == ["retried-in-vain"]
    apart = attempts(refusal("1113"), 0, 1)
    assert names(apart, concurrent={1: (), 2: (1,)}) == []


def test_answered_request_may_be_sent_again() -> None:
    answers = [refusal("1302"), plain(), refusal("1302"), plain()]
    times = [0.0, 1.0, 1.01, 3.0]
    assert names([entry(i + 1, times[i], answers[i]) for i in range(4)]) == []


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ((0, 0.05), ["no-backoff"]),
        ((0, 0.5, 1.5), []),
        ((0, 1, 2), []),
        ((0, 1, 2, 3), ["no-backoff"]),
        ((0, 1, 3, 7), []),
        (tuple(range(0, 100, 10)), ["no-backoff"]),
        (tuple(2**i for i in range(11)), []),
        ((0, 0.5, 1, 2, 3, 4), ["storm"]),
        ((0, 1, 3, 7, 12, 18, 24, 30, 36, 42, 48), ["storm"]),
    ],
)
def test_waits_must_grow_and_attempts_be_few(times: tuple[float, ...], expected: list[str]) -> None:
    assert names(attempts(refusal("1305"), *times)) == expected


def test_broken_connection_may_be_retried_at_once() -> None:
    broken = Response(200, STREAM_TYPE, (), end="reset")
    assert names([entry(1, 0, broken, outcome="cut"), entry(2, 0.01, plain())]) == []


HISTORY = [
    {"role": "user", "content": "天气"},
    {"role": "assistant", "content": "北京今天"},
    {"role": "user", "content": "谢谢"},
]


@pytest.mark.parametrize(
    ("answer", "outcome", "expected"),
    [
        (stream("北京今天", None), "cut", ["took-cut"]),
        (stream("北京今天", None), "done", ["took-cut"]),
        (stream("北京今天", "network_error"), "done", ["took-cut"]),
        (stream("北京今天"), "done", []),
        (stream("别的", None), "cut", []),
        (stream("北京今天", None), "gone", []),
    ],
)
def test_cut_reply_in_a_history_is_found(
    answer: Response, outcome: Outcome, expected: list[str]
) -> None:
    later = entry(2, 5, plain(), json.dumps({"messages": HISTORY}).encode())
    assert names([entry(1, 0, answer, outcome=outcome), later]) == expected


def test_reply_completed_by_a_retry_may_be_in_a_history() -> None:
    broken = entry(1, 0, stream("北京今天", None), outcome="cut")
    later = entry(3, 5, plain(), json.dumps({"messages": HISTORY}).encode())
    assert names([broken, entry(2, 1, plain("北京今天")), later]) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": 5}', b'{"messages": ["x"]}', b"\xff"])
def test_unreadable_history_is_no_proof(body: bytes) -> None:
    broken = entry(1, 0, stream("北京今天", None), outcome="cut")
    assert names([broken, entry(2, 5, plain(), body)]) == []


@pytest.mark.parametrize(
    ("answer", "outcome", "expected"),
    [
        (plain(), "open", ["left-open"]),
        (Response(200, STREAM_TYPE, (), end="hang"), "cut", ["left-open"]),
        (Response(200, STREAM_TYPE, (), end="reset"), "cut", []),
    ],
)
def test_unfinished_response_is_found(
    answer: Response, outcome: Outcome, expected: list[str]
) -> None:
    waiting = entry(1, 0, answer, took=None, outcome=outcome)
    assert names([waiting], unfinished=[1]) == expected
    assert names([waiting]) == []


def test_client_that_left_may_retry_at_once() -> None:
    left = entry(1, 0, stream("北京"), outcome="gone", took=30)
    assert names([left, entry(2, 29.99, plain())]) == []


def test_misses_are_left_out() -> None:
    assert names([entry(i, i, refusal("1113"), source="miss") for i in range(1, 20)]) == []
    assert names([entry(1, 0, None, took=None)]) == []


def test_finding_has_a_message_and_the_ordinals() -> None:
    (finding,) = audit_client(attempts(refusal("1308", **RESET), 0, 3600))
    assert str(finding) == (
        "ignored-reset: retried once after 1308 (Usage limit reached for … …), "
        "10800 s too early (#1, #2)"
    )
    assert finding.name in KINDS


Sleep = Callable[[float], None]


@dataclass
class Client:
    """A client that retries after these waits in seconds, unless the code is `final`."""

    glm: GLM
    sleep: Sleep
    waits: Sequence[float] = (1, 2, 4)
    final: Sequence[str] = ()

    def ask(self, text: str = "你好", **more: Any) -> httpx.Response:
        with httpx.Client(trust_env=False, verify=False, timeout=60) as http:
            return self._ask(http, body(text, **more))

    def _ask(self, http: httpx.Client, sent: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.glm.api_key}"}
        for wait in (*self.waits, None):
            response = http.post(self.glm.chat_url, json=sent, headers=headers)
            if wait is None or response.status_code < 400:
                break
            if response.json()["error"]["code"] in self.final:
                break
            self.sleep(wait)
        return response


FINAL = ("1113", "1210", "1214", "1261", "1301", "1308", "1310")
LIMIT = {"code": 1308, "number": 5, "unit": "hour", "reset": "2099-01-01 00:00:00"}


def good(glm: GLM) -> Client:
    return Client(glm, glm.clock.sleep, final=FINAL)


def retries_everything(glm: GLM) -> Client:
    return Client(glm, glm.clock.sleep)


def does_not_wait(glm: GLM) -> Client:
    return Client(glm, time.sleep, waits=(0, 0, 0), final=FINAL)


def hammers(glm: GLM) -> Client:
    return Client(glm, lambda seconds: None, waits=(0,) * 30)


def gives_up(glm: GLM) -> Client:
    return Client(glm, glm.clock.sleep, waits=())


def verdict(glm: GLM) -> list[str]:
    return [finding.name for finding in glm.verdict()]


@pytest.mark.parametrize(
    ("make", "error", "expected"),
    [
        (good, 1302, []),
        (good, 1305, []),
        (good, 1113, []),
        (good, LIMIT, []),
        (retries_everything, 1302, []),
        (retries_everything, 1113, ["retried-in-vain"]),
        (retries_everything, {"code": 1214, "field": "messages"}, ["retried-in-vain"]),
        (retries_everything, 1261, ["retried-in-vain"]),
        (retries_everything, 1301, ["retried-in-vain"]),
        (retries_everything, LIMIT, ["ignored-reset"]),
        (does_not_wait, 1302, ["no-backoff"]),
        (does_not_wait, 1113, []),
        (gives_up, 1302, ["gave-up"]),
        (gives_up, 1305, ["gave-up"]),
        (gives_up, 1234, ["gave-up"]),
        (gives_up, 1113, []),
        (hammers, 1113, ["retried-in-vain", "storm"]),
        (hammers, 1302, ["no-backoff", "storm"]),
    ],
)
def test_verdict_on_a_client_depends_on_its_retries(
    glm: GLM, make: Callable[[GLM], Client], error: Any, expected: list[str]
) -> None:
    client = make(glm)
    glm.when().reply(error=error)
    client.ask()
    assert verdict(glm) == expected


def test_finding_of_a_client_has_a_message(glm: GLM) -> None:
    client = retries_everything(glm)
    glm.when().reply(error=1113)
    client.ask()
    (finding,) = glm.verdict()
    assert finding.requests == (1, 2, 3, 4)
    assert str(finding) == (
        "retried-in-vain: retried 3 times after 1113 (Insufficient balance or no resource "
        "package) (#1, #2, #3, #4)"
    )


def test_assert_resilient_passes_a_good_client_only(glm: GLM) -> None:
    client = good(glm)
    glm.reply(error=1302)
    glm.when().reply("好")
    assert client.ask().status_code == 200
    glm.assert_resilient()
    glm.reply({"error": 1113}, {"error": 1113})
    client.ask("另一个问题")
    client.ask("另一个问题")
    with pytest.raises(AssertionError, match=r"(?s)retried-in-vain: .*\n\nRequests and responses:"):
        glm.assert_resilient()
    glm.assert_resilient(ignore=["retried-in-vain"])


def test_cut_reply_in_the_history_of_a_client_is_found(glm: GLM) -> None:
    glm.when().reply("北京今天晴，明天有雨。")
    glm.fault("end", at="1 frames")
    with httpx.Client(trust_env=False, verify=False) as http:
        headers = {"Authorization": f"Bearer {glm.api_key}"}
        http.post(glm.chat_url, json=body("天气", stream=True), headers=headers)
        turns = [
            {"role": "user", "content": "天气"},
            {"role": "assistant", "content": "北京今天"},
            {"role": "user", "content": "谢谢"},
        ]
        http.post(glm.chat_url, json=body(messages=turns), headers=headers)
    (finding,) = glm.verdict()
    assert (finding.name, finding.requests) == ("took-cut", (1, 2))


def test_open_stream_is_found_and_a_closed_one_is_not(glm: GLM) -> None:
    glm.when().reply("北京今天晴。")
    glm.fault("stall", at="1 frames")
    headers = {"Authorization": f"Bearer {glm.api_key}"}
    with httpx.Client(trust_env=False, verify=False) as http:
        request = http.build_request("POST", glm.chat_url, json=body(stream=True), headers=headers)
        response = http.send(request, stream=True)
        assert verdict(glm) == ["left-open"]
        response.close()
        assert verdict(glm) == []
