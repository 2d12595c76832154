"""Headers, codings and bundles under faults of an answer's head."""

from __future__ import annotations

import zlib

import pytest
from msgspec.structs import replace

from mockglm.errors import FaultError
from mockglm.exchange import Headers, Response
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, ERROR, JSON_HEADERS, STREAM_HEADERS, TALK, WORDS, A, stream

LOG = ("X-Log-Id", "20260101ab")

HEADERS: tuple[tuple[str, Response, Headers], ...] = (
    ("stream-type", TALK, (LOG, ("Content-Type", "application/json; charset=UTF-8"))),
    ("stream-type.value-text/plain", TALK, (LOG, ("Content-Type", "text/plain"))),
    ("plain-type", WORDS, (LOG, ("Content-Type", "text/plain; charset=UTF-8"))),
    ("cacheable", TALK, (*STREAM_HEADERS, ("Cache-Control", "public, max-age=3600"))),
    ("date-wrong", WORDS, (*JSON_HEADERS, ("Date", "yesterday"))),
    ("retry-after", ERROR, (*JSON_HEADERS, ("Retry-After", "1"))),
    ("retry-after.seconds-7", ERROR, (*JSON_HEADERS, ("Retry-After", "7"))),
    (
        "retry-after.ms-20.should-false",
        ERROR,
        (
            *JSON_HEADERS,
            ("Retry-After", "1"),
            ("retry-after-ms", "20"),
            ("x-should-retry", "false"),
        ),
    ),
    ("retry-after-bad", ERROR, (*JSON_HEADERS, ("Retry-After", "soon"))),
    ("key-echo.key-k1", WORDS, (*JSON_HEADERS, ("X-Debug-Authorization", "Bearer k1"))),
    ("log-id-missing", TALK, STREAM_HEADERS[:1]),
)


@pytest.mark.parametrize(("spec", "answer", "headers"), HEADERS)
def test_only_the_headers_change(spec: str, answer: Response, headers: Headers) -> None:
    assert apply(answer, parse(spec)) == replace(answer, headers=headers)


def test_a_header_is_replaced_whatever_its_case() -> None:
    dated = replace(WORDS, headers=(("DATE", "Thu, 01 Jan 2026 00:00:00 GMT"),))
    assert apply(dated, parse("date-wrong")).headers == (("Date", "yesterday"),)


def test_the_key_that_comes_back_is_the_request_s() -> None:
    answer = apply(TALK, parse("key-echo"), key="k2")
    assert answer.header("x-debug-authorization") == "Bearer k2"


def test_without_a_key_none_comes_back() -> None:
    with pytest.raises(FaultError, match="without a known key"):
        apply(TALK, parse("key-echo"))


def test_the_request_s_id_goes_with_the_log_id() -> None:
    answer = apply(WORDS, parse("log-id-missing"))
    assert answer.body == WORDS.body.replace(b'"request_id":"mine",', b"")


def test_each_frame_is_coded_when_it_is_due() -> None:
    answer = apply(TALK, parse("gzip"))
    assert answer.header("content-encoding") == "gzip"
    decoder = zlib.decompressobj(wbits=31)
    decoded = [(at, decoder.decompress(piece)) for at, piece in answer.chunks]
    assert tuple(decoded) == (*TALK.chunks, (4.0, b""))
    assert decoder.eof


def test_a_coded_body_is_broken_no_further() -> None:
    with pytest.raises(FaultError, match="framed or coded already"):
        apply(TALK, parse(["gzip", "glue"]))
    with pytest.raises(FaultError, match="without a body that is not coded"):
        apply(TALK, parse(["gzip", "gzip"]))


def test_all_frames_come_with_the_last() -> None:
    assert apply(TALK, parse("burst")).chunks == ((4.0, TALK.body),)


def test_a_response_without_pauses_has_no_burst() -> None:
    with pytest.raises(FaultError, match="without frames at different times"):
        apply(stream(A + DONE), parse("burst"))
