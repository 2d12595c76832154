"""The redactor: returns texts and bodies without the secrets in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import TypeAlias

from mockglm.redaction.channels import channel_text, channel_view
from mockglm.redaction.known_secrets import MIN_LENGTH, KnownSecrets
from mockglm.redaction.names import REDACTED, redact_query
from mockglm.redaction.shapes import find_shapes
from mockglm.redaction.views import View, decodings, unescaped, windows

MAX_CACHED_LENGTH = 256
MAX_TEXTS = 4096
"""Characters of the longest text whose redaction is cached, and such texts: header fields are the
same in most requests of a client."""

MAX_REDACTORS = 256
"""Redactors that are cached, each for the credentials of a client."""

Bytes: TypeAlias = bytes
Edit: TypeAlias = tuple[int, int, bytes]  # start, end, replacement
Headers: TypeAlias = tuple[tuple[str, str], ...]


class RedactionCache:
    """Redacted texts, and redactors with more secrets, within a bound for all that share it."""

    def __init__(self) -> None:
        self.texts: dict[tuple[Redactor, str], tuple[list[int], str]] = {}
        self.redactors: dict[tuple[Redactor, tuple[str, ...]], Redactor] = {}

    def trim(self) -> None:
        """Forget everything above the bounds."""
        if len(self.texts) > MAX_TEXTS:
            self.texts.clear()
        if len(self.redactors) > MAX_REDACTORS:
            self.redactors.clear()


class Redactor:
    """Known secrets, and texts without them and without anything that has the form of a secret.

    The second half of a key `id.secret` counts as a secret, too. With a `cache`, what was found
    before is not sought again.
    """

    def __init__(self, secrets: Iterable[str] = (), *, cache: RedactionCache | None = None) -> None:
        self._sources: tuple[KnownSecrets, ...] = (KnownSecrets(secrets),)
        self._cache = cache

    def learn(self, secret: str, shortest: int = MIN_LENGTH) -> None:
        """Learn a key and its second half if they have at least so many characters.

        The least recently used keys are forgotten.
        """
        self._sources[0].learn(secret, shortest)

    @property
    def learned(self) -> tuple[tuple[str, int], ...]:
        """The keys that were learned, each with the least number of its characters."""
        return self._sources[0].learned

    @contextmanager
    def pinned(self, secrets: Iterable[str]) -> Iterator[None]:
        """Learn secrets and keep them until the end of the block."""
        held = tuple(secrets)
        self._sources[0].pin(held)
        try:
            yield
        finally:
            self._sources[0].unpin(held)

    def with_secrets(self, secrets: Iterable[str], shortest: int = MIN_LENGTH) -> Redactor:
        """Return a redactor that also knows these secrets, even if this one forgets them."""
        more = tuple(secret for secret in secrets if len(secret) >= shortest)
        if not more:
            return self
        cache = self._cache
        known = cache.redactors.get((self, more)) if cache else None
        if known is not None:
            return known
        both = Redactor(cache=cache)
        both._sources = (*self._sources, KnownSecrets(more))
        if cache is not None:
            cache.redactors[self, more] = both
            cache.trim()
        return both

    def text(self, text: str) -> str:
        """Return a text without secrets; the same object if it has none."""
        cache = self._cache
        if cache is None or len(text) > MAX_CACHED_LENGTH:
            return self._text(text)
        # Read before the search: secrets that are learned meanwhile make it out of date.
        revisions = [source.revision for source in self._sources]
        cached = cache.texts.get((self, text))
        if cached is not None and cached[0] == revisions:
            return cached[1]
        clean = self._text(text)
        cache.texts[self, text] = revisions, clean
        cache.trim()
        return clean

    def _text(self, text: str) -> str:
        data = text.encode("utf-8", "surrogatepass")
        clean = self.bytes(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def query(self, query: str) -> str:
        """Return a query without secrets, and without values that are secret by their names."""
        return redact_query(self.text(query))

    def headers(self, headers: Headers) -> Headers:
        """Return headers without secrets in their names and values."""
        return tuple((self.text(name), self.text(value)) for name, value in headers)

    def bytes(self, data: Bytes) -> Bytes:
        """Return a body without secrets, as `pieces` does; the same object if it has none."""
        edits = self._edits(data)
        return _edited(data, edits, (0, len(data))) if edits else data

    def pieces(self, pieces: Sequence[Bytes]) -> tuple[Bytes, ...]:
        """Return the pieces of a body without secrets, as many as there were.

        A secret is found across pieces, and across the frames of a stream that divide it. The first
        piece then has the replacement, and the others lose their part.
        """
        data = b"".join(pieces)
        edits = self._edits(data)
        if not edits:
            return tuple(pieces)
        bounds = (0, *accumulate(map(len, pieces)))
        return tuple(_edited(data, edits, part) for part in pairwise(bounds))

    def places(self, data: Bytes) -> tuple[tuple[int, int], ...]:
        """Return the places of secrets in a body, in order: start and end in bytes."""
        return tuple((start, end) for start, end, _ in self._edits(data))

    def _edits(self, data: Bytes) -> list[Edit]:
        """The edits for the secrets in the bytes, in their decoded escapes, and in the texts of the
        JSON."""
        root = View(data)
        found = list(self._found(root))
        text = channel_text(data)
        if text is not None and (self._spans(text) or any(self._hidden(text))):
            found += self._found(channel_view(root))
        return _merged(sorted(found)) if found else []

    def _found(self, view: View) -> Iterator[Edit]:
        for start, end in self._spans(view.data):
            yield from _shares(view, start, end)
        for first, last in self._hidden(view.data):
            for decoded in decodings(view, first, last):
                for start, end in self._spans(decoded.data):
                    yield from _shares(decoded, start, end)

    def _hidden(self, data: Bytes) -> Iterator[tuple[int, int]]:
        """The windows of a text with a secret in escapes."""
        for first, last in windows(data):
            if any(map(self._spans, unescaped(data[first:last]))):
                yield first, last

    def _spans(self, data: Bytes) -> list[tuple[int, int]]:
        found = [span for source in self._sources for span in source.find(data)]
        return [*found, *find_shapes(data)]


def _shares(view: View, start: int, end: int) -> Iterator[Edit]:
    """The edits of one secret: each part of the body loses its part of the secret, and the first
    gets the replacement."""
    shares: list[tuple[int, int]] = []
    for low, high in view.locate(start, end):
        if shares and shares[-1][1] == low:
            shares[-1] = shares[-1][0], high
        else:
            shares.append((low, high))
    for number, (low, high) in enumerate(shares):
        yield low, high, b"" if number else REDACTED.encode()


def _merged(edits: Iterable[Edit]) -> list[Edit]:
    """Join overlapping edits of a sorted list. An edit without text stays without, because the
    replacement is elsewhere."""
    merged: list[Edit] = []
    for start, end, text in edits:
        if merged and start < merged[-1][1]:
            low, high, before = merged[-1]
            merged[-1] = (low, max(high, end), before and text)
        else:
            merged.append((start, end, text))
    return merged


def _edited(data: bytes, edits: Iterable[Edit], part: tuple[int, int]) -> bytes:
    """A part of the body after the edits; a replacement is in the part where its secret begins."""
    start, end = part
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
