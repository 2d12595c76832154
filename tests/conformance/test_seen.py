"""What can be read from an exchange, and that nothing is filled in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm.conformance.arrival import arrivals
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import judge
from mockglm.conformance.parts import Part, brief, decode
from mockglm.conformance.seen import Seen
from mockglm.exchange import Response
from tests.conformance.reference import (
    ANSWERS,
    COUNT,
    JSON_TYPE,
    STREAM_TYPE,
    dump,
    evidence,
    exchange,
    refusal,
)


def seen(name: str, answer: Response | None = None) -> Seen:
    return Seen(name, exchange(name, answer))


def test_a_stream_is_read_to_its_parts() -> None:
    stream = seen("stream")
    assert stream.kind == "stream"
    assert stream.content == COUNT
    assert stream.finish == "stop"
    assert [part.path for part in stream.deltas[:1]] == ["$.choices[0].delta"]
    assert stream.body[stream.chunks[1].at :].startswith(b'data: {"id"')


def test_calls_are_put_together() -> None:
    pieces = seen("tool-stream")
    assert [(c.index, c.name, c.arguments) for c in pieces.calls] == [
        (0, "get_weather", '{"city":"Beijing"}')
    ]
    whole = seen("tools-plain")
    assert [call.arguments for call in whole.calls] == ['{"city":"Beijing"}', '{"city":"Shanghai"}']


def test_a_refusal_has_a_code_and_no_completion() -> None:
    refused = seen("stream", refusal(400, "1210", "no"))
    assert (refused.kind, refused.code) == ("refusal", "1210")
    assert refused.completion == ()
    assert refused.events == ()


def test_what_is_not_there_is_not_made_up() -> None:
    empty = seen("plain", Response(200, (JSON_TYPE,), ((0.0, b'{"choices":[{}]}'),)))
    assert empty.messages == ()
    assert empty.finish is None
    assert empty.usages == ()
    assert empty.spent is None


def test_without_an_answer_there_is_nothing() -> None:
    none = Seen("plain", exchange("plain", error="refused"))
    assert (none.status, none.body, none.media, none.kind) == (0, b"", "", "other")
    assert none.header("date") is None


def test_an_event_arrives_when_its_last_byte_does() -> None:
    pieces = ((1.0, b"abc"), (2.0, b"def"), (3.0, b"gh"))
    assert arrivals(pieces, [1, 3, 4, 6, 8]) == (1.0, 1.0, 2.0, 2.0, 3.0)


def test_a_recording_without_times_has_none() -> None:
    answer = ANSWERS["stream"]
    still = replace(answer, chunks=tuple((0.0, piece) for _, piece in answer.chunks))
    assert seen("stream", still).timed == ()
    assert len(seen("stream").timed) == len(answer.chunks)


def test_a_finding_points_at_the_key() -> None:
    stream = seen("stream")
    finding = stream.wrong("wrong", stream.choices[2], "delta", expected=1, actual=None)
    assert stream.body[finding.at or 0 :].startswith(b'"delta"')
    assert (finding.path, finding.expected, finding.actual) == ("$.choices[0].delta", "1", None)


def test_a_part_leads_to_its_parts() -> None:
    part = Part({"a": [{"b": 1}, 2, {"b": 3}], "c": {}}, 5, 9)
    assert [item.path for item in part.items("a")] == ["$.a[0]", "$.a[2]"]
    assert part.inner("c") == Part({}, 5, 9, "$.c")
    assert part.inner("a") is None
    assert list(part.items("c")) == []


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}', "{", ""])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode(text)


def test_a_value_is_cut_to_a_line() -> None:
    assert brief({"你": 1}) == '{"你": 1}'
    assert brief("x" * 100) == "x" * 79 + "…"


KEYS = ["id", "choices", "index", "delta", "message", "content", "tool_calls", "function"]
KEYS += ["arguments", "usage", "prompt_tokens", "prompt_tokens_details", "finish_reason", "error"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None)
@given(value=json_values, is_stream=st.booleans())
def test_no_check_raises_whatever_the_json(value: object, is_stream: bool) -> None:
    body = b"data: " + dump(value) + b"\n\ndata: [DONE]\n\n" if is_stream else dump(value)
    kind = STREAM_TYPE if is_stream else JSON_TYPE
    answer = Response(200, (kind,), ((0.1, body),))
    names = ("stream", "tools", "thinking") if is_stream else ("plain", "tools-plain", "bad-model")
    changed = evidence({name: exchange(name, answer) for name in names})
    for check in CHECKS.values():
        judge(check, changed)


@settings(max_examples=30, deadline=None)
@given(body=st.binary(max_size=60))
def test_no_check_raises_whatever_the_bytes(body: bytes) -> None:
    answer = Response(200, (STREAM_TYPE,), ((0.1, body),))
    changed = evidence({"stream": exchange("stream", answer), "plain": exchange("plain", answer)})
    for check in CHECKS.values():
        judge(check, changed)
