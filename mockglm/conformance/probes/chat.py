"""The probes of the chat surface, in the order they are sent."""

from __future__ import annotations

from typing import Any

from mockglm.conformance.probes.probe import BodyFields, Probe
from mockglm.conformance.view import ExchangeView

ECHO = "alpha 你好 😀 \u2028 omega"
_COUNT = "one two three four five six seven eight nine ten"
_WEATHER = "What is the weather in Beijing and in Shanghai today? Use the tool."
_FAIL = "This is a test: break off this stream with an error."
_RIDDLE = "How many times does the letter r occur in strawberry? Answer with one number."
_WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Tells the weather of a city today.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city"}},
            "required": ["city"],
        },
    },
}
_CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [
        {
            "id": "call_417fb00c5b2d4aada7fa6665",
            "type": "function",
            "function": {"name": "get_weather", "arguments": '{"city":"Beijing"}'},
        }
    ],
}
_RESULT = {
    "role": "tool",
    "tool_call_id": "call_417fb00c5b2d4aada7fa6665",
    "content": '{"weather":"sunny","celsius":21}',
}


def _prompt(text: str, **fields: Any) -> BodyFields:
    return {"messages": [{"role": "user", "content": text}], **fields}


def _repeat(text: str, **fields: Any) -> BodyFields:
    return _prompt(f"Repeat exactly the following line and write nothing else: {text}", **fields)


def _has_thought(view: ExchangeView) -> bool:
    return view.has_thought


def _called(view: ExchangeView) -> bool:
    return bool(view.calls) or view.finish_reason == "tool_calls"


def _echoed(view: ExchangeView) -> bool:
    return "alpha" in view.content and "omega" in view.content


def _failed(view: ExchangeView) -> bool:
    return bool(view.stream_errors)


def _counted(view: ExchangeView) -> bool:
    return "five" in view.content.lower()


CHAT_PROBES = (
    Probe(
        name="plain",
        purpose="the plain reply, and proof that good requests are answered",
        fields=_repeat(_COUNT, stream=False),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
        compared=True,
    ),
    Probe(
        name="stream",
        purpose="the stream that most checks read",
        fields=_repeat(_COUNT, stream=True),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
        compared=True,
        is_paced=True,
        attempts=2,
    ),
    Probe(
        name="thinking",
        purpose="reasoning in a stream",
        fields=_prompt(_RIDDLE, stream=True),
        max_tokens=512,
        thinking=True,
        capability="thinking",
        provoked=_has_thought,
        attempts=2,
    ),
    Probe(
        name="thinking-plain",
        purpose="reasoning in a plain reply",
        fields=_prompt(_RIDDLE, stream=False),
        max_tokens=512,
        thinking=True,
        capability="thinking",
        provoked=_has_thought,
        attempts=2,
    ),
    Probe(
        name="tools",
        purpose="calls in a stream",
        fields=_prompt(_WEATHER, tools=[_WEATHER_TOOL], stream=True),
        max_tokens=192,
        thinking_budget=320,
        thinking=False,
        capability="tools",
        provoked=_called,
        attempts=2,
    ),
    Probe(
        name="tools-plain",
        purpose="calls in a plain reply",
        fields=_prompt(_WEATHER, tools=[_WEATHER_TOOL], stream=False),
        max_tokens=192,
        thinking_budget=320,
        thinking=False,
        capability="tools",
        provoked=_called,
        attempts=2,
    ),
    Probe(
        name="tool-stream",
        purpose="arguments in pieces",
        fields=_prompt(_WEATHER, tools=[_WEATHER_TOOL], stream=True, tool_stream=True),
        max_tokens=192,
        thinking_budget=320,
        thinking=False,
        capability="tool_stream",
        provoked=_called,
    ),
    Probe(
        name="tool-result",
        purpose="the answer after a call",
        fields={
            "messages": [{"role": "user", "content": _WEATHER}, _CALL, _RESULT],
            "tools": [_WEATHER_TOOL],
            "stream": False,
        },
        max_tokens=128,
        thinking_budget=256,
        thinking=False,
        capability="tools",
    ),
    Probe(
        name="length",
        purpose="a stream cut by max_tokens",
        fields=_repeat(f"{_COUNT} {_COUNT}", stream=True),
        max_tokens=8,
        thinking=False,
    ),
    Probe(
        name="length-plain",
        purpose="a plain reply cut by max_tokens, and a longer prompt",
        fields=_repeat(f"{_COUNT} {_COUNT}", stream=False),
        max_tokens=8,
        thinking=False,
    ),
    Probe(
        name="stop",
        purpose="a stop sequence",
        fields=_repeat(_COUNT, stream=True, stop=["six"]),
        max_tokens=64,
        thinking_budget=256,
        thinking=False,
        provoked=_counted,
    ),
    Probe(
        name="replay",
        purpose="a history with reasoning_content",
        fields={
            "messages": [
                {"role": "user", "content": _RIDDLE},
                {"role": "assistant", "content": "3", "reasoning_content": "s-t-r-a-w-b-e-r-r-y."},
                {"role": "user", "content": "And in cherry? Answer with one number."},
            ],
            "stream": False,
        },
        max_tokens=64,
        thinking_budget=256,
        thinking=False,
        capability="thinking",
    ),
    Probe(
        name="echo",
        purpose="characters beyond ASCII, there and back",
        fields=_repeat(ECHO, stream=True),
        max_tokens=64,
        thinking_budget=256,
        thinking=False,
        provoked=_echoed,
    ),
    Probe(
        name="failing",
        purpose="a stream that breaks off with an error",
        fields=_prompt(_FAIL, stream=True),
        max_tokens=64,
        thinking_budget=256,
        thinking=False,
        capability="failing",
        provoked=_failed,
    ),
    Probe(
        name="bad-key",
        expects_refusal=True,
        purpose="a key without an account",
        fields=_prompt("Hi", stream=False),
        max_tokens=8,
        credential="wrong",
    ),
    Probe(
        name="no-key",
        expects_refusal=True,
        purpose="no Authorization header",
        fields=_prompt("Hi", stream=False),
        max_tokens=8,
        credential="none",
    ),
    Probe(
        name="bad-model",
        expects_refusal=True,
        purpose="a model that does not exist",
        fields=_prompt("Hi", model="mockglm-no-such-model", stream=False),
        max_tokens=8,
    ),
    Probe(
        name="bad-model-stream",
        expects_refusal=True,
        purpose="the same as a stream",
        fields=_prompt("Hi", model="mockglm-no-such-model", stream=True),
        max_tokens=8,
    ),
    Probe(
        name="no-messages",
        expects_refusal=True,
        purpose="an empty list of messages",
        fields={"messages": [], "stream": False},
        max_tokens=8,
    ),
    Probe(
        name="bad-json",
        expects_refusal=True,
        purpose="a body that is cut in the middle",
        fields=b'{"model": "glm-4.5-flash", "messages": [{"role": "user", "content": "Hi',
    ),
    Probe(
        name="bad-role",
        expects_refusal=True,
        purpose="a role that GLM does not know",
        fields={
            "messages": [{"role": "developer", "content": "Hi"}, {"role": "user", "content": "Hi"}],
            "stream": False,
        },
        max_tokens=8,
    ),
    Probe(
        name="bad-temperature",
        expects_refusal=True,
        purpose="a temperature out of range",
        fields=_prompt("Hi", stream=False, temperature=9.5),
        max_tokens=8,
    ),
    Probe(
        name="bad-path",
        expects_refusal=True,
        purpose="a path that does not exist",
        path="/chat/no-such-path",
        fields=_prompt("Hi", stream=False),
    ),
    Probe(
        name="bad-method",
        expects_refusal=True,
        purpose="GET on the chat path",
        method="GET",
        fields=b"",
    ),
    Probe(
        name="jwt",
        purpose="a token made of the key",
        fields=_prompt("Hi", stream=False),
        max_tokens=8,
        thinking=False,
        credential="jwt",
        capability="jwt",
    ),
    Probe(
        name="jwt-expired",
        expects_refusal=True,
        purpose="a token that has expired",
        fields=_prompt("Hi", stream=False),
        max_tokens=8,
        credential="expired",
        capability="jwt",
    ),
    Probe(
        name="afterwards",
        purpose="a good request after the bad ones",
        fields=_prompt("Hi", stream=False),
        max_tokens=8,
        thinking=False,
    ),
    Probe(
        name="ceiling",
        expects_refusal=True,
        purpose="more max_tokens than the model has",
        fields=_prompt("Say hi.", stream=False, max_tokens=99_999_999),
        disruptive=True,
    ),
    Probe(
        name="overflow",
        expects_refusal=True,
        purpose="a prompt longer than the context",
        max_tokens=8,
        fills_context=True,
        disruptive=True,
    ),
    Probe(
        name="burst",
        purpose="eight streams at once",
        fields=_repeat(_COUNT, stream=True),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
        copies=8,
        disruptive=True,
    ),
)
