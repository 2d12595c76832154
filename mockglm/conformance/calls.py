"""Tool calls, put together from the deltas of a stream or as a plain reply has them whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from mockglm.conformance.parts import Part, decode

__all__ = ["Call", "gather", "whole"]


class Call(Struct, frozen=True):
    """One call: its index (None when it is not an integer) and the parts it came in."""

    index: int | None
    parts: tuple[Part, ...]

    @property
    def id(self) -> Any:
        """The first id that its parts have."""
        return next((part.get("id") for part in self.parts if part.get("id") is not None), None)

    @property
    def name(self) -> Any:
        """The first name that its parts have."""
        names = (function.get("name") for function in self.functions)
        return next((name for name in names if name is not None), None)

    @property
    def arguments(self) -> str:
        """All fragments of text, joined."""
        pieces = (function.get("arguments") for function in self.functions)
        return "".join(piece for piece in pieces if isinstance(piece, str))

    @property
    def decoded(self) -> Any:
        """The arguments; None when they are not JSON."""
        try:
            return decode(self.arguments)
        except ValueError:
            return None

    @property
    def functions(self) -> Iterator[Part]:
        for part in self.parts:
            function = part.inner("function")
            if function is not None:
                yield function


def whole(message: Part) -> tuple[Call, ...]:
    """The calls of a plain message."""
    return tuple(Call(_index(part), (part,)) for part in message.items("tool_calls"))


def gather(pieces: Iterable[Part]) -> tuple[Call, ...]:
    """The calls of a stream, in the order they began."""
    grouped: dict[int | None, list[Part]] = {}
    for piece in pieces:
        grouped.setdefault(_index(piece), []).append(piece)
    return tuple(Call(index, tuple(parts)) for index, parts in grouped.items())


def _index(part: Part) -> int | None:
    index = part.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else None
