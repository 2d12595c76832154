"""EVT: events on the Anthropic surface; changes that break a requirement and that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from tests.conformance.changes import (
    Mutant,
    close_early,
    frame,
    sub,
    swapped,
    twice,
    use_crlf,
    without,
)
from tests.conformance.message_reference import event
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "EVT-01": (
        Mutant(
            "message-stream",
            frame(3, lambda p: p.replace(b'"text":"one ', b'"text":"\xe4 ')),
            "invalid-utf8",
            actual='data: {"type":"content_block_delta","ind…',
            at=b'\xe4 "}}\n\nevent: co',
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            frame(0, lambda p: b"\xef\xbb\xbf" + p),
            "bom",
            actual="",
            at=b"\xef\xbb\xbfevent: messag",
        ),
        Mutant(
            "message-stream",
            frame(2, lambda p: b"Data: x\n" + p),
            "unknown-field",
            actual="Data",
            at=b"Data: x\nevent: c",
        ),
        Mutant(
            "message-stream",
            frame(2, lambda p: b"event: x\n\n" + p),
            "no-data",
            actual="",
            at=b"event: x\n\nevent:",
        ),
        Mutant(
            "message-stream",
            frame(-1, lambda p: p[:-1]),
            "unterminated",
            actual="",
            at=b"event: message_s",
            also="EVT-06",
        ),
    ),
    "EVT-02": (
        Mutant(
            "message-stream",
            frame(0, lambda p: p[:60] + p[-30:]),
            "Expecting ':' delimiter: line 1 column 34 (char 33)",
            actual='{"type":"message_start","message"kens":0…',
            at=b"event: message_s",
            also="EVT-04",
        ),
        Mutant(
            "message-stream",
            frame(3, lambda p: p[:60] + p[-30:]),
            "Expecting ',' delimiter: line 1 column 29 (char 28)",
            actual='{"type":"content_block_delt"text_delta",…',
            at=b"event: content_b",
            also="MSG-07",
        ),
        Mutant(
            "message-stream",
            frame(1, lambda p: b"event: ping\ndata: {}\n\n"),
            "no type",
            actual="{}",
            at=b"event: ping\ndata",
            also="EVT-03 EVT-05",
        ),
        Mutant(
            "message-stream",
            frame(1, lambda p: b"event: ping\ndata: []\n\n"),
            "no type",
            actual="[]",
            at=b"event: ping\ndata",
            also="EVT-05",
        ),
    ),
    "EVT-03": (
        Mutant(
            "message-stream",
            frame(3, lambda p: p.partition(b"\n")[2]),
            "no name",
            actual="",
            at=b'data: {"type":"c',
        ),
        Mutant(
            "message-stream",
            sub(b"event: message_stop", b"event: stop"),
            "another name",
            actual="stop",
            at=b"event: stop\ndata",
        ),
    ),
    "EVT-04": (
        Mutant(
            "message-stream",
            without(0),
            "not the first",
            path="$",
            actual="ping",
            at=b"event: ping\ndata",
        ),
        Mutant(
            "message-stream",
            twice(0),
            "more than once",
            path="$",
            actual="message_start",
            at=b"event: message_s",
            also="EVT-05",
        ),
        Mutant(
            "message-stream",
            swapped(0, 1),
            "not the first",
            path="$",
            actual="ping",
            at=b"event: ping\ndata",
            also="EVT-05",
        ),
    ),
    "EVT-05": (
        Mutant(
            "message-stream",
            without(1),
            "no ping",
            path="$",
            actual="content_block_start",
            at=b"event: content_b",
        ),
        Mutant(
            "message-stream",
            twice(1),
            "more than one",
            path="$",
            actual="ping",
            at=b"event: ping\ndata",
        ),
    ),
    "EVT-06": (
        Mutant(
            "message-stream",
            without(-2),
            "no message_delta",
            path="$",
            actual="message_stop",
            at=b"event: message_s",
        ),
        Mutant(
            "message-stream",
            without(-1),
            "no message_stop",
            path="$",
            actual="message_delta",
            at=b"event: message_d",
        ),
        Mutant(
            "message-stream",
            twice(-2),
            "more than once",
            path="$",
            actual="message_delta",
            at=b"event: message_d",
        ),
        Mutant(
            "message-stream",
            swapped(-2, -3),
            "a block after message_delta",
            path="$",
            actual="content_block_stop",
            at=b"event: content_b",
        ),
    ),
    "EVT-07": (
        Mutant(
            "message-stream",
            frame(-1, lambda p: p + b"data: [DONE]\n\n" * 2),
            "the stream went on",
            actual="[DONE]",
            at=b"data: [DONE]\n\nda",
        ),
        Mutant(
            "message-stream",
            frame(-1, lambda p: p + b"data: [DONE]\n\n"),
            "the stream went on",
            actual="[DONE]",
            at=b"data: [DONE]\n\n",
        ),
        Mutant(
            "message-stream",
            frame(-1, lambda p: p + event("ping")),
            "the stream went on",
            actual='{"type":"ping"}',
            at=b"event: ping\ndata",
            also="EVT-05",
        ),
        Mutant(
            "message-stream",
            frame(-2, lambda p: p + b"data: [DONE]\n\n"),
            "the stream went on",
            actual="[DONE]",
            at=b"data: [DONE]\n\nev",
        ),
    ),
    "EVT-08": (
        Mutant(
            "message-stream",
            frame(2, lambda p: event("chunk") + p),
            "an unknown type",
            path="$.type",
            actual="chunk",
            at=b'"type":"chunk"}\n',
        ),
    ),
    "EVT-09": (Mutant("message-stream", close_early, "not ended", actual="close"),),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "EVT-01": (Mutant("message-stream", use_crlf),),
    "EVT-02": (Mutant("message-stream", sub(b"data: ", b"data:")),),
    "EVT-03": (Mutant("message-stream", sub(b"event: ", b"event:")),),
    "EVT-05": (Mutant("message-failing", lambda a: replace(a, chunks=a.chunks[:1])),),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
