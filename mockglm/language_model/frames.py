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


class GrowingStream:
    """Renders the frames of each delta, and at the end those that are left."""

    def __init__(self, surface: Surface, fields: ResponseFields, *, tool_stream: bool) -> None:
        self._surface, self._fields, self._tool_stream = surface, fields, tool_stream
        self._texts: dict[str, tuple[str, ...]] = {"reasoning": (), "content": ()}
        self._calls: tuple[ToolCall, ...] = ()
        self._settled = 0
        """Frames that were sent, each text counted as one piece."""
        self.sent = 0

    def add(self, delta: Delta) -> bytes:
        """Return the frames that are settled by a delta."""
        if delta.call is not None:
            self._calls += (delta.call,)
            return self._settle(self._texts, (*self._calls, NEXT), is_first=True)
        kind, before = delta.kind, self._texts[delta.kind]
        grown = {**self._texts, kind: (*before, delta.text)}
        more = {**self._texts, kind: (*before, delta.text, STAND_IN)}
        frames = self._settle(more, self._calls, is_first=not before, grown=grown)
        self._texts[kind] = (STAND_IN,)
        return frames

    def complete(self, answer: PartialAnswer) -> tuple[Response, bytes]:
        """Return the whole response, and its frames that were not sent."""
        response = self._render(Renderer(answer.reply, exact_chunking(answer)))
        return response, b"".join(_split(response)[self.sent :])

    def _settle(
        self,
        more: dict[str, tuple[str, ...]],
        calls: tuple[ToolCall, ...],
        *,
        is_first: bool,
        grown: dict[str, tuple[str, ...]] | None = None,
    ) -> bytes:
        now = self._sketch(grown or self._texts, self._calls)
        later = self._sketch(more, calls)
        pairs = zip(now, later, strict=False)
        common = [one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs)]
        new = common[self._settled :]
        if is_first:
            self._settled = len(common)
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


def _split(response: Response) -> list[bytes]:
    """The frames of a stream; a text in JSON has no line feed of its own."""
    return [part + EVENT_END for part in response.body.split(EVENT_END)[:-1]]
