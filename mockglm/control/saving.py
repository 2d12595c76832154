"""Exchanges of the journal as files: a scenario for people to edit, or a cassette to replay."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from mockglm._version import __version__
from mockglm.cassettes import dump, dump_response, file_head, normalise
from mockglm.cassettes.yaml_layout import fits_yaml, render_lines
from mockglm.errors import FileError, StreamError, UsageError
from mockglm.exchange import Exchange, Reply, Response
from mockglm.journal import Entry
from mockglm.scenarios import parse
from mockglm.surfaces import find_surface
from mockglm.validation import Chat, Message, decode_json

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,80}\.yaml")

MAX_EXCHANGES = 1000
"""Exchanges in one file."""

FORMS = ("scenario", "cassette")


def make_cassette(entries: Sequence[Entry], origin: str) -> str:
    """Write redacted entries as a cassette, which replays their bytes and times to equal requests.

    Raises UsageError for an entry without a response.
    """
    at = min((entry.at for entry in entries), default=0.0)
    written = datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
    by = f"mockglm {__version__} from its journal"
    try:
        items = [dump(Exchange(entry.request, _sent(entry), entry.at)) for entry in entries]
    except ValueError as error:
        raise UsageError(str(error)) from error
    return file_head(origin, written, by) + "".join(items)


def make_scenario(entries: Sequence[Entry]) -> str:
    """Write redacted entries as a scenario, which answers requests with the same last message.

    Entries with equal patterns become one interaction with a sequence of replies. A response that
    is neither a reply nor an API error is written verbatim. Raises UsageError for an entry without
    a response, and for one that is no conversation.
    """
    grouped: dict[str, list[Mapping[str, Any]]] = {}
    patterns: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        when = _pattern(entry)
        patterns.setdefault(repr(when), when)
        grouped.setdefault(repr(when), []).append(_reply(entry))
    lines = ["format: 1", "interactions:"]
    for key, replies in grouped.items():
        lines += _item(patterns[key], replies)
    return "\n".join((*lines, ""))


def check_file(text: str) -> str:
    """Return the text of a file that was made, after reading it as a server would.

    Raises UsageError if it cannot be read: an exchange had something that no file can have.
    """
    try:
        parse(text.encode(), "saved.yaml")
    except FileError as error:
        raise UsageError(f"this exchange cannot be a file: {error}") from error
    return text


def write_file(folder: Path, name: str, text: str) -> Path:
    """Write a new file into a folder. Raises UsageError for a bad name or one that is taken."""
    if not NAME.fullmatch(name):
        raise UsageError(f"write: expected a name like my-scenario.yaml, not {name[:100]!r}")
    path = folder / name
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(text.encode())
    except FileExistsError:
        raise UsageError(f"write: {name} already exists") from None
    except OSError as error:
        raise UsageError(f"write: {name}: {error.strerror}") from error
    return path


def _sent(entry: Entry) -> Response | None:
    """The response as far as it was sent."""
    response = entry.response
    if response is None or entry.sent is None:
        return response
    return replace(response, chunks=response.chunks[: entry.sent])


def is_conversation(entry: Entry) -> bool:
    """True for a request with messages at a path of conversations, which a scenario answers."""
    return bool(_messages(entry))


def _messages(entry: Entry) -> Sequence[Message]:
    surface = find_surface(entry.request.path)
    if entry.request.path != surface.path:
        return ()
    chat = surface.decode(entry.request.body)
    return (chat.messages or ()) if isinstance(chat, Chat) else ()


def _pattern(entry: Entry) -> dict[str, Any]:
    """The pattern of a request by its last message: its text, or the function it is a result of."""
    messages = _messages(entry)
    if not messages:
        reason = f"entry {entry.ordinal} is no conversation, which a scenario answers"
        raise UsageError(f"{reason}; save it as a cassette")
    last = messages[-1]
    if last.role == "tool":
        name = _called_function(messages, last)
        return {"after_tool": name} if name else {}
    spoken = next((one.text for one in reversed(messages) if one.role == "user"), "")
    return {"text": spoken} if spoken and last.role == "user" else {}


def _called_function(messages: Iterable[Message], result: Message) -> str | None:
    calls = (call for one in messages for call in one.tool_calls or ())
    names = (
        call.function.name for call in calls if call.function and call.id == result.tool_call_id
    )
    return next(names, result.name)


def _reply(entry: Entry) -> Mapping[str, Any]:
    """The reply of an entry in the words of the file format, or a verbatim `response`."""
    response = _sent(entry)
    if response is None:
        raise UsageError(f"entry {entry.ordinal} has no response yet")
    try:
        if response.end != "done" or entry.sent is not None:
            raise StreamError("it was cut", 0)
        reply = find_surface(entry.request.path).parse(response).reply
    except StreamError:
        return {"response": response}
    return _error(reply, response) if reply.error else _completion(reply)


def _error(reply: Reply, response: Response) -> Mapping[str, Any]:
    assert reply.error is not None
    error = {"code": reply.error.code, "status": response.status, "message": reply.error.message}
    if not reply.error.code or not fits_yaml(dict(reply.error.extra)):
        return {"response": response}
    return {"error": {name: value for name, value in error.items() if value}}


def _completion(reply: Reply) -> Mapping[str, Any]:
    written: dict[str, Any] = {}
    if reply.reasoning:
        written["reasoning"] = reply.reasoning
    if reply.content or not reply.calls:
        written["content"] = reply.content or ""
    if reply.calls:
        written["tool_calls"] = [
            {"name": call.name, "arguments": _arguments(call.arguments)} for call in reply.calls
        ]
    usual = "tool_calls" if reply.calls else "stop"
    if reply.finish_reason and reply.finish_reason != usual:
        written["finish_reason"] = reply.finish_reason
    return written


def _arguments(text: str) -> Any:
    """Arguments as a mapping, which is easier to edit, if it is sent as the same text."""
    value = decode_json(text.encode())
    is_same = isinstance(value, dict) and msgspec.json.encode(value).decode() == text
    return value if is_same and fits_yaml(value) else text


def _item(when: Mapping[str, Any], replies: Sequence[Mapping[str, Any]]) -> list[str]:
    """The lines of one interaction."""
    verbatim = [one["response"] for one in replies if "response" in one]
    if not verbatim:
        reply = replies[0] if len(replies) == 1 else list(replies)
        return list(render_lines([{"when": when, "reply": reply}]))
    written = dump_response(normalise(verbatim[-1])).splitlines()
    head = list(render_lines([{"when": when}]))
    return [*head, *written[1:]]
