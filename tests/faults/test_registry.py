"""The catalogue as a whole: complete, sourced, and each fault caught by the check it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm.conformance.checks import ALL_CHECKS, CHECKS, MESSAGE_CHECKS
from mockglm.conformance.verdicts import judge_run
from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import CATALOGUE, Fault, apply, parse
from mockglm.faults.frames import apply_edits, documents, rewrite_documents, split_chunks
from mockglm.faults.position import Position, locate
from mockglm.faults.registry import index_by_name
from tests.conformance import message_reference, reference
from tests.conformance.message_reference import MESSAGE_ANSWERS
from tests.conformance.reference import ANSWERS, KEY
from tests.faults.answers import (
    CALLED,
    CALLS,
    DONE,
    ERROR,
    PIECES,
    STOP,
    TALK,
    TOOLS,
    WORDS,
    A,
    T,
    said,
    stream,
)

FAULTS = tuple(CATALOGUE.values())
QUOTED = stream(said('{"role":"assistant","content":"{\\"a\\":\\"x\\\\ny\\"}"}'), STOP, DONE)
SAMPLES = (TALK, TOOLS, PIECES, QUOTED, WORDS, CALLED, ERROR)
MESSAGES = tuple(MESSAGE_ANSWERS.values())
NAMES = """
    reset close stall drip split short long bad-chunk-size
    glue duplicate drop swap garble no-done done-twice end error comment crlf bom
    sensitive network-error thinking-only call-twice call-without-index call-without-id
    call-without-type arguments-object arguments-cut think-leak
    usage-missing usage-early usage-tail finish-everywhere
"""


def ids(fault: Fault) -> str:
    return fault.name


def broken(fault: Fault, answer: Response, spec: str = "") -> Response | None:
    """The answer with the fault laid over it, None where it cannot be."""
    try:
        return apply(answer, parse(spec or fault.name), key=KEY)
    except FaultError:
        return None


def received(answer: Response) -> Response:
    """What an HTTP client has of an answer that frames its body itself."""
    length = answer.header("content-length")
    if answer.raw and length:
        return replace(answer, chunks=split_chunks(answer.chunks, int(length))[0], raw=False)
    if answer.raw:
        good = [(at, piece) for at, piece in answer.chunks if not piece.startswith(b"zz")]
        pieces = tuple((at, piece.split(b"\r\n", 1)[1][:-2]) for at, piece in good[:1])
        return replace(answer, chunks=pieces, raw=False, end="close")
    return answer


def caught(fault: Fault, id: str) -> Iterator[str]:
    """The probes over whose broken answers a check has a finding."""
    is_of_messages = id in MESSAGE_CHECKS
    answers = MESSAGE_ANSWERS if is_of_messages else ANSWERS
    make = message_reference if is_of_messages else reference
    for spec in {fault.trial or fault.name, fault.name}:
        for probe, answer in answers.items():
            changed = broken(fault, answer, spec)
            if changed is not None:
                seen = make.exchange(probe, received(changed))
                if judge_run(ALL_CHECKS[id], make.evidence({probe: seen})).findings:
                    yield probe


@pytest.mark.parametrize("name", NAMES.split())
def test_the_faults_of_the_design_are_there(name: str) -> None:
    assert name in CATALOGUE


def test_no_two_faults_share_a_name() -> None:
    with pytest.raises(ValueError, match="two faults are called glue"):
        index_by_name([CATALOGUE["glue"], replace(CATALOGUE["drop"], name="glue")])


def test_every_row_is_complete() -> None:
    for fault in FAULTS:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fault.name)
        assert fault.about.endswith("."), fault.name
        assert fault.breaks, fault.name
        assert fault.reports, fault.name
        assert all(link.startswith("https://") for link in fault.links), fault.name
        assert bool(fault.caught_by) != bool(fault.why), fault.name


def test_every_option_can_read_its_default() -> None:
    for fault in FAULTS:
        for name, option in fault.options.items():
            assert option.about, (fault.name, name)
            is_read = option.default in (None, "") or option.read(option.default) == option.default
            assert is_read, (fault.name, name)


@pytest.mark.parametrize("fault", FAULTS, ids=ids)
def test_a_fault_changes_an_answer_or_is_refused(fault: Fault) -> None:
    changed = [(answer, broken(fault, answer)) for answer in (*SAMPLES, *MESSAGES)]
    assert any(after is not None for _, after in changed)
    assert all(before != after for before, after in changed)


@pytest.mark.parametrize("fault", FAULTS, ids=ids)
def test_the_same_fault_does_the_same_again(fault: Fault) -> None:
    answers = (*SAMPLES, *MESSAGES)
    assert [broken(fault, answer) for answer in answers] == [
        broken(fault, answer) for answer in answers
    ]


@pytest.mark.parametrize(
    ("fault", "id"),
    [(fault, id) for fault in FAULTS for id in (fault.caught_by, *fault.also) if id],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_the_check_that_a_fault_names_catches_it(fault: Fault, id: str) -> None:
    assert next(caught(fault, id), None)


def test_every_check_has_a_fault_that_it_catches() -> None:
    named = {id for fault in FAULTS for id in (fault.caught_by, *fault.also)}
    assert CHECKS.keys() - named == set()


STREAMED = tuple(
    f for f in FAULTS if Position("frames").unit in f.positions and "plain" not in f.on
)


@st.composite
def recorded(draw: st.DrawFn) -> Response:
    """One of the streams, some frames broken, in pieces that do not keep to the frames."""
    source = draw(st.sampled_from([TALK, TOOLS, PIECES, QUOTED]))
    body = source.body
    if draw(st.booleans()):
        at = draw(st.integers(0, len(body) - 1))
        body = body[:at] + draw(st.binary(max_size=3)) + body[at + 1 :]
    cuts = draw(st.sets(st.integers(1, len(body) - 1), max_size=12))
    bounds = [0, *sorted(cuts), len(body)]
    times = sorted(draw(st.lists(st.floats(0, 9), min_size=len(bounds), max_size=len(bounds))))
    pieces = zip(times, (body[low:high] for low, high in pairwise(bounds)), strict=False)
    return replace(source, chunks=tuple(pieces))


@pytest.mark.parametrize("fault", STREAMED, ids=ids)
@settings(max_examples=15, deadline=None)
@given(answer=recorded(), count=st.integers(0, 5))
def test_bytes_before_a_fault_are_unchanged(fault: Fault, answer: Response, count: int) -> None:
    after = broken(fault, answer, f"{fault.name}.{count}-frames")
    if after is None or after.raw:
        return
    spot = locate(answer, Position("frames", count))
    assert spot is not None
    before = split_chunks(answer.chunks, spot.start)[0]
    assert split_chunks(after.chunks, spot.start)[0][: len(before)] == before
    times = [at for at, _ in after.chunks]
    assert times == sorted(times)


QUICK = {name: parse(name) for name in CATALOGUE} | {
    "huge-line": parse("huge-line.size-99"),
    "repetition": parse("repetition.times-3"),
}
MEANT = [laid for name, laid in QUICK.items() if CATALOGUE[name].kind == "meaning"]
"""What looks into the JSON, so that one of them may meet what another left."""


@pytest.mark.parametrize(
    "answer", [stream(A, T, CALLS, DONE), CALLED, ERROR], ids=["stream", "plain", "error"]
)
def test_any_fault_is_laid_over_any_other_or_refused(answer: Response) -> None:
    for first in MEANT:
        with suppress(FaultError):
            once = apply(answer, first)
            for second in MEANT:
                with suppress(FaultError):
                    assert apply(once, second) != once


ODD: tuple[Any, ...] = (None, True, 0, -1.5, 10**18, "", "[1]", "{", [], [1], [{}], {}, {"a": [1]})


def spots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Each place in a JSON value, as what holds it and its key there."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from spots(value[key])


@st.composite
def misshapen(draw: st.DrawFn) -> Response:
    """One of the answers, with values in it that no one expects there, or without some."""
    source = draw(st.sampled_from([*SAMPLES, *ANSWERS.values(), *MESSAGES]))
    found = documents(source)
    for doc in found:
        for _ in range(draw(st.integers(0, 2))):
            held, key = draw(st.sampled_from(list(spots(doc.value)) or [({}, "")]))
            held[key] = deepcopy(draw(st.sampled_from(ODD)))
            if draw(st.booleans()):
                del held[key]
    return rewrite_documents(source, found)


@settings(max_examples=40, deadline=None)
@given(answer=misshapen(), first=st.sampled_from(FAULTS))
def test_no_answer_is_too_odd_for_a_fault(answer: Response, first: Fault) -> None:
    for under in (answer, broken(first, answer) or answer):
        for laid in QUICK.values():
            with suppress(FaultError):
                apply(under, laid, key=KEY)


NOTHING: tuple[bytes, ...] = (
    b"",
    b"5",
    b"[]",
    b"{}",
    b'"\xff"',
    b"data: 5\n\n",
    b"data: [DONE]\n\n",
)


@pytest.mark.parametrize("body", NOTHING)
@pytest.mark.parametrize("source", [TALK, WORDS, ERROR], ids=["stream", "plain", "error"])
def test_an_answer_of_nothing_is_broken_or_refused(source: Response, body: bytes) -> None:
    answer = replace(source, chunks=((0.0, body),))
    for fault in FAULTS:
        broken(fault, answer)
        for place in ("0 frames", "5 bytes", "content", "done", "1 s", "headers"):
            broken(fault, answer, f"{fault.name}.{place.replace(' ', '-')}")


def test_frames_that_are_not_concerned_keep_their_bytes() -> None:
    spaced = stream(b'data: {"id": "1", "choices": []}\n\n', *(piece for _, piece in TALK.chunks))
    changed = apply(spaced, parse("usage-zero"))
    assert changed.chunks[:4] == spaced.chunks[:4]
    assert documents(changed)[0].value == {"id": "1", "choices": []}
    assert apply_edits(changed, []) == changed
