"""Secrets that are found by their form: keys of the service and JWTs.

A key is 32 hex digits, a dot and 16 letters or digits; a JWT is three base64url parts, of which the
first two are JSON objects. Other ids do not look like these: those of responses have 30 characters,
those of calls have no dot.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator

MAX_HEAD_LENGTH = 8000
"""Bytes of the first part of a JWT; one of this service has some 50, with certificates 6,000."""

# A JWT is found by its second part and then its first, back from there, so that a body full of
# beginnings is read once. No boundary in front: in JSON the letter of a `\n` may stand there.
_TOKEN = re.compile(rb"\.eyJ[\w-]{8,}+(?=(\.[\w-]{16,}+))")
_BASE64URL = (string.ascii_letters + string.digits + "-_").encode()
_KEY = re.compile(rb"[0-9a-fA-F]{32}\.[0-9A-Za-z]{16}(?![0-9A-Za-z])")
_KEY_END = re.compile(rb"\.[0-9A-Za-z]{16}(?![0-9A-Za-z])")


def find_shapes(data: bytes) -> Iterator[tuple[int, int]]:
    """Find keys and JWTs in a text: start and end in bytes."""
    if b".eyJ" in data:
        yield from _tokens(data)
    # From a dot on there are far fewer places to look at than from a hex digit on.
    if _KEY_END.search(data):
        yield from (match.span() for match in _KEY.finditer(data))


def is_token(secret: str) -> bool:
    """True if a secret is a JWT that is found by its form."""
    if not secret.startswith("eyJ"):
        return False
    data = secret.encode("utf-8", "surrogatepass")
    return (0, len(data)) in find_shapes(data)


def _tokens(data: bytes) -> Iterator[tuple[int, int]]:
    for match in _TOKEN.finditer(data):
        dot = match.start()
        before = data[max(dot - MAX_HEAD_LENGTH, 0) : dot]
        run = len(before) - len(before.rstrip(_BASE64URL))
        start = data.find(b"eyJ", dot - run, max(dot - 8, 0))
        if start >= 0:
            yield start, match.end(1)
