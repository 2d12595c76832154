"""Signatures of responses compared: words are no drift, shapes are, and nothing is too odd."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mockglm import sse
from mockglm.completions import Renderer
from mockglm.drift import Drift, Signature, find_drift
from mockglm.exchange import Reply, Response
from tests.drift.responses import PAIRS, REPLIES, differences, stamp


@pytest.mark.parametrize(("recorded", "live"), PAIRS)
def test_other_ids_and_times_are_no_drift(recorded: Response, live: Response) -> None:
    assert differences(recorded, live) == []


def test_different_texts_are_no_drift() -> None:
    one, other = (
        Renderer(REPLIES["text"]),
        Renderer(Reply(content="再见，欢迎下次再来。" * 5, reasoning="用户要走了。" * 9)),
    )
    assert differences(one.render_stream(stamp(1)), other.render_stream(stamp(2))) == []
    assert differences(one.render_json(stamp(1)), other.render_json(stamp(2))) == []


def test_response_of_another_kind_has_no_other_drift() -> None:
    page = Response(502, (("Content-Type", "text/html"),), ((0.0, b"<html>"),))
    found = find_drift(Signature.of(PAIRS[2][0]), Signature.of(page))
    assert [one.path for one in found] == ["status", "content type", "body"]


def test_body_that_is_empty_is_no_json() -> None:
    assert Signature.of(Response(200, (), ())).summary["body"] == "empty"


def test_count_of_the_prompt_may_change_by_half() -> None:
    before = Signature({"prompt_tokens": "10", "completion_tokens": "some"}, {})
    for count, is_drift in (("5", False), ("20", False), ("21", True), ("4", True)):
        found = find_drift(before, Signature({"prompt_tokens": count}, {}))
        assert found == ((Drift("prompt_tokens", "10", count),) if is_drift else ())


def test_path_below_an_absent_one_is_not_listed() -> None:
    before = Signature({}, {"": {"$.a": frozenset({"an object"}), "$.a.b": frozenset({"text"})}})
    found = find_drift(before, Signature({}, {"": {}}))
    assert found == (Drift("$.a", "an object", "nothing"),)


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    """The paths of a JSON value, its own among them."""
    yield ()
    rows = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else rows:
        yield from ((key, *path) for path in paths(item))


def put(value: Any, path: tuple[Any, ...], item: Any) -> Any:
    """The value with an item at a path."""
    if not path:
        return item
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = put(copy[path[0]], path[1:], item)
    return copy


ODD: list[Any] = [None, 5, 1e999, "\ud800", ["x"], [{}], {"a": 1}]


@pytest.mark.parametrize("odd", ODD)
def test_odd_value_anywhere_in_a_json_response_is_drift_at_most(odd: Any) -> None:
    recorded = PAIRS[5][0]
    value = json.loads(recorded.body)
    compare(recorded, [json.dumps(put(value, path, odd)).encode() for path in paths(value)])


@pytest.mark.parametrize("odd", ODD)
def test_odd_value_anywhere_in_a_stream_is_drift_at_most(odd: Any) -> None:
    recorded = PAIRS[4][0]
    events = [event.data for event in sse.read(recorded.body)[0]]
    calling = [index for index, event in enumerate(events) if "tool_calls" in event]
    bodies = []
    for index in (calling[0], len(events) - 2):
        value = json.loads(events[index])
        for path in paths(value):
            frames = list(events)
            frames[index] = json.dumps(put(value, path, odd))
            bodies.append(b"".join(sse.frame(frame.encode()) for frame in frames))
    compare(recorded, bodies)


def compare(recorded: Response, bodies: list[bytes]) -> None:
    """Compare a response with others, and write each difference."""
    assert bodies
    signature = Signature.of(recorded)
    for body in bodies:
        live = Response(200, recorded.headers, ((0.0, body),))
        for one in find_drift(signature, Signature.of(live)):
            assert str(one).encode()
