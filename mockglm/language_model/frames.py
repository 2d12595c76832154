"""The frames of a stream while its reply is still growing, on any surface.

The renderer of a surface renders whole replies. Of two renderings, of which the second has one
piece more, the common frames cannot change any more: those may be sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from mockglm.completions import Chunking, Renderer, ResponseFields
from mockglm.exchange import Reply, Response, ToolCall
from mockglm.language_model.deltas import Delta, PartialAnswer
from mockglm.surfaces import Surface

EVENT_END = b"\n\n"
STAND_IN = "."
"""The text in place of pieces that were sent, so that a delta costs the same however late."""
NEXT = ToolCall("next", "{}")
"""The call after the last one, and in place of calls that were sent."""


class GrowingStream:
    """Renders the frames of each delta, and at the end those that are left."""

    def __init__(self, surface: Surface, fields: ResponseFields, *, tool_stream: bool) -> None:
        self._surface, self._fields, self._tool_stream = surface, fields, tool_stream
        self._texts: dict[str, tuple[str, ...]] = {"reasoning": (), "content": ()}
        self._calls: tuple[ToolCall, ...] = ()
        self._settled = 0
        """Frames that were sent, as many as the stand-ins for texts and calls have."""
        self.sent = 0

    def add(self, delta: Delta) -> bytes:
        """Return the frames that are settled by a delta."""
        return self._add_text(delta) if delta.call is None else self._add_call(delta.call)

    def complete(self, answer: PartialAnswer) -> tuple[Response, bytes]:
        """Return the whole response, and its frames that were not sent."""
        response = self._render(Renderer(answer.reply, exact_chunking(answer)))
        return response, b"".join(_split(response)[self.sent :])

    def _add_text(self, delta: Delta) -> bytes:
        kind, before = delta.kind, self._texts[delta.kind]
        grown = {**self._texts, kind: (*before, delta.text)}
        more = {**self._texts, kind: (*before, delta.text, STAND_IN)}
        common = _find_common(self._sketch(grown, self._calls), self._sketch(more, self._calls))
        frames = self._take(common)
        if not before:
            self._settled = len(common)
        self._texts[kind] = (STAND_IN,)
        return frames

    def _add_call(self, call: ToolCall) -> bytes:
        frames = self._take(self._find_settled((*self._calls, call)))
        self._calls += (NEXT,)
        self._settled = len(self._find_settled(self._calls))
        return frames

    def _find_settled(self, calls: tuple[ToolCall, ...]) -> Sequence[bytes]:
        """The frames that another call after these does not change."""
        later = self._sketch(self._texts, (*calls, NEXT))
        return _find_common(self._sketch(self._texts, calls), later)

    def _take(self, common: Sequence[bytes]) -> bytes:
        new = common[self._settled :]
        self.sent += len(new)
        return b"".join(new)

    def _sketch(
        self, texts: dict[str, tuple[str, ...]], calls: tuple[ToolCall, ...]
    ) -> Sequence[bytes]:
        reasoning, content = texts["reasoning"], texts["content"]
        reply = Reply(content="".join(content), reasoning="".join(reasoning) or None, calls=calls)
        return _split(self._render(Renderer(reply, Chunking(content, reasoning))))

    def _render(self, renderer: Renderer) -> Response:
        return self._surface.render_stream(renderer, self._fields, tool_stream=self._tool_stream)


def exact_chunking(answer: PartialAnswer) -> Chunking:
    """The pieces of an answer as they came."""
    return Chunking(tuple(answer.content), tuple(answer.reasoning))


def _find_common(one: Sequence[bytes], other: Sequence[bytes]) -> Sequence[bytes]:
    """The frames with which both begin."""
    pairs = zip(one, other, strict=False)
    return [frame for frame, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]


def _split(response: Response) -> list[bytes]:
    """The frames of a stream; a text in JSON has no line feed of its own."""
    return [part + EVENT_END for part in response.body.split(EVENT_END)[:-1]]
