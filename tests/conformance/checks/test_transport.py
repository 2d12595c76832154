"""TRN: status, headers, body; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.conformance.changes import Mutant, close_early, header, instead, sub, timed
from tests.conformance.reference import ANSWERS, refusal
from tests.conformance.requirements import assert_passes, assert_reported, cases

BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "TRN-01": (
        Mutant(
            "stream",
            instead(refusal(400, "1210", "no")),
            "unexpected answer",
            actual='400 {"error":{"code":"1210","message":"no"}}',
            also="TRN-02",
        ),
    ),
    "TRN-02": (
        Mutant(
            "stream",
            header("Content-Type", "application/json"),
            "unexpected media type",
            actual="application/json",
        ),
        Mutant(
            "stream",
            instead(refusal(400, "1210", "no")),
            "not a stream",
            actual='400 {"error":{"code":"1210","message":"no"}}',
            also="TRN-01",
        ),
    ),
    "TRN-03": (
        Mutant(
            "plain",
            header("Content-Type", "text/plain"),
            "unexpected media type",
            actual="text/plain",
        ),
        Mutant(
            "plain",
            instead(ANSWERS["stream"]),
            "unexpected media type",
            actual="text/event-stream;charset=UTF-8",
        ),
    ),
    "TRN-04": (
        Mutant("stream", header("Content-Encoding", "gzip"), "an unexpected coding", actual="gzip"),
    ),
    "TRN-05": (
        Mutant(
            "stream",
            timed(lambda i: 3.0),
            "the stream was held back",
            actual="14 events at 1 moment(s)",
        ),
        Mutant(
            "stream",
            timed(lambda i: 3.0 + min(i, 1) / 1000),
            "the stream was held back",
            actual="14 events at 2 moment(s)",
        ),
        Mutant(
            "stream",
            timed(lambda i: 3.0 + i / 100_000),
            "the stream was held back",
            actual="14 events at 1 moment(s)",
        ),
    ),
    "TRN-06": (Mutant("stream", close_early, "the body did not end", actual="close"),),
    "TRN-07": (
        Mutant(
            "stream", header("Cache-Control", "public"), "cacheable", actual="Cache-Control: public"
        ),
        Mutant(
            "stream",
            header("Cache-Control", "max-age=60"),
            "cacheable",
            actual="Cache-Control: max-age=60",
        ),
        Mutant(
            "stream",
            header("Cache-Control", 's-maxage="60"'),
            "cacheable",
            actual='Cache-Control: s-maxage="60"',
        ),
    ),
    "TRN-08": (
        Mutant(
            "echo",
            sub("你".encode(), b"?"),
            "characters were lost",
            actual="alpha ?好 😀 \u2028 omega",
        ),
        Mutant(
            "echo",
            sub("😀".encode(), b"?"),
            "characters were lost",
            actual="alpha 你好 ? \u2028 omega",
        ),
        Mutant(
            "echo",
            sub(b" ome", "\ufffd ome".encode()),
            "characters were lost",
            actual="alpha 你好 😀 \u2028� omega",
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "TRN-02": (Mutant("stream", header("Content-Type", "TEXT/event-stream; charset=utf-8")),),
    "TRN-04": (Mutant("stream", header("Content-Encoding", "identity")),),
    "TRN-05": (
        Mutant("stream", timed(lambda i: 1.0 + min(i, 2))),
        Mutant("stream", timed(lambda i: 1.0 + min(i, 2) / 1000)),
    ),
    "TRN-07": (
        Mutant("stream", header("Cache-Control", "no-cache")),
        Mutant("stream", header("Cache-Control", "max-age=0")),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
