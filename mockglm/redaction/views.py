"""Decoded texts of a body, with the place in the body of each part."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

ROUNDS = 3
"""Rounds in which escapes are decoded, for an escape may itself be escaped."""

WINDOW = 1024 * 1024
"""Bytes that are decoded at once: each escape costs memory meanwhile."""

OVERLAP = 32 * 1024
"""Bytes that two windows have in common, so that each secret is whole in one of them."""

# Any number of backslashes, for each JSON text within another doubles them. Without the lookbehind
# a body of backslashes would be read once for each of them.
_ESCAPE = re.compile(
    rb"(?<!\\)\\++(?:u([dD][89abAB][0-9a-fA-F]{2})\\++u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|/)"
    rb"|%([0-9a-fA-F]{2})"
)
# The same in runs, which are decoded at once. Each begins with a literal that is found quickly.
_BACKSLASHES = re.compile(rb"\\(?<!\\\\)\\*+(?:u[0-9a-fA-F]{4}(?:\\++u[0-9a-fA-F]{4})*+|/)")
_PERCENTS = re.compile(rb"%[0-9a-fA-F]{2}(?:%[0-9a-fA-F]{2})*+")
_LITERAL_ESCAPE = re.compile(
    rb"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|(.))",
    re.DOTALL,
)
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class View:
    """A text and its origin: the body itself, or segments of another view.

    A segment as long as its origin is the same text; a shorter one was decoded, so that a part of
    it is all of it.
    """

    def __init__(self, data: bytes = b"", parent: View | None = None) -> None:
        self.data = data
        self._parent = parent
        self._starts: list[int] = []
        self._origins: list[tuple[int, int]] = []

    def extend(self, parts: Iterator[tuple[bytes, int, int]]) -> None:
        """Add segments: a text, and its start and end in the parent."""
        texts = [self.data]
        size = len(self.data)
        for text, start, end in parts:
            texts.append(text)
            self._starts.append(size)
            self._origins.append((start, end))
            size += len(text)
        self.data = b"".join(texts)

    def locate(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Return the places in the body of a part of the text, in order: start and end."""
        if self._parent is None:
            yield start, end
            return
        number = max(bisect_right(self._starts, start) - 1, 0)
        while start < end and number < len(self._starts):
            low, high = self._origins[number]
            first = self._starts[number]
            following = number + 1 < len(self._starts)
            stop = self._starts[number + 1] if following else len(self.data)
            if high - low == stop - first:
                low, high = low + start - first, low + min(end, stop) - first
            if low < high:
                yield from self._parent.locate(low, high)
            start, number = max(start, stop), number + 1


def windows(data: bytes) -> Iterator[tuple[int, int]]:
    """Return the parts in which a text is decoded: start and end."""
    for start in range(0, len(data), WINDOW):
        yield start, min(start + WINDOW + OVERLAP, len(data))


def unescaped(data: bytes) -> Iterator[bytes]:
    """Decode the escapes of JSON and URLs in a text, then those in the result, and so on."""
    for _ in range(ROUNDS):
        decoded = data
        if b"\\u" in data or b"\\/" in data:
            decoded = _BACKSLASHES.sub(_characters, data)
        if b"%" in data:
            decoded = _PERCENTS.sub(_characters, decoded)
        if decoded == data:
            return
        yield decoded
        data = decoded


def decodings(view: View, start: int, end: int) -> Iterator[View]:
    """Return the same for a part of a view, with all places, which takes far longer."""
    found = _decoded(view, start, end)
    for _ in range(2 * ROUNDS):
        if found is None:
            return
        yield found
        found = _decoded(found, 0, len(found.data))


def unescape_literal(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Return the contents of one literal of JSON, as segments of a view."""
    return _segments(_LITERAL_ESCAPE.finditer(data, start, end), data, (start, end))


def _decoded(view: View, start: int, end: int) -> View | None:
    if _ESCAPE.search(view.data, start, end) is None:
        return None
    decoded = View(parent=view)
    decoded.extend(_segments(_ESCAPE.finditer(view.data, start, end), view.data, (start, end)))
    return decoded


def _characters(match: re.Match[bytes]) -> bytes:
    """The characters of a run of escapes."""
    run = match[0]
    if run.startswith(b"%"):
        return bytes.fromhex(run.translate(None, b"%").decode())
    if run.endswith(b"/"):
        return b"/"
    units = bytes.fromhex(run.translate(None, b"\\u").decode())
    return units.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")


def _segments(
    escapes: Iterator[re.Match[bytes]], data: bytes, part: tuple[int, int]
) -> Iterator[tuple[bytes, int, int]]:
    start, end = part
    for match in escapes:
        if match.start() > start:
            yield data[start : match.start()], start, match.start()
        yield _character(match), match.start(), match.end()
        start = match.end()
    if start < end:
        yield data[start:end], start, end


def _character(match: re.Match[bytes]) -> bytes:
    high, low, unit, other = match.groups()
    if high or unit:
        text = bytes.fromhex((high + low if high else unit).decode())
        return text.decode("utf-16-be", "surrogatepass").encode("utf-8", "surrogatepass")
    if match.re is _LITERAL_ESCAPE:
        return _CONTROLS.get(other, other)
    return bytes.fromhex(other.decode()) if other else b"/"
