"""Good exchanges of the Anthropic surface, one for each probe, in the form of public captures.

The words are made up. The form is that of dyyz1993/llm-flux-gateway's stream of text (2026-01-03)
and call (2026-01-07), of a public proxy log of open.bigmodel.cn (2026-08-06) and, for thinking, of
a Claude Code transcript (2026-02-04).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mockglm.conformance.message_view import MessageView
from mockglm.conformance.probes import MESSAGE_PROBES, PROBES
from mockglm.conformance.target import Target
from mockglm.conformance.verdicts import RunEvidence
from mockglm.exchange import Exchange, Headers, Response
from tests.conformance.reference import COUNT, KEY, STARTED, dump

TARGET = Target(
    "http://127.0.0.1:9/api/anthropic",
    "glm-4.6",
    KEY,
    run="a1b2c3",
    started=STARTED,
    deterministic=True,
    failing=True,
)
LOG_ID = "20260729080000f0ab19f8cb470c01"
HEADERS: Headers = (
    ("Date", "Wed, 29 Jul 2026 00:00:01 GMT"),
    ("Strict-Transport-Security", "max-age=31536000; includeSubDomains"),
    ("X-Log-Id", LOG_ID),
)
STREAM_TYPE = ("Content-Type", "text/event-stream; charset=utf-8")
JSON_TYPE = ("Content-Type", "application/json")
REFUSAL_TYPE = ("Content-Type", "text/event-stream;charset=UTF-8")
SIGNATURE = "0ccb904b724f48fab1d8d808"

Block = Mapping[str, Any]
Blocks = Sequence[tuple[Block, Sequence[Block]]]


def usage(prompt: int, output: int) -> dict[str, Any]:
    return {
        "input_tokens": prompt,
        "output_tokens": output,
        "cache_read_input_tokens": 0,
        "server_tool_use": {"web_search_requests": 0},
        "service_tier": "standard",
    }


def head(content: Sequence[Block] = (), stop_reason: str | None = None) -> dict[str, Any]:
    return {
        "id": f"msg_{LOG_ID}",
        "type": "message",
        "role": "assistant",
        "model": "glm-4.6",
        "content": list(content),
        "stop_reason": stop_reason,
        "stop_sequence": None,
    }


def text(content: str) -> tuple[Block, Sequence[Block]]:
    """A block of text in deltas of four characters each."""
    pieces = (content[i : i + 4] for i in range(0, len(content), 4))
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": p} for p in pieces]


def thinking(content: str) -> tuple[Block, Sequence[Block]]:
    pieces = (content[i : i + 4] for i in range(0, len(content), 4))
    deltas: list[Block] = [{"type": "thinking_delta", "thinking": p} for p in pieces]
    deltas.append({"type": "signature_delta", "signature": SIGNATURE})
    return {"type": "thinking", "thinking": "", "signature": ""}, deltas


def call(number: int, *fragments: str) -> tuple[Block, Sequence[Block]]:
    id = f"call_326f82523b21434ba5dfe82{number}"
    opened = {"type": "tool_use", "id": id, "name": "get_weather", "input": {}}
    return opened, [{"type": "input_json_delta", "partial_json": part} for part in fragments]


def plain_call(number: int, city: str) -> Block:
    return {**call(number)[0], "input": {"city": city}}


def event(name: str, **fields: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), dump({"type": name, **fields}))


def frames(blocks: Blocks) -> list[bytes]:
    """The events of a stream up to its last block."""
    start = {**head(), "usage": {"input_tokens": 0, "output_tokens": 0}}
    found = [event("message_start", message=start), event("ping")]
    for index, (opened, deltas) in enumerate(blocks):
        found.append(event("content_block_start", index=index, content_block=opened))
        found += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        found.append(event("content_block_stop", index=index))
    return found


def stream(blocks: Blocks, stop_reason: str, counted: Mapping[str, Any]) -> Response:
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    ending = [event("message_delta", delta=delta, usage=counted), event("message_stop")]
    return paced([*frames(blocks), *ending])


def paced(pieces: Iterable[bytes]) -> Response:
    """A stream whose frames come 20 ms apart."""
    timed = tuple((0.4 + 0.02 * number, piece) for number, piece in enumerate(pieces))
    return Response(200, (STREAM_TYPE, *HEADERS), timed, head=0.3)


def plain(content: Sequence[Block], stop_reason: str, counted: Mapping[str, Any]) -> Response:
    body = {**head(content, stop_reason), "usage": counted}
    return json_answer(200, body)


def json_answer(status: int, body: Any, content_type: tuple[str, str] = JSON_TYPE) -> Response:
    return Response(status, (content_type, *HEADERS), ((0.9, dump(body)),), head=0.9)


def envelope(status: int, kind: str, code: str, message: str) -> Response:
    error = {"type": kind, "code": code, "message": f"[{code}][{message}][{LOG_ID}]"}
    body = {"type": "error", "error": error, "request_id": LOG_ID}
    # A 400 is labelled as a stream (lazygophers/aidog, 2026-07-02).
    return json_answer(status, body, REFUSAL_TYPE if status == 400 else JSON_TYPE)


def _answers() -> dict[str, Response]:
    unknown = envelope(
        400, "invalid_request_error", "1211", "Unknown Model, please check the model code."
    )
    wrong_key = json_answer(401, {"error": {"message": "令牌已过期或验证不正确", "type": "401"}})
    limit = "max_tokens参数非法：限制数值范围[1,131072]"
    missing = {"type": "missing", "loc": ["body", "tools", 0, "name"], "msg": "Field required"}
    failure = {"type": "overloaded_error", "code": "500", "message": f"[500][failed][{LOG_ID}]"}
    models = [
        {
            "created_at": f"2026-0{number}-11T00:00:00Z",
            "display_name": name.upper(),
            "id": name,
            "type": "model",
        }
        for number, name in enumerate(("glm-4.6", "glm-5.2"), 1)
    ]
    hi = plain([{"type": "text", "text": "Hi!"}], "end_turn", usage(6, 3))
    return {
        "message": plain([{"type": "text", "text": COUNT}], "end_turn", usage(21, 11)),
        "message-stream": stream([text(COUNT)], "end_turn", usage(21, 11)),
        "message-thinking": stream(
            [thinking("s-t-r-a-w-b-e-r-r-y."), text("3")], "end_turn", usage(24, 20)
        ),
        "message-tools": stream(
            [
                text("I will look."),
                call(7, '{"city":"Beijing"}'),
                call(8, '{"city":', '"Shanghai"}'),
            ],
            "tool_use",
            usage(170, 30),
        ),
        "message-tools-plain": plain(
            [plain_call(7, "Beijing"), plain_call(8, "Shanghai")], "tool_use", usage(170, 30)
        ),
        "message-result": plain(
            [{"type": "text", "text": "It is sunny."}], "end_turn", usage(200, 9)
        ),
        "message-length": stream([text("one two three four")], "max_tokens", usage(31, 8)),
        "message-failing": paced([*frames([text("one two ")]), event("error", error=failure)]),
        "message-overload": envelope(529, "overloaded_error", "1305", "该模型当前访问量过大"),
        "message-count": json_answer(200, {"input_tokens": 21}),
        "message-models": json_answer(
            200,
            {"data": models, "firstId": "glm-4.6", "hasMore": False, "lastId": "glm-5.2"},
        ),
        "message-bad-key": wrong_key,
        "message-no-key": wrong_key,
        "message-bad-model": unknown,
        "message-bad-model-stream": unknown,
        "message-bad-limit": envelope(400, "invalid_request_error", "1210", limit),
        "message-bad-shape": json_answer(422, {"detail": [{**missing, "input": {}}]}),
        "message-bearer": hi,
        "message-overflow": plain(
            [{"type": "text", "text": ""}],
            "model_context_window_exceeded",
            {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0},
        ),
        "message-burst": envelope(
            429, "rate_limit_error", "1302", "您的账户已达到速率限制，请您控制请求频率"
        ),
    }


MESSAGE_ANSWERS: Mapping[str, Response] = _answers()


def exchange(name: str, answer: Response | None = None, error: str = "") -> Exchange:
    """The exchange of a probe, with the reference's answer or another."""
    probe = PROBES["message" if PROBES[name].fills_context else name]
    request = TARGET.request(probe)
    return Exchange(request, answer or (None if error else MESSAGE_ANSWERS[name]), STARTED, error)


def view(name: str, answer: Response | None = None, error: str = "") -> MessageView:
    """The exchange of a probe as the checks read it."""
    return MessageView(name, exchange(name, answer, error))


_VIEWS: Mapping[str, MessageView] = {probe.name: view(probe.name) for probe in MESSAGE_PROBES}


_COPY = MessageView("message-burst-2", exchange("message-burst", MESSAGE_ANSWERS["message-stream"]))


def evidence(changed: Mapping[str, Exchange] | None = None) -> RunEvidence:
    """The evidence of a whole run, some exchanges of it changed."""
    views = {name: MessageView(name, found) for name, found in (changed or {}).items()}
    return RunEvidence({**_VIEWS, **views}, TARGET.capabilities, (_COPY,))


def evidence_of_one_answer(answer: Response | None) -> RunEvidence:
    """The evidence of a run in which every probe had the same answer; None for no answer."""
    error = "" if answer else "ConnectError: connection refused"
    views = {probe.name: view(probe.name, answer, error) for probe in MESSAGE_PROBES}
    return RunEvidence(views, TARGET.capabilities)
