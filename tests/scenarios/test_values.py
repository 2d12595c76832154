from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.exchange import Request
from mockglm.matching import RequestView
from mockglm.scenarios import Interaction, Step
from mockglm.validation import Chat
from tests.scenarios.loading import one


def said(text: str, matches: int) -> list[str | None]:
    """The contents that a text's interaction answers so many matches with; None is no answer."""
    interaction = one(text)
    steps = [interaction.step(count) for count in range(matches)]
    return [None if step is None else content(step) for step in steps]


def content(step: Step) -> str | None:
    assert step.renderer is not None
    return step.renderer.reply.content


@pytest.mark.parametrize(
    ("text", "contents"),
    [
        ("reply: {content: a}", ["a", "a", "a", "a"]),
        ("reply: [{content: a}, {content: b}]", ["a", "b", "b", "b"]),
        ("reply: [{content: a, times: 2}, {content: b}]", ["a", "a", "b", "b"]),
        ("reply: [{content: a, times: 2}, {content: b, times: 1}]", ["a", "a", "b", None]),
        ("reply: {content: a, times: 2}", ["a", "a", None, None]),
        ("{reply: {content: a}, times: 1}", ["a", None, None, None]),
        ("{reply: [{content: a}, {content: b}], times: 3}", ["a", "b", "b", None]),
        ("{reply: [{content: a, times: 3}, {content: b}], times: 2}", ["a", "a", None, None]),
    ],
)
def test_each_match_takes_the_next_step(text: str, contents: list[str | None]) -> None:
    flow = text if text.startswith("{") else f"{{{text}}}"
    assert said(f"interactions: [{flow}]", 4) == contents


@given(st.lists(st.integers(1, 3), min_size=1, max_size=4), st.integers(0, 20))
def test_a_step_answers_as_often_as_its_times_say(times: list[int], count: int) -> None:
    replies = ", ".join(f"{{content: c{place}, times: {n}}}" for place, n in enumerate(times))
    interaction = one(f"interactions: [{{reply: [{replies}]}}]")
    order = [place for place, n in enumerate(times) for _ in range(n)]
    step = interaction.step(count)
    assert step == (interaction.steps[order[count]] if count < len(order) else None)


def test_an_interaction_has_its_location() -> None:
    assert one("about: x\ninteractions:\n\n- reply: {}").location == "test.yaml:5"


def test_a_verbatim_response_is_not_rendered() -> None:
    with pytest.raises(ValueError, match="not rendered"):
        Step().render(RequestView(Chat(), Request("POST", "/")), 0.0)


def test_a_described_reply_is_rendered_as_it_is() -> None:
    (step,) = one("interactions: [{reply: {content: a}}]").steps
    assert step.render(RequestView(Chat(), Request("POST", "/")), 0.0) is step.renderer


def test_a_template_knows_the_number_of_its_match() -> None:
    (step,) = one("interactions: [{reply: {content: '{{ count }}', template: true}}]").steps
    assert step.render(RequestView(Chat(), Request("POST", "/")), 0.0, 7).reply.content == "7"


CHUNK = '{"id":"1","created":2,"model":"m","choices":[{"index":0,"delta":{"content":"好"}}]}'


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (f"{{events: '0.1 {CHUNK}'}}", "好"),
        (
            "{json: {choices: [{finish_reason: stop, message: {content: 好}}]}}",
            "好",
        ),
        ("{body: <html>}", None),
        ("{}", None),
    ],
)
def test_a_verbatim_response_is_parsed(text: str, content: str | None) -> None:
    (step,) = one(f"interactions: [{{response: {text}}}]").steps
    assert (step.parsed.reply.content if step.parsed else None) == content


def test_a_reply_has_no_parsed_response() -> None:
    assert Step().parsed is None


@pytest.mark.parametrize(
    ("body", "is_stream"),
    [("{stream: true, messages: []}", True), ("{messages: []}", False), ("x", False)],
)
def test_a_recorded_request_knows_its_mode(body: str, is_stream: bool) -> None:
    request = one(f"interactions: [{{request: {{path: /p, body: {body}}}, reply: {{}}}}]").request
    assert request is not None
    assert request.is_stream is is_stream


def test_the_place_of_an_interaction_is_its_file_and_line() -> None:
    assert Interaction(location="C:\\a\\b.yaml:7", steps=()).short_location == "b.yaml:7"
    assert one("interactions: [{reply: {}}]").short_location == "test.yaml:2"
