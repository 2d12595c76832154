"""The lines of a batch: their rules, and the run of each through the pipeline of chats.

Assumed: the order of the keys in lines of output, which are documented but in no recording.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn

import msgspec
from msgspec import Raw, Struct

from mockglm.clock import Ids
from mockglm.endpoints.async_chat import CHAT_WITHOUT_STREAM
from mockglm.endpoints.call import Call
from mockglm.exchange import Request, Response
from mockglm.server import RequestContext
from mockglm.server.pipeline import charge, run
from mockglm.surfaces import CHAT
from mockglm.validation import decode_json

URL = "/v4/chat/completions"
MAX_LINES = 50_000
"""Lines of the largest batch (docs.bigmodel.cn)."""
MIN_CUSTOM_ID = 6
"""Characters of the shortest custom_id (docs.bigmodel.cn; 1210 for shorter ones is reported)."""

MODELS = (
    *("glm-5.1", "glm-5-turbo", "glm-4", "glm-4-0520", "glm-4-plus", "glm-4-long"),
    *("glm-4-plus-0111", "glm-4-air", "glm-4-air-0111", "glm-4-air-250414", "glm-4-flash"),
    *("glm-4-flashx-250414", "glm-3-turbo", "glm-4v", "glm-4v-plus", "glm-5v-turbo"),
    *("glm-4v-plus-0111", "cogview-3", "cogview-3-plus", "cogview-4-250304", "embedding-2"),
    *("embedding-3", "cogvideox", "cogvideox-2"),
)
"""The models that the refusal of others names, in its order (captured, 2026-10)."""


class BatchLine(Struct):
    """One line of an input file."""

    custom_id: str = ""
    method: str = "POST"
    url: str = URL
    body: Raw = Raw(b"{}")


class LineResult(Struct, frozen=True):
    """The result of a line: the line of the output file, and the seconds that it took."""

    text: bytes
    seconds: float
    has_failed: bool


class _Model(Struct):
    model: str = ""


def split_lines(content: bytes) -> Iterator[bytes]:
    """The lines of a file that are not blank."""
    return (line for line in content.split(b"\n") if line.strip())


def check_lines(call: Call, content: bytes) -> int:
    """Check the lines of an input file and count them; refuse the call for the first mistake."""
    seen: set[str] = set()
    for number, text in enumerate(split_lines(content), 1):
        line = _decode(call, text, number)
        if len(line.custom_id) < MIN_CUSTOM_ID or line.custom_id in seen:
            _refuse(call, f"第{number}行 custom_id 不合法: {line.custom_id[:64]}")
        seen.add(line.custom_id)
        if number > MAX_LINES:
            _refuse(call, f"请求数量不得超过{MAX_LINES}")
    if not seen:
        call.refuse("1214", field="file")
    return len(seen)


def _decode(call: Call, text: bytes, number: int) -> BatchLine:
    try:
        line = msgspec.json.decode(text, type=BatchLine)
        model = msgspec.json.decode(line.body, type=_Model).model
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        _refuse(call, f"第{number}行不是合法的请求")
    settings, playlist = call.context.session.settings, call.context.session.playlist
    if model not in MODELS and model not in settings.models and model not in playlist.models:
        _refuse(call, f"模型名称错误: {model[:64]}, 目前支持的模型: {', '.join(MODELS)}")
    return line


def _refuse(call: Call, message: str) -> NoReturn:
    """Refuse the call by 1210 with the log id in front, as captured for a wrong model."""
    call.refuse("1210", f"[logID={call.id}] {message}")


def run_line(call: Call, text: bytes, batch: str, *, number: int) -> LineResult:
    """Run a line as a chat of the key of the call, and make the line of the output file."""
    line = msgspec.json.decode(text, type=BatchLine)
    session = call.context.session
    context = RequestContext(
        request=Request("POST", CHAT.path, body=bytes(line.body)),
        session=session,
        ids=Ids(session.settings.seed, batch, number),
        now=call.now,
        started=call.context.started,
        base=call.context.base,
        key=call.key,
    )
    try:
        response = run(CHAT_WITHOUT_STREAM, context)
        assert response is not None, "the last handler of a chat has a response"
        charge(context, response)
    finally:
        context.release()
    return _result(line, response, batch)


def _result(line: BatchLine, response: Response, batch: str) -> LineResult:
    body: Any = decode_json(response.body)
    has_failed = response.status >= 400 or response.end != "done" or not isinstance(body, dict)
    result = {
        "response": {"status_code": response.status, "body": body},
        "custom_id": line.custom_id,
        "id": batch,
    }
    seconds = response.chunks[-1][0] if response.chunks else 0.0
    return LineResult(msgspec.json.encode(result), seconds, has_failed)
