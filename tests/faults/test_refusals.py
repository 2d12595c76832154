"""The bytes that arrive: faults of errors."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, ERROR, JSON_HEADERS, TALK, WORDS, refusal

TRACED = refusal(
    '{"error":{"code":"1302","message":"慢一点\\nTraceback (most recent call last):\\n'
    '  File \\"/srv/chat.py\\", line 7, in answer"}}'
)
FORM = '{"error":{"code":"model_not_found","message":"慢一点","type":"invalid_%s","param":null}}'
PAGE = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad "
    b"Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)

ANSWERS: tuple[tuple[str, Response], ...] = (
    ("error-200", replace(ERROR, status=200)),
    ("error-500", replace(ERROR, status=500)),
    ("error-code-number", refusal('{"error":{"code":1302,"message":"慢一点"}}')),
    ("error-code-other", refusal('{"error":{"code":"1200","message":"慢一点"}}')),
    ("error-openai", refusal(FORM % "request_error")),
    ("error-flat", refusal('{"code":429,"msg":"慢一点","success":false}')),
    ("error-trace", TRACED),
    ("error-empty", replace(ERROR, chunks=())),
)


@pytest.mark.parametrize(("name", "broken"), ANSWERS)
def test_an_error_is_broken_and_its_headers_stay(name: str, broken: Response) -> None:
    assert apply(ERROR, parse(name)) == broken


def test_an_error_comes_as_a_stream() -> None:
    answer = apply(ERROR, parse("error-as-stream"))
    assert answer.body == b"data: " + ERROR.body + b"\n\n" + DONE
    assert answer.status == 429
    assert answer.is_stream


def test_an_error_with_status_200_can_be_broken_further() -> None:
    answer = apply(ERROR, parse(["error-200", "error-as-stream"]))
    assert (answer.status, answer.is_stream) == (200, True)


@pytest.mark.parametrize("answer", [TALK, WORDS, ERROR])
def test_a_page_of_a_proxy_takes_the_place_of_any_answer(answer: Response) -> None:
    page = apply(answer, parse("html-page"))
    assert (page.status, page.header("content-type"), page.body) == (502, "text/html", PAGE)


def test_a_page_has_any_status() -> None:
    page = apply(ERROR, parse("html-page.status-599"))
    assert page.status == 599
    assert b"<title>599</title>" in page.body


def test_a_request_that_should_be_refused_is_answered() -> None:
    answer = apply(ERROR, parse("accepted"))
    assert answer.status == 200
    assert answer.headers == (JSON_HEADERS[1], JSON_HEADERS[0])
    assert (
        answer.body
        == (
            '{"choices":[{"finish_reason":"stop","index":0,"message":{"content":"好的。","role":"assistant"'
            '}}],"created":1767225600,"id":"202601010800000123456789abcdef","model":"glm-4.5","object":'
            '"chat.completion","request_id":"202601010800000123456789abcdef","usage":{"completion_tokens"'
            ':2,"prompt_tokens":6,"total_tokens":8}}'
        ).encode()
    )


def test_an_error_takes_the_place_of_an_answer() -> None:
    answer = apply(TALK, parse("refused"))
    assert answer.status == 500
    assert answer.header("x-log-id") == "20260101ab"
    assert answer.chunks == (
        (
            0.0,
            '{"error":{"code":"1234","message":"网络错误，错误id：20260101ab，请联系客服。"}}'.encode(),
        ),
    )


def test_the_error_can_be_chosen() -> None:
    spec = {"do": "refused", "code": "1308", "status": 429, "message": "等"}
    answer = apply(WORDS, parse(spec))
    assert (answer.status, answer.body) == (
        429,
        '{"error":{"code":"1308","message":"等"}}'.encode(),
    )


def test_an_error_without_words_needs_a_message() -> None:
    with pytest.raises(FaultError, match="the text of code 42 is not known here"):
        apply(TALK, parse("refused.code-42"))


def test_an_answer_of_another_kind_is_no_error_object() -> None:
    spring = refusal('{"status":404,"error":"Not Found"}')
    with pytest.raises(FaultError, match="without an error object"):
        apply(spring, parse("error-flat"))
