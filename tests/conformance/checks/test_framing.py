"""SSE: the framing of a stream; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, frame, splice, sub, swapped, twice, use_crlf, without
from tests.conformance.reference import ANSWERS
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "SSE-01": (
        Mutant(
            "stream",
            frame(2, lambda p: p.replace(b"thre", b"thr\xe4")),
            "bytes that are not UTF-8",
            actual='data: {"id":"20260729080000f0ab19f8cb470…',
            at=b'\xe4"}}]}\n\ndata',
            also="EQV-07",
        ),
    ),
    "SSE-02": (
        Mutant(
            "stream",
            frame(0, lambda p: b"\xef\xbb\xbf" + p),
            "a byte-order mark",
            actual="EF BB BF",
            at=b'\xef\xbb\xbfdata: {"i',
        ),
    ),
    "SSE-03": (
        Mutant(
            "stream",
            frame(2, lambda p: b"Data: x\n" + p),
            "a line without a meaning",
            actual="Data",
            at=b"Data: x\ndata",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: b"retry: soon\n" + p),
            "a line without a meaning",
            actual="soon",
            at=b"retry: soon\n",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: b"id: a\0b\n" + p),
            "a line without a meaning",
            actual="a\x00b",
            at=b"id: a\x00b\ndata",
        ),
    ),
    "SSE-04": (
        Mutant(
            "stream",
            frame(-1, lambda p: p[:-1]),
            "an event that is unterminated",
            actual="",
            at=b"data: [DONE]",
            also="SSE-06",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: b"event: x\n\n" + p),
            "an event that is no-data",
            actual="",
            at=b"event: x\n\nda",
        ),
        Mutant(
            "stream",
            frame(2, lambda p: b"data:\n\n" + p),
            "an event that is empty-data",
            actual="",
            at=b"data:\n\ndata:",
            also="SSE-05",
        ),
    ),
    "SSE-05": (
        Mutant(
            "stream",
            frame(1, splice),
            'event 1: a second "data:" inside the line: two frames were spliced',
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=b'data: {"id":',
            also="EQV-07",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: p.replace(b'"index":0', b'"index":NaN')),
            "event 3: NaN is not JSON",
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=b'{"id":"20260',
            also="EQV-07",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: b"data: []\n\n"),
            "event 3: not a JSON object",
            actual="[]",
            at=b'[]\n\ndata: {"',
            also="EQV-07",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: b"data: " + p),
            'event 3: a second "data:" inside the line: two frames were spliced',
            actual='data: {"id":"20260729080000f0ab19f8cb470…',
            at=b'data: {"id":',
            also="EQV-07",
        ),
        Mutant(
            "stream",
            frame(3, lambda p: b'data: "\xff\xff\xff\xff" x\n\n'),
            "event 3: Extra data: line 1 column 8 (char 7)",
            actual='"����" x',
            at=b'\ndata: {"id"',
            also="EQV-07 SSE-01",
        ),
    ),
    "SSE-06": (
        Mutant(
            "stream",
            without(-1),
            "no [DONE]",
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=ANSWERS["stream"].chunks[-2][1],
        ),
        Mutant("stream", twice(-1), "an event after [DONE]", actual="[DONE]", at=b"data: [DONE]"),
        Mutant(
            "stream",
            swapped(-1, -2),
            "an event after [DONE]",
            actual='{"id":"20260729080000f0ab19f8cb470c01","…',
            at=b'data: {"id":',
        ),
        Mutant(
            "stream",
            frame(-1, lambda p: b"data: [DONE]x\n\n"),
            "not bare",
            actual="[DONE]x",
            at=b"data: [DONE]",
        ),
        Mutant(
            "stream",
            frame(-1, lambda p: b"event: end\n" + p),
            "not bare",
            actual="[DONE]",
            at=b"event: end\nd",
        ),
    ),
    "SSE-07": (
        Mutant(
            "stream",
            frame(1, lambda p: b"event: message\n" + p),
            "a named event",
            actual="message",
            at=b"event: message",
        ),
    ),
    "SSE-09": tuple(
        Mutant(
            "stream",
            frame(1, lambda p, name=name: b"event: %b\n" % name + p),  # type: ignore[misc]
            "another type",
            actual=name.decode(),
            at=b"event: " + name,
            also="SSE-07",
        )
        for name in (b"chunk", b"error", b"thread.message.delta")
    ),
    "SSE-08": (
        Mutant(
            "stream",
            frame(1, lambda p: b": ping\n\n" + p),
            "1 comment(s)",
            actual=": ping",
            at=b": ping\n\ndata",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "SSE-03": (
        Mutant("stream", frame(2, lambda p: b"retry: 3000\nid: 7\n" + p)),
        Mutant("stream", use_crlf),
    ),
    "SSE-04": (Mutant("stream", use_crlf),),
    "SSE-05": (Mutant("stream", use_crlf), Mutant("stream", sub(b"data: ", b"data:"))),
    "SSE-06": (Mutant("stream", use_crlf),),
    "SSE-09": (Mutant("stream", frame(1, lambda p: b"event: message\n" + p)),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
