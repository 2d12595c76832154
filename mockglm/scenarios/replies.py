"""Replies compiled from the file: the meaning of a response, and its division into chunks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from mockglm.completions import Chunking, Renderer
from mockglm.error_codes import CODES, missing_fields
from mockglm.exchange import APIError, Headers, JSONObject, Reply, ToolCall
from mockglm.faults.options import fits_header
from mockglm.http1 import BODILESS
from mockglm.scenarios import schema
from mockglm.scenarios.problems import NodePath, suggestion

WITH_ERROR = ("error", "headers", "pace", "fault", "template", "times")
"""Keys that a reply with `error` can have."""

ERROR_SIBLINGS: Mapping[str, JSONObject] = MappingProxyType(
    {"1301": {"contentFilter": [{"level": 2, "role": "user"}]}}
)
"""Keys that the service adds beside an error of a code; a file can replace them.

1301's is as in public reports; the documentation has the key, without a value
(open.bigmodel.cn/dev/howuse/securityaudit).
"""

WITHOUT_USAGE = ("sensitive", "network_error")
"""Finish reasons of responses without usage, by open.bigmodel.cn/dev/howuse/securityaudit and
a recording of glm-5.2, 2026-07."""

MERGED_BY_KEY = ("headers", "usage")
"""Keys whose mapping in `defaults` is merged with that of a reply; others are replaced."""

FRAMING_HEADERS: Mapping[str, str] = {
    "connection": "the faults `close` and `reset` take `connection: close`",
    "content-length": "the faults `short` and `long` make it wrong",
    "keep-alive": "the faults `close` and `reset` end the connection",
    "transfer-encoding": "the fault `bad-chunk-size` breaks it",
}
"""Headers that frame the body on a connection, with a hint at the faults that break them."""

_ERROR_KEYS = ("code", "status", "message", "contentFilter")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def merge_defaults(defaults: schema.ReplySpec, reply: schema.ReplySpec) -> schema.ReplySpec:
    """Fill in the keys that a reply leaves out; an error takes only those that it can have."""
    merged: dict[str, Any] = {}
    for name in schema.ReplySpec.__struct_fields__:
        value, default = getattr(reply, name), getattr(defaults, name)
        if name in MERGED_BY_KEY and isinstance(value, dict) and isinstance(default, dict):
            merged[name] = default | value
        elif value is UNSET and (reply.error is UNSET or name in WITH_ERROR):
            merged[name] = default
        else:
            merged[name] = value
    return schema.ReplySpec(**merged)


def compile_reply(reply: schema.ReplySpec, place: NodePath) -> Renderer:
    """Compile a reply into its renderer and report its mistakes."""
    lines = compile_headers(reply.headers, place.at("headers"))
    if reply.error is not UNSET:
        for name in schema.ReplySpec.__struct_fields__:
            if name not in WITH_ERROR and getattr(reply, name) is not UNSET:
                place.at(name).report(f"`{name}` beside `error`: an error has no `{name}`")
        failure = _compile_error(reply.error, place.at("error"))
        return Renderer(Reply(usage=None, error=failure), headers=lines)
    return Renderer(_compile_message(reply), _compile_chunking(reply.chunks), lines)


def compile_headers(
    written: Mapping[str, str | list[str]] | UnsetType | None, place: NodePath
) -> Headers:
    """Compile header lines and report mistakes; a name with several values has a line for each."""
    lines: list[tuple[str, str]] = []
    for name, value in (written or {}).items():
        values = [value] if isinstance(value, str) else value
        lines.extend((name, text) for text in values)
        if not _TOKEN.fullmatch(name):
            place.at(name).report(f"`{name}` is not a header name")
        if not all(map(fits_header, values)):
            place.at(name).report(f"the header `{name}` has an invalid character")
        if name.lower() in FRAMING_HEADERS:
            hint = FRAMING_HEADERS[name.lower()]
            place.at(name).report(
                f"`{name}` cannot be set, because mockglm frames the body; {hint}"
            )
    return tuple(lines)


def _compile_message(reply: schema.ReplySpec) -> Reply:
    calls = tuple(map(_compile_call, reply.tool_calls or ()))
    finish = reply.finish_reason or ("tool_calls" if calls else "stop")
    return Reply(
        content=_compile_content(reply),
        reasoning=reply.reasoning or None,
        calls=calls,
        finish_reason=finish,
        usage=_compile_usage(reply.usage, finish),
        web_search=tuple(reply.web_search or ()),
        content_filter=tuple(map(msgspec.structs.asdict, reply.content_filter or ())),
    )


def _compile_content(reply: schema.ReplySpec) -> str | None:
    """The text of a reply, joined from its chunks if only these are written."""
    if not isinstance(reply.content, UnsetType):
        return reply.content
    chunks = reply.chunks
    pieces = chunks.content if isinstance(chunks, schema.ChunksSpec) else chunks
    return "".join(pieces) if isinstance(pieces, list) else ""


def _compile_usage(written: Any, finish: str) -> JSONObject | None:
    if isinstance(written, dict):
        return written
    return None if written == "none" or finish in WITHOUT_USAGE else {}


def _compile_call(call: schema.ToolCallSpec) -> ToolCall:
    arguments = call.arguments
    if not isinstance(arguments, str):
        arguments = msgspec.json.encode(arguments).decode()
    return ToolCall(call.name, arguments, call.id)


def _compile_chunking(chunks: int | list[str] | schema.ChunksSpec | UnsetType) -> Chunking:
    if isinstance(chunks, UnsetType):
        return Chunking()
    if isinstance(chunks, int):
        return Chunking(chunks, chunks, chunks)
    if isinstance(chunks, list):
        return Chunking(tuple(chunks))
    arguments = None if isinstance(chunks.arguments, UnsetType) else chunks.arguments
    return Chunking(
        _pieces(chunks.content),
        _pieces(chunks.reasoning),
        None if arguments is None else _pieces(arguments),
    )


def _pieces(written: int | list[str]) -> int | tuple[str, ...]:
    return tuple(written) if isinstance(written, list) else written


def _compile_error(written: str | schema.ErrorSpec, place: NodePath) -> APIError:
    if isinstance(written, str):
        written = schema.ErrorSpec(written)
    given = msgspec.structs.asdict(written)
    fields = {
        name: text for name, text in given.items() if text is not None and name not in _ERROR_KEYS
    }
    _check_error(written, fields, place)
    beside = ERROR_SIBLINGS.get(written.code, {})
    if written.contentFilter is not None:
        beside = {"contentFilter": list(map(msgspec.structs.asdict, written.contentFilter))}
    return APIError(written.code, written.status, written.message, fields, beside)


def _check_error(error: schema.ErrorSpec, fields: Mapping[str, str], place: NodePath) -> None:
    if error.status in BODILESS:
        place.at("status").report(
            f"a response with status {error.status} has no body for the error"
        )
    if error.code not in CODES:
        if error.status is None or error.message is None:
            hint = suggestion(error.code, CODES) or "; one of your own needs `status` and `message`"
            place.at("code").report(f"unknown code `{error.code}`{hint}")
        return
    lacking = () if error.message is not None else missing_fields(error.code, fields)
    if lacking:
        names = ", ".join(f"`{name}`" for name in lacking)
        place.report(f"the message of {error.code} needs {names}")
