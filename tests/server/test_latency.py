"""The measured latency of a model: in a file, and for all replies without a pace."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm.scenarios import parse
from mockglm.server import RequestContext, Sessions, Settings, handle
from tests.server.asking import chat

LONG = "word " * 8000
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def first(text: str = "hi", *, reply: str = "", **settings: Any) -> float:
    """The time of the first chunk of a stream of glm-4.7."""
    file = f"format: 1\ninteractions: [{{reply: {{content: a{reply}}}}}]"
    session = Sessions(Settings(**settings), [parse(file.encode(), "file.yaml")]).get()
    context: RequestContext = handle(session, chat(text, model="glm-4.7", stream=True))
    assert context.response is not None
    return context.response.chunks[0][0]


@pytest.mark.parametrize("fields", [{"reply": ", pace: measured"}, {"latency": "measured"}])
def test_a_measured_latency_grows_with_the_prompt(fields: dict[str, Any]) -> None:
    """10,000 uncached tokens of glm-4.7 are 1.5 s on 3 s, whatever is drawn."""
    short, long = first(**fields), first(LONG, **fields)
    assert long / short == pytest.approx(1.5, rel=0.01)
    assert first(**fields) == short
    assert first(**fields, seed="other") != short
    assert first(**fields, speed=0) == 0


def test_a_pace_of_a_file_comes_before_the_latency_of_the_server() -> None:
    assert first(reply=", pace: {first: 0.25}", latency="measured") == 0.25
    assert first(LONG, reply=", pace: {first: 1, prompt: 0.2}") == pytest.approx(3, rel=0.01)


@pytest.mark.parametrize("more", [{}, {"tools": [TOOL] * 60}, {"tool_choice": "none"}])
def test_tools_take_glm_5_3_flash_so_much_longer(more: dict[str, Any]) -> None:
    """About 3.4 s, flat (zai-org/GLM-5#144); the prompt of sixty tools counts as well."""

    def begins(**fields: Any) -> float:
        file = parse(b"format: 1\ninteractions: [{reply: {content: a}}]", "file.yaml")
        session = Sessions(Settings(latency="measured"), [file]).get()
        response = handle(
            session, chat("hi", model="glm-5.3-flash", stream=True, **fields)
        ).response
        assert response is not None
        return response.chunks[0][0]

    assert begins(**{"tools": [TOOL], **more}) - begins() == pytest.approx(3.4, abs=0.4)


def test_a_pace_of_a_file_has_a_time_for_tools() -> None:
    assert first(reply=", pace: {first: 1, tools: 2}") == 1
    text = "format: 1\ninteractions: [{reply: {content: a, pace: {first: 1, tools: 2}}}]"
    session = Sessions(Settings(speed=4), [parse(text.encode(), "file.yaml")]).get()
    response = handle(session, chat("hi", stream=True, tools=[TOOL])).response
    assert response is not None
    assert response.chunks[0][0] == 0.75


def test_without_it_the_pace_is_plausible_and_even() -> None:
    assert first() == first(LONG) == first(seed="other")
