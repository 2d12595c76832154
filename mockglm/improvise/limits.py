"""The early end of a reply: at a stop sequence, or when `max_tokens` are spent."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from mockglm import tokens
from mockglm.exchange import Reply, ToolCall


def limit_reply(reply: Reply, stop: str | Sequence[str] | None, limit: int | None) -> Reply:
    """The reply up to the first stop sequence and within the limit.

    The thought spends tokens first: with `max_tokens: 1` a model that thinks says one token of
    thought and nothing else (live probe of RarogCmex/pi-bigmodel, 2026-10). A call that does not
    fit is left out, since a call comes whole.
    """
    stops = [stop] if isinstance(stop, str) else list(stop or ())
    reply = _stopped(reply, stops)
    if limit is None:
        return reply
    return _limited(reply, max(limit, 0))


def tagged(reply: Reply) -> Reply:
    """The reply of a model that thinks in its content: `<think>…</think>` before what it says.

    The tag stays open when there was no room for more than the thought.
    """
    if reply.reasoning is None:
        return reply
    is_cut = reply.finish_reason == "length" and not reply.content
    rest = "" if is_cut else f"</think>\n{reply.content or ''}"
    return replace(reply, content=f"<think>{reply.reasoning}{rest}", reasoning=None)


def cut_tokens(text: str, limit: int) -> str:
    """The beginning of a text that is at most so many tokens by the estimate."""
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if tokens.count(text[:middle]) <= limit:
            low = middle
        else:
            high = middle - 1
    return text[:low]


def _stopped(reply: Reply, stops: Sequence[str]) -> Reply:
    content = reply.content or ""
    places = [content.find(stop) for stop in stops if stop and stop in content]
    if not places:
        return reply
    return replace(reply, content=content[: min(places)], calls=(), finish_reason="stop")


def _limited(reply: Reply, limit: int) -> Reply:
    thought, said = reply.reasoning or "", reply.content or ""
    left = limit - tokens.count(thought)
    room = left - tokens.count(said)
    fitting = _fitting(reply.calls, room)
    if room >= 0 and fitting == reply.calls:
        return reply
    return replace(
        reply,
        reasoning=reply.reasoning and cut_tokens(thought, limit),
        content=cut_tokens(said, max(left, 0)),
        calls=fitting,
        finish_reason="length",
    )


def _fitting(calls: Sequence[ToolCall], room: int) -> tuple[ToolCall, ...]:
    """The calls that there is room for, up to the first that does not fit."""
    kept: list[ToolCall] = []
    for call in calls:
        room -= tokens.count(call.name) + tokens.count(call.arguments)
        if room < 0:
            break
        kept.append(call)
    return tuple(kept)
