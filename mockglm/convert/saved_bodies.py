"""A saved body read as an answer: what `curl -N` wrote to a file, or `curl -i` with its head.

Nothing is known of the request, nor of when each piece came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from mockglm.completions.renderer import JSON_TYPE, STREAM_TYPE
from mockglm.error_codes import CODES
from mockglm.exchange import End, Headers, Response

_HEAD = re.compile(rb"HTTP/[0-9.]+ ([0-9]{3})[^\n]*\n((?:[^\r\n]+\r?\n)*)\r?\n")
_STREAM = re.compile(rb"^data:", re.MULTILINE)
_ENDED = re.compile(rb"(?:\r?\n){2}\Z|\[DONE\]\s*\Z")

HINT = "save it with `curl -i`, which keeps the status"


def parse_saved_body(saved: bytes) -> Response:
    """The answer that a file holds, all of it at once; the status and headers of its head, or
    those that GLM has for such a body. Raises ValueError where that is not known."""
    status, headers, body = _parted(saved)
    is_stream = bool(_STREAM.search(body))
    if not status:
        status = 200 if is_stream else _status(body)
        headers = (("Content-Type", STREAM_TYPE if is_stream else JSON_TYPE),)
    # An editor takes the last line feeds of a stream away; what broke off lacks more.
    end: End = "close" if is_stream and not _ENDED.search(body) else "done"
    return Response(status, headers, ((0.0, body),) if body else (), end)


def _parted(saved: bytes) -> tuple[int, Headers, bytes]:
    """Status, headers and body; 0 where there is no head. Of several, as curl shows those of a
    proxy and 100 Continue, the last is the answer's."""
    status, lines = 0, b""
    while head := _HEAD.match(saved):
        status, lines, saved = int(head[1]), head[2], saved[head.end() :]
    pairs = (line.partition(":") for line in lines.decode("latin-1").splitlines())
    return status, tuple((name, value.strip()) for name, _, value in pairs), saved


def _status(body: bytes) -> int:
    """The status that GLM answers such a body with."""
    try:
        value: Any = msgspec.json.decode(body)
    except ValueError as error:
        raise ValueError(f"neither a stream nor JSON: {error}; {HINT}") from error
    if isinstance(value, dict) and "choices" in value:
        return 200
    code, is_known = _code(value)
    if not code:
        raise ValueError("neither a cassette nor an answer of a chat: no `choices`, no `error`")
    if not is_known:
        raise ValueError(f"which status {code} comes with is not known: {HINT}")
    return CODES[code].status


def _code(value: Any) -> tuple[str, bool]:
    """The code of an error, "" where it is none, and whether its status is known. The gateway's
    own envelope comes with a status of its own, but for what is wrong with keys."""
    if not isinstance(value, dict):
        return "", False
    if isinstance(value.get("error"), Mapping):
        code = str(value["error"].get("code"))
        return code, code in CODES
    code = str(value["code"]) if "code" in value and "msg" in value else ""
    return code, code in CODES and CODES[code].gateway
