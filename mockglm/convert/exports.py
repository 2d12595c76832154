"""Recorded exchanges written for other tools: HAR files, curl commands and pytest tests."""

from __future__ import annotations

import json
import shlex
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from mockglm._version import __version__
from mockglm.cassettes import read_exchanges
from mockglm.exchange import Exchange, Request, Response
from mockglm.python_literals import write_imports, write_literal
from mockglm.scenarios import load
from mockglm.surfaces import CHAT, find_base, find_surface

UNKNOWN_ORIGIN = "http://127.0.0.1:8600"
"""The origin of requests whose recording does not name the service: that of `mockglm serve`."""

HTTP_VERSION = "HTTP/1.1"
JSON_TYPE = "application/json"

MILLISECONDS = 1000


def export(source: Path, kind: str) -> str:
    """Return the recorded exchanges of a cassette as text of a kind: `har`, `curl` or `pytest`.

    Raises FileError for a file that cannot be read, ValueError for one without recordings.
    """
    provenance = load(source).provenance
    base = (
        provenance.origin
        if provenance and "://" in provenance.origin
        else UNKNOWN_ORIGIN + CHAT.base
    )
    exchanges = tuple(read_exchanges(source))
    if not exchanges:
        raise ValueError(f"{source} has no recorded exchange")
    return EXPORTS[kind](exchanges, base)


def _to_har(exchanges: Iterable[Exchange], base: str) -> str:
    """One HAR 1.2; the events of a stream keep their times as Chromium writes them."""
    entries = [
        {"request": _request(exchange, base), **_response(exchange), "cache": {}}
        for exchange in exchanges
    ]
    creator = {"name": "mockglm", "version": __version__}
    log = {"version": "1.2", "creator": creator, "entries": entries}
    return json.dumps({"log": log}, ensure_ascii=False, indent=2) + "\n"


def _request(exchange: Exchange, base: str) -> dict[str, Any]:
    request = exchange.request
    body = request.body.decode("utf-8", "replace")
    posted = {"postData": {"mimeType": JSON_TYPE, "text": body}} if body else {}
    return {
        "method": request.method,
        "url": _url(exchange, base),
        "httpVersion": HTTP_VERSION,
        "headers": _rows((("Content-Type", JSON_TYPE),) if body else ()),
        "queryString": [],
        "cookies": [],
        "headersSize": -1,
        "bodySize": len(request.body),
        **posted,
    }


def _response(exchange: Exchange) -> dict[str, Any]:
    """The response of an entry, and its times."""
    response = exchange.response
    assert response is not None
    times = [at for at, _ in response.chunks]
    first = response.head if response.head is not None else min(times, default=0.0)
    last = max(times, default=first)
    streamed = {"_eventSourceMessages": _messages(response, exchange.started)}
    received = {
        "status": response.status,
        "statusText": "",
        "httpVersion": HTTP_VERSION,
        "headers": _rows(response.headers),
        "cookies": [],
        "content": _content(response),
        "redirectURL": "",
        "headersSize": -1,
        "bodySize": response.size,
        **(streamed if response.is_stream else {}),
    }
    began = datetime.fromtimestamp(exchange.started, UTC).isoformat(timespec="milliseconds")
    timings = {"send": 0, "wait": _ms(first), "receive": _ms(last - first)}
    return {
        "response": received,
        "startedDateTime": began,
        "time": _ms(last),
        "timings": timings,
    }


def _messages(response: Response, began: float) -> list[dict[str, Any]]:
    """The events of a stream with their times, each chunk of the body as one."""
    return [
        {"time": round(began + at, 3), "eventName": "message", "eventId": "", "data": _data(chunk)}
        for at, chunk in response.chunks
    ]


def _data(chunk: bytes) -> str:
    lines = chunk.decode("utf-8", "replace").splitlines()
    return "\n".join(line[5:].removeprefix(" ") for line in lines if line.startswith("data:"))


def _content(response: Response) -> dict[str, Any]:
    body = response.body
    content: dict[str, Any] = {"size": len(body), "mimeType": response.header("content-type")}
    try:
        return content | {"text": body.decode()}
    except UnicodeDecodeError:
        return content | {"text": b64encode(body).decode(), "encoding": "base64"}


def _to_curl(exchanges: Iterable[Exchange], base: str) -> str:
    """A shell script with one command for each exchange."""
    return "".join(_curl(exchange, base) for exchange in exchanges)


def _curl(exchange: Exchange, base: str) -> str:
    request = exchange.request
    key = _key_variable(request.path)
    method, url = shlex.quote(request.method), shlex.quote(_url(exchange, base))
    words = [f"curl -N -X {method} {url}"]
    words.append(f'  -H "Authorization: Bearer ${key}"')
    if request.body:
        words.append("  -H 'Content-Type: application/json'")
        words.append(f"  --data-raw {shlex.quote(request.body.decode('utf-8', 'replace'))}")
    return " \\\n".join(words) + "\n\n"


def _to_pytest(exchanges: Iterable[Exchange], base: str) -> str:
    """A module of tests that replay each exchange with the `glm` fixture."""
    exchanges = tuple(exchanges)
    patterns = write_imports(_body_pattern(one.request.body) for one in exchanges)
    imports = f"{patterns}\n" if patterns else ""
    head = (
        '"""Requests of a cassette, each answered as it was recorded."""\n\n'
        f"{imports}import httpx\n\n\n"
        "def send(glm, method, path, body):\n"
        '    headers = {"Authorization": f"Bearer {glm.api_key}"}\n'
        '    base = glm.anthropic_url if path.startswith("/v1/") else glm.base_url\n'
        '    if path.startswith("/api/"):\n'
        f"        base = base.removesuffix({CHAT.base!r})\n"
        "    return httpx.request(method, base + path, content=body, headers=headers)\n"
    )
    return head + "".join(_test(number, one) for number, one in enumerate(exchanges, 1))


def _test(number: int, exchange: Exchange) -> str:
    request, response = exchange.request, exchange.response
    assert response is not None
    body = request.body.decode("utf-8", "replace")
    return (
        f"\n\ndef test_exchange_{number}(glm):\n"
        f"    body = {body!r}\n"
        f"    glm.when({_pattern(request)}).response(\n"
        f"        status={response.status},\n"
        f"        headers={dict(response.headers)!r},\n"
        f"        body={response.body.decode('utf-8', 'replace')!r},\n"
        f"    )\n"
        f"    response = send(glm, {request.method!r}, {request.path!r}, body.encode())\n"
        f"    assert response.status_code == {response.status}\n"
    )


def _pattern(request: Request) -> str:
    """The keywords of a pattern that matches a request: without a path, only a chat is matched."""
    body = f"body={write_literal(_body_pattern(request.body))}"
    is_chat = request.path == find_surface(request.path).path
    return body if is_chat else f"path={request.path!r}, {body}"


def _body_pattern(body: bytes) -> Any:
    try:
        value = msgspec.json.decode(body)
    except ValueError:
        return {}
    return value if isinstance(value, Mapping) else {}


def _url(exchange: Exchange, base: str) -> str:
    """The URL of a request: a path of another surface is below the base of its own, a whole path
    below none."""
    request, parts = exchange.request, urlsplit(base)
    own = find_base(request.path)
    path = parts.path if own == CHAT.base else own
    query = f"?{request.query}" if request.query else ""
    return f"{parts.scheme}://{parts.netloc}{path}{request.path}{query}"


def _key_variable(path: str) -> str:
    return "ZAI_API_KEY" if find_surface(path).name == CHAT.name else "ANTHROPIC_AUTH_TOKEN"


def _rows(headers: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _ms(seconds: float) -> float:
    return round(seconds * MILLISECONDS, 3)


EXPORTS: Mapping[str, Callable[[Iterable[Exchange], str], str]] = {
    "har": _to_har,
    "curl": _to_curl,
    "pytest": _to_pytest,
}
"""The kinds of exports, by name."""

EXPORT_SUFFIXES: Mapping[str, str] = {"har": ".har", "curl": ".sh", "pytest": ".py"}
