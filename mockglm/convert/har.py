"""HAR files read as exchanges: those of browsers, mitmproxy, Charles, Proxyman and Polly.js.

Sources: the HAR 1.2 specification (http://www.softwareishard.com/blog/har-12-spec); Chromium's
`_eventSourceMessages`; Netflix/pollyjs, whose bodies are lists of pieces in base64 or hexadecimal.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mockglm.endpoints import TABLE
from mockglm.exchange import Exchange, Request, Response
from mockglm.server.routes import Route, parse_route
from mockglm.surfaces import CHAT, SURFACES, is_whole

HOSTS = frozenset(("open.bigmodel.cn", "api.z.ai"))
SUFFIXES = tuple(surface.path for surface in SURFACES)
"""Ends of paths that belong to the API whatever their host is."""

WHOLE_PATHS = frozenset(row.path for row in TABLE if row.is_whole and is_whole(row.path))
"""Endpoints of the service that are below no base; a page of its site calls others there."""

SECONDS = 1e-3
"""Seconds in the unit of a HAR's times."""

LONGEST_TIME = 86_400.0
"""Seconds to the last chunk of a response; a file cannot have longer times."""

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""The texts that HTTP allows as a method."""

_PORTS = {"https": ":443", "http": ":80"}

Read = tuple[Exchange, str, str]


def is_har(file: Any) -> bool:
    """True for the value of a HAR file."""
    log = file.get("log") if isinstance(file, Mapping) else None
    return isinstance(log, Mapping) and isinstance(log.get("entries"), list)


def is_polly(file: Mapping[str, Any]) -> bool:
    """True for a recording of Polly.js."""
    return "_recordingName" in file["log"]


def find_entries(file: Mapping[str, Any]) -> tuple[list[Any], int]:
    """Return the entries that went to the API and have a response, and the number of others.

    Raises KeyError or TypeError for an entry that is none.
    """
    entries = file["log"]["entries"]
    found = [entry for entry in entries if _is_of_the_api(entry)]
    return found, len(entries) - len(found)


def read_entry(entry: Mapping[str, Any]) -> tuple[Read, str]:
    """Read an entry: the exchange, its base URL and date, and a note on what was approximated."""
    sent, received = entry["request"], entry["response"]
    url = urlsplit(sent["url"])
    route = parse_route(url.path)
    headers = tuple((name.lower(), value) for name, value in _headers(sent))
    body = (sent.get("postData") or {}).get("text") or ""
    method = parse_method(sent["method"])
    request = Request(method, route.tail, url.query, headers, _encode(body))
    response, note = _read_response(entry, received)
    origin = format_origin(url, route)
    return (Exchange(request, response, 0.0), origin, _date(entry)), note


def parse_method(written: Any) -> str:
    """Return a method. Raises ValueError for a text that HTTP does not allow as one."""
    if not isinstance(written, str) or not _TOKEN.fullmatch(written):
        raise ValueError(f"{written!r} is no method of HTTP")
    return written


def format_base(url: SplitResult) -> str:
    """Scheme, host and port of a URL, without the user and the password that it may have, and
    without the port that the scheme has anyway."""
    host = url.netloc.rpartition("@")[2].removesuffix(_PORTS.get(url.scheme, ":"))
    return f"{url.scheme}://{host}"


def format_origin(url: SplitResult, route: Route) -> str:
    """The base URL of a request's host; a path below no base belongs to that of chats, too."""
    return format_base(url) + (route.base or (CHAT.base if is_whole(route.tail) else ""))


def _is_of_the_api(entry: Mapping[str, Any]) -> bool:
    url = urlsplit(entry["request"]["url"])
    is_known = url.hostname in HOSTS and (
        bool(parse_route(url.path).base) or url.path in WHOLE_PATHS
    )
    # Status 0 is the one of a response that did not come (Chromium); it may be missing, too.
    is_answered = entry["response"] is not None and int(entry["response"]["status"]) >= 200
    is_preflight = entry["request"]["method"] == "OPTIONS"
    return is_answered and not is_preflight and (is_known or url.path.endswith(SUFFIXES))


def _read_response(entry: Mapping[str, Any], received: Mapping[str, Any]) -> tuple[Response, str]:
    headers = tuple(_headers(received))
    timings = entry.get("timings") or {}
    waited = sum(_seconds(timings.get(name)) for name in ("send", "wait")) * SECONDS
    body = _body(received.get("content") or {})
    messages = received.get("_eventSourceMessages") or []
    if messages:
        chunks, note = _pace(body, messages, waited)
    else:
        chunks = ((waited, body),) if body else ()
        is_stream = any(
            "event-stream" in value for name, value in headers if name.lower() == "content-type"
        )
        note = "a stream without times: it is sent at once" if is_stream and body else ""
    last = max((at for at, _ in chunks), default=waited)
    if last > LONGEST_TIME:
        raise ValueError(f"a time of {last:g} s; the longest is {LONGEST_TIME:g} s")
    return Response(int(received["status"]), headers, chunks, head=waited), note


def _pace(
    body: bytes, messages: Sequence[Mapping[str, Any]], waited: float
) -> tuple[tuple[tuple[float, bytes], ...], str]:
    """Give the frames of a body the times of the events that a browser saw.

    Without a body, the frames are made of the events.
    """
    times = [_seconds(message["time"]) for message in messages]
    ats = [round(waited + max(time - times[0], 0), 3) for time in times]
    frames = _split(body)
    if len(frames) == len(messages):
        return tuple(zip(ats, frames, strict=True)), ""
    if body:
        return ((waited, body),), "the events of the stream differ from its body: no times"
    made = (f"data: {message.get('data', '')}\n\n".encode() for message in messages)
    return tuple(zip(ats, made, strict=True)), "a stream without a body: frames made of its events"


def _seconds(written: Any) -> float:
    """A time, 0 for one that is missing or negative. Raises ValueError for one that is none."""
    seconds = float(written or 0)
    if not isfinite(seconds):
        raise ValueError(f"{written!r} is no time")
    return max(seconds, 0.0)


def _split(body: bytes) -> list[bytes]:
    """Split a body behind each blank line."""
    parts = body.split(b"\n\n")
    return [part + b"\n\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _body(content: Mapping[str, Any]) -> bytes:
    text = content.get("text") or ""
    encoding = content.get("encoding", "")
    pieces = _pieces(text) if encoding == "base64" or content.get("_isBinary") else None
    if pieces is not None:
        decode = b64decode if encoding == "base64" else bytes.fromhex
        return b"".join(map(decode, pieces))
    return b64decode(text) if encoding == "base64" else _encode(text)


def _encode(text: str) -> bytes:
    """Encode the text of a body.

    mitmproxy decodes bodies whose type names no charset as Latin-1, so that Chinese text becomes
    text of bytes; those bytes are restored.
    """
    try:
        data = text.encode("latin-1")
        data.decode()
    except UnicodeError:
        return text.encode()
    return data


def _pieces(text: str) -> list[str] | None:
    """The pieces of a body as Polly.js writes them, None for a body in one piece."""
    if not text.startswith("["):
        return None
    pieces: list[str] = json.loads(text)
    return pieces


def _headers(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for header in message.get("headers") or ():
        # Browsers write the pseudo-headers of HTTP/2.
        if not header["name"].startswith(":"):
            yield header["name"], str(header["value"])


def _date(entry: Mapping[str, Any]) -> str:
    try:
        began = datetime.fromisoformat(entry["startedDateTime"])
    except (KeyError, ValueError, TypeError):
        return ""
    return began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
