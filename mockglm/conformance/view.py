"""An exchange as the checks read it: the request, the bytes of the answer, and views of both.

A view that cannot be read is empty. Nothing is filled in: checks depend on noticing absence.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import accumulate
from typing import Any, Literal

from mockglm import sse
from mockglm.conformance.json_path import CheckFinding, JSONNode, decode_json, shorten
from mockglm.conformance.tool_calls import (
    AssembledCall,
    assemble_calls,
    calls_of_message,
    schema_error,
)
from mockglm.exchange import Exchange, Headers, Request, Response

CHAT = "/chat/completions"
STREAM_TYPE = "text/event-stream"
JSON_TYPE = "application/json"

ExchangeKind = Literal["stream", "plain", "refusal", "other"]

_SHORTEST_SECRET = 8
"""Characters of a credential; a shorter one, such as `test`, occurs in ordinary text."""

_FEWEST_MOMENTS = 3
"""Moments at which the events of a stream arrive that is not held back."""

_FEWEST_CHUNKS = 3
"""Chunks below which their times say nothing."""


class ExchangeView:
    """One exchange, under the name of its probe or of its place in a recording."""

    def __init__(self, name: str, exchange: Exchange) -> None:
        self.name = name
        self.exchange = exchange

    # The request

    @property
    def request(self) -> Request:
        return self.exchange.request

    @cached_property
    def request_json(self) -> Mapping[str, Any]:
        """The JSON object of the request; empty for any other body."""
        try:
            value = decode_json(self.request.body)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}

    @property
    def is_chat(self) -> bool:
        """True for the chat path; answers of other paths are not completions."""
        return self.request.path.endswith(CHAT)

    @cached_property
    def model(self) -> str:
        """The model of the request."""
        return str(self.request_json.get("model", ""))

    @property
    def wants_stream(self) -> bool:
        return self.request_json.get("stream") is True

    @cached_property
    def functions(self) -> Mapping[str, Mapping[str, Any]]:
        """The functions that the request offers, by name."""
        tools = JSONNode(self.request_json, 0, 0).items("tools")
        functions = (tool.child("function") for tool in tools)
        return {str(f.get("name")): f.value for f in functions if f is not None}

    @cached_property
    def secret(self) -> str:
        """The credential of the request; empty for recordings, which do not keep it."""
        return self.request.header("authorization").removeprefix("Bearer ").strip()

    # The answer

    @property
    def answer(self) -> Response | None:
        return self.exchange.response

    @property
    def status(self) -> int:
        """The status; 0 if no answer began."""
        return self.answer.status if self.answer else 0

    @cached_property
    def body(self) -> bytes:
        return self.answer.body if self.answer else b""

    @property
    def headers(self) -> Headers:
        return self.answer.headers if self.answer else ()

    def header(self, name: str) -> str | None:
        """The first value of a header of the answer, by its lower-case name."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @cached_property
    def media_type(self) -> str:
        """The media type of the answer without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def kind(self) -> ExchangeKind:
        """The kind of answer; with status 200 a stream if it was requested or declared."""
        if self.status >= 400:
            return "refusal"
        if self.status != 200:
            return "other"
        return "stream" if self.wants_stream or self.media_type == STREAM_TYPE else "plain"

    @property
    def is_unfinished(self) -> bool:
        """True for an answer that was left before its end, because it exceeded a limit."""
        return self.answer is not None and self.answer.end == "hang"

    @property
    def cut_reason(self) -> str:
        """The reason why the body did not end by itself; empty if it did, or never began."""
        end = self.answer.end if self.answer else "done"
        return "" if end == "done" else self.exchange.error or end

    @property
    def body_of_200(self) -> bytes:
        """The body of an answer with status 200."""
        return self.body if self.status == 200 else b""

    @property
    def with_known_key(self) -> bytes:
        """The body of the answer to a request whose credential is known."""
        return self.body if len(self.secret) >= _SHORTEST_SECRET else b""

    @cached_property
    def wrong_media_type(self) -> str:
        """The difference between the form requested and the one received; empty for none."""
        other = JSON_TYPE if self.wants_stream else STREAM_TYPE
        if self.status != 200 or self.media_type != other:
            return ""
        wanted = "a stream" if self.wants_stream else "a plain reply"
        return f"requested {wanted}, got {self.media_type}"

    # A stream

    @cached_property
    def _read(self) -> tuple[tuple[sse.Event, ...], sse.Reader]:
        reader = sse.Reader()
        events = reader.feed(self.body) if self.kind == "stream" else []
        reader.close()
        return tuple(events), reader

    @property
    def events(self) -> tuple[sse.Event, ...]:
        return self._read[0]

    @property
    def comments(self) -> Sequence[tuple[int, str]]:
        """The comments of a stream, each with its first byte."""
        return self._read[1].comments

    def defects(self, *kinds: sse.Kind) -> Iterator[sse.Defect]:
        """The defects of framing of these kinds."""
        return (defect for defect in self._read[1].defects if defect.kind in kinds)

    @cached_property
    def data_events(self) -> tuple[sse.Event, ...]:
        """The events except the end mark."""
        return tuple(event for event in self.events if not event.data.startswith("[DONE]"))

    @cached_property
    def chunks(self) -> tuple[JSONNode, ...]:
        """The events that are one JSON object."""
        return tuple(_json_objects(self.data_events))

    @cached_property
    def reply_chunks(self) -> tuple[JSONNode, ...]:
        """The chunks that are not errors."""
        return tuple(chunk for chunk in self.chunks if chunk.get("error") is None)

    @cached_property
    def choices(self) -> tuple[JSONNode, ...]:
        return tuple(choice for chunk in self.reply_chunks for choice in chunk.items("choices"))

    @cached_property
    def deltas(self) -> tuple[JSONNode, ...]:
        found = (choice.child("delta") for choice in self.choices)
        return tuple(delta for delta in found if delta is not None)

    @cached_property
    def call_deltas(self) -> tuple[JSONNode, ...]:
        """The deltas of tool calls."""
        return tuple(call for delta in self.deltas for call in delta.items("tool_calls"))

    @cached_property
    def event_times(self) -> tuple[float, ...]:
        """Seconds from the request until each event had arrived whole.

        Empty without real times, and for a stream with too few chunks.
        """
        pieces = self.answer.chunks if self.answer else ()
        if not any(at for at, _ in pieces) or len(self.choices) < _FEWEST_CHUNKS:
            return ()
        return arrival_times(pieces, (event.end for event in self.events))

    @property
    def is_held_back(self) -> bool:
        """True if the events of a stream came in one burst."""
        return bool(self.event_times) and self.moments < _FEWEST_MOMENTS

    @property
    def moments(self) -> int:
        """The number of milliseconds in which events arrived.

        The network splits even one burst into several reads, microseconds apart.
        """
        return len({round(at, 3) for at in self.event_times})

    # A plain reply

    @cached_property
    def json_body(self) -> JSONNode | None:
        """The body, if it is one JSON object."""
        try:
            value = decode_json(self.body)
        except ValueError:
            return None
        return JSONNode(value, 0, len(self.body)) if isinstance(value, dict) else None

    @cached_property
    def plain_replies(self) -> tuple[JSONNode, ...]:
        """The JSON object of a plain reply."""
        return (self.json_body,) if self.json_body and self.kind == "plain" else ()

    @cached_property
    def message_choices(self) -> tuple[JSONNode, ...]:
        """The choices of a plain reply."""
        return tuple(choice for reply in self.plain_replies for choice in reply.items("choices"))

    @cached_property
    def messages(self) -> tuple[JSONNode, ...]:
        """The messages of a plain reply."""
        found = (choice.child("message") for choice in self.message_choices)
        return tuple(message for message in found if message is not None)

    # A reply in either form

    @cached_property
    def completion(self) -> tuple[JSONNode, ...]:
        """The messages or the deltas: evidence that the answer is a completion."""
        return self.messages or self.deltas

    @cached_property
    def not_truncated(self) -> tuple[JSONNode, ...]:
        """The completion, unless max_tokens cut it."""
        return () if self.finish_reason == "length" else self.completion

    @cached_property
    def thinking_off(self) -> tuple[JSONNode, ...]:
        """The completion of a request that disabled thinking."""
        thinking = JSONNode(self.request_json, 0, 0).child("thinking")
        is_off = thinking is not None and thinking.get("type") == "disabled"
        return self.completion if is_off else ()

    @cached_property
    def finished_choices(self) -> tuple[JSONNode, ...]:
        """The choices with a finish_reason."""
        choices = self.choices or self.message_choices
        return tuple(choice for choice in choices if choice.get("finish_reason") is not None)

    @cached_property
    def finish_reason(self) -> Any:
        """The last finish_reason."""
        finished = self.finished_choices
        return finished[-1].get("finish_reason") if finished else None

    @cached_property
    def usages(self) -> tuple[JSONNode, ...]:
        holders = self.chunks or self.plain_replies
        found = (holder.child("usage") for holder in holders)
        return tuple(usage for usage in found if usage is not None)

    @property
    def completion_tokens(self) -> Any:
        """The completion_tokens of the last usage."""
        return self.usages[-1].get("completion_tokens") if self.usages else None

    @cached_property
    def prompt_details(self) -> tuple[JSONNode, ...]:
        """The usages that count cached tokens."""
        return tuple(usage for usage in self.usages if usage.child("prompt_tokens_details"))

    @cached_property
    def completion_details(self) -> tuple[JSONNode, ...]:
        """The usages that count reasoning tokens."""
        return tuple(usage for usage in self.usages if usage.child("completion_tokens_details"))

    @cached_property
    def content(self) -> str:
        return self._joined("content")

    @cached_property
    def reasoning(self) -> str:
        return self._joined("reasoning_content")

    @cached_property
    def text(self) -> str:
        """Reasoning and content."""
        return self.reasoning + self.content

    @cached_property
    def calls(self) -> tuple[AssembledCall, ...]:
        """The tool calls of the reply."""
        if self.messages:
            return calls_of_message(self.messages[0])
        return assemble_calls(self.call_deltas)

    @cached_property
    def calls_with_schema(self) -> tuple[tuple[AssembledCall, str], ...]:
        """The tool calls whose function has a usable schema, each with its schema error."""
        offers = ((call, self.functions.get(str(call.name), {})) for call in self.calls)
        judged = (
            (call, schema_error(call.decoded, offer.get("parameters"))) for call, offer in offers
        )
        return tuple((call, error) for call, error in judged if error is not None)

    @cached_property
    def has_thought(self) -> bool:
        """True if usage, a field or a tag shows that the model thought."""
        details = (usage.child("completion_tokens_details") for usage in self.usages)
        counts = (detail.get("reasoning_tokens") for detail in details if detail)
        if any(isinstance(tokens, int) and tokens > 0 for tokens in counts):
            return True
        return bool(self.reasoning) or "<think>" in self.content

    # Errors

    @cached_property
    def errors(self) -> tuple[JSONNode, ...]:
        """Every object that reports an error: the body, or events of a stream."""
        if self.chunks:
            return tuple(chunk for chunk in self.chunks if chunk.get("error") is not None)
        body = self.json_body
        if body is None or body.get("choices") is not None:
            return ()
        is_error = body.get("error") is not None or body.get("msg") is not None
        return (body,) if is_error else ()

    @property
    def stream_errors(self) -> tuple[JSONNode, ...]:
        """The errors inside a stream."""
        return self.errors if self.chunks else ()

    @cached_property
    def error_object(self) -> JSONNode | None:
        """The object under `error` of a refusal."""
        body = self.json_body if self.kind == "refusal" else None
        return body.child("error") if body else None

    @cached_property
    def error_code(self) -> Any:
        """The business code of a refusal."""
        return self.error_object.get("code") if self.error_object else None

    @property
    def is_rate_limited(self) -> bool:
        return self.status == 429

    @property
    def retry_after(self) -> str | None:
        """The Retry-After of a refusal."""
        return self.header("retry-after") if self.kind == "refusal" else None

    # Findings

    def finding(
        self,
        message: str,
        node: JSONNode | None = None,
        key: str = "",
        *,
        expected: object = None,
        actual: object = None,
    ) -> CheckFinding:
        """A finding about an object or one of its keys; without one about the whole answer."""
        return CheckFinding(
            message,
            at=self._locate(node, key) if node else None,
            path=(f"{node.path}.{key}" if key else node.path) if node else None,
            expected=None if expected is None else str(expected),
            actual=None if actual is None else str(actual),
            exchange=self.name,
        )

    def unexpected_answer(self, expected: str) -> CheckFinding:
        """A finding about the whole answer: its status and the beginning of its body."""
        return self.finding("unexpected answer", expected=expected, actual=self.summary)

    @property
    def summary(self) -> str:
        """The status and the beginning of the body, in a line."""
        return f"{self.status} {shorten(self.body.decode(errors='replace'))}"

    def _locate(self, node: JSONNode, key: str) -> int:
        found = self.body.find(f'"{key}"'.encode(), node.at, node.end) if key else -1
        return found if found >= 0 else node.at

    def _joined(self, key: str) -> str:
        pieces = (node.get(key) for node in self.completion)
        return "".join(piece for piece in pieces if isinstance(piece, str))


def arrival_times(
    pieces: Sequence[tuple[float, bytes]], offsets: Iterable[int]
) -> tuple[float, ...]:
    """Seconds from the request until all bytes before each offset had arrived."""
    ends = list(accumulate(len(piece) for _, piece in pieces))
    return tuple(pieces[min(bisect_left(ends, at), len(ends) - 1)][0] for at in offsets)


def _json_objects(events: tuple[sse.Event, ...]) -> Iterator[JSONNode]:
    for event in events:
        try:
            value = decode_json(event.data)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield JSONNode(value, event.start, event.end)
