"""An exchange of the Anthropic surface as the checks read it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct

from mockglm import sse
from mockglm.conformance.json_path import JSONNode, decode_json
from mockglm.conformance.view import ExchangeView

MESSAGES = "/v1/messages"


class MessageBlock(Struct, frozen=True):
    """One block of content: of a JSON answer the block itself, of a stream the object that opened
    it and its deltas."""

    node: JSONNode
    deltas: tuple[JSONNode, ...] = ()
    is_streamed: bool = False

    @property
    def type(self) -> Any:
        return self.node.get("type")

    @property
    def text(self) -> str:
        return self._joined("text")

    @property
    def thinking(self) -> str:
        return self._joined("thinking")

    @property
    def signature(self) -> str:
        return self._joined("signature")

    @property
    def arguments(self) -> str:
        """The text of all fragments of a call's input, joined."""
        pieces = (delta.get("partial_json") for delta in self.deltas)
        return "".join(piece for piece in pieces if isinstance(piece, str))

    @property
    def input(self) -> Any:
        """The input of a call; None for fragments that do not join to JSON."""
        if not self.is_streamed or not self.arguments:
            return self.node.get("input")
        try:
            return decode_json(self.arguments)
        except ValueError:
            return None

    def _joined(self, key: str) -> str:
        pieces = (node.get(key) for node in (self.node, *self.deltas))
        return "".join(piece for piece in pieces if isinstance(piece, str))


class MessageView(ExchangeView):
    """One exchange of `POST /v1/messages`, or of a path beside it."""

    @property
    def is_chat(self) -> bool:
        return self.request.path.endswith(MESSAGES)

    @cached_property
    def secret(self) -> str:
        """The credential of the request; empty for recordings, which do not keep it."""
        bearer = self.request.header("authorization").removeprefix("Bearer ").strip()
        return self.request.header("x-api-key").strip() or bearer

    @cached_property
    def offered(self) -> frozenset[str]:
        """The names of the tools that the request offers."""
        tools = JSONNode(self.request_json, 0, 0).items("tools")
        return frozenset(str(tool.get("name")) for tool in tools)

    # A stream

    @cached_property
    def typed_events(self) -> tuple[tuple[sse.Event, JSONNode], ...]:
        """The events that are one JSON object, each with the object."""
        events = {event.start: event for event in self.data_events}
        return tuple((events[node.at], node) for node in self.chunks)

    @cached_property
    def starts(self) -> tuple[JSONNode, ...]:
        return self.of_type("message_start")

    @cached_property
    def whole_stream(self) -> tuple[JSONNode, ...]:
        """The events of a stream that no error ended."""
        return () if self.stream_errors else self.chunks

    @cached_property
    def block_events(self) -> tuple[JSONNode, ...]:
        """The events that open, fill or close a block."""
        return tuple(e for e in self.chunks if str(e.get("type")).startswith("content_block_"))

    @cached_property
    def choices(self) -> tuple[JSONNode, ...]:
        """The events with a delta of a block."""
        return self.of_type("content_block_delta")

    def of_type(self, name: str) -> tuple[JSONNode, ...]:
        """The events of a type."""
        return tuple(event for event in self.chunks if event.get("type") == name)

    # A message in either form

    @cached_property
    def bodies(self) -> tuple[JSONNode, ...]:
        """The JSON answer, if it is a message."""
        return tuple(reply for reply in self.plain_replies if "content" in reply.value)

    @cached_property
    def completion(self) -> tuple[JSONNode, ...]:
        """The JSON answer or the start of the stream: evidence that the answer is a message."""
        return self.bodies or self.starts

    @cached_property
    def heads(self) -> tuple[JSONNode, ...]:
        """The objects that name a message: the JSON answer, or the one in message_start."""
        found = (start.child("message") for start in self.starts)
        return self.bodies or tuple(head for head in found if head is not None)

    @cached_property
    def blocks(self) -> tuple[MessageBlock, ...]:
        """The blocks of content, in the order in which they begin."""
        if self.bodies:
            return tuple(MessageBlock(node) for node in self.bodies[0].items("content"))
        found: list[tuple[JSONNode, list[JSONNode]]] = []
        places: dict[int, list[JSONNode]] = {}
        for event in self.block_events:
            index, opened, delta = (
                block_index(event),
                event.child("content_block"),
                event.child("delta"),
            )
            if opened is not None and index is not None:
                places[index] = []
                found.append((opened, places[index]))
            elif delta is not None and index in places:
                places[index].append(delta)
        return tuple(MessageBlock(node, tuple(deltas), True) for node, deltas in found)

    @cached_property
    def tool_blocks(self) -> tuple[MessageBlock, ...]:
        return tuple(block for block in self.blocks if block.type == "tool_use")

    @cached_property
    def thinking_blocks(self) -> tuple[MessageBlock, ...]:
        return tuple(block for block in self.blocks if block.type == "thinking")

    @cached_property
    def content(self) -> str:
        return "".join(block.text for block in self.blocks)

    @cached_property
    def has_thought(self) -> bool:
        return any(block.thinking for block in self.thinking_blocks)

    @cached_property
    def endings(self) -> tuple[JSONNode, ...]:
        """The objects that hold the stop_reason of the message."""
        found = (event.child("delta") for event in self.of_type("message_delta"))
        return self.bodies or tuple(ending for ending in found if ending is not None)

    @cached_property
    def finish_reason(self) -> Any:
        """The last stop_reason."""
        return self.endings[-1].get("stop_reason") if self.endings else None

    @cached_property
    def usages(self) -> tuple[JSONNode, ...]:
        """The counts of the whole message: of a stream those of message_delta."""
        found = (holder.child("usage") for holder in self.bodies or self.of_type("message_delta"))
        return tuple(usage for usage in found if usage is not None)

    @property
    def completion_tokens(self) -> Any:
        return self.usages[-1].get("output_tokens") if self.usages else None

    # Refusals

    @cached_property
    def envelopes(self) -> tuple[JSONNode, ...]:
        """The error objects: of a refusal that has the envelope, and of errors in a stream."""
        holders = (self.json_body,) if self.kind == "refusal" else self.stream_errors
        found = (holder.child("error") for holder in holders if holder)
        return tuple(error for error in found if error is not None)

    @property
    def envelope_type(self) -> Any:
        """The type of the JSON body."""
        return self.json_body.get("type") if self.json_body else None

    @property
    def error_type(self) -> Any:
        """The type of the error of a refusal."""
        return self.error_object.get("type") if self.error_object else None

    @property
    def is_overloaded(self) -> bool:
        """True for a refusal whose code or type says that the service is overloaded."""
        return bool(self.error_type == "overloaded_error" or self.error_code == "1305")

    @property
    def envelope_log_id(self) -> str:
        """The request_id of a refusal; empty if there is none."""
        body: Mapping[str, Any] = self.json_body.value if self.json_body else {}
        return str(body.get("request_id", "")) if self.kind == "refusal" else ""


def block_index(event: JSONNode) -> int | None:
    """The index of a block's event; None unless it is an integer."""
    index = event.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None
