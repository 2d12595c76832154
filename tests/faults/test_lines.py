"""The bytes that arrive: faults of the lines and characters that the frames of a stream are made of."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import A, B, DONE, R, STOP, TALK, said

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    ("empty-data", TALK, R + b"data: \n\n" + A + B + STOP + DONE),
    ("tail", TALK, R + A + B + STOP + DONE + b'data: {"choices":[],"cost":"0"}\n\n'),
    (
        "sentinel",
        TALK,
        R
        + b'data: {"id":"","object":"","created":0,"model":"","choices":[]}\n\n'
        + A
        + B
        + STOP
        + DONE,
    ),
    ("comment", TALK, R + b": keep-alive\n\n" + A + B + STOP + DONE),
    (
        "crlf",
        TALK,
        (
            'data: {"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","mode'
            'l":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"'
            '想"}}]}\r\n\r\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completion.ch'
            'unk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"'
            '你好"}}]}\r\n\r\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completion.c'
            'hunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":'
            '"吗"}}]}\r\n\r\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completion.c'
            'hunk","model":"glm-4.6","choices":[{"index":0,"finish_reason":"stop","delta":{"role"'
            ':"assistant","content":""}}],"usage":{"prompt_tokens":6,"completion_tokens":9,"total'
            '_tokens":15}}\r\n\r\ndata: [DONE]\r\n\r\n'
        ).encode(),
    ),
    (
        "bom",
        TALK,
        (
            '\ufeffdata: {"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","mod'
            'el":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":'
            '"想"}}]}\n\n'
        ).encode()
        + A
        + B
        + STOP
        + DONE,
    ),
    (
        "no-space",
        TALK,
        (
            'data:{"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","model'
            '":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","reasoning_content":"想'
            '"}}]}\n\n'
        ).encode()
        + (
            'data:{"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","model'
            '":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"你好"}}]}\n\n'
        ).encode()
        + (
            'data:{"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","model'
            '":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"吗"}}]}\n\n'
        ).encode()
        + b'data:{"id":"20260101ab","created":1767225600,"object":"chat.completion.chunk","model'
        b'":"glm-4.6","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"assistant"'
        b',"content":""}}],"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}'
        b"}\n\n" + b"data:[DONE]\n\n",
    ),
    (
        "data-lines",
        TALK,
        (
            'data: {\ndata: "id":"20260101ab","created":1767225600,"object":"chat.completion.chunk'
            '","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","reasoning_con'
            'tent":"想"}}]}\n\n'
        ).encode()
        + (
            'data: {\ndata: "id":"20260101ab","created":1767225600,"object":"chat.completion.chunk'
            '","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"你好"'
            "}}]}\n\n"
        ).encode()
        + (
            'data: {\ndata: "id":"20260101ab","created":1767225600,"object":"chat.completion.chunk'
            '","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"吗"}'
            "}]}\n\n"
        ).encode()
        + b'data: {\ndata: "id":"20260101ab","created":1767225600,"object":"chat.completion.chunk'
        b'","model":"glm-4.6","choices":[{"index":0,"finish_reason":"stop","delta":{"role":"as'
        b'sistant","content":""}}],"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tok'
        b'ens":15}}\n\n' + DONE,
    ),
    ("unterminated", TALK, R + A + B + STOP + b"data: [DONE]\n"),
    (
        "unknown-field",
        TALK,
        R
        + (
            'trace: 1\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completion.chu'
            'nk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","content":"你'
            '好"}}]}\n\n'
        ).encode()
        + B
        + STOP
        + DONE,
    ),
    (
        "event-name",
        TALK,
        (
            'event: message\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completi'
            'on.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","reaso'
            'ning_content":"想"}}]}\n\n'
        ).encode()
        + (
            'event: message\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completi'
            'on.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","conte'
            'nt":"你好"}}]}\n\n'
        ).encode()
        + (
            'event: message\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completi'
            'on.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assistant","conte'
            'nt":"吗"}}]}\n\n'
        ).encode()
        + b'event: message\ndata: {"id":"20260101ab","created":1767225600,"object":"chat.completi'
        b'on.chunk","model":"glm-4.6","choices":[{"index":0,"finish_reason":"stop","delta":{"r'
        b'ole":"assistant","content":""}}],"usage":{"prompt_tokens":6,"completion_tokens":9,"t'
        b'otal_tokens":15}}\n\n' + b"event: message\ndata: [DONE]\n\n",
    ),
    (
        "utf8-split",
        TALK,
        b'data: {"id":"20260101ab","created":1767225600,"object":"chat.completio'
        b'n.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assi'
        b'stant","reasoning_content":"\xe6"}}]}\n\n'
        + b'data: {"id":"20260101ab","created":1767225600,"object":"chat.completio'
        b'n.chunk","model":"glm-4.6","choices":[{"index":0,"delta":{"role":"assi'
        b'stant","reasoning_content":"\x83\xb3"}}]}\n\n' + A + B + STOP + DONE,
    ),
    (
        "surrogate-split",
        TALK,
        said('{"role":"assistant","reasoning_content":"想\\ud83d"}')
        + said('{"role":"assistant","reasoning_content":"\\ude00"}')
        + A
        + B
        + STOP
        + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
