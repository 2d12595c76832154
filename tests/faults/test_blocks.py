"""Faults on the Anthropic surface: of the wire, of named events, and of what a message means."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm import sse
from mockglm.clock import Pace
from mockglm.completions import Chunking, Renderer
from mockglm.errors import FaultError, FileError
from mockglm.exchange import APIError, Reply, Response, ToolCall
from mockglm.faults import CATALOGUE, Fault, apply, parse
from mockglm.messages import list_models, render_error, render_json, render_stream
from mockglm.models import MODELS
from mockglm.scenarios import parse as parse_file
from mockglm.surfaces import ANTHROPIC, recognise
from tests.completions.replies import ID, stamp

REPLY = Reply(
    content='{"天气": "晴", "b": "x\\ny"} 你好吗',
    reasoning="想一想",
    calls=(ToolCall("f", '{"a": "好"}'), ToolCall("g", "{}")),
    finish_reason="tool_calls",
)
RENDERER = Renderer(REPLY, Chunking(content=6))
STREAM = render_stream(RENDERER, stamp(cached=4))
PACED = render_stream(RENDERER, stamp(cached=4), Pace(every=0.1))
PLAIN = render_json(RENDERER, stamp(cached=4))
LISTING = list_models([MODELS["glm-4.6"]], ID)
ERROR = render_error(APIError("1302"), ID)
REFUSAL = render_error(APIError("1210"), ID)
RESPONSES = (STREAM, PACED, PLAIN, ERROR, REFUSAL, LISTING)
FAULTS = tuple(CATALOGUE.values())


def name(fault: Fault) -> str:
    return fault.name


def broken(fault: Fault, response: Response) -> Response | None:
    """The response with the fault, None where it does not apply."""
    try:
        return apply(response, parse(fault.name), key="k.s")
    except FaultError:
        return None


def events(response: Response) -> list[tuple[str, Any]]:
    found, _ = sse.read(response.body)
    return [(event.event, json.loads(event.data)) for event in found]


def laid(spec: str, response: Response) -> Response:
    return apply(response, parse(spec))


@pytest.mark.parametrize("fault", [one for one in FAULTS if "anthropic" in one.surfaces], ids=name)
def test_a_fault_of_this_surface_breaks_one_of_its_responses(fault: Fault) -> None:
    changed = [(before, broken(fault, before)) for before in RESPONSES]
    assert any(after is not None for _, after in changed)
    assert all(before != after for before, after in changed)


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if "anthropic" not in one.surfaces], ids=name
)
def test_any_other_fault_is_refused_clearly(fault: Fault) -> None:
    for response in RESPONSES:
        if recognise(response) is not ANTHROPIC:
            continue
        with pytest.raises(FaultError, match="it has no form on the Anthropic surface"):
            apply(response, parse(fault.name))


@pytest.mark.parametrize("fault", [one for one in FAULTS if one.kind == "meaning"], ids=name)
def test_a_fault_of_meaning_leaves_events_and_their_names_alike(fault: Fault) -> None:
    after = broken(fault, STREAM)
    if after is None or not after.is_stream or fault.name == "error-as-stream":
        return
    assert all(kind == data["type"] for kind, data in events(after))
    assert recognise(after) is ANTHROPIC


def test_events_are_dropped_doubled_and_swapped_whole() -> None:
    names = [kind for kind, _ in events(STREAM)]
    assert [kind for kind, _ in events(laid("drop.1-frame", STREAM))] == [names[0], *names[2:]]
    doubled = [kind for kind, _ in events(laid("duplicate.1-frame", STREAM))]
    assert doubled == [names[0], "ping", *names[1:]]
    swapped = [kind for kind, _ in events(laid("swap.0-frames", STREAM))]
    assert swapped == ["ping", "message_start", *names[2:]]


def test_the_last_event_is_message_stop() -> None:
    assert events(laid("no-done", STREAM))[-1][0] == "message_delta"
    assert [kind for kind, _ in events(laid("done-twice", STREAM))][-2:] == ["message_stop"] * 2
    assert laid("stall.done", STREAM).chunks[0][1].endswith(b"\n\n")


@pytest.mark.parametrize(
    ("place", "follows"),
    [("content", "text_delta"), ("tool_call", "tool_use"), ("finish", "message_delta")],
)
def test_a_place_has_the_same_name_on_both_surfaces(place: str, follows: str) -> None:
    before = laid(f"end.{place}", STREAM).body
    after = STREAM.body[len(before) :]
    assert follows in after.partition(b"\n\n")[0].decode()


def test_an_error_in_a_stream_is_a_named_event_and_ends_it() -> None:
    found = events(laid("error.5-frames.code-1305", STREAM))
    assert len(found) == 6
    kind, data = found[-1]
    assert (kind, list(data)) == ("error", ["type", "error", "request_id"])
    assert data["error"]["type"] == "overloaded_error"
    assert data["error"]["message"].startswith("[1305][")
    assert b"[DONE]" not in laid("error", STREAM).body
    assert laid("error.done-yes", STREAM).body.endswith(b"data: [DONE]\n\n")


def test_a_refusal_has_the_envelope_of_the_surface() -> None:
    body = json.loads(laid("refused.code-1305", PLAIN).body)
    assert (body["type"], body["error"]["code"]) == ("error", "1305")
    assert laid("refused.code-1305", STREAM).status == 529


def test_a_request_that_should_be_refused_gets_a_message() -> None:
    assert json.loads(laid("accepted", ERROR).body)["type"] == "message"


def test_another_name_of_an_event_replaces_its_own() -> None:
    assert {kind for kind, _ in events(laid("event-name.text-x", STREAM))} == {"x"}


@pytest.mark.parametrize(
    ("spec", "path", "value"),
    [
        ("finish-stop", ("stop_reason",), "end_turn"),
        ("finish-length", ("stop_reason",), "max_tokens"),
        ("finish-missing", ("stop_reason",), None),
        ("usage-zero", ("usage", "output_tokens"), 0),
        ("usage-prompt", ("usage", "input_tokens"), 1),
        ("usage-cached", ("usage", "cache_read_input_tokens"), 9),
        ("usage-null", ("usage",), None),
        ("model-other.model-glm-9", ("model",), "glm-9"),
        ("id-missing", ("id",), None),
        ("role-user", ("role",), "user"),
        ("text-after.text-!", ("content", 1, "text"), REPLY.content + "!" if REPLY.content else ""),
        ("call-id-empty", ("content", 2, "id"), ""),
        ("name-leak", ("content", 2, "name"), "f</arg_value>"),
        ("arguments-empty", ("content", 2, "input"), {}),
        ("arguments-cut", ("content", 2, "input"), '{"a"'),
    ],
)
def test_a_value_is_broken_under_its_own_key(spec: str, path: tuple[Any, ...], value: Any) -> None:
    found = json.loads(laid(spec, PLAIN).body)
    for step in path[:-1]:
        found = found[step]
    last = path[-1]
    assert (found[last] if isinstance(last, int) else found.get(last)) == value


def test_arguments_of_a_stream_are_broken_as_text() -> None:
    deltas = [
        data["delta"]["partial_json"]
        for kind, data in events(laid("arguments-twice", STREAM))
        if kind == "content_block_delta" and "partial_json" in data["delta"]
    ]
    assert deltas == ['{"a": "好"}{"a": "好"}', "{}{}"]


def test_a_400_labelled_as_a_stream_is_broken_as_json() -> None:
    body = json.loads(laid("error-code-number", REFUSAL).body)
    assert body["error"]["code"] == 1210
    with pytest.raises(FaultError, match="it applies to a stream"):
        laid("glue", REFUSAL)


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        ("{content: a, fault: choices-null}", "5:32"),
        ("[{content: a}, {content: b, fault: [crlf, choices-null]}]", "5:47"),
    ],
)
def test_a_fault_without_a_form_is_refused_when_a_file_is_loaded(reply: str, place: str) -> None:
    text = f"format: 1\ninteractions:\n  - when:\n      surface: anthropic\n    reply: {reply}\n"
    with pytest.raises(FileError) as raised:
        parse_file(text.encode(), "file.yaml")
    message = str(raised.value)
    assert f"file.yaml:{place}" in message
    assert "choices-null" in message
    assert "no form on the Anthropic surface" in message
    parse_file(text.replace("surface: anthropic", "surface: chat").encode(), "file.yaml")
