"""Requests and responses as they are forwarded: paths, queries and header fields.

A path stays below the base URL of the service. Header fields keep their order, their repetitions
and every byte beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

from mockglm.exchange import Headers
from mockglm.http1 import encode_value

Fields = tuple[tuple[bytes, bytes], ...]

MAX_ROUNDS = 4
"""Rounds of percent-decoding after which a path that still changes is refused."""

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""The headers of one connection, which are not forwarded (RFC 9110, section 7.6.1)."""

# RFC 3986, section 3.3: characters that stand in a path as they are.
_IN_PATHS = "/:@!$&'()*+,;=~"
# RFC 3986, section 3.4, and what clients send all the same; `%` begins what is encoded already.
_IN_QUERIES = _IN_PATHS + '%?[]{}|^`<>"\\'
_SEPARATORS = re.compile(r"[/\\]")
_BLANKS = "".join(map(chr, range(33)))
# A tab is the one control character that a value may have.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def leaves_base(path: str) -> bool:
    """True for a path that a server may resolve to one above: it has a segment `..`.

    Servers differ in what they decode, so that all of it counts: `%2e`, `%2f` and `%5c` encoded
    once or several times, backslashes, path parameters (`..;x`), and control characters beside
    the dots.
    """
    for _ in range(MAX_ROUNDS):
        if any(map(_is_parent, _SEPARATORS.split(path))):
            return True
        decoded = unquote(path, errors="replace")
        if decoded == path:
            return False
        path = decoded
    return True


def encode_target(path: str, query: str) -> str:
    """Encode a path and a query for a URL; the query, read as latin-1, keeps its bytes."""
    target = quote(path, safe=_IN_PATHS)
    if query:
        target += "?" + quote(query.encode("latin-1", "replace"), safe=_IN_QUERIES)
    return target


def end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the headers that are forwarded: not those of one connection, nor those it names."""
    lines = tuple(headers)
    named = {
        word.strip().lower()
        for name, value in lines
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return tuple(line for line in lines if line[0].lower() not in HOP_BY_HOP | named)


def decode_fields(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Decode received fields as latin-1, which keeps every byte."""
    return tuple(
        (name.decode("latin-1"), replace_controls(value.decode("latin-1")))
        for name, value in fields
    )


def encode_fields(headers: Iterable[tuple[str, str]]) -> Fields:
    """Encode headers as the bytes they were received as; names are in lower case, as in ASGI."""
    return tuple(
        (name.lower().encode("latin-1"), encode_value(replace_controls(value)))
        for name, value in headers
    )


def replace_controls(value: str) -> str:
    """Replace control characters by spaces (RFC 9110, section 5.5): neither h11 nor uvicorn sends
    them, and no file can contain them."""
    return _CONTROLS.sub(" ", value).strip(" \t")


def _is_parent(segment: str) -> bool:
    return segment.partition(";")[0].strip(_BLANKS) == ".."
