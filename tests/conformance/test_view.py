"""Views of an exchange: read from its bytes, empty rather than filled in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.verdicts import judge_run
from mockglm.conformance.view import arrival_times
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
    view,
)


def test_a_stream_has_chunks_deltas_and_content() -> None:
    stream = view("stream")
    assert stream.kind == "stream"
    assert stream.content == COUNT
    assert stream.finish_reason == "stop"
    assert [part.path for part in stream.deltas[:1]] == ["$.choices[0].delta"]
    assert stream.body[stream.chunks[1].at :].startswith(b'data: {"id"')


def test_a_refusal_has_a_code_and_no_completion() -> None:
    refused = view("stream", refusal(400, "1210", "no"))
    assert (refused.kind, refused.error_code) == ("refusal", "1210")
    assert refused.completion == ()
    assert refused.events == ()


def test_an_empty_reply_has_empty_views() -> None:
    empty = view("plain", Response(200, (JSON_TYPE,), ((0.0, b'{"choices":[{}]}'),)))
    assert empty.messages == ()
    assert empty.finish_reason is None
    assert empty.usages == ()
    assert empty.completion_tokens is None


def test_an_exchange_without_an_answer_has_empty_views() -> None:
    none = view("plain", error="refused")
    assert (none.status, none.body, none.media_type, none.kind) == (0, b"", "", "other")
    assert none.header("date") is None


def test_an_event_arrives_when_its_last_byte_does() -> None:
    pieces = ((1.0, b"abc"), (2.0, b"def"), (3.0, b"gh"))
    assert arrival_times(pieces, [1, 3, 4, 6, 8]) == (1.0, 1.0, 2.0, 2.0, 3.0)


def test_a_recording_without_times_has_none() -> None:
    answer = ANSWERS["stream"]
    still = replace(answer, chunks=tuple((0.0, piece) for _, piece in answer.chunks))
    assert view("stream", still).event_times == ()
    assert len(view("stream").event_times) == len(answer.chunks)


def test_a_finding_points_at_the_key() -> None:
    stream = view("stream")
    finding = stream.finding("wrong", stream.choices[2], "delta", expected=1, actual=None)
    assert stream.body[finding.at or 0 :].startswith(b'"delta"')
    assert (finding.path, finding.expected, finding.actual) == ("$.choices[0].delta", "1", None)


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


@settings(max_examples=20, deadline=None)
@given(value=json_values, is_stream=st.booleans())
def test_no_check_raises_for_any_json(value: object, is_stream: bool) -> None:
    body = b"data: " + dump(value) + b"\n\ndata: [DONE]\n\n" if is_stream else dump(value)
    kind = STREAM_TYPE if is_stream else JSON_TYPE
    answer = Response(200, (kind,), ((0.1, body),))
    names = ("stream", "tools", "thinking") if is_stream else ("plain", "tools-plain", "bad-model")
    changed = evidence({name: exchange(name, answer) for name in names})
    results = [judge_run(check, changed) for check in CHECKS.values()]
    assert [result.cause for result in results if result.verdict == "error"] == []


@settings(max_examples=20, deadline=None)
@given(body=st.binary(max_size=60))
def test_no_check_raises_for_any_bytes(body: bytes) -> None:
    answer = Response(200, (STREAM_TYPE,), ((0.1, body),))
    changed = evidence({"stream": exchange("stream", answer), "plain": exchange("plain", answer)})
    results = [judge_run(check, changed) for check in CHECKS.values()]
    assert [result.cause for result in results if result.verdict == "error"] == []
