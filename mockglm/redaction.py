"""Keys out of everything that is kept or shown: by value where they are known, else by shape.

A GLM key is 32 hex, a dot and 16 letters or digits; a JWT is three base64url parts, the first
two of them JSON objects. Nothing shorter looks like either: the ids of answers are 30 characters,
those of calls have no dot.
"""

from __future__ import annotations

import json
import re
import string
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from typing import TypeAlias
from urllib.parse import quote, unquote_plus

REDACTED = "REDACTED"

SECRET_HEADERS = frozenset(
    (
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-api-key",
        "x-goog-api-key",
        "x-token",
    )
)
"""Headers, in lower case, whose value is a secret whatever it is."""

PARAMETERS = SECRET_HEADERS | {"access-token", "apikey", "key", "token", "x-access-token"}
"""Parameters of a query, in lower case and with dashes, whose value is."""

Bytes: TypeAlias = bytes
Edit: TypeAlias = tuple[int, int, bytes]  # from, to, what then stands there

SHORTEST = 8
"""Characters of a secret that is known by value; a key such as `test` is a word, not a secret."""

MOST_LEARNED = 1000
"""Secrets that are learned and known, as many as a journal has entries: the latest used stay, so
that of each entry is among them."""

LONGEST_HEAD = 1000
"""Bytes of the first part of a JWT; one of this service has some 50."""

# A JWT is found by its second part and then its first, back from there, so that a body full of
# beginnings is read once. No boundary in front: in JSON the letter of a `\n` may stand there.
_JWT = re.compile(rb"\.eyJ[\w-]{8,4000}+(?=(\.[\w-]{16,}+))")
_BASE64URL = (string.ascii_letters + string.digits + "-_").encode()
_KEY = re.compile(rb"[0-9a-fA-F]{32}\.[0-9A-Za-z]{16}(?![0-9A-Za-z])")
_KEY_END = re.compile(rb"\.[0-9A-Za-z]{16}(?![0-9A-Za-z])")

# Texts that come in pieces, a frame each, here and on the Anthropic surface. One pattern a name:
# what begins with literal text is found at several times the speed of a choice.
_DELTAS = {
    name: re.compile(rb'"%b": ?"((?:[^"\\]++|\\.)*+)"' % name)
    for name in (
        b"content",
        b"reasoning_content",
        b"arguments",
        b"text",
        b"thinking",
        b"partial_json",
    )
}


class Redactor:
    """What is secret, and texts without it. Of a key `id.secret` the secret counts alone too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._given = frozenset(form for secret in secrets for form in _forms(secret, SHORTEST))
        self._learned: OrderedDict[str, frozenset[Bytes]] = OrderedDict()
        self._ordered: tuple[Bytes, ...] | None = None

    def learn(self, secret: str, shortest: int = SHORTEST) -> None:
        """Know one more key or JWT by its value, and the half of a key, if they have so many
        characters. The least recently used are forgotten, for a client may sign a new JWT for
        every request."""
        if secret in self._learned:
            self._learned.move_to_end(secret)
            return
        forms = _forms(secret, shortest)
        if forms:
            self._learned[secret] = forms
            self._ordered = None
        if len(self._learned) > MOST_LEARNED:
            self._learned.popitem(last=False)

    def text(self, text: str) -> str:
        """The text without a secret; the very same text if it has none."""
        data = text.encode("utf-8", "surrogatepass")
        clean = self.bytes(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def bytes(self, data: Bytes) -> Bytes:
        """The body without a secret, as `pieces` does it; the very same body if it has none."""
        edits = self._edits(data)
        return _edited(data, edits, 0, len(data)) if edits else data

    def pieces(self, pieces: Sequence[Bytes]) -> tuple[Bytes, ...]:
        """The pieces of a body without a secret, as many as there were.

        A known secret is found across pieces and across the frames of a stream whose deltas it is
        cut into; then its first piece has the replacement and the others lose their share.
        """
        data = b"".join(pieces)
        edits = self._edits(data)
        if not edits:
            return tuple(pieces)
        bounds = (0, *accumulate(map(len, pieces)))
        return tuple(_edited(data, edits, start, end) for start, end in pairwise(bounds))

    def places(self, data: Bytes) -> tuple[tuple[int, int], ...]:
        """Where secrets stand in a body: byte offsets from and to, in order."""
        return tuple((start, end) for start, end, _ in self._edits(data))

    @property
    def _secrets(self) -> tuple[Bytes, ...]:
        """All forms there are, the longest first, so that a whole key goes before its half."""
        if self._ordered is None:
            forms = self._given.union(*self._learned.values())
            self._ordered = tuple(sorted(forms, key=len, reverse=True))
        return self._ordered

    def _edits(self, data: Bytes) -> list[Edit]:
        found = [(*span, REDACTED.encode()) for span in self._spans(data)]
        if self._secrets and b"data:" in data:
            found += self._cut(data)
        return _merged(sorted(found)) if found else []

    def _spans(self, data: Bytes) -> Iterator[tuple[int, int]]:
        for secret in self._secrets:
            yield from _occurrences(data, secret)
        if b".eyJ" in data:
            yield from _jwts(data)
        if _KEY_END.search(data):
            yield from (match.span() for match in _KEY.finditer(data))

    def _cut(self, data: Bytes) -> Iterator[Edit]:
        """The shares of secrets that the deltas of a stream make up together."""
        for name, delta in _DELTAS.items():
            if name not in data:
                continue
            texts = [(match.start(1), match[1]) for match in delta.finditer(data)]
            whole = b"".join(text for _, text in texts)
            starts = [0, *accumulate(len(text) for _, text in texts)]
            for secret in self._secrets:
                for start, end in _occurrences(whole, secret):
                    yield from _shares(texts, starts, start, end)


def _jwts(data: bytes) -> Iterator[tuple[int, int]]:
    for match in _JWT.finditer(data):
        dot = match.start()
        before = data[max(dot - LONGEST_HEAD, 0) : dot]
        run = len(before) - len(before.rstrip(_BASE64URL))
        start = data.find(b"eyJ", dot - run, max(dot - 8, 0))
        if start >= 0:
            yield start, match.end(1)


def _forms(secret: str, shortest: int) -> frozenset[bytes]:
    """A secret, and the half of a key that is secret alone, as text, JSON and URLs spell them;
    what has fewer characters is left out."""
    halves = secret.split(".")
    parts = (secret, halves[1]) if len(halves) == 2 else (secret,)
    return frozenset(form for part in parts if len(part) >= shortest for form in _spellings(part))


def _spellings(text: str) -> tuple[bytes, ...]:
    quoted = quote(text, safe="")
    in_json = (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return tuple(form.encode() for form in (text, quoted, *in_json))


def _occurrences(data: bytes, secret: bytes) -> Iterator[tuple[int, int]]:
    start = data.find(secret)
    while start >= 0:
        yield start, start + len(secret)
        start = data.find(secret, start + len(secret))


def _shares(
    texts: Sequence[tuple[int, bytes]], starts: Sequence[int], start: int, end: int
) -> Iterator[Edit]:
    """What each text has of the part of them all from `start` to `end`."""
    stand_in = REDACTED.encode()
    index = bisect_right(starts, start) - 1
    while start < end:
        at, text = texts[index]
        stop = min(end, starts[index] + len(text))
        offset = at - starts[index]
        if start < stop:
            yield start + offset, stop + offset, stand_in
            stand_in = b""
        start, index = stop, index + 1


def _merged(edits: Iterable[Edit]) -> list[Edit]:
    """Edits in order, those that overlap made one; where one says nothing, its secret has its
    replacement elsewhere."""
    merged: list[Edit] = []
    for start, end, text in edits:
        if merged and start < merged[-1][1]:
            low, high, before = merged[-1]
            merged[-1] = (low, max(high, end), before and text)
        else:
            merged.append((start, end, text))
    return merged


def _edited(data: bytes, edits: Iterable[Edit], start: int, end: int) -> bytes:
    """The part from `start` to `end`; what takes a secret's place is where the secret began."""
    parts, at = [], start
    for low, high, text in edits:
        if high <= at or low >= end:
            continue
        parts.append(data[at : max(at, low)])
        if low >= start:
            parts.append(text)
        at = high
    parts.append(data[min(at, end) : end])
    return b"".join(parts)


def parameters(query: str) -> Iterator[str]:
    """The values of a query that are secret by their name, but for those taken out already."""
    pairs = (pair.partition("=") for pair in query.split("&"))
    values = (unquote_plus(value) for name, _, value in pairs if _is_secret(name))
    return (value for value in values if value not in ("", REDACTED))


def anonymous(query: str) -> str:
    """The query without those values; everything else stays as it was written."""
    return "&".join(map(_blanked, query.split("&"))) if query else query


def _blanked(pair: str) -> str:
    name, mark, value = pair.partition("=")
    return f"{name}={REDACTED}" if mark and value and _is_secret(name) else pair


def _is_secret(name: str) -> bool:
    return unquote_plus(name).lower().replace("_", "-") in PARAMETERS
