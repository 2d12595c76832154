"""The probes of the Anthropic surface, in the order they are sent."""

from __future__ import annotations

import json
from typing import Any

from mockglm.conformance.capabilities import Capabilities
from mockglm.conformance.message_view import MESSAGES
from mockglm.conformance.probes.probe import BodyFields, Probe, fill_context
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Headers

_VERSION = ("anthropic-version", "2023-06-01")
_COUNT = "one two three four five six seven eight nine ten"
_WEATHER = "What is the weather in Beijing and in Shanghai today? Use the tool."
_FAIL = "This is a test: break off this stream with an error."
_OVERLOAD = "This is a test: answer that the service is overloaded."
_RIDDLE = "How many times does the letter r occur in strawberry? Answer with one number."
_TOOL = {
    "name": "get_weather",
    "description": "Tells the weather of a city today.",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Name of the city"}},
        "required": ["city"],
    },
}
_CALL_ID = "call_326f82523b21434ba5dfe827"
_THOUGHT = {
    "type": "thinking",
    "thinking": "The tool has to be called.",
    "signature": "0ccb904b724f48fab1d8d808",
}
_CALL = {
    "role": "assistant",
    "content": [
        _THOUGHT,
        {
            "type": "tool_use",
            "id": _CALL_ID,
            "name": "get_weather",
            "input": {"city": "Beijing"},
        },
    ],
}
_RESULT = {
    "role": "user",
    "content": [
        {
            "type": "tool_result",
            "tool_use_id": _CALL_ID,
            "content": '{"weather":"sunny","celsius":21}',
        }
    ],
}


class MessageProbe(Probe, frozen=True, kw_only=True):
    """One request of the Anthropic surface; `is_bearer` sends the key as a Bearer credential."""

    path: str = MESSAGES
    is_bearer: bool = False

    def credential_headers(self, secret: str) -> Headers:
        if self.is_bearer:
            return (*super().credential_headers(secret), _VERSION)
        return (("x-api-key", secret), _VERSION)

    def body(self, model: str, capabilities: Capabilities, request_id: str) -> bytes:
        """The bytes of the request; this surface has no request_id, so the user's id carries it."""
        if isinstance(self.fields, bytes):
            return self.fields
        fields = fill_context(capabilities.context) if self.fills_context else self.fields
        body: dict[str, Any] = {"model": model, **fields}
        if self.max_tokens:
            body["max_tokens"] = self.token_ceiling(capabilities)
        if self.compared and capabilities.deterministic:
            # The switch for greedy decoding of v4, do_sample, is not known on this surface.
            body["temperature"] = 0
        if self.path == MESSAGES:
            body["metadata"] = {"user_id": request_id}
        body.update(self._thinking_fields(capabilities))
        return json.dumps(body, ensure_ascii=False).encode()

    def _thinking_fields(self, capabilities: Capabilities) -> BodyFields:
        """Thinking switched on or off; a model that always thinks is asked to think less or more
        (docs.z.ai/devpack: an explicit effort counts before the switch)."""
        if self.thinking is None or capabilities.thinking == "none":
            return {}
        if capabilities.thinking == "always":
            return {"output_config": {"effort": "high" if self.thinking else "low"}}
        return {"thinking": {"type": "enabled" if self.thinking else "disabled"}}


def _prompt(text: str, **fields: Any) -> BodyFields:
    return {"messages": [{"role": "user", "content": text}], **fields}


def _repeat(text: str, **fields: Any) -> BodyFields:
    return _prompt(f"Repeat exactly the following line and write nothing else: {text}", **fields)


def _has_thought(view: ExchangeView) -> bool:
    return view.has_thought


def _called(view: ExchangeView) -> bool:
    return view.finish_reason == "tool_use" or bool(getattr(view, "tool_blocks", ()))


def _failed(view: ExchangeView) -> bool:
    return bool(view.stream_errors)


MESSAGE_PROBES = (
    MessageProbe(
        name="message",
        compared=True,
        purpose="the JSON answer, and proof that good requests are answered",
        fields=_repeat(_COUNT),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
    ),
    MessageProbe(
        name="message-stream",
        compared=True,
        purpose="the stream that most checks read",
        fields=_repeat(_COUNT, stream=True),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
    ),
    MessageProbe(
        name="message-thinking",
        purpose="thinking in a stream",
        fields=_prompt(_RIDDLE, stream=True),
        max_tokens=512,
        thinking=True,
        capability="thinking",
        provoked=_has_thought,
        attempts=2,
    ),
    MessageProbe(
        name="message-tools",
        purpose="calls in a stream",
        fields=_prompt(_WEATHER, tools=[_TOOL], stream=True),
        max_tokens=192,
        thinking_budget=320,
        thinking=False,
        capability="tools",
        provoked=_called,
        attempts=2,
    ),
    MessageProbe(
        name="message-tools-plain",
        purpose="calls in a JSON answer",
        fields=_prompt(_WEATHER, tools=[_TOOL]),
        max_tokens=192,
        thinking_budget=320,
        thinking=False,
        capability="tools",
        provoked=_called,
        attempts=2,
    ),
    MessageProbe(
        name="message-result",
        purpose="the answer after thinking, a call and its result",
        fields={
            "messages": [{"role": "user", "content": _WEATHER}, _CALL, _RESULT],
            "tools": [_TOOL],
        },
        max_tokens=128,
        thinking_budget=256,
        thinking=False,
        capability="tools",
    ),
    MessageProbe(
        name="message-length",
        purpose="a stream cut by max_tokens",
        fields=_repeat(f"{_COUNT} {_COUNT}", stream=True),
        max_tokens=8,
        thinking=False,
    ),
    MessageProbe(
        name="message-failing",
        purpose="a stream that breaks off with an error",
        fields=_prompt(_FAIL, stream=True),
        max_tokens=32,
        capability="failing",
        provoked=_failed,
    ),
    MessageProbe(
        name="message-overload",
        purpose="an overloaded service",
        fields=_prompt(_OVERLOAD),
        max_tokens=32,
        capability="failing",
        expects_refusal=True,
        expects_overload=True,
    ),
    MessageProbe(
        name="message-count",
        purpose="the tokens of a prompt",
        path=f"{MESSAGES}/count_tokens",
        fields=_repeat(_COUNT),
    ),
    MessageProbe(
        name="message-models",
        purpose="the listing of models",
        method="GET",
        path="/v1/models",
        fields=b"",
    ),
    MessageProbe(
        name="message-bad-key",
        purpose="a key that belongs to nobody",
        fields=_prompt("Hi"),
        max_tokens=8,
        credential="wrong",
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-no-key",
        purpose="neither x-api-key nor Authorization",
        fields=_prompt("Hi"),
        max_tokens=8,
        credential="none",
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-bad-model",
        purpose="a model that does not exist",
        fields=_prompt("Hi", model="mockglm-no-such-model"),
        max_tokens=8,
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-bad-model-stream",
        purpose="the same, asked for as a stream",
        fields=_prompt("Hi", model="mockglm-no-such-model", stream=True),
        max_tokens=8,
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-bad-limit",
        purpose="a max_tokens of 0",
        fields=_prompt("Hi", max_tokens=0),
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-bad-shape",
        purpose="a tool without a name",
        fields=_prompt("Hi", tools=[{"input_schema": {"type": "object"}}]),
        max_tokens=8,
        expects_refusal=True,
    ),
    MessageProbe(
        name="message-bearer",
        purpose="a good request after the bad ones, its key as a Bearer credential",
        fields=_prompt("Hi"),
        max_tokens=8,
        thinking=False,
        is_bearer=True,
    ),
    MessageProbe(
        name="message-overflow",
        purpose="a prompt longer than the context",
        max_tokens=8,
        fills_context=True,
        expects_refusal=True,
        disruptive=True,
    ),
    MessageProbe(
        name="message-burst",
        purpose="eight streams at once",
        fields=_repeat(_COUNT, stream=True),
        max_tokens=32,
        thinking_budget=256,
        thinking=False,
        copies=8,
        disruptive=True,
    ),
)
