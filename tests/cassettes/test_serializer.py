"""Exchanges as interactions: readable, and read back as they were written."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings

from mockglm import scenarios
from mockglm.cassettes import dump, dump_response, file_head, normalise, redact
from mockglm.exchange import Exchange, Request, Response
from mockglm.matching import canonical
from mockglm.redaction import Redactor
from tests.cassettes.exchanges import answers, exchange, exchanges, requests, values

HEAD = file_head("https://open.bigmodel.cn/api/paas/v4", "2026-11-22T08:00:00Z", "mockglm")
CHAT = Request("POST", "/chat/completions", body=b'{"model":"glm-4.6"}')


def loaded(*recorded: Exchange) -> tuple[scenarios.Interaction, ...]:
    """Exchanges written to a file and read again."""
    text = HEAD + "".join(map(dump, recorded))
    return scenarios.parse(text.encode(), "a.yaml").interactions


def written(answer: Response) -> str:
    """The response as it is written."""
    return dump(Exchange(CHAT, answer, 0.0)).partition("  response:\n")[2]


def test_stream_has_a_line_for_each_event() -> None:
    assert dump(exchange("北京今天晴。😀")) == (
        "- request:\n"
        "    path: /chat/completions\n"
        "    body:\n"
        "      model: glm-4.6\n"
        "      stream: true\n"
        "      messages:\n"
        "      - role: user\n"
        '        content: "北京今天晴。😀"\n'
        "  response:\n"
        "    status: 200\n"
        "    headers:\n"
        "      Content-Type: text/event-stream;charset=UTF-8\n"
        "    at: 0.4\n"
        "    events: |\n"
        '      0.400 {"choices": [{"index": 0, "delta": {"role": "assistant", '
        '"content": "北京今天晴。😀"}}]}\n'
        "      0.520 [DONE]\n"
    )


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Response(200, (), ((0.0, b'{"a":[1,2.5,null]}'),)), "    json:\n      a:\n      - 1\n"),
        (Response(200, (), ((0.0, b'{"a": 1}'),)), "    body: '{\"a\": 1}'\n"),
        (Response(502, (), ((0.0, b"<html>\n</html>\n"),)), "    body: |\n      <html>\n"),
        (Response(200, (), ((0.0, b"da"), (0.1, b"ta: 1\n\n"))), '    - [0.000, "da"]\n'),
        (Response(200, (), ((0.1, b"\xe4\xbd"), (0.2, b"\xa0"))), "{at: 0.100, base64: 5L0=}\n"),
        (Response(200, (), ((0.0, b"data: 1\r\n\r\n"),)), '    body: "data: 1\\r\\n\\r\\n"\n'),
        (Response(200, (), ((0.0, b"a"),), "close"), "    cut: true\n"),
        (Response(200, (), ((0.0, b"a"),), "reset"), "    cut: reset\n"),
        (Response(200, (), (), "hang"), "    cut: hang\n"),
        (Response(204, (), (), head=1.2345), "    status: 204\n    headers: {}\n    at: 1.234\n"),
    ],
)
def test_body_has_the_most_readable_form_that_is_read_back(answer: Response, text: str) -> None:
    assert text in written(answer)
    assert loaded(Exchange(CHAT, answer, 0.0))[0].steps[0].response == normalise(answer)


@settings(deadline=None)
@given(answers())
def test_every_response_is_read_back_as_it_was_written(answer: Response) -> None:
    assert loaded(Exchange(CHAT, answer, 0.0))[0].steps[0].response == answer


@settings(deadline=None)
@given(requests())
def test_every_request_replays_itself(request: Request) -> None:
    (interaction,) = loaded(Exchange(request, Response(200, (), ()), 0.0))
    assert interaction.request is not None
    assert interaction.request.key == canonical.key(
        request.method, request.path, query=request.query, body=request.body
    )


@settings(deadline=None)
@given(values)
def test_request_replays_in_any_order_of_its_keys(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    asked = Request("POST", "/chat/completions", body=body)
    (interaction,) = loaded(Exchange(asked, Response(200, (), ()), 0.0))
    turned = json.dumps(_turned(value), ensure_ascii=False, indent=2).encode("utf-8", "replace")
    assert interaction.request is not None
    assert interaction.request.key == canonical.key(
        "POST", "/chat/completions", query="", body=turned
    )


@settings(deadline=None)
@given(exchanges(), exchanges())
def test_interaction_ends_where_the_next_begins(first: Exchange, second: Exchange) -> None:
    answers = [interaction.steps[0].response for interaction in loaded(first, second)]
    assert answers == [first.response, second.response]


def test_pieces_of_one_millisecond_are_one_piece() -> None:
    answer = Response(200, (), ((0.1001, b"a"), (0.1004, b"b"), (0.2, b"")), head=0.0999)
    assert normalise(answer) == Response(200, (), ((0.1, b"ab"),), head=0.1)


def test_only_headers_that_clients_act_on_are_kept() -> None:
    headers = (
        ("Date", "Sun, 22 Nov 2026 08:00:00 GMT"),
        ("Set-Cookie", "acw_tc=secret"),
        ("X-Log-Id", "20261122"),
        ("VARY", "Origin"),
        ("X-RateLimit-Remaining", "1"),
        ("Content-Length", "2"),
        ("VARY", "Accept-Encoding"),
    )
    assert normalise(Response(200, headers, ())).headers == (
        ("X-Log-Id", "20261122"),
        ("VARY", "Origin"),
        ("VARY", "Accept-Encoding"),
        ("X-RateLimit-Remaining", "1"),
    )


def test_secret_is_in_no_part_of_the_interaction() -> None:
    secret = "0123456789abcdef0123456789abcdef.CanaryCanary1234"
    asked = Request(
        "POST",
        f"/files/{secret}",
        f"key={secret}",
        (("authorization", secret),),
        json.dumps({"messages": [{"role": "user", "content": secret}]}).encode(),
    )
    shares = (secret[:20].encode(), secret[20:].encode())
    pieces = tuple((0.1, b'data: {"content":"%b"}\n\n' % share) for share in shares)
    answer = Response(200, (("x-log-id", secret),), pieces)
    text = dump(redact(Exchange(asked, answer, 0.0, f"about {secret}"), Redactor((secret,))))
    assert "anary" not in text
    assert secret[:20] not in text


def test_exchange_without_a_response_is_no_interaction() -> None:
    with pytest.raises(ValueError, match="without an answer"):
        dump(Exchange(CHAT, None, 0.0))


@pytest.mark.parametrize("status", [199, 600, 999])
def test_status_outside_of_http_is_not_written(status: int) -> None:
    with pytest.raises(ValueError, match=f"{status} is no status of HTTP"):
        dump(Exchange(CHAT, Response(status, (), ()), 0.0))
    with pytest.raises(ValueError, match=f"{status} is no status of HTTP"):
        dump_response(Response(status, (), ()))


@pytest.mark.parametrize("status", [204, 304])
def test_body_of_a_status_without_one_is_not_written(status: int) -> None:
    assert (
        written(Response(status, (), ((0.0, b"{}"),)))
        == f"    status: {status}\n    headers: {{}}\n"
    )


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _turned(item) for name, item in reversed(value.items())}
    return [_turned(item) for item in value] if isinstance(value, list) else value
