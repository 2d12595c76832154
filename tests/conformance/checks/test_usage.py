"""USE: usage; changes that break a requirement and changes that do not."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from msgspec.structs import replace

from mockglm.exchange import Response
from tests.conformance.changes import Mutant, frame, number, sub
from tests.conformance.reference import chunk
from tests.conformance.requirements import assert_passes, assert_reported, cases


def usage_after_finish(answer: Response) -> Response:
    """The form of OpenAI: a chunk of its own behind the finish reason."""
    counted = {"prompt_tokens": 21, "completion_tokens": 11, "total_tokens": 32}
    last = chunk({}, choices=[], usage=counted)
    return frame(-1, lambda p: last + p)(sub(b'"usage"', b'"cost"')(answer))


BROKEN: Mapping[str, tuple[Mutant, ...]] = {
    "USE-01": (
        Mutant(
            "stream", sub(b'"usage"', b'"cost"'), "no usage", path="$.choices[0]", also="CHK-11"
        ),
        Mutant(
            "stream",
            frame(1, lambda p: p.replace(b'"choices"', b'"usage":{},"choices"')),
            "usage more than once",
            path="$.usage",
            actual="{}",
            also="USE-02",
        ),
        Mutant(
            "stream",
            frame(-1, lambda p: chunk({"delta": {}}, usage={"total_tokens": 1}) + p),
            "usage more than once",
            path="$.usage",
            actual='{"completion_tokens": 11, "completion_to…',
            count=2,
            also="EQV-02 EQV-04 FIN-01 USE-02",
        ),
        Mutant(
            "stream",
            usage_after_finish,
            "usage apart from the finish",
            path="$.usage",
            also="CHK-04 CHK-11",
        ),
    ),
    "USE-02": (
        Mutant(
            "stream",
            number(b"total_tokens", b"99"),
            "not the sum",
            path="$.usage.total_tokens",
            actual="99",
        ),
        Mutant(
            "plain",
            number(b"total_tokens", b"31"),
            "not the sum",
            path="$.usage.total_tokens",
            actual="31",
        ),
        Mutant(
            "plain",
            number(b"prompt_tokens", b"-1"),
            "not a count",
            path="$.usage.prompt_tokens",
            actual="-1",
            also="EQV-02",
        ),
        Mutant(
            "plain",
            number(b"completion_tokens", b'"11"'),
            "not a count",
            path="$.usage.completion_tokens",
            actual="11",
        ),
        Mutant(
            "plain",
            number(b"completion_tokens", b"true"),
            "not a count",
            path="$.usage.completion_tokens",
            actual="true",
        ),
    ),
    "USE-03": (
        Mutant(
            "stream",
            number(b"completion_tokens", b"0"),
            "nothing counted",
            path="$.usage.completion_tokens",
            actual="0 for 48 characters and 0 calls",
            also="USE-02",
        ),
        Mutant(
            "tools-plain",
            number(b"completion_tokens", b"0"),
            "nothing counted",
            path="$.usage.completion_tokens",
            actual="0 for 0 characters and 2 calls",
            also="USE-02",
        ),
    ),
    "USE-04": (
        Mutant(
            "stream",
            number(b"cached_tokens", b"22"),
            "out of range",
            path="$.usage.prompt_tokens_details.cached_tokens",
            actual="22",
        ),
        Mutant(
            "plain",
            number(b"cached_tokens", b"-1"),
            "out of range",
            path="$.usage.prompt_tokens_details.cached_tokens",
            actual="-1",
        ),
    ),
    "USE-05": (
        Mutant(
            "thinking",
            number(b"reasoning_tokens", b"21"),
            "out of range",
            path="$.usage.completion_tokens_details.reasoning_tokens",
            actual="21",
        ),
    ),
    "USE-06": (
        Mutant(
            "length",
            number(b"completion_tokens", b"9"),
            "more than max_tokens",
            path="$.usage.completion_tokens",
            actual="9",
            also="USE-02",
        ),
    ),
    "USE-07": (
        Mutant(
            "length-plain", number(b"prompt_tokens", b"21"), "not more", actual="21", also="USE-02"
        ),
    ),
}

ALLOWED: Mapping[str, tuple[Mutant, ...]] = {
    "USE-01": (
        Mutant(
            "stream", lambda a: sub(b'"usage"', b'"cost"')(sub(b'"stop"', b'"network_error"')(a))
        ),
    ),
    "USE-03": (
        Mutant(
            "stream", lambda a: number(b"completion_tokens", b"0")(replace(a, chunks=a.chunks[-2:]))
        ),
    ),
    "USE-04": (Mutant("stream", number(b"cached_tokens", b"21")),),
    "USE-05": (Mutant("thinking", number(b"reasoning_tokens", b"20")),),
    "USE-07": (
        Mutant("plain", number(b"prompt_tokens", b"null")),
        Mutant("length-plain", number(b"prompt_tokens", b"null")),
    ),
}


@pytest.mark.parametrize(("id", "mutant"), cases(BROKEN))
def test_a_broken_requirement_is_reported(id: str, mutant: Mutant) -> None:
    assert_reported(id, mutant)


@pytest.mark.parametrize(("id", "mutant"), cases(ALLOWED))
def test_an_allowed_difference_passes(id: str, mutant: Mutant) -> None:
    assert_passes(id, mutant)
