from __future__ import annotations

import pytest

from mockglm.cassettes.redaction import KEPT_HEADERS, KEPT_PREFIXES
from mockglm.exchange import Response
from mockglm.scenarios import verbatim
from mockglm.scenarios.replies import FRAMING_HEADERS
from tests.scenarios.loading import one, problems

STREAM = "text/event-stream;charset=UTF-8"
JSON = "application/json; charset=UTF-8"


def answer(text: str) -> Response:
    """The answer of what stands under `response:`, in flow style or a block."""
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    (step,) = one(f"interactions:\n- response:\n{lines}").steps
    assert step.response is not None
    assert (step.renderer, step.template) == (None, None)
    return step.response


def test_events_are_frames_at_their_times() -> None:
    text = 'events: |\n  0.412 {"id":"你好"}\n  0.412 {"a": 1}\n  1 [DONE]\n'
    assert answer(text) == Response(
        200,
        (("Content-Type", STREAM),),
        (
            (0.412, 'data: {"id":"你好"}\n\ndata: {"a": 1}\n\n'.encode()),
            (1.0, b"data: [DONE]\n\n"),
        ),
    )


def test_events_of_a_message_are_named_by_their_type() -> None:
    text = 'events: |\n  0.1 {"type": "ping"}\n  0.2 {"type":"pong"}\n  0.3 {"a":1,"type":"ping"}\n'
    assert answer(text).body == (
        b'event: ping\ndata: {"type": "ping"}\n\n'
        b'data: {"type":"pong"}\n\n'
        b'data: {"a":1,"type":"ping"}\n\n'
    )


def test_events_are_kept_to_the_space() -> None:
    text = "events: |\n  0.1  two \n  0.2 \n\n  0.3 \ttab\n"
    assert answer(text).body == b"data:  two \n\ndata: \n\ndata: \ttab\n\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", Response(200, (), ())),
        ("{status: 204, headers: {}}", Response(204, (), ())),
        ("{body: '<html>\n'}", Response(200, (), ((0.0, b"<html> "),))),
        ("{status: 502, at: 1.5, body: x}", Response(502, (), ((1.5, b"x"),), head=1.5)),
        ("{body: 1.10}", Response(200, (), ((0.0, b"1.10"),))),
        (
            "{json: {b: 1, a: [你, null, 1.5, true]}}",
            Response(
                200,
                (("Content-Type", JSON),),
                ((0.0, '{"b":1,"a":["你",null,1.5,true]}'.encode()),),
            ),
        ),
        ("{json: null}", Response(200, (("Content-Type", JSON),), ((0.0, b"null"),))),
        ("{json: {}, headers: {}}", Response(200, (), ((0.0, b"{}"),))),
        (
            '{chunks: [[0, "a\\r\\n"], [0.5, 1], {at: 0.5, base64: 5L2g}]}',
            Response(200, (), ((0.0, b"a\r\n"), (0.5, b"1"), (0.5, "你".encode()))),
        ),
        ("{body: a, cut: true}", Response(200, (), ((0.0, b"a"),), end="close")),
        ("{body: a, cut: false}", Response(200, (), ((0.0, b"a"),))),
        ("{body: a, cut: close}", Response(200, (), ((0.0, b"a"),), end="close")),
        ("{body: a, cut: reset}", Response(200, (), ((0.0, b"a"),), end="reset")),
        ("{body: a, cut: hang}", Response(200, (), ((0.0, b"a"),), end="hang")),
        (
            "{headers: {Vary: [Origin, Accept], X-Log-Id: 20260331220108527}, body: ''}",
            Response(
                200,
                (("Vary", "Origin"), ("Vary", "Accept"), ("X-Log-Id", "20260331220108527")),
                ((0.0, b""),),
            ),
        ),
    ],
)
def test_a_response_is_compiled(text: str, expected: Response) -> None:
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
        ("{body: a, json: {}}", ["4:20: `json` beside `body`: a response has one body"]),
        ("{status: 199}", ["4:13: expected a whole number from 200 to 599, found `199`"]),
        ("{status: 600}", ["4:13: expected a whole number from 200 to 599, found `600`"]),
        ("{status: 204, body: a}", ["4:24: a response with status 204 has no body"]),
        ("{status: 304, events: 0.1 a}", ["4:26: a response with status 304 has no body"]),
        ("{at: 86401}", ["4:9: expected a number from 0 to 86400, found `86401`"]),
        (f"{{events: {'9' * 400} a}}", [f"4:13: {'9' * 40} is more than a day"]),
        (
            "{headers: {Content-Type: text/plain, transfer-encoding: chunked}, body: a}",
            ["4:60: `transfer-encoding` cannot be set, because mockglm frames the body; the fault"],
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
def test_mistakes_of_a_response_have_their_place(text: str, found: list[str]) -> None:
    told = problems(f"format: 1\ninteractions:\n- response:\n   {text}\n")
    assert len(told) == len(found)
    for line, beginning in zip(told, found, strict=True):
        assert line.startswith(f"test.yaml:{beginning}")


@pytest.mark.parametrize("text", ["{status: 204}", "{status: 304, body: ''}", "{status: 200}"])
def test_an_answer_may_have_no_body(text: str) -> None:
    assert answer(text).body == b""


def test_no_header_that_is_recorded_frames_a_body() -> None:
    assert not KEPT_HEADERS & set(FRAMING_HEADERS)
    assert not [name for name in FRAMING_HEADERS if name.startswith(KEPT_PREFIXES)]


def test_a_request_has_one_body() -> None:
    text = "format: 1\ninteractions:\n- request: {path: /p, body: a, base64: aGk=}\n  reply: {}"
    assert problems(text) == ["test.yaml:3:40: `base64` beside `body`: a request has one body"]


def test_json_is_dumped_compact_in_its_order() -> None:
    assert (
        verbatim.encode_json({"b": "你", "a": [1, 1.5, None]})
        == '{"b":"你","a":[1,1.5,null]}'.encode()
    )
