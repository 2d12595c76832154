"""Faults as they are asked for, and one laid over the other."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from mockglm.errors import FaultError
from mockglm.faults import CATALOGUE, FaultSpec, Position, apply, parse
from tests.faults.answers import DONE, ERROR, STOP, TALK, WORDS, A, B, R, stream

GLUE, STALL = CATALOGUE["glue"], CATALOGUE["stall"]
KEPT = {"keep": 17}

SPECS: tuple[tuple[Any, tuple[FaultSpec, ...]], ...] = (
    ("glue", (FaultSpec(GLUE, None, KEPT),)),
    ("glue.3-frames", (FaultSpec(GLUE, Position("frames", 3), KEPT),)),
    ("glue.3-frames.keep-9", (FaultSpec(GLUE, Position("frames", 3), {"keep": 9}),)),
    ("glue.chance-1", (FaultSpec(GLUE, None, KEPT, 1.0),)),
    ({"do": "glue"}, (FaultSpec(GLUE, None, KEPT),)),
    (
        {"do": "glue", "at": "3 frames", "keep": 9},
        (FaultSpec(GLUE, Position("frames", 3), {"keep": 9}),),
    ),
    ({"do": "glue", "chance": 0.25}, (FaultSpec(GLUE, None, KEPT, 0.25),)),
    ({"at": "headers", "do": "stall", "for": "1m"}, parse("stall.headers.for-60s")),
    ({"do": "stall", "for": 2.5}, (FaultSpec(STALL, None, {"connection": "keep", "for": 2.5}),)),
    (["glue", {"do": "stall"}], (*parse("glue"), *parse("stall"))),
    ([], ()),
    (["comment"] * 8, parse("comment") * 8),
)


@pytest.mark.parametrize(("spec", "laid"), SPECS)
def test_faults_are_read(spec: Any, laid: tuple[FaultSpec, ...]) -> None:
    assert parse(spec) == laid


REFUSED = (
    ("glu", "fault glu: there is no such fault; did you mean glue?"),
    ("GLUE", "fault GLUE: there is no such fault"),
    ("", "there is no such fault; `mockglm faults` lists what there is"),
    ({"at": "3 frames"}, "there is no such fault"),
    ("glue.3", "fault glue: '3' is not a position"),
    (
        "glue.3-frams",
        "'3-frams' is not a position; expected N frames, N bytes, N s or one of headers",
    ),
    ("glue.headers", "fault glue: it cannot be done at headers"),
    ("bom.1-frames", "fault bom: it takes no place"),
    ({"do": "glue", "keep": 0}, "fault glue: 0 is not a whole number above 0"),
    ({"do": "glue", "keep": True}, "True is not a whole number above 0"),
    ({"do": "glue", "kept": 1}, "fault glue: it has no option kept; there are keep"),
    ({"do": "bom", "kept": 1}, "fault bom: it has no option kept; there are none"),
    ("stall.for-soon", "fault stall: `soon` is not a duration; expected 30s, 5m, 5h or 7d"),
    ("reset.connection-maybe", "fault reset: 'maybe' is not one of keep, close"),
    (["comment"] * 9, "fault comment: there are 9 faults; at most 8 can apply to one response"),
    ("glue.chance-2", "'2' is not a chance between 0 and 1"),
    ({"do": "glue", "chance": True}, "True is not a chance between 0 and 1"),
)


@pytest.mark.parametrize(("spec", "reason"), REFUSED)
def test_a_spec_that_cannot_be_parsed_gives_the_reason(spec: Any, reason: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(spec)
    assert reason in str(caught.value)


def test_a_refusal_names_the_fault() -> None:
    with pytest.raises(FaultError) as caught:
        parse(["glue", "stal"])
    assert caught.value.name == "stal"


UNFIT = (
    (WORDS, "glue", "fault glue: it applies to a stream"),
    (TALK, "plain-type", "it applies to a JSON response"),
    (ERROR, "plain-type", "it applies to a JSON response"),
    (ERROR, "usage-missing", "it applies to a completion"),
    (TALK, "error-200", "it applies to an error"),
    (TALK, "glue.9-frames", "the answer has no 9 frames"),
    (WORDS, "reset.2-frames", "the answer has no 2 frames"),
    (TALK, "reset.tool_call", "the answer has no tool_call"),
    (TALK, "reset.99999-bytes", "the answer has no 99999 bytes"),
    (TALK, "call-twice", "fault call-twice: this answer is without a tool call"),
    (TALK, "glue.done", "this answer is without two frames there"),
    (TALK, "swap.done", "this answer is without two frames there"),
    (stream(A, DONE), "finish-everywhere", "this answer is without a finish reason"),
)


@pytest.mark.parametrize(("answer", "spec", "reason"), UNFIT)
def test_a_fault_that_cannot_be_done_is_refused(answer: Any, spec: str, reason: str) -> None:
    with pytest.raises(FaultError) as caught:
        apply(answer, parse(spec))
    assert reason in str(caught.value)


def test_no_fault_is_no_change() -> None:
    assert apply(TALK, ()) is TALK


COMPOSED = (
    (["glue", "reset.2-frames"], R + b'data: {"id":"20260101ab' + B),
    (["reset.3-frames", "drop"], R + B),
    (["usage-missing", "usage-missing.0-frames"], None),
    (["duplicate", "swap.0-frames", "no-done"], A + R + A + B + STOP),
    (["comment.1-frames", "drop.1-frames"], R + A + B + STOP + DONE),
    (["finish-stop", "drop"], None),
    (["done-twice", "tail.data-x"], TALK.body + b"data: x\n\n" + DONE + b"data: x\n\n"),
)


@pytest.mark.parametrize(("specs", "body"), COMPOSED)
def test_faults_are_laid_in_their_order(specs: list[str], body: bytes | None) -> None:
    if body is None:
        with pytest.raises(FaultError):
            apply(TALK, parse(specs))
        return
    assert apply(TALK, parse(specs)).body == body


def test_a_stall_and_a_cut_compose() -> None:
    answer = apply(TALK, parse(["stall.1-frames.for-10s", "reset.2-frames"]))
    assert answer == replace(TALK, chunks=((0.0, R), (11.0, A)), end="reset")
