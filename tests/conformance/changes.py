"""Changes of the bytes of the reference, for tests of the checks."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from mockglm.exchange import Response
from tests.conformance.message_reference import MESSAGE_ANSWERS
from tests.conformance.reference import ANSWERS, refusal

Mutation = Callable[[Response], Response]
HTML = b"<html><head><title>405 Not Allowed</title></head></html>"


@dataclass(frozen=True)
class Mutant:
    """A change of the answer of a probe, and the findings that the check must report for it.

    `message`, `path` and `actual` are those of the first finding, and `expected` unless it is None;
    `at` are the bytes it points at, `count` is the number of findings, `also` names other checks
    that the change breaks as well.
    """

    probe: str
    change: Mutation
    message: str = ""
    path: str | None = None
    expected: str | None = None
    actual: str | None = None
    at: bytes | None = None
    count: int = 1
    also: str = ""

    def answer(self) -> Response:
        return self.change({**ANSWERS, **MESSAGE_ANSWERS}[self.probe])


def sub(old: bytes, new: bytes, count: int = 0) -> Mutation:
    """Replace in the pieces of the answer, everywhere or in the first `count`."""

    def change(answer: Response) -> Response:
        left = count or 10_000
        pieces = []
        for at, piece in answer.chunks:
            if left and old in piece:
                piece, left = piece.replace(old, new), left - 1
            pieces.append((at, piece))
        assert tuple(pieces) != answer.chunks, f"{old!r} is not there"
        return replace(answer, chunks=tuple(pieces))

    return change


def frame(number: int, new: Callable[[bytes], bytes]) -> Mutation:
    """Change one piece of a stream, counted from either end."""

    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        at, piece = pieces[number]
        pieces[number] = (at, new(piece))
        return replace(answer, chunks=tuple(pieces))

    return change


def header(name: str, value: str) -> Mutation:
    """Set a header; the empty value takes it away."""

    def change(answer: Response) -> Response:
        others = tuple(pair for pair in answer.headers if pair[0] != name)
        return replace(answer, headers=(*others, (name, value)) if value else others)

    return change


def status(code: int) -> Mutation:
    return lambda answer: replace(answer, status=code)


def body(new: bytes) -> Mutation:
    return lambda answer: replace(answer, chunks=((0.1, new),))


def instead(answer: Response) -> Mutation:
    """Replace the whole answer."""
    return lambda _: answer


def timed(times: Callable[[int], float]) -> Mutation:
    """Let each piece arrive at the time of its number."""

    def change(answer: Response) -> Response:
        pieces = ((times(i), piece) for i, (_, piece) in enumerate(answer.chunks))
        return replace(answer, chunks=tuple(pieces))

    return change


def close_early(answer: Response) -> Response:
    return replace(answer, end="close")


def number(key: bytes, new: bytes) -> Mutation:
    """Replace every number under a key."""

    def change(answer: Response) -> Response:
        form = re.compile(rb'("%b":)-?\d+' % key)
        pieces = ((at, form.sub(rb"\g<1>" + new, piece)) for at, piece in answer.chunks)
        return replace(answer, chunks=tuple(pieces))

    return change


def swapped(first: int, second: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        pieces[first], pieces[second] = pieces[second], pieces[first]
        return replace(answer, chunks=tuple(pieces))

    return change


def twice(number: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        pieces.insert(number, pieces[number])
        return replace(answer, chunks=tuple(pieces))

    return change


def without(number: int) -> Mutation:
    def change(answer: Response) -> Response:
        pieces = list(answer.chunks)
        del pieces[number]
        return replace(answer, chunks=tuple(pieces))

    return change


def splice(piece: bytes) -> bytes:
    return piece[:60] + piece


ERROR = b'data: {"error":{"code":"1234","message":"Internal network failure"}}\n\n'
ACCEPTED = instead(ANSWERS["afterwards"])
OTHER_CODE = instead(refusal(400, "1234", "网络错误"))


def end_with_error(answer: Response) -> Response:
    """A stream that breaks off with an error."""
    times = [at for at, _ in answer.chunks]
    frames = [*(piece for _, piece in answer.chunks[:3]), ERROR, b"data: [DONE]\n\n"]
    return replace(answer, chunks=tuple(zip(times, frames, strict=False)))


def use_crlf(answer: Response) -> Response:
    pieces = ((at, piece.replace(b"\n", b"\r\n")) for at, piece in answer.chunks)
    return replace(answer, chunks=tuple(pieces))


DAY_BEFORE = b"1785196801"
EMPTY_ROLES = frame(2, lambda p: p.replace(b'"role":"assistant",', b""))
BAD_GATEWAY = instead(replace(refusal(502, "", ""), chunks=((0.1, HTML),)))
REPEATED = frame(
    1, lambda p: p.replace(b'[{"index":0', b'[{"id":"call_417fb00c5b2d4aada7fa6660","index":0')
)
