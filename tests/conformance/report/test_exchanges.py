"""Exchanges in a report: quoted and repeated."""

from __future__ import annotations

import pytest

from mockglm.conformance.report.exchanges import curl_command, describe_exchange, quote_body
from mockglm.exchange import Request, Response
from tests.conformance.reference import ANSWERS, HEADERS, JSON_TYPE, KEY, view


def test_a_quotation_has_the_column_of_the_byte() -> None:
    body = '{"error":{"message":"模型不存在","code":1211}}'.encode()
    found = view("bad-model", Response(400, (JSON_TYPE,), ((0.1, body),)))
    shown = quote_body(found, body.index(b'"code"'))
    assert shown.text[shown.column :].startswith('"code"')
    assert shown.text[: shown.column].endswith('模型不存在",')


def test_a_quotation_escapes_control_characters() -> None:
    body = b"data: a\x00b\xff c\n\n"
    found = view("stream", Response(200, (), ((0.1, body),)))
    assert quote_body(found, 6).text == "data: a\\x00b\\xff c"


@pytest.mark.parametrize(
    ("request_", "command"),
    [
        (
            Request("POST", "/chat/completions", "", (("authorization", "Bearer x"),), b"{'a'}"),
            'curl -N http://a/v4/chat/completions -H "Authorization: Bearer $ZAI_API_KEY" '
            "-H 'Content-Type: application/json' -d '{'\"'\"'a'\"'\"'}'",
        ),
        (Request("GET", "/models", "a=1"), "curl -N 'http://a/v4/models?a=1' -X GET"),
    ],
)
def test_a_curl_command_repeats_a_request(request_: Request, command: str) -> None:
    assert curl_command("http://a/v4/", request_) == command


def test_a_description_has_no_credentials() -> None:
    cookie = ("Set-Cookie", "session=s3cr3t")
    found = describe_exchange(view("plain", Response(200, (*HEADERS, cookie), ((0.1, b"{}"),))))
    assert KEY not in str(found)
    assert "s3cr3t" not in str(found)
    assert ["Date", "Wed, 29 Jul 2026 00:00:01 GMT"] in found["headers"]


def test_a_description_has_every_piece_with_its_time() -> None:
    found = describe_exchange(view("stream"))
    assert len(found["pieces"]) == len(ANSWERS["stream"].chunks)
    assert found["pieces"][0][0] == 0.4
