"""Ways to mend what is reached in each JSON object of an answer; most faults of meaning are one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import UnionType
from typing import Any, TypeAlias

from mockglm.exchange import Response
from mockglm.faults.blocks import counts, inputs, message_root, stops, texts, thinking
from mockglm.faults.fault import Change
from mockglm.faults.frames import (
    JSON,
    calls,
    choices,
    documents,
    messages,
    objects,
    rewrite_documents,
)
from mockglm.faults.options import Options
from mockglm.faults.position import Offset

Selector: TypeAlias = Callable[[JSON], Iterable[JSON]]
Mutation: TypeAlias = Callable[[JSON, Options], None]


def each(reach: Selector, mend: Mutation, which: slice = slice(None)) -> Change:
    """Mend whatever is reached, from the place on."""

    def change(answer: Response, spot: Offset, options: Options) -> Response:
        found = [(doc, part) for doc in documents(answer, spot.start) for part in reach(doc.value)]
        for _, part in found[which]:
            mend(part, options)
        return rewrite_documents(answer, [doc for doc, _ in found[which]])

    return change


def first(reach: Selector, mend: Mutation) -> Change:
    """Mend the first thing that is reached, from the place on."""
    return each(reach, mend, slice(0, 1))


def after_first(reach: Selector, mend: Mutation) -> Change:
    """Mend all that is reached but the first thing, from the place on."""
    return each(reach, mend, slice(1, None))


def set_key(key: str, value: Any) -> Mutation:
    """Set a key."""
    return lambda part, options: part.update({key: value})


def map_key(key: str, become: Callable[[Any], Any], kind: type | UnionType = str) -> Mutation:
    """Make something else of what a key holds, where that is of a kind."""

    def mend(part: JSON, options: Options) -> None:
        if isinstance(part.get(key), kind):
            part[key] = become(part[key])

    return mend


def delete_key(key: str) -> Mutation:
    """Take a key away."""

    def mend(part: JSON, options: Options) -> None:
        part.pop(key, None)

    return mend


def prefix(key: str, text: str) -> Mutation:
    """Put a text before what a key holds."""
    return map_key(key, lambda value: text + value)


def suffix(key: str, text: str) -> Mutation:
    """Put a text after what a key holds."""
    return map_key(key, lambda value: value + text)


def root(value: JSON) -> Iterator[JSON]:
    """The chunk, or the JSON answer, itself."""
    if "choices" in value:
        yield value
    yield from message_root(value)


def finishes(value: JSON) -> Iterator[JSON]:
    """The choices that say why they end."""
    yield from (choice for choice in choices(value) if choice.get("finish_reason"))
    yield from stops(value)


def contents(value: JSON) -> Iterator[JSON]:
    """The deltas or messages with text."""
    yield from _with(value, "content")
    yield from texts(value)


def thoughts(value: JSON) -> Iterator[JSON]:
    """The deltas or messages with thought."""
    yield from _with(value, "reasoning_content")
    yield from thinking(value)


def functions(value: JSON) -> Iterator[JSON]:
    """The functions of the calls, or of their pieces, that have arguments as text."""
    found = objects([call.get("function") for call in calls(value)])
    yield from (function for function in found if isinstance(function.get("arguments"), str))
    yield from inputs(value)


def string(part: JSON, key: str) -> str:
    """The text that a key holds; empty where it holds none."""
    value = part.get(key)
    return value if isinstance(value, str) else ""


def function(call: JSON) -> JSON:
    """The function of a call; empty where it has none."""
    return next(objects([call.get("function")]), {})


def usages(value: JSON) -> Iterator[JSON]:
    """Select the usage."""
    if "choices" in value:
        yield from objects([value.get("usage")])
    yield from counts(value)


def _with(value: JSON, key: str) -> Iterator[JSON]:
    parts = messages(value)
    return (part for part in parts if part.get(key) and isinstance(part[key], str))
