from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mockglm.cassette.block import KEPT, KEPT_PREFIXES
from mockglm.exchange import Answer
from mockglm.scenario import verbatim
from mockglm.scenario.described import FRAMING
from mockglm.scenario.verbatim import Piece
from tests.scenario.loading import load, one, problems

STREAM = "text/event-stream;charset=UTF-8"
JSON = "application/json; charset=UTF-8"


def answer(text: str) -> Answer:
    """The answer of what stands under `response:`, in flow style or a block."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    (step,) = one(f"interactions:\n- response:\n{lines}").steps
    assert step.answer is not None
    assert (step.rendering, step.template) == (None, None)
    return step.answer


def test_events_are_frames_at_their_times() -> None:
    text = 'events: |\n  0.412 {"id":"你好"}\n  0.412 {"a": 1}\n  1 [DONE]\n'
    assert answer(text) == Answer(
        200,
        (("Content-Type", STREAM),),
        (
            (0.412, 'data: {"id":"你好"}\n\ndata: {"a": 1}\n\n'.encode()),
            (1.0, b"data: [DONE]\n\n"),
        ),
    )


def test_events_are_kept_to_the_space() -> None:
    text = "events: |\n  0.1  two \n  0.2 \n\n  0.3 \ttab\n"
    assert answer(text).body == b"data:  two \n\ndata: \n\ndata: \ttab\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", Answer(200, (), ())),
        ("{status: 204, headers: {}}", Answer(204, (), ())),
        ("{body: '<html>\n'}", Answer(200, (), ((0.0, b"<html> "),))),
        ("{status: 502, at: 1.5, body: x}", Answer(502, (), ((1.5, b"x"),), head=1.5)),
        ("{body: 1.10}", Answer(200, (), ((0.0, b"1.10"),))),
        (
            "{json: {b: 1, a: [你, null, 1.5, true]}}",
            Answer(
                200,
                (("Content-Type", JSON),),
                ((0.0, '{"b":1,"a":["你",null,1.5,true]}'.encode()),),
            ),
        ),
        ("{json: null}", Answer(200, (("Content-Type", JSON),), ((0.0, b"null"),))),
        ("{json: {}, headers: {}}", Answer(200, (), ((0.0, b"{}"),))),
        (
            '{chunks: [[0, "a\\r\\n"], [0.5, 1], {at: 0.5, base64: 5L2g}]}',
            Answer(200, (), ((0.0, b"a\r\n"), (0.5, b"1"), (0.5, "你".encode()))),
        ),
        ("{body: a, cut: true}", Answer(200, (), ((0.0, b"a"),), end="close")),
        ("{body: a, cut: false}", Answer(200, (), ((0.0, b"a"),))),
        ("{body: a, cut: close}", Answer(200, (), ((0.0, b"a"),), end="close")),
        ("{body: a, cut: reset}", Answer(200, (), ((0.0, b"a"),), end="reset")),
        ("{body: a, cut: hang}", Answer(200, (), ((0.0, b"a"),), end="hang")),
        (
            "{headers: {Vary: [Origin, Accept], X-Log-Id: 20260331220108527}, body: ''}",
            Answer(
                200,
                (("Vary", "Origin"), ("Vary", "Accept"), ("X-Log-Id", "20260331220108527")),
                ((0.0, b""),),
            ),
        ),
    ],
)
def test_an_answer_is_what_is_written(text: str, expected: Answer) -> None:
    assert answer(text) == expected


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("{path: /files}", b""),
        ("{path: /p, body: {b: 1, a: [null]}}", b'{"b":1,"a":[null]}'),
        ("{path: /p, body: 你好}", "你好".encode()),
        ("{path: /p, body: '{\"a\": 1}'}", b'{"a": 1}'),
        ("{path: /p, base64: /wA=}", b"\xff\x00"),
    ],
)
def test_a_recorded_request_has_its_body(text: str, body: bytes) -> None:
    request = one(f"interactions: [{{request: {text}, reply: {{}}}}]").request
    assert request is not None
    assert request.body == body


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{body: a, json: {}}", ["4:20: `json` beside `body`: an answer has one body"]),
        ("{status: 199}", ["4:13: expected a whole number from 200 to 599, found `199`"]),
        ("{status: 600}", ["4:13: expected a whole number from 200 to 599, found `600`"]),
        ("{status: 204, body: a}", ["4:24: an answer of status 204 has no body"]),
        ("{status: 304, events: 0.1 a}", ["4:26: an answer of status 304 has no body"]),
        ("{at: 86401}", ["4:9: expected a number from 0 to 86400, found `86401`"]),
        (f"{{events: {'9' * 400} a}}", [f"4:13: {'9' * 40} is more than a day"]),
        (
            "{headers: {Content-Type: text/plain, transfer-encoding: chunked}, body: a}",
            ["4:60: `transfer-encoding` cannot be written: mockglm frames the body; the fault"],
        ),
        ("{evnts: x}", ["4:5: unknown key `evnts`, did you mean `events`?"]),
        ("{cut: maybe}", ["4:10: expected true or false or one of close, hang, reset, found `ma"]),
        ("{chunks: [[a, b]]}", ["4:15: expected a number from 0 to 86400, found `a`"]),
        ("{chunks: [[1, a], [0, b]]}", ["4:22: times must not go back"]),
        ("{chunks: [{at: 1, base64: '?'}]}", ["4:30: not base64"]),
        ("{chunks: [x]}", ["4:14: expected [a number from 0 to 86400, text] or a mapping, fou"]),
        ("{headers: {a: [{}]}}", ["4:19: expected text, found a mapping"]),
        (
            "{events: nothing}",
            ["4:13: expected seconds, a space and the data of an event"],
        ),
        (
            "events: |\n    0.1 a\n    0,2 b\n\n     0.3 c\n    0.05 d\n    x",
            [
                "6:5: expected seconds, a space and the data of an event",
                "8:6: expected seconds, a space and the data of an event",
                "9:5: 0.05 comes after 0.100: times must not go back",
                "10:5: expected seconds, a space and the data of an event",
            ],
        ),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_with_its_place(text: str, found: list[str]) -> None:
    told = problems(f"format: 1\ninteractions:\n- response:\n   {text}\n")
    assert len(told) == len(found)
    for line, beginning in zip(told, found, strict=True):
        assert line.startswith(f"test.yaml:{beginning}")


@pytest.mark.parametrize("text", ["{status: 204}", "{status: 304, body: ''}", "{status: 200}"])
def test_an_answer_may_have_no_body(text: str) -> None:
    assert answer(text).body == b""


def test_no_header_that_is_recorded_frames_a_body() -> None:
    assert not KEPT & set(FRAMING)
    assert not [name for name in FRAMING if name.startswith(KEPT_PREFIXES)]


def test_a_request_has_one_body() -> None:
    text = "format: 1\ninteractions:\n- request: {path: /p, body: a, base64: aGk=}\n  reply: {}"
    assert problems(text) == ["test.yaml:3:40: `base64` beside `body`: a request has one body"]


DATA = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
TIMES = st.lists(st.integers(0, 10**6).map(lambda ms: ms / 1000), max_size=6, unique=True).map(
    sorted
)


@st.composite
def framed(draw: st.DrawFn) -> tuple[Piece, ...]:
    """Pieces of whole frames, at whole milliseconds."""
    texts = st.lists(DATA, min_size=1, max_size=3)
    return tuple(
        (at, b"".join(f"data: {text}\n\n".encode() for text in draw(texts))) for at in draw(TIMES)
    )


@given(framed())
def test_frames_written_as_lines_are_the_same_pieces_again(pieces: tuple[Piece, ...]) -> None:
    text = verbatim.lines(pieces)
    if text is None:
        return
    assert verbatim.events(text) == (pieces, {})
    block = "".join(f"      {line}\n" for line in text.split("\n")[:-1])
    if block:
        assert (
            answer(f"events: |2\n{block[4:].replace(chr(10) + '    ', chr(10))}").pieces == pieces
        )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"data: a\n\n", "0.500 a\n"),
        ("data: 你好 😀\n\n".encode(), "0.500 你好 😀\n"),
        (b"data: a\n\ndata: b\n\n", "0.500 a\n0.500 b\n"),
        (b"data: data: x\n\n", "0.500 data: x\n"),
        (b"data: \n\n", "0.500 \n"),
        (b"data:a\n\n", None),
        (b"data: a\n", None),
        (b"data: a\r\n\r\n", None),
        (b": comment\n\ndata: a\n\n", None),
        (b"event: x\ndata: a\n\n", None),
        (b"data: a\ndata: b\n\n", None),
        (b"data: a\n\n\n", None),
        (b"\xef\xbb\xbfdata: a\n\n", None),
        ("data: \ufeffa\n\n".encode(), None),
        ("data: a\u2028b\n\n".encode(), None),
        ("data: a\x85b\n\n".encode(), None),
        (b"data: a\x00\n\n", None),
        (b"data: a\x7f\n\n", None),
        (b"data: \xff\n\n", None),
        (b"", None),
    ],
)
def test_only_whole_printable_frames_are_written_as_lines(data: bytes, text: str | None) -> None:
    assert verbatim.lines([(0.5, data)]) == text


@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=12)), max_size=5))
def test_any_bytes_written_as_chunks_are_the_same_pieces_again(
    written: list[tuple[int, bytes]],
) -> None:
    pieces = tuple(sorted((ms / 1000, data) for ms, data in written))
    chunks = [verbatim.chunk(at, data) for at, data in pieces]
    file = {"interactions": [{"response": {"chunks": chunks}}]}
    (interaction,) = load(yaml.safe_dump(file, allow_unicode=True)).interactions
    assert interaction.steps[0].answer is not None
    assert interaction.steps[0].answer.pieces == pieces


def test_json_is_dumped_compact_in_its_order() -> None:
    assert verbatim.dump({"b": "你", "a": [1, 1.5, None]}) == '{"b":"你","a":[1,1.5,null]}'.encode()
