"""What an option is read as, and how much of anything a fault may ask for."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.errors import FaultError
from mockglm.exchange import Response
from mockglm.faults import CATALOGUE, apply, parse
from mockglm.faults.options import LARGEST, duration, header_value, status_code
from tests.faults.answers import CALLED, TALK, WORDS

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
def test_what_is_no_duration_is_told(written: Any) -> None:
    with pytest.raises(ValueError, match="is no duration; write 30s, 5m, 5h or 7d"):
        duration(written, 1e9)


def test_a_day_is_a_duration_of_a_fault() -> None:
    assert parse("stall.for-1d") == parse({"do": "stall", "for": 86400})


BEYOND = (
    ("stall.for-86401", "fault stall: `86401` is too long; 1 d is the most"),
    (f"stall.for-{MANY}", "is too long; 1 d is the most"),
    (f"reset.{MANY}-s", "s is the most"),
    (f"reset.{MANY}-frames", "67108864 frames is the most"),
    ("huge-line.size-300000000", "'300000000' is too much; 67108864 is the most"),
    (f"repetition.times-{MANY}", "is too much; 67108864 is the most"),
    (f"drip.size-{'9' * 5000}", "is too much; 67108864 is the most"),
    ("error-200.status-600", "'600' is no status from 200 to 599 of an answer with a body"),
    ("error-200.status-100", "is no status from 200 to 599"),
    ("html-page.status-204", "of an answer with a body"),
    ({"do": "error-500", "status": 304}, "304 is no status from 200 to 599"),
    ({"do": "error-500", "status": True}, "True is no status"),
    ({"do": "comment", "text": "\ud83d"}, "surrogates not allowed"),
)


@pytest.mark.parametrize(("spec", "reason"), BEYOND, ids=range(len(BEYOND)))
def test_what_is_beyond_the_most_is_refused_in_a_sentence(spec: Any, reason: str) -> None:
    with pytest.raises(FaultError) as caught:
        parse(spec)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 200


LARGE = (
    (WORDS, ["repetition.times-60000000"], "repetition: the answer would have more than 67108864"),
    (TALK, ["repetition.times-60000000"], "repetition: the answer would have more than 67108864"),
    (CALLED, ["arguments-twice", "huge-line.in-arguments.size-67108864"], "huge-line: the answer"),
    (CALLED, ["huge-line.in-arguments.size-40000000", "arguments-twice"], "arguments-twice: the"),
    (WORDS, ["huge-line.size-600000", "drip"], "drip: the answer would come in more than 200000"),
)


@pytest.mark.parametrize(("answer", "specs", "reason"), LARGE, ids=range(len(LARGE)))
def test_a_fault_makes_no_answer_larger_than_a_server_should_hold(
    answer: Response, specs: list[str], reason: str
) -> None:
    with pytest.raises(FaultError, match=reason):
        apply(answer, parse(specs))


def test_an_answer_that_is_large_already_can_be_cut() -> None:
    large = Response(200, (), ((0.0, bytes(LARGEST + 1)),))
    assert apply(large, parse("reset.5-bytes")).body == bytes(5)


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
    with pytest.raises(FaultError, match="has a character that no header can have"):
        parse({"do": name, key: value})


@pytest.mark.parametrize("code", [200, "299", 429, 599])
def test_a_status_is_one_of_an_answer_with_a_body(code: Any) -> None:
    assert status_code(code) == int(code)
