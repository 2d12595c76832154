"""The probes: every request of a run, in the order they are sent."""

from __future__ import annotations

from collections.abc import Mapping

from mockglm.conformance.probe import Probe
from mockglm.conformance.prompts import (
    CALL,
    COUNT,
    ECHO,
    FAIL,
    RESULT,
    RIDDLE,
    WEATHER,
    WEATHER_TOOL,
    echo,
    user,
)
from mockglm.conformance.seen import Seen

__all__ = ["PROBES", "WRONG_KEY"]

WRONG_KEY = "0" * 32 + "." + "W" * 16
"""A key of the right form that nobody has."""


def _thought(seen: Seen) -> bool:
    return seen.thought


def _called(seen: Seen) -> bool:
    return bool(seen.calls) or seen.finish == "tool_calls"


def _echoed(seen: Seen) -> bool:
    return "alpha" in seen.content and "omega" in seen.content


def _failed(seen: Seen) -> bool:
    return bool(seen.broken)


def _counted(seen: Seen) -> bool:
    return "five" in seen.content.lower()


_TABLE = (
    Probe(
        name="plain",
        why="the plain reply, and proof that good requests are answered",
        fields=echo(COUNT, stream=False),
        tokens=32,
        room=256,
        think=False,
        compared=True,
    ),
    Probe(
        name="stream",
        why="the stream that most checks read",
        fields=echo(COUNT, stream=True),
        tokens=32,
        room=256,
        think=False,
        compared=True,
    ),
    Probe(
        name="thinking",
        why="reasoning in a stream",
        fields=user(RIDDLE, stream=True),
        tokens=512,
        think=True,
        capability="thinking",
        elicits=_thought,
        attempts=2,
    ),
    Probe(
        name="thinking-plain",
        why="reasoning in a plain reply",
        fields=user(RIDDLE, stream=False),
        tokens=512,
        think=True,
        capability="thinking",
        elicits=_thought,
        attempts=2,
    ),
    Probe(
        name="tools",
        why="calls in a stream",
        fields=user(WEATHER, tools=[WEATHER_TOOL], stream=True),
        tokens=192,
        room=320,
        think=False,
        capability="tools",
        elicits=_called,
        attempts=2,
    ),
    Probe(
        name="tools-plain",
        why="calls in a plain reply",
        fields=user(WEATHER, tools=[WEATHER_TOOL], stream=False),
        tokens=192,
        room=320,
        think=False,
        capability="tools",
        elicits=_called,
        attempts=2,
    ),
    Probe(
        name="tool-stream",
        why="arguments in pieces",
        fields=user(WEATHER, tools=[WEATHER_TOOL], stream=True, tool_stream=True),
        tokens=192,
        room=320,
        think=False,
        capability="tool_stream",
        elicits=_called,
    ),
    Probe(
        name="tool-result",
        why="the answer after a call",
        fields={
            "messages": [{"role": "user", "content": WEATHER}, CALL, RESULT],
            "tools": [WEATHER_TOOL],
            "stream": False,
        },
        tokens=128,
        room=256,
        think=False,
        capability="tools",
    ),
    Probe(
        name="length",
        why="a stream cut by max_tokens",
        fields=echo(f"{COUNT} {COUNT}", stream=True),
        tokens=8,
        think=False,
    ),
    Probe(
        name="length-plain",
        why="a plain reply cut by max_tokens, and a longer prompt",
        fields=echo(f"{COUNT} {COUNT}", stream=False),
        tokens=8,
        think=False,
    ),
    Probe(
        name="stop",
        why="a stop sequence",
        fields=echo(COUNT, stream=True, stop=["six"]),
        tokens=64,
        room=256,
        think=False,
        elicits=_counted,
    ),
    Probe(
        name="replay",
        why="a history with reasoning_content",
        fields={
            "messages": [
                {"role": "user", "content": RIDDLE},
                {"role": "assistant", "content": "3", "reasoning_content": "s-t-r-a-w-b-e-r-r-y."},
                {"role": "user", "content": "And in cherry? Answer with one number."},
            ],
            "stream": False,
        },
        tokens=64,
        room=256,
        think=False,
        capability="thinking",
    ),
    Probe(
        name="echo",
        why="characters beyond ASCII, there and back",
        fields=echo(ECHO, stream=True),
        tokens=64,
        room=256,
        think=False,
        elicits=_echoed,
    ),
    Probe(
        name="failing",
        why="a stream that breaks off with an error",
        fields=user(FAIL, stream=True),
        tokens=64,
        room=256,
        think=False,
        capability="failing",
        elicits=_failed,
    ),
    Probe(
        name="bad-key",
        refused=True,
        why="a key that nobody has",
        fields=user("Hi", stream=False),
        tokens=8,
        credential="wrong",
    ),
    Probe(
        name="no-key",
        refused=True,
        why="no Authorization header",
        fields=user("Hi", stream=False),
        tokens=8,
        credential="none",
    ),
    Probe(
        name="bad-model",
        refused=True,
        why="a model that does not exist",
        fields=user("Hi", model="mockglm-no-such-model", stream=False),
        tokens=8,
    ),
    Probe(
        name="bad-model-stream",
        refused=True,
        why="the same, asked for as a stream",
        fields=user("Hi", model="mockglm-no-such-model", stream=True),
        tokens=8,
    ),
    Probe(
        name="no-messages",
        refused=True,
        why="an empty list of messages",
        fields={"messages": [], "stream": False},
        tokens=8,
    ),
    Probe(
        name="bad-json",
        refused=True,
        why="a body that is cut in the middle",
        fields=b'{"model": "glm-4.5-flash", "messages": [{"role": "user", "content": "Hi',
    ),
    Probe(
        name="bad-role",
        refused=True,
        why="a role that GLM does not know",
        fields={
            "messages": [{"role": "developer", "content": "Hi"}, {"role": "user", "content": "Hi"}],
            "stream": False,
        },
        tokens=8,
    ),
    Probe(
        name="bad-temperature",
        refused=True,
        why="a temperature out of range",
        fields=user("Hi", stream=False, temperature=9.5),
        tokens=8,
    ),
    Probe(
        name="bad-path",
        refused=True,
        why="a path that does not exist",
        path="/chat/no-such-path",
        fields=user("Hi", stream=False),
    ),
    Probe(
        name="bad-method",
        refused=True,
        why="GET on the chat path",
        method="GET",
        fields=b"",
    ),
    Probe(
        name="jwt",
        why="a token made of the key",
        fields=user("Hi", stream=False),
        tokens=8,
        think=False,
        credential="jwt",
        capability="jwt",
    ),
    Probe(
        name="jwt-expired",
        refused=True,
        why="a token that has expired",
        fields=user("Hi", stream=False),
        tokens=8,
        credential="expired",
        capability="jwt",
    ),
    Probe(
        name="afterwards",
        why="a good request after the bad ones",
        fields=user("Hi", stream=False),
        tokens=8,
        think=False,
    ),
    Probe(
        name="ceiling",
        refused=True,
        why="more max_tokens than the model has",
        fields=user("Say hi.", stream=False, max_tokens=99_999_999),
        disruptive=True,
    ),
    Probe(
        name="overflow",
        refused=True,
        why="a prompt longer than the context",
        tokens=8,
        flood=True,
        disruptive=True,
    ),
    Probe(
        name="burst",
        why="eight streams at once",
        fields=echo(COUNT, stream=True),
        tokens=32,
        room=256,
        think=False,
        copies=8,
        disruptive=True,
    ),
)

PROBES: Mapping[str, Probe] = {probe.name: probe for probe in _TABLE}
