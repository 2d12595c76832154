"""Texts and bodies without what is secret in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, pairwise
from typing import TypeAlias

from mockglm.redaction.channels import channel_text, channel_view
from mockglm.redaction.known_secrets import SHORTEST, KnownSecrets
from mockglm.redaction.names import REDACTED, anonymous
from mockglm.redaction.shapes import find_shapes
from mockglm.redaction.views import View, decodings, unescaped, windows

Bytes: TypeAlias = bytes
Edit: TypeAlias = tuple[int, int, bytes]  # from, to, what then stands there
Headers: TypeAlias = tuple[tuple[str, str], ...]


class Redactor:
    """What is secret, and texts without it. Of a key `id.secret` the secret counts alone, too."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._sources: tuple[KnownSecrets, ...] = (KnownSecrets(secrets),)

    def learn(self, secret: str, shortest: int = SHORTEST) -> None:
        """Know one more key by its value, and the half of a key, if they have so many characters.
        The least recently used are forgotten."""
        self._sources[0].learn(secret, shortest)

    @contextmanager
    def pinned(self, secrets: Iterable[str]) -> Iterator[None]:
        """Learn secrets, and forget none of them before the end of the block."""
        held = tuple(secrets)
        self._sources[0].pin(held)
        try:
            yield
        finally:
            self._sources[0].unpin(held)

    def including(self, secrets: Iterable[str], shortest: int = SHORTEST) -> Redactor:
        """A redactor that knows these secrets, too, whatever this one learns or forgets."""
        more = [secret for secret in secrets if len(secret) >= shortest]
        if not more:
            return self
        both = Redactor()
        both._sources = (*self._sources, KnownSecrets(more))
        return both

    def text(self, text: str) -> str:
        """The text without a secret; the very same text if it has none."""
        data = text.encode("utf-8", "surrogatepass")
        clean = self.bytes(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def query(self, query: str) -> str:
        """A query without a secret, and without the values that its names call one."""
        return anonymous(self.text(query))

    def headers(self, headers: Headers) -> Headers:
        """Headers without a secret in their names and values."""
        return tuple((self.text(name), self.text(value)) for name, value in headers)

    def bytes(self, data: Bytes) -> Bytes:
        """The body without a secret, as `pieces` does it; the very same body if it has none."""
        edits = self._edits(data)
        return _edited(data, edits, 0, len(data)) if edits else data

    def pieces(self, pieces: Sequence[Bytes]) -> tuple[Bytes, ...]:
        """The pieces of a body without a secret, as many as there were.

        A secret is found across pieces and across the frames of a stream whose texts it is cut
        into; then its first piece has the replacement and the others lose their share.
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

    def _edits(self, data: Bytes) -> list[Edit]:
        """What to change: found in the bytes, in what their escapes say, and in the texts of the
        JSON that they are."""
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
        """The windows of a text in which escapes hide a secret."""
        for first, last in windows(data):
            if any(map(self._spans, unescaped(data[first:last]))):
                yield first, last

    def _spans(self, data: Bytes) -> list[tuple[int, int]]:
        found = [span for source in self._sources for span in source.find(data)]
        return [*found, *find_shapes(data)]


def _shares(view: View, start: int, end: int) -> Iterator[Edit]:
    """The share that each part of a body has in a secret; the first gets the replacement."""
    shares: list[tuple[int, int]] = []
    for low, high in view.locate(start, end):
        if shares and shares[-1][1] == low:
            shares[-1] = shares[-1][0], high
        else:
            shares.append((low, high))
    for number, (low, high) in enumerate(shares):
        yield low, high, b"" if number else REDACTED.encode()


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
