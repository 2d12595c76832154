"""Paths below the base URL of the service, which no spelling of `..` leaves."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

MAX_ROUNDS = 4
"""Rounds of percent-decoding after which a path that still changes is refused."""

# RFC 3986, section 3.3: characters that stand in a path as they are.
_IN_PATHS = "/:@!$&'()*+,;=~"
# RFC 3986, section 3.4, and what clients send all the same; `%` begins what is encoded already.
_IN_QUERIES = _IN_PATHS + '%?[]{}|^`<>"\\'
_SEPARATORS = re.compile(r"[/\\]")
_BLANKS = "".join(map(chr, range(33)))


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


def _is_parent(segment: str) -> bool:
    return segment.partition(";")[0].strip(_BLANKS) == ".."
