"""An exchange as the checks see it: bytes, and the views that can be read from them.

A view that cannot be read is empty, never filled in: absence is what a check is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from mockglm import sse
from mockglm.conformance import calls, schemas
from mockglm.conformance.arrival import arrivals
from mockglm.conformance.calls import Call
from mockglm.conformance.parts import Finding, Part, decode
from mockglm.conformance.sent import Kind, Sent

__all__ = ["Kind", "Seen"]

_FEW = 3
"""Chunks below which nothing can be said of their times."""


class Seen(Sent):
    """One exchange with every view that a check may need."""

    # Views of a stream

    @cached_property
    def reading(self) -> tuple[tuple[sse.Event, ...], sse.Reader]:
        """The events of a stream, and the reader that keeps defects and comments."""
        reader = sse.Reader()
        events = reader.feed(self.body) if self.kind == "stream" else []
        reader.close()
        return tuple(events), reader

    @cached_property
    def events(self) -> tuple[sse.Event, ...]:
        return self.reading[0]

    def defects(self, *kinds: sse.Kind) -> Iterator[sse.Defect]:
        """The defects of these kinds that the reader met."""
        return (defect for defect in self.reading[1].defects if defect.kind in kinds)

    @cached_property
    def data(self) -> tuple[sse.Event, ...]:
        """The events that are not the end mark."""
        return tuple(event for event in self.events if not event.data.startswith("[DONE]"))

    @cached_property
    def chunks(self) -> tuple[Part, ...]:
        """The events that are one JSON object."""
        return tuple(_objects(self.data))

    @cached_property
    def spoken(self) -> tuple[Part, ...]:
        """The chunks of the reply itself, errors aside."""
        return tuple(chunk for chunk in self.chunks if chunk.get("error") is None)

    @cached_property
    def choices(self) -> tuple[Part, ...]:
        return tuple(choice for chunk in self.spoken for choice in chunk.items("choices"))

    @cached_property
    def deltas(self) -> tuple[Part, ...]:
        inner = (choice.inner("delta") for choice in self.choices)
        return tuple(delta for delta in inner if delta is not None)

    @cached_property
    def pieces(self) -> tuple[Part, ...]:
        """The deltas of tool calls."""
        return tuple(call for delta in self.deltas for call in delta.items("tool_calls"))

    @cached_property
    def timed(self) -> tuple[float, ...]:
        """When each event was whole, in seconds since the request; empty without real times, or
        where there are too few chunks to tell."""
        pieces = self.answer.chunks if self.answer else ()
        if not any(at for at, _ in pieces) or len(self.choices) < _FEW:
            return ()
        return arrivals(pieces, (event.end for event in self.events))

    # Views of a plain reply

    @cached_property
    def document(self) -> Part | None:
        """The body as one JSON object."""
        try:
            value = decode(self.body)
        except ValueError:
            return None
        return Part(value, 0, len(self.body)) if isinstance(value, dict) else None

    @cached_property
    def replies(self) -> tuple[Part, ...]:
        """The JSON object of a plain reply."""
        return (self.document,) if self.document and self.kind == "plain" else ()

    @cached_property
    def outcomes(self) -> tuple[Part, ...]:
        """The choices of a plain reply."""
        return tuple(choice for reply in self.replies for choice in reply.items("choices"))

    @cached_property
    def messages(self) -> tuple[Part, ...]:
        """The messages of a plain reply."""
        inner = (choice.inner("message") for choice in self.outcomes)
        return tuple(message for message in inner if message is not None)

    # Views of either

    @cached_property
    def completion(self) -> tuple[Part, ...]:
        """What makes the answer a completion: its deltas, or its message."""
        return self.messages or self.deltas

    @cached_property
    def uncut(self) -> tuple[Part, ...]:
        """The completion of a reply that max_tokens did not cut."""
        return () if self.finish == "length" else self.completion

    @cached_property
    def unthinking(self) -> tuple[Part, ...]:
        """The completion of a request that disabled thinking."""
        thinking = Part(self.asked, 0, 0).inner("thinking")
        is_off = thinking is not None and thinking.get("type") == "disabled"
        return self.completion if is_off else ()

    @cached_property
    def finishes(self) -> tuple[Part, ...]:
        """The choices that have a finish_reason."""
        choices = self.choices or self.outcomes
        return tuple(choice for choice in choices if choice.get("finish_reason") is not None)

    @cached_property
    def finish(self) -> Any:
        """The last finish_reason."""
        return self.finishes[-1].get("finish_reason") if self.finishes else None

    @cached_property
    def usages(self) -> tuple[Part, ...]:
        holders = self.chunks or self.replies
        inner = (holder.inner("usage") for holder in holders)
        return tuple(usage for usage in inner if usage is not None)

    @property
    def spent(self) -> Any:
        """The completion_tokens of the last usage."""
        return self.usages[-1].get("completion_tokens") if self.usages else None

    @cached_property
    def cached(self) -> tuple[Part, ...]:
        """The usages that tell how much of the prompt was cached."""
        return tuple(u for u in self.usages if u.inner("prompt_tokens_details"))

    @cached_property
    def counted(self) -> tuple[Part, ...]:
        """The usages that tell how much was reasoning."""
        return tuple(u for u in self.usages if u.inner("completion_tokens_details"))

    @cached_property
    def content(self) -> str:
        return self._joined("content")

    @cached_property
    def reasoning(self) -> str:
        return self._joined("reasoning_content")

    @cached_property
    def said(self) -> str:
        """All text of the reply."""
        return self.reasoning + self.content

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The tool calls, put together by their index."""
        return calls.whole(self.messages[0]) if self.messages else calls.gather(self.pieces)

    @cached_property
    def bound(self) -> tuple[tuple[Call, str], ...]:
        """The tool calls whose arguments a schema is there for, each with what is wrong by it."""
        offers = ((call, self.offered.get(str(call.name), {})) for call in self.calls)
        judged = (
            (call, schemas.wrong(call.decoded, offer.get("parameters"))) for call, offer in offers
        )
        return tuple((call, said) for call, said in judged if said is not None)

    @cached_property
    def thought(self) -> bool:
        """Whether anything shows that the model thought."""
        details = (usage.inner("completion_tokens_details") for usage in self.usages)
        spent = (detail.get("reasoning_tokens") for detail in details if detail)
        if any(isinstance(tokens, int) and tokens > 0 for tokens in spent):
            return True
        return bool(self.reasoning) or "<think>" in self.content

    @cached_property
    def errors(self) -> tuple[Part, ...]:
        """Every object that reports an error: the body, or events of a stream."""
        if self.chunks:
            return tuple(chunk for chunk in self.chunks if chunk.get("error") is not None)
        document = self.document
        if document is None or document.get("choices") is not None:
            return ()
        is_error = document.get("error") is not None or document.get("msg") is not None
        return (document,) if is_error else ()

    @property
    def broken(self) -> tuple[Part, ...]:
        """The errors that stand in a stream."""
        return self.errors if self.chunks else ()

    @cached_property
    def envelope(self) -> Part | None:
        """The object under `error` of a refusal."""
        document = self.document if self.kind == "refusal" else None
        return document.inner("error") if document else None

    @cached_property
    def code(self) -> Any:
        """The business code of a refusal."""
        return self.envelope.get("code") if self.envelope else None

    @property
    def limited(self) -> bool:
        """Whether it was refused for coming too often."""
        return self.status == 429

    @property
    def delayed(self) -> str | None:
        """The Retry-After of a refusal."""
        return self.header("retry-after") if self.kind == "refusal" else None

    def wrong(
        self,
        message: str,
        part: Part | None = None,
        key: str = "",
        *,
        expected: object = None,
        actual: object = None,
    ) -> Finding:
        """A finding about a part, or about a key of it; about the whole answer without one."""
        return Finding(
            message,
            at=self._locate(part, key) if part else None,
            path=(f"{part.path}.{key}" if key else part.path) if part else None,
            expected=None if expected is None else str(expected),
            actual=None if actual is None else str(actual),
            exchange=self.name,
        )

    def _locate(self, part: Part, key: str) -> int:
        found = self.body.find(f'"{key}"'.encode(), part.at, part.end) if key else -1
        return found if found >= 0 else part.at

    def _joined(self, key: str) -> str:
        pieces = (part.get(key) for part in self.completion)
        return "".join(piece for piece in pieces if isinstance(piece, str))


def _objects(events: tuple[sse.Event, ...]) -> Iterator[Part]:
    for event in events:
        try:
            value = decode(event.data)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield Part(value, event.start, event.end)
