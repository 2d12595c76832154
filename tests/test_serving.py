"""The protocol below uvicorn, on a real socket: framing, the end, pipelining."""

from __future__ import annotations

import pytest

from tests.serving import post, serving

SLOW = """
format: 1
interactions:
  - when: {user: 慢}
    reply: {content: 一二三四五六七八, pace: {first: 0.01, every: 0.01}}
  - when: {user: 快}
    reply: {content: 好}
"""


def asked(text: str, *more: str, stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": text}]
    body = {"model": "glm-4.6", "messages": messages, "stream": stream}
    return post(body, "/api/paas/v4/chat/completions", *more)


@pytest.mark.parametrize("stream", [False, True])
def test_a_connection_that_the_client_wants_closed_is(stream: bool) -> None:
    with serving(SLOW) as served:
        got, ended = served.raw(asked("快", "Connection: close", stream=stream))
    head, _, body = got.partition(b"\r\n\r\n")
    assert ended == "FIN"
    assert head.endswith(b"\r\nconnection: close")
    assert body.endswith(b"0\r\n\r\n") is stream


def test_a_head_has_no_body() -> None:
    with serving() as served:
        request = b"HEAD /api/paas/v4/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        got, ended = served.raw(request)
    head, _, body = got.partition(b"\r\n\r\n")
    assert (ended, body) == ("FIN", b"")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-length: " in head


def test_pipelined_requests_are_answered_whole_and_in_order() -> None:
    requests = (
        asked("慢", stream=True),
        asked("快"),
        asked("慢", stream=True),
        asked("快", "Connection: close"),
    )
    with serving(SLOW, speed=1, on_miss="error") as served:
        got, ended = served.raw(b"".join(requests))
    assert ended == "FIN"
    kinds = [b"event-stream" in part for part in got.split(b"HTTP/1.1 ")[1:]]
    assert kinds == [True, False, True, False]
    assert got.count(b"data: [DONE]\n\n\r\n0\r\n\r\n") == 2
    assert got.count(b'"content":"\xe4\xb8\x80\xe4\xba\x8c\xe4\xb8\x89\xe5\x9b\x9b"') == 2
    assert got.count(b'"content":"\xe5\xa5\xbd"') == 2
