"""Small answers for the tests of faults, frame by frame."""

from __future__ import annotations

from mockglm.exchange import Response

STREAM_HEADERS = (("Content-Type", "text/event-stream;charset=UTF-8"), ("X-Log-Id", "20260101ab"))
JSON_HEADERS = (("Content-Type", "application/json; charset=UTF-8"), ("X-Log-Id", "20260101ab"))


def chunk(rest: str, id: str = "20260101ab") -> bytes:
    """A frame; `rest` is what follows `choices` in it."""
    return (
        f'data: {{"id":"{id}","created":1767225600,"object":"chat.completion.chunk",'
        f'"model":"glm-4.6","choices":[{rest}}}\n\n'
    ).encode()


def said(delta: str) -> bytes:
    """A frame with a delta."""
    return chunk(f'{{"index":0,"delta":{delta}}}]')


USAGE = '"usage":{"prompt_tokens":6,"completion_tokens":9,"total_tokens":15}'


def last(reason: str, usage: str = "," + USAGE) -> bytes:
    """A frame with a finish reason, and usage."""
    empty = '{"role":"assistant","content":""}'
    return chunk(f'{{"index":0,"finish_reason":"{reason}","delta":{empty}}}]{usage}')


def called(index: int, arguments: str, id: str) -> bytes:
    """A frame with a whole call of `look`; the arguments as they stand in the JSON."""
    return said(
        f'{{"tool_calls":[{{"id":"{id}","index":{index},"type":"function","function":'
        f'{{"name":"look","arguments":"{arguments}"}}}}]}}'
    )


R = said('{"role":"assistant","reasoning_content":"想"}')
A = said('{"role":"assistant","content":"你好"}')
B = said('{"role":"assistant","content":"吗"}')
T = called(0, '{\\"a\\":1}', "call_0")
U = called(1, '{\\"b\\":2}', "call_1")
STOP = last("stop")
CALLS = last("tool_calls")
DONE = b"data: [DONE]\n\n"


def stream(*frames: bytes, every: float = 1.0) -> Response:
    """A stream with each frame in a piece of its own, so many seconds apart."""
    pieces = tuple((every * index, frame) for index, frame in enumerate(frames))
    return Response(200, STREAM_HEADERS, pieces)


def plain(message: str, reason: str = "stop", usage: str = "," + USAGE) -> Response:
    """A JSON answer."""
    return whole(f'[{{"finish_reason":"{reason}","index":0,"message":{message}}}]', usage)


def whole(choices: str, usage: str = "," + USAGE) -> Response:
    """A JSON answer with any choices."""
    body = (
        f'{{"choices":{choices},"created":1767225600,"id":"20260101ab","model":"glm-4.6",'
        f'"object":"chat.completion","request_id":"mine"{usage}}}'
    )
    return Response(200, JSON_HEADERS, ((1.0, body.encode()),))


TALK = stream(R, A, B, STOP, DONE)
TOOLS = stream(R, A, T, U, CALLS, DONE)
WORDS = plain('{"content":"你好吗","reasoning_content":"想","role":"assistant"}')
CALLED = plain(
    '{"role":"assistant","content":"","tool_calls":[{"function":{"arguments":"{\\"a\\":1}",'
    '"name":"look"},"id":"call_-7","index":0,"type":"function"}]}',
    "tool_calls",
)
PIECES = stream(
    said(
        '{"tool_calls":[{"id":"call_0","index":0,"type":"function","function":'
        '{"name":"look","arguments":""}}]}'
    ),
    said('{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\""}}]}'),
    said('{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}'),
    CALLS,
    DONE,
)


def refusal(body: str) -> Response:
    """An error."""
    return Response(429, JSON_HEADERS, ((0.0, body.encode()),))


ERROR = refusal('{"error":{"code":"1302","message":"慢一点"}}')
