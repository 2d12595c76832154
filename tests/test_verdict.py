"""What a client did that it should not have, from what a journal has of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from mockglm import error_codes
from mockglm.exchange import Request, Response
from mockglm.journal import Entry, Outcome
from mockglm.verdict import KINDS, judge

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


def asking(text: str = "你好", **more: Any) -> bytes:
    messages = [{"role": "user", "content": text}]
    return json.dumps({"model": "glm-4.6", "messages": messages, **more}).encode()


def entry(
    ordinal: int,
    at: float,
    answer: Response | None,
    body: bytes = asking(),
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


def asked(answer: Response, *times: float) -> list[Entry]:
    """The same question at these seconds, answered alike."""
    return [entry(index, at, answer) for index, at in enumerate(times, 1)]


def names(entries: Sequence[Entry], **more: Any) -> list[str]:
    return [finding.name for finding in judge(entries, **more)]


NEVER = ("1000", "1001", "1113", "1210", "1211", "1261", "1301", "1309", "1313")
AGAIN = ("1302", "1303", "1305", "1234", "1200", "500")
LIMITS = ("1308", "1310", "1316", "1321")
RESET = {"number": "5", "unit": "hour", "reset": "2026-03-13 09:03:03"}
"""Beijing time of DAY + 4 hours."""


@pytest.mark.parametrize("code", NEVER)
def test_what_cannot_succeed_is_not_asked_again(code: str) -> None:
    assert names(asked(refusal(code), 0)) == []
    assert names(asked(refusal(code), 0, 1)) == ["retried-in-vain"]


@pytest.mark.parametrize("code", AGAIN)
def test_what_can_succeed_is_asked_again(code: str) -> None:
    assert names(asked(refusal(code), 0)) == ["gave-up"]
    assert names(asked(refusal(code), 0, 1, 3)) == []


@pytest.mark.parametrize("code", LIMITS)
def test_a_limit_is_waited_for(code: str) -> None:
    answer = refusal(code, **RESET)
    assert names(asked(answer, 0)) == []
    assert names(asked(answer, 0, 3 * 3600)) == ["ignored-reset"]
    assert names(asked(answer, 0, 4 * 3600 + 1)) == []


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
def test_who_waits_as_long_as_the_answer_says_has_backed_off(
    name: str, value: str, waits: tuple[float, ...], expected: list[str]
) -> None:
    answer = refusal("1302")
    answer = replace(answer, headers=(*answer.headers, (name, value)))
    assert names(asked(answer, *waits)) == expected


def test_who_is_told_not_to_ask_again_has_not_given_up() -> None:
    answer = refusal("1302")
    answer = replace(answer, headers=(*answer.headers, ("X-Should-Retry", "false")))
    assert names(asked(answer, 0)) == []


def test_a_limit_without_a_time_cannot_be_waited_for() -> None:
    body = json.dumps({"error": {"code": "1308", "message": "used up"}}).encode()
    assert names(asked(Response(429, JSON_TYPE, ((0.0, body),)), 0, 9999)) == ["retried-in-vain"]


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
def test_asking_again_is_judged_by_what_was_answered(answer: Response, expected: list[str]) -> None:
    assert names(asked(answer, 0, 1, 3)) == expected


def test_another_question_is_no_second_attempt() -> None:
    first, second = asked(refusal("1113"), 0, 1)
    second.request = Request("POST", "/chat/completions", body=asking("再问"))
    assert names([first, second]) == []


def test_the_same_question_in_other_words_of_json_is_a_second_attempt() -> None:
    body = json.dumps(json.loads(asking(stream=True, user_id="x")), indent=2).encode()
    assert names([*asked(refusal("1113"), 0), entry(2, 1, refusal("1113"), body)]) == [
        "retried-in-vain"
    ]


def test_requests_side_by_side_are_no_attempts_of_each_other() -> None:
    both = [entry(1, 0, refusal("1302"), took=2), entry(2, 1, refusal("1302"), took=2)]
    assert names(both) == ["gave-up", "gave-up"]
    again = [entry(3, 4, plain()), entry(4, 5, plain())]
    assert names([*both, *again]) == []


def test_what_was_on_its_way_is_known_better_than_by_the_times() -> None:
    close = [entry(1, 0, refusal("1113"), took=2), entry(2, 1, refusal("1113"), took=2)]
    assert names(close, beside={1: (), 2: ()}) == ["retried-in-vain"]
    apart = asked(refusal("1113"), 0, 1)
    assert names(apart, beside={1: (), 2: (1,)}) == []


def test_a_question_that_was_answered_may_be_asked_anew() -> None:
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
def test_waits_grow_and_attempts_are_few(times: tuple[float, ...], expected: list[str]) -> None:
    assert names(asked(refusal("1305"), *times)) == expected


def test_a_connection_that_broke_may_be_tried_at_once() -> None:
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
def test_what_broke_off_is_not_kept_as_an_answer(
    answer: Response, outcome: Outcome, expected: list[str]
) -> None:
    later = entry(2, 5, plain(), json.dumps({"messages": HISTORY}).encode())
    assert names([entry(1, 0, answer, outcome=outcome), later]) == expected


def test_a_text_that_came_whole_at_the_second_attempt_is_an_answer() -> None:
    broken = entry(1, 0, stream("北京今天", None), outcome="cut")
    later = entry(3, 5, plain(), json.dumps({"messages": HISTORY}).encode())
    assert names([broken, entry(2, 1, plain("北京今天")), later]) == []


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"messages": 5}', b'{"messages": ["x"]}', b"\xff"])
def test_a_history_that_cannot_be_read_proves_nothing(body: bytes) -> None:
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
def test_an_answer_on_its_way_is_held_by_its_client(
    answer: Response, outcome: Outcome, expected: list[str]
) -> None:
    waiting = entry(1, 0, answer, took=None, outcome=outcome)
    assert names([waiting], waiting=[1]) == expected
    assert names([waiting]) == []


def test_a_client_that_left_and_asks_again_at_once_is_not_judged_for_it() -> None:
    left = entry(1, 0, stream("北京"), outcome="gone", took=30)
    assert names([left, entry(2, 29.99, plain())]) == []


def test_what_nothing_answered_is_left_out() -> None:
    assert names([entry(i, i, refusal("1113"), source="miss") for i in range(1, 20)]) == []
    assert names([entry(1, 0, None, took=None)]) == []


def test_a_finding_has_the_words_and_the_numbers() -> None:
    (finding,) = judge(asked(refusal("1308", **RESET), 0, 3600))
    assert str(finding) == (
        "ignored-reset: asked again once after 1308 (Usage limit reached for … …), "
        "10800 s too early (#1, #2)"
    )
    assert finding.name in KINDS
