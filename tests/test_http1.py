"""The framing of answers, byte by byte (RFC 9112)."""

from __future__ import annotations

import pytest

from mockglm.exchange import Response
from mockglm.http1 import frame_response, header_fields

DATE = "Sun, 22 Nov 2026 10:00:00 GMT"
JSON = (("Content-Type", "application/json"),)
SSE = (("Content-Type", "text/event-stream"),)
TYPE = f"date: {DATE}\r\ncontent-type: application/json\r\n".encode()
EVENTS = f"date: {DATE}\r\ncontent-type: text/event-stream\r\n".encode()
BODY = ((0.0, b"{}"),)


def test_a_plain_answer_has_the_length_of_its_body() -> None:
    framing = frame_response(Response(200, JSON, ((0.0, b"{"), (1.0, b"}"))), DATE)
    assert framing.head == b"HTTP/1.1 200 OK\r\n" + TYPE + b"content-length: 2\r\n\r\n"
    assert (framing.encode_chunk(b"{"), framing.ending, framing.closes_connection) == (
        b"{",
        b"",
        False,
    )


def test_a_stream_goes_in_chunks() -> None:
    framing = frame_response(Response(200, SSE, ()), DATE)
    assert framing.head == (b"HTTP/1.1 200 OK\r\n" + EVENTS + b"transfer-encoding: chunked\r\n\r\n")
    assert framing.encode_chunk(b"data: 1\n\n") == b"9\r\ndata: 1\n\n\r\n"
    assert (framing.encode_chunk(b""), framing.ending) == (b"", b"0\r\n\r\n")


def test_an_answer_that_will_break_off_goes_in_chunks() -> None:
    framing = frame_response(Response(200, JSON, BODY, end="reset"), DATE)
    assert framing.head.endswith(b"transfer-encoding: chunked\r\n\r\n")


def test_a_content_length_of_a_response_is_kept() -> None:
    framing = frame_response(Response(200, (("Content-Length", "9"), *SSE), BODY), DATE)
    assert b"transfer-encoding" not in framing.head
    assert framing.head.count(b"content-length: 9\r\n") == 1
    assert framing.encode_chunk(b"x") == b"x"


def test_http_1_0_knows_no_chunks_and_the_connection_ends_with_the_stream() -> None:
    framing = frame_response(Response(200, SSE, ()), DATE, version="1.0", keep_alive=False)
    assert framing.head == b"HTTP/1.1 200 OK\r\n" + EVENTS + b"connection: close\r\n\r\n"
    assert (framing.encode_chunk(b"x"), framing.ending, framing.closes_connection) == (
        b"x",
        b"",
        True,
    )


@pytest.mark.parametrize(
    ("answer", "method", "last"),
    [
        (Response(200, JSON, BODY), "HEAD", b"content-length: 2"),
        (Response(200, SSE, BODY), "HEAD", b"transfer-encoding: chunked"),
        (Response(204, JSON, BODY), "POST", b"content-type: application/json"),
        (Response(304, SSE, BODY), "GET", b"content-type: text/event-stream"),
    ],
)
def test_some_answers_end_with_their_head(answer: Response, method: str, last: bytes) -> None:
    framing = frame_response(answer, DATE, method=method)
    assert framing.head.endswith(last + b"\r\n\r\n")
    assert (framing.encode_chunk(b"{}"), framing.ending) == (b"", b"")


@pytest.mark.parametrize(
    ("headers", "stays", "lines", "closes"),
    [
        (JSON, True, 0, False),
        (JSON, False, 1, True),
        ((*JSON, ("Connection", "close")), True, 1, True),
        ((*JSON, ("Connection", "close")), False, 1, True),
        ((*JSON, ("Connection", "keep-alive")), True, 0, False),
    ],
)
def test_connection_close_header_is_sent_once(
    headers: tuple[tuple[str, str], ...], stays: bool, lines: int, closes: bool
) -> None:
    framing = frame_response(Response(200, headers, BODY), DATE, keep_alive=stays)
    assert (framing.head.count(b"connection: close\r\n"), framing.closes_connection) == (
        lines,
        closes,
    )


def test_a_raw_answer_frames_itself_and_is_the_last() -> None:
    framing = frame_response(
        Response(200, (("Transfer-Encoding", "chunked"),), BODY, raw=True), DATE
    )
    head = f"HTTP/1.1 200 OK\r\ndate: {DATE}\r\ntransfer-encoding: chunked\r\n\r\n"
    assert (framing.head, framing.closes_connection) == (head.encode(), True)
    assert framing.encode_chunk(b"zz\r\n") == b"zz\r\n"


def test_an_answer_without_a_head_has_none() -> None:
    assert frame_response(Response(200, JSON, (), end="reset", head=None), DATE).head == b""


def test_its_own_date_is_kept() -> None:
    assert header_fields(Response(200, (("DATE", "never"),), BODY), DATE) == [
        ("date", "never"),
        ("content-length", "2"),
    ]


def test_values_are_latin_1_where_they_can_be_and_else_utf_8() -> None:
    head = frame_response(Response(200, (("X-A", "é"), ("X-B", "晴")), BODY), DATE).head
    assert b"x-a: \xe9\r\nx-b: \xe6\x99\xb4\r\n" in head


@pytest.mark.parametrize(
    ("status", "line"),
    [(429, "429 Too Many Requests"), (413, "413 Request Entity Too Large"), (599, "599 ")],
)
def test_the_status_line_has_the_phrase_there_is(status: int, line: str) -> None:
    assert frame_response(Response(status, JSON, BODY), DATE).head.startswith(
        f"HTTP/1.1 {line}\r\n".encode()
    )
