"""Secrets that are known by value, and one search for all their spellings.

A secret has several spellings: plain, quoted in JSON, in base64. All are in one index of short
blocks, so that a text is read once or twice, no matter how many secrets are known.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from threading import RLock
from typing import TypeAlias
from urllib.parse import quote_plus

from mockglm.redaction.shapes import is_token

MIN_LENGTH = 8
"""Characters of the shortest secret that is known by value; a key such as `test` is a word."""

MAX_LENGTH = 4096
"""Characters of the longest secret that is learned; keys of the service are far shorter."""

MAX_LEARNED = 1000
"""Learned secrets that are kept, as many as a journal has entries. The least recently used are
forgotten, so that those of all entries are kept."""

MAX_CHARACTERS = 128 * 1024
"""Characters of all learned secrets together."""

MAX_CHECKS = 1_000_000
"""Comparisons of one search, after which it searches for each spelling alone."""

Learned: TypeAlias = tuple[str, int]
Span: TypeAlias = tuple[int, int]


class KnownSecrets:
    """Secrets that were given, which are kept, and secrets that were learned since, of which the
    least recently used are forgotten. The second half of a key `id.secret` counts as a secret, too.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._index = _SpellingIndex()
        self._learned: OrderedDict[Learned, bool] = OrderedDict()
        self._fresh: dict[Learned, None] = {}
        self._pinned: Counter[Learned] = Counter()
        self._characters = 0
        self.revision = 0
        """A number that changes with the secrets, so that cached results can be checked."""
        # Tests read a journal while its server runs in another thread.
        self._lock = RLock()
        for secret in secrets:
            self._index.add(_forms(secret, MIN_LENGTH))

    def learn(self, secret: str, shortest: int = MIN_LENGTH) -> None:
        """Learn a secret with at least so many characters.

        JWTs are not learned, because they are found by their form: a client may sign a new one for
        every request.
        """
        learned = secret, shortest
        try:
            self._learned.move_to_end(learned)
        except KeyError:
            if shortest <= len(secret) <= MAX_LENGTH and not is_token(secret):
                self._add(learned)

    @property
    def learned(self) -> tuple[Learned, ...]:
        """The secrets that were learned, each with the least number of its characters."""
        with self._lock:
            return tuple(self._learned)

    def pin(self, secrets: Iterable[str]) -> None:
        """Learn secrets that are kept until they are unpinned."""
        with self._lock:
            for secret in secrets:
                self._pinned[secret, MIN_LENGTH] += 1
                self.learn(secret)

    def unpin(self, secrets: Iterable[str]) -> None:
        """Allow secrets to be forgotten again, once for each time they were pinned."""
        with self._lock:
            for learned in ((secret, MIN_LENGTH) for secret in secrets):
                self._pinned[learned] -= 1
                if self._pinned[learned] <= 0:
                    del self._pinned[learned]
            self._trim()

    def find(self, data: bytes) -> Sequence[Span]:
        """Find all spellings of all secrets, in no order: start and end in bytes."""
        with self._lock:
            # Spellings are computed at the first search: for most secrets of a mock there is none.
            for secret, shortest in self._fresh:
                self._index.add(_forms(secret, shortest))
            self._fresh.clear()
            return list(self._index.find(data))

    def _add(self, learned: Learned) -> None:
        with self._lock:
            if learned in self._learned:
                return
            self.revision += 1
            self._learned[learned] = True
            self._characters += len(learned[0])
            self._fresh[learned] = None
            self._trim()

    def _trim(self) -> None:
        if len(self._learned) <= MAX_LEARNED and self._characters <= MAX_CHARACTERS:
            return
        for learned in [one for one in self._learned if one not in self._pinned]:
            self._forget(learned)
            if len(self._learned) <= MAX_LEARNED and self._characters <= MAX_CHARACTERS:
                return

    def _forget(self, learned: Learned) -> None:
        secret, shortest = learned
        del self._learned[learned]
        self._characters -= len(secret)
        if learned in self._fresh:
            del self._fresh[learned]
        else:
            self._index.remove(_forms(secret, shortest))


class _SpellingIndex:
    """An index of spellings: in blocks of 8 bytes if they are long enough for that, else of 4.

    Two secrets may have a spelling in common, which stays until both are removed.
    """

    def __init__(self) -> None:
        self._counts: Counter[bytes] = Counter()
        self._long, self._short = BlockIndex("Q"), BlockIndex("I")

    def add(self, texts: Iterable[bytes]) -> None:
        for text in texts:
            self._counts[text] += 1
            if self._counts[text] == 1:
                self._blocks(text).add(text)

    def remove(self, texts: Iterable[bytes]) -> None:
        for text in texts:
            self._counts[text] -= 1
            if not self._counts[text]:
                del self._counts[text]
                self._blocks(text).remove(text)

    def find(self, data: bytes) -> Iterator[Span]:
        yield from self._long.find(data)
        yield from self._short.find(data)

    def _blocks(self, text: bytes) -> BlockIndex:
        return self._long if len(text) >= self._long.shortest else self._short


class BlockIndex:
    """Finds any of many byte strings in one pass over a text.

    A text is read in blocks. A string with at least twice a block's bytes, less one, contains one
    of them wherever it stands, so that a string is compared only if one of its blocks was found.
    """

    def __init__(self, code: str) -> None:
        self._code = code
        self._width = memoryview(bytes(8)).cast(code).itemsize  # type: ignore[call-overload]
        self.shortest = 2 * self._width - 1
        self._places: dict[int, list[tuple[int, bytes]]] = {}
        self._blocks: set[int] = set()

    def add(self, text: bytes) -> None:
        for block, place in self._of(text):
            self._places.setdefault(block, []).append(place)
            self._blocks.add(block)

    def remove(self, text: bytes) -> None:
        for block, place in self._of(text):
            self._places[block].remove(place)
            if not self._places[block]:
                del self._places[block]
                self._blocks.discard(block)

    def find(self, data: bytes) -> Iterator[Span]:
        """Find the strings, in no order: start and end in bytes."""
        if not self._blocks:
            return
        blocks = self._read(data)
        found = self._blocks.intersection(blocks)
        if not found:
            return
        checks = 0
        for number, block in enumerate(blocks):
            if block not in found:
                continue
            for offset, text in self._places[block]:
                start = number * self._width - offset
                if start >= 0 and data.startswith(text, start):
                    yield start, start + len(text)
            checks += len(self._places[block])
            if checks > MAX_CHECKS:
                yield from self._find_each(data, found)
                return

    def _find_each(self, data: bytes, blocks: Iterable[int]) -> Iterator[Span]:
        """Search for the strings of some blocks one by one, which is faster if the text consists of
        blocks that they have in common."""
        for text in {text for block in blocks for _, text in self._places[block]}:
            start = data.find(text)
            while start >= 0:
                yield start, start + len(text)
                start = data.find(text, start + len(text))

    def _of(self, text: bytes) -> Iterator[tuple[int, tuple[int, bytes]]]:
        """The last blocks of a string, which are rarer than the first, and their places."""
        for offset in range(len(text) - self.shortest, len(text) - self._width + 1):
            (block,) = self._read(text[offset : offset + self._width])
            yield block, (offset, text)

    def _read(self, data: bytes) -> memoryview[int]:
        whole = len(data) // self._width * self._width
        return memoryview(data)[:whole].cast(self._code)  # type: ignore[call-overload, no-any-return]


def spellings(text: str) -> Iterator[bytes]:
    """Spell a secret in all ways that are no escapes: plain, quoted in JSON once and twice, with
    `+` for a blank, and in base64 at any place of a longer text."""
    quoted = json.dumps(text, ensure_ascii=False)[1:-1]
    yield from _plain_spellings(text, quoted)
    data = text.encode("utf-8", "surrogatepass")
    for shift, first in enumerate((0, 2, 3)):
        coded = b64encode(bytes(shift) + data)
        # The first and last characters depend on the text around the secret.
        kept = coded[first : (shift + len(data)) * 8 // 6]
        yield kept
        yield kept.translate(bytes.maketrans(b"+/", b"-_"))


def _plain_spellings(text: str, quoted: str) -> Iterator[bytes]:
    twice = json.dumps(quoted, ensure_ascii=False)[1:-1]
    for form in (text, quoted, twice, quote_plus(text, errors="surrogatepass")):
        yield form.encode("utf-8", "surrogatepass")


def _forms(secret: str, shortest: int) -> frozenset[bytes]:
    """All spellings of a secret, and of the second half of a key, which is a secret alone; those
    with fewer characters are left out."""
    halves = secret.split(".")
    half = halves[1] if len(halves) == 2 and len(halves[1]) >= shortest else ""
    forms = set(spellings(half)) if half else set()
    if len(secret) >= shortest:
        # In base64 the half is found within the whole; the rest is no secret.
        forms |= set(_plain_spellings(secret, json.dumps(secret, ensure_ascii=False)[1:-1]))
        forms |= set() if half else set(spellings(secret))
    return frozenset(forms)
