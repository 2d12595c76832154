"""What an option is read as, and how much of anything a fault may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest

from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import CATALOGUE, MAX_FAULTS, apply, parse
from mockglm.faults.frames import (
    LARGEST_ANSWER,
    Edit,
    TooLargeError,
    apply_edits,
    documents,
    recast,
)
from mockglm.faults.options import duration, header_value, status_code
from tests.faults.answers import CALLED, CALLS, DONE, TALK, WORDS, T, called, stream

MANY = "9" * 400


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1.5", 1.5),
        (2, 2.0),
        ("500ms", 0.5),
        ("30 s", 30.0),
        ("2m", 120.0),
        ("5h", 18000.0),
        ("1d", 86400.0),
        ("2w", 1209600.0),
    ],
)
def test_a_duration_has_a_unit_or_is_in_seconds(written: Any, seconds: float) -> None:
    assert duration(written, 1e9) == seconds


@pytest.mark.parametrize("written", ["", "soon", "-1s", "1y", "1e9", None, True, "nan"])
def test_an_invalid_duration_is_reported(written: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration; expected 30s, 5m, 5h or 7d"):
        duration(written, 1e9)


def test_a_day_is_a_duration_of_a_fault() -> None:
    assert parse("stall.for-1d") == parse({"do": "stall", "for": 86400})


BEYOND = (
    ("stall.for-86401", "fault stall: `86401` is too long; 1 d is the most"),
    (f"stall.for-{MANY}", "is too long; 1 d is the most"),
    (f"reset.{MANY}-s", "s is the most"),
    (f"reset.{MANY}-frames", "67108864 frames is the most"),
    ("huge-line.size-300000000", "'300000000' is more than 67108864"),
    (f"repetition.times-{MANY}", "is more than 67108864"),
    (f"drip.size-{'9' * 5000}", "is more than 67108864"),
    ("error-200.status-600", "'600' is not a status from 200 to 599 of a response with a body"),
    ("error-200.status-100", "is not a status from 200 to 599"),
    ("html-page.status-204", "of a response with a body"),
    ({"do": "error-500", "status": 304}, "304 is not a status from 200 to 599"),
    ({"do": "error-500", "status": True}, "True is not a status"),
    ({"do": "comment", "text": "\ud83d"}, "surrogates not allowed"),
)


@pytest.mark.parametrize(("spec", "reason"), BEYOND, ids=range(len(BEYOND)))
def test_an_option_above_its_limit_is_refused_with_a_message(spec: Any, reason: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(spec)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 200


CALLING = stream(T, CALLS, DONE)
SAYING = stream(called(0, '{\\"a\\":\\"' + "x" * 130_000 + '\\"}', "call_0"), CALLS, DONE)

LARGE = (
    (WORDS, ["repetition.times-60000000"], "repetition: the answer would have more than 8388608"),
    (TALK, ["repetition.times-60000000"], "repetition: the answer would have more than 8388608"),
    (TALK, ["repetition.times-10001"], "repetition: one frame would become more than 10000"),
    (CALLED, ["huge-line.in-arguments.size-67108864"], "huge-line: the answer would have more"),
    (CALLED, ["huge-line.in-arguments.size-5000000", "arguments-twice"], "arguments-twice: the"),
    (CALLING, ["huge-line.in-arguments.size-50000", "call-in-pieces"], "call-in-pieces: one frame"),
    (SAYING, ["call-text"], "call-text: one frame would become more than 10000"),
    (WORDS, ["huge-line.size-600000", "drip"], "drip: the answer would come in more than 200000"),
    (
        TALK,
        ["repetition.times-5000", {"do": "event-name", "text": "long" * 500}],
        "event-name: the answer would have more than 8388608 bytes",
    ),
)


@pytest.mark.parametrize(("answer", "specs", "reason"), LARGE, ids=range(len(LARGE)))
def test_a_fault_makes_no_answer_larger_than_a_server_should_hold(
    answer: Response, specs: list[Any], reason: str
) -> None:
    with pytest.raises(FaultError, match=reason):
        apply(answer, parse(specs))


def test_an_answer_that_is_large_already_can_be_cut() -> None:
    large = Response(200, (), ((0.0, bytes(LARGEST_ANSWER + 1)),))
    assert apply(large, parse("reset.5-bytes")).body == bytes(5)


def test_edits_of_too_many_bytes_are_not_made() -> None:
    part = bytes(LARGEST_ANSWER // 4)
    made = 0

    def edits() -> Iterator[Edit]:
        nonlocal made
        while True:
            made += 1
            yield Edit(made, made, part)

    with pytest.raises(TooLargeError):
        apply_edits(TALK, edits())
    assert made == 5


def test_a_frame_of_too_many_bytes_is_not_made() -> None:
    (document, *_) = documents(TALK)
    value = {"content": "x" * (LARGEST_ANSWER // 4)}
    with pytest.raises(TooLargeError):
        recast(TALK, [(document, Endless(value))])


class Endless(list[Any]):
    """A list that holds a value without end."""

    def __init__(self, value: Any) -> None:
        super().__init__([value])

    def __getitem__(self, index: Any) -> Any:
        return repeat(self[0]) if isinstance(index, slice) else super().__getitem__(index)


def test_done_twice_doubles_one_done_however_many_there_are() -> None:
    answer = TALK
    for times in range(2, MAX_FAULTS + 2):
        answer = apply(answer, parse("done-twice"))
        assert answer.body == TALK.body + DONE * (times - 1)


def test_arguments_in_thousands_of_pieces_are_joined_again() -> None:
    large = apply(CALLING, parse("huge-line.in-arguments.size-30000"))
    pieces = apply(large, parse("call-in-pieces"))
    assert len(documents(pieces)) > 7000
    assert apply(pieces, parse("arguments-whole")).body == large.body


HEADERS = [
    f"{fault.name}.{option}"
    for fault in CATALOGUE.values()
    for option, row in fault.options.items()
    if row.read is header_value
]


def test_every_option_that_becomes_a_header_is_one() -> None:
    assert HEADERS == [
        "stream-type.value",
        "plain-type.value",
        "cacheable.value",
        "key-echo.key",
        "date-wrong.value",
        "retry-after.should",
        "retry-after-bad.value",
    ]


@pytest.mark.parametrize("option", HEADERS)
@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: a=b", "a\nb", "a\0", "晴"])
def test_no_option_puts_a_line_into_the_head(option: str, value: str) -> None:
    name, _, key = option.partition(".")
    with pytest.raises(FaultError, match="has an invalid character for a header"):
        parse({"do": name, key: value})


@pytest.mark.parametrize("code", [200, "299", 429, 599])
def test_a_status_is_one_of_an_answer_with_a_body(code: Any) -> None:
    assert status_code(code) == int(code)
