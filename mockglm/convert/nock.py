"""Fixtures of nock read as exchanges.

Source: nock/nock, lib/recorder.js: a list of definitions, whose binary bodies are lists of
hexadecimal pieces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from mockglm.exchange import Headers


def is_nock(file: Any) -> bool:
    """True for the value of a file of nock's definitions."""
    return (
        isinstance(file, list)
        and bool(file)
        and all(
            isinstance(one, Mapping) and {"scope", "path", "status"} <= one.keys() for one in file
        )
    )


def to_vcr(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return a definition in the form of an interaction of vcrpy."""
    url = urlsplit(definition["scope"])
    port = "" if url.port in (None, 80, 443) else f":{url.port}"
    request = {
        "method": definition.get("method", "GET"),
        "uri": f"{url.scheme}://{url.hostname}{port}{definition['path']}",
        "headers": definition.get("reqheaders") or {},
        "body": _text(definition.get("body", "")),
    }
    response = {
        "status": {"code": definition["status"]},
        "headers": dict_of_lists(_headers(definition)),
        "body": {"string": _body(definition.get("response", ""))},
    }
    return {"request": request, "response": response}


def dict_of_lists(headers: Headers) -> dict[str, list[str]]:
    """Group the values of header fields by name."""
    grouped: dict[str, list[str]] = {}
    for name, value in headers:
        grouped.setdefault(name, []).append(value)
    return grouped


def _headers(definition: Mapping[str, Any]) -> Headers:
    raw = definition.get("rawHeaders")
    if isinstance(raw, Mapping):
        raw = [part for pair in raw.items() for part in pair]
    if isinstance(raw, Sequence):
        return tuple(
            (str(name), str(value)) for name, value in zip(raw[::2], raw[1::2], strict=True)
        )
    return tuple(
        (str(name), str(value)) for name, value in (definition.get("headers") or {}).items()
    )


def _text(body: Any) -> str:
    if isinstance(body, str):
        return body
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _body(written: Any) -> str | bytes:
    """A body: text, a JSON value, or a list of hexadecimal pieces."""
    if isinstance(written, list) and written and all(_is_hexadecimal(piece) for piece in written):
        return bytes.fromhex("".join(written))
    return _text(written)


def _is_hexadecimal(piece: Any) -> bool:
    if not isinstance(piece, str) or len(piece) % 2:
        return False
    return all(char in "0123456789abcdefABCDEF" for char in piece)
