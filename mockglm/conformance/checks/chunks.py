"""CHK: what the chunks of a stream are made of."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from mockglm.conformance.catalogue import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, Part, brief
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    SDK_CHUNK,
    STREAM,
    TOOLS,
    issue,
    recorded,
)

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_HEAD = frozenset({"id", "created", "object", "model", "request_id"})
_KNOWN = _HEAD | {"choices", "usage", "web_search", "content_filter"}
_DAY = 86_400


@check("CHK-01", MUST, CHAT, SDK_CHUNK, STREAM, probe="stream", needs="spoken", on="stream")
def head(seen: Seen) -> Iterator[Finding]:
    """Each chunk has an id, a created time, a model and choices of the right types."""
    for chunk in seen.spoken:
        yield from typed(seen, chunk, id=str, created=int, model=str, choices=list)


@check("CHK-02", MUST, CHAT, STREAM, AGENT, probe="stream", needs="choices", on="stream")
def constant(seen: Seen) -> Iterator[Finding]:
    """The id, the created time and the model are the same in every chunk."""
    first = seen.spoken[0]
    for chunk in seen.spoken[1:]:
        for key in ("id", "created", "model"):
            if key in chunk.value and chunk.get(key) != first.get(key):
                yield seen.wrong(
                    "changed", chunk, key, expected=first.get(key), actual=chunk.get(key)
                )


@check(
    "CHK-03",
    SHOULD,
    recorded("every recording since 2026-01-19; none before had it"),
    STREAM,
    probe="stream",
    needs="choices",
    on="stream",
)
def kind(seen: Seen) -> Iterator[Finding]:
    """The object of a chunk is chat.completion.chunk."""
    expected = "chat.completion.chunk"
    for chunk in seen.spoken:
        if chunk.get("object") != expected:
            yield seen.wrong(
                "another object", chunk, "object", expected=expected, actual=chunk.get("object")
            )


@check("CHK-04", MUST, SDK_CHUNK, STREAM, probe="stream", needs="spoken", on="stream")
def indexes(seen: Seen) -> Iterator[Finding]:
    """Each chunk has choices, and each choice an integer index from 0."""
    for chunk in seen.spoken:
        choices = list(chunk.items("choices"))
        if not choices:
            yield seen.wrong("no choices", chunk, "choices", actual=brief(chunk.get("choices")))
        for choice in choices:
            index = choice.get("index")
            if not _is_integer(index) or index < 0:
                yield seen.wrong(
                    "no index", choice, "index", expected="0, 1, …", actual=brief(index)
                )


@check(
    "CHK-05",
    MUST,
    SDK_CHUNK,
    issue("mistralai/mistral-vibe#1119"),
    probe="stream",
    needs="deltas",
    on="stream",
)
def delta(seen: Seen) -> Iterator[Finding]:
    """A delta has text as a string or null, and calls as a list or null."""
    for part in seen.deltas:
        for key in ("content", "reasoning_content"):
            if not isinstance(part.get(key), str | None):
                yield seen.wrong(
                    "no text", part, key, expected="a string", actual=_shape(part, key)
                )
        if not isinstance(part.get("tool_calls"), list | None):
            actual = _shape(part, "tool_calls")
            yield seen.wrong("no list", part, "tool_calls", expected="a list", actual=actual)


@check("CHK-06", MUST, CHAT, STREAM, TOOLS, probe="stream", needs="deltas", on="stream")
def role(seen: Seen) -> Iterator[Finding]:
    """The first delta of text says role assistant, and no delta another role."""
    texts = [part for part in seen.deltas if not part.get("tool_calls")]
    if texts and texts[0].get("role") is None:
        yield seen.wrong("no role", texts[0], expected='"role":"assistant"')
    for part in seen.deltas:
        role = part.get("role")
        if role not in (None, "assistant") and seen.finish != "sensitive":
            yield seen.wrong("another role", part, "role", expected="assistant", actual=role)


@check("CHK-07", MUST, SDK_CHUNK, STREAM, probe="stream", needs="choices", on="stream")
def no_message(seen: Seen) -> Iterator[Finding]:
    """The choices of a chunk have a delta, not a message."""
    for choice in seen.choices:
        if choice.inner("delta") is None or choice.get("message") is not None:
            yield seen.wrong("no delta", choice, expected='"delta":{…}', actual=brief(choice.value))


@check("CHK-08", SHOULD, STREAM, AGENT, probe="stream", needs="choices", on="stream")
def model(seen: Seen) -> Iterator[Finding]:
    """The model of the chunks is the one that was asked for."""
    first = seen.spoken[0]
    actual = str(first.get("model"))
    if seen.model and actual.lower() != seen.model.lower():
        yield seen.wrong("another model", first, "model", expected=seen.model, actual=actual)


@check("CHK-09", SHOULD, STREAM, probe="stream", needs="choices", live=True)
def created(seen: Seen) -> Iterator[Finding]:
    """The created time is within a day of the answer's Date."""
    chunk = seen.spoken[0]
    created, sent = chunk.get("created"), _date(seen)
    if _is_integer(created) and abs(created - int(sent)) > _DAY:
        yield seen.wrong(
            "another day", chunk, "created", expected=f"about {sent:.0f}", actual=created
        )


@check("CHK-10", MUST, CHAT, STREAM, probe="stream", needs="finishes", on="stream")
def something(seen: Seen) -> Iterator[Finding]:
    """Some delta carries text or a call before the finish, unless the reply failed."""
    has_something = seen.said or seen.pieces
    if not has_something and seen.finish in ("stop", "tool_calls"):
        yield seen.wrong("an empty reply", seen.finishes[0], "finish_reason", actual=seen.finish)


@check("CHK-11", NOTE, CHAT, probe="stream", needs="spoken", on="stream")
def known(seen: Seen) -> Iterator[Finding]:
    """A chunk has no keys but those of the documents."""
    unknown: dict[str, Part] = {}
    for chunk in seen.spoken:
        for key in chunk.value.keys() - _KNOWN:
            unknown.setdefault(key, chunk)
    for key, chunk in sorted(unknown.items()):
        yield seen.wrong(f"the unknown key {key}", chunk, key, actual=brief(chunk.get(key)))


def typed(seen: Seen, part: Part, **types: type) -> Iterator[Finding]:
    """A finding for each key that is missing or has a value of another type."""
    names = {str: "a string", int: "an integer", list: "a list", dict: "an object"}
    for key, kind in types.items():
        value = part.get(key)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
            actual = brief(value) if key in part.value else "no such key"
            yield seen.wrong(f"{key} is wrong", part, key, expected=names[kind], actual=actual)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _date(seen: Seen) -> float:
    """The Date of the answer in unix seconds, or when it was asked for without one."""
    try:
        return parsedate_to_datetime(seen.header("date") or "").timestamp()
    except ValueError:
        return seen.exchange.started


def _shape(part: Part, key: str) -> str:
    return f"{type(part.get(key)).__name__} {brief(part.get(key))}"
