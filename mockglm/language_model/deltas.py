"""The answer of an OpenAI-compatible server, read delta by delta into a reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from mockglm import sse
from mockglm.exchange import JSONObject, Reply, ToolCall
from mockglm.validation.types import decode_json

FINISHES: Mapping[str, str] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "sensitive",
}
"""GLM's finish reasons by those of OpenAI's API."""
BROKEN_OFF = "network_error"
COUNTS = ("prompt_tokens", "completion_tokens")


class Delta(Struct, frozen=True):
    """A piece of a text, or a call that is complete."""

    kind: Literal["reasoning", "content", "call"]
    text: str = ""
    call: ToolCall | None = None


class PartialAnswer(Struct):
    """An answer so far: pieces of text in the order in which they came, and calls.

    `takes_reasoning` is False for a model that does not think, `has_tags` True for one whose
    thought stands in its content, within `<think>`. `error` is an error event of the server;
    `size` counts characters, `held` those of them that count as held.
    """

    takes_reasoning: bool = True
    has_tags: bool = False
    reasoning: list[str] = field(default_factory=list)
    content: list[str] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str = ""
    usage: JSONObject = field(default_factory=dict)
    error: str = ""
    size: int = 0
    held: int = 0
    is_done: bool = False
    _reader: sse.Reader = field(default_factory=sse.Reader)
    _index: int | None = None
    _name: str = ""
    _arguments: list[str] = field(default_factory=list)
    _is_within_tags: bool = False

    def feed(self, received: bytes) -> Iterator[Delta]:
        """Read bytes of the stream, and yield the deltas that they complete."""
        for event in self._reader.feed(received):
            if event.data.startswith("[DONE]"):
                self.is_done = True
                continue
            chunk = decode_json(event.data.encode())
            if isinstance(chunk, Mapping):
                yield from self._read_chunk(chunk)

    def feed_whole(self, body: bytes) -> Iterator[Delta]:
        """Read an answer that is one JSON object."""
        answer = decode_json(body)
        for choice in _list(answer, "choices")[:1]:
            message = choice.get("message") if isinstance(choice, Mapping) else None
            yield from self._read_delta(message if isinstance(message, Mapping) else {})
            self._read_finish(choice)
        yield from self._complete_call()
        self._read_usage(answer)

    def end(self) -> Iterator[Delta]:
        """End the stream: an open call is complete if the server finished its answer."""
        if self.is_done or self.finish_reason:
            yield from self._complete_call()

    @property
    def reply(self) -> Reply:
        """The reply so far; one that was not finished ends as GLM's break off."""
        finish = self.finish_reason or ("stop" if self.is_done else BROKEN_OFF)
        if self.error:
            finish = BROKEN_OFF
        if finish == "stop" and self.calls:
            finish = "tool_calls"
        return Reply(
            content="".join(self.content),
            reasoning="".join(self.reasoning) or None,
            calls=tuple(self.calls),
            finish_reason=finish,
            usage=self.usage,
        )

    def _read_chunk(self, chunk: JSONObject) -> Iterator[Delta]:
        if chunk.get("error"):
            self.error = describe_error(chunk)
        for choice in _list(chunk, "choices")[:1]:
            delta = choice.get("delta") if isinstance(choice, Mapping) else None
            yield from self._read_delta(delta if isinstance(delta, Mapping) else {})
            self._read_finish(choice)
        self._read_usage(chunk)

    def _read_delta(self, delta: JSONObject) -> Iterator[Delta]:
        # Servers spell the thought in one of two ways (vLLM and Ollama since 2025).
        thought = _text(delta.get("reasoning_content")) or _text(delta.get("reasoning"))
        if thought and self.takes_reasoning:
            yield from self._add_thought(thought)
        if content := _text(delta.get("content")):
            yield from self._add_content(content)
        for call in _list(delta, "tool_calls"):
            if isinstance(call, Mapping):
                yield from self._add_call(call)

    def _add_thought(self, text: str) -> Iterator[Delta]:
        if not self.has_tags:
            # Behind the content there is no place for a thought.
            if not self.content and not self.calls:
                yield self._add("reasoning", text)
            return
        if not self.content:
            self._is_within_tags = True
            text = f"<think>{text}"
        if self._is_within_tags:
            yield self._add("content", text)

    def _add_content(self, text: str) -> Iterator[Delta]:
        if self._is_within_tags:
            self._is_within_tags = False
            text = f"</think>\n{text}"
        if not self.calls:
            yield self._add("content", text)

    def _add(self, kind: Literal["reasoning", "content"], text: str) -> Delta:
        (self.reasoning if kind == "reasoning" else self.content).append(text)
        self.size += len(text)
        return Delta(kind, text)

    def _add_call(self, delta: JSONObject) -> Iterator[Delta]:
        """Add a part of a call; the call before is complete when another begins."""
        held = delta.get("function")
        function: JSONObject = held if isinstance(held, Mapping) else {}
        index = delta.get("index", 0)
        is_other = index != self._index or (self._name and function.get("name") and delta.get("id"))
        if is_other:
            yield from self._complete_call()
            self._index = index if isinstance(index, int) else 0
        self._name = self._name or _text(function.get("name"))
        arguments = function.get("arguments")
        self._arguments.append(_text(arguments))
        self.size += len(self._arguments[-1])

    def _complete_call(self) -> Iterator[Delta]:
        if self._name:
            call = ToolCall(self._name, "".join(self._arguments) or "{}")
            self.calls.append(call)
            yield Delta("call", call=call)
        self._name, self._index = "", None
        self._arguments = []

    def _read_finish(self, choice: Any) -> None:
        reason = choice.get("finish_reason") if isinstance(choice, Mapping) else None
        if isinstance(reason, str) and reason:
            self.finish_reason = FINISHES.get(reason, "stop")

    def _read_usage(self, chunk: Any) -> None:
        usage = chunk.get("usage") if isinstance(chunk, Mapping) else None
        if isinstance(usage, Mapping):
            counts = {name: usage.get(name) for name in COUNTS}
            if all(isinstance(count, int) and count >= 0 for count in counts.values()):
                self.usage = counts


def describe_error(body: Any) -> str:
    """The message of an error of an OpenAI-compatible server, or an empty text."""
    error = body.get("error") if isinstance(body, Mapping) else None
    message = error.get("message") if isinstance(error, Mapping) else error
    return message if isinstance(message, str) else ""


def _list(value: Any, key: str) -> list[Any]:
    held = value.get(key) if isinstance(value, Mapping) else None
    return held if isinstance(held, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
