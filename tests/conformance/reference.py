"""Good exchanges, one for each probe, in the form that recordings of the service have.

The words are made up. The form is that of charmbracelet/fantasy's recordings of glm-4.7-flash
(2026-03-13) and, for the headers, of SamyRai/go-z-ai's (2026-07-10).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from mockglm.conformance.probes import CHAT_PROBES, PROBES
from mockglm.conformance.target import Target
from mockglm.conformance.verdicts import RunEvidence
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange, Headers, Response

KEY = "0123456789abcdef0123456789abcdef.AbCdEfGhIjKlMnOp"
STARTED = 1785283200.0
TARGET = Target(
    "http://127.0.0.1:9/api/paas/v4",
    "glm-4.6",
    KEY,
    run="a1b2c3",
    started=STARTED,
    deterministic=True,
    failing=True,
)
COUNT = "one two three four five six seven eight nine ten"
HEADERS: Headers = (
    ("Date", "Wed, 29 Jul 2026 00:00:01 GMT"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Log-Id", "20260729080000f0ab19f8cb470c01"),
)
STREAM_TYPE = ("Content-Type", "text/event-stream;charset=UTF-8")
JSON_TYPE = ("Content-Type", "application/json; charset=UTF-8")

Deltas = Iterable[Mapping[str, Any]]


def dump(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def usage(prompt: int, completion: int, reasoning: int = 0) -> dict[str, Any]:
    return {
        "completion_tokens": completion,
        "completion_tokens_details": {"reasoning_tokens": reasoning},
        "prompt_tokens": prompt,
        "prompt_tokens_details": {"cached_tokens": 4},
        "total_tokens": prompt + completion,
    }


def text(content: str, key: str = "content") -> list[dict[str, Any]]:
    """Deltas of four characters each."""
    pieces = (content[i : i + 4] for i in range(0, len(content), 4))
    return [{"role": "assistant", key: piece} for piece in pieces]


def call(index: int, arguments: str, name: str = "get_weather") -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    id = f"call_417fb00c5b2d4aada7fa666{index}"
    return {"tool_calls": [{"id": id, "index": index, "type": "function", "function": function}]}


def chunk(choice: Mapping[str, Any], **more: Any) -> bytes:
    head = {
        "id": "20260729080000f0ab19f8cb470c01",
        "created": int(STARTED),
        "object": "chat.completion.chunk",
        "model": "glm-4.6",
    }
    return b"data: " + dump({**head, "choices": [{"index": 0, **choice}], **more}) + b"\n\n"


def stream(deltas: Deltas, finish: str, counted: Mapping[str, Any]) -> Response:
    """A stream whose frames come 20 ms apart."""
    last = {"finish_reason": finish, "delta": {"role": "assistant", "content": ""}}
    frames = [chunk({"delta": delta}) for delta in deltas]
    frames += [chunk(last, usage=counted), b"data: [DONE]\n\n"]
    pieces = tuple((0.4 + 0.02 * i, frame) for i, frame in enumerate(frames))
    return Response(200, (STREAM_TYPE, *HEADERS), pieces, head=0.3)


def broken(deltas: Deltas, code: str, message: str) -> Response:
    """A stream that ends with an error."""
    error = b"data: " + dump({"error": {"code": code, "message": message}}) + b"\n\n"
    frames = [*(chunk({"delta": delta}) for delta in deltas), error, b"data: [DONE]\n\n"]
    pieces = tuple((0.4 + 0.02 * i, frame) for i, frame in enumerate(frames))
    return Response(200, (STREAM_TYPE, *HEADERS), pieces, head=0.3)


def plain(message: Mapping[str, Any], finish: str, counted: Mapping[str, Any]) -> Response:
    body = {
        "choices": [
            {"finish_reason": finish, "index": 0, "message": {**message, "role": "assistant"}}
        ],
        "created": int(STARTED) + 1,
        "id": "20260729080000f0ab19f8cb470c01",
        "model": "glm-4.6",
        "object": "chat.completion",
        "request_id": "mockglm-a1b2c3-NAME",
        "usage": counted,
    }
    return Response(200, (JSON_TYPE, *HEADERS), ((0.9, dump(body)),), head=0.9)


def refusal(status: int, code: str, message: str) -> Response:
    body = dump({"error": {"code": code, "message": message}})
    return Response(status, (JSON_TYPE, *HEADERS), ((0.1, body),), head=0.1)


def spring(status: int, error: str) -> Response:
    body = {
        "timestamp": "2026-07-29T00:00:01.210+00:00",
        "status": status,
        "error": error,
        "path": "/v4/chat/no-such-path",
    }
    return Response(status, (JSON_TYPE, *HEADERS), ((0.1, dump(body)),), head=0.1)


def plain_call(index: int, city: str) -> dict[str, Any]:
    return {
        "function": {"arguments": f'{{"city":"{city}"}}', "name": "get_weather"},
        "id": f"call_-780724995418698483{index}",
        "index": index,
        "type": "function",
    }


def _answers() -> dict[str, Response]:
    unknown = refusal(400, "1211", "模型不存在，请检查模型代码。")
    thought = "Let me count: s-t-r-a-w-b-e-r-r-y."
    fragments: list[dict[str, Any]] = [
        call(0, ""),
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"city"'}}]},
        {"tool_calls": [{"index": 0, "function": {"arguments": ':"Beijing"}'}}]},
    ]
    return {
        "plain": plain({"content": COUNT}, "stop", usage(21, 11)),
        "stream": stream(text(COUNT), "stop", usage(21, 11)),
        "thinking": stream(
            [*text(thought, "reasoning_content"), *text("3 times")], "stop", usage(24, 20, 16)
        ),
        "thinking-plain": plain(
            {"content": "3", "reasoning_content": thought}, "stop", usage(24, 20, 16)
        ),
        "tools": stream(
            [
                *text("I will look."),
                call(0, '{"city":"Beijing"}'),
                call(1, '{"city":"Shanghai"}'),
            ],
            "tool_calls",
            usage(170, 30),
        ),
        "tools-plain": plain(
            {"content": "", "tool_calls": [plain_call(7, "Beijing"), plain_call(6, "Shanghai")]},
            "tool_calls",
            usage(170, 30),
        ),
        "tool-stream": stream(fragments, "tool_calls", usage(170, 12)),
        "tool-result": plain({"content": "It is sunny in Beijing."}, "stop", usage(200, 9)),
        "length": stream(text("one two three four five six"), "length", usage(31, 8)),
        "length-plain": plain({"content": "one two three four five six"}, "length", usage(31, 8)),
        "stop": stream(text("one two three four five "), "stop", usage(21, 6)),
        "replay": plain({"content": "2"}, "stop", usage(40, 2)),
        "echo": stream(text("alpha 你好 😀 \u2028 omega"), "stop", usage(25, 9)),
        "failing": broken(text("one two "), "1234", "网络错误"),
        "bad-key": refusal(401, "401", "令牌已过期或验证不正确"),
        "no-key": refusal(401, "1001", "Header中未收到Authorization参数，无法进行身份验证。"),
        "bad-model": unknown,
        "bad-model-stream": unknown,
        "no-messages": refusal(400, "1214", "messages 参数非法。请检查文档。"),
        "bad-json": refusal(400, "1210", "API 调用参数有误，请检查文档。"),
        "bad-role": refusal(400, "1214", "角色信息不正确"),
        "bad-temperature": refusal(400, "1210", "API 调用参数有误，请检查文档。"),
        "bad-path": spring(404, "Not Found"),
        "bad-method": spring(405, "Method Not Allowed"),
        "jwt": plain({"content": "Hi!"}, "stop", usage(6, 3)),
        "jwt-expired": refusal(401, "1003", "Authentication Token 已过期，请重新生成/获取"),
        "afterwards": plain({"content": "Hi!"}, "stop", usage(6, 3)),
        "ceiling": refusal(400, "1210", "max_tokens参数非法：限制数值范围[1,131072]"),
        "overflow": refusal(400, "1261", "Prompt exceeds max length"),
        "burst": refusal(429, "1302", "您的账户已达到速率限制，请您控制请求频率"),
    }


def _named(name: str, answer: Response) -> Response:
    """The answer with the request_id of its probe."""
    pieces = ((at, piece.replace(b"NAME", name.encode())) for at, piece in answer.chunks)
    return replace(answer, chunks=tuple(pieces))


ANSWERS: Mapping[str, Response] = {name: _named(name, found) for name, found in _answers().items()}


def exchange(name: str, answer: Response | None = None, error: str = "") -> Exchange:
    """The exchange of a probe, with the reference's answer or another."""
    probe = PROBES[name]
    if probe.fills_context:
        probe = PROBES["plain"]
    request = TARGET.request(probe)
    return Exchange(request, answer or (None if error else ANSWERS[name]), STARTED, error)


def view(name: str, answer: Response | None = None, error: str = "") -> ExchangeView:
    """The exchange of a probe as the checks read it."""
    return ExchangeView(name, exchange(name, answer, error))


# Views are pure and keep what they have read, so that all tests can share those of the reference.
_VIEWS: Mapping[str, ExchangeView] = {probe.name: view(probe.name) for probe in CHAT_PROBES}
_COPY = ExchangeView("burst-2", exchange("burst", ANSWERS["stream"]))


def evidence(changed: Mapping[str, Exchange] | None = None) -> RunEvidence:
    """The evidence of a whole run, some exchanges of it changed."""
    views = {name: ExchangeView(name, found) for name, found in (changed or {}).items()}
    return RunEvidence({**_VIEWS, **views}, TARGET.capabilities, (_COPY,))


def evidence_of_one_answer(answer: Response | None) -> RunEvidence:
    """The evidence of a run in which every probe had the same answer; None for no answer."""
    error = "" if answer else "ConnectError: connection refused"
    views = {probe.name: view(probe.name, answer, error) for probe in CHAT_PROBES}
    return RunEvidence(views, TARGET.capabilities)
