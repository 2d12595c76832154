"""The early end of a reply: at a stop sequence, or when `max_tokens` are spent."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from msgspec.structs import replace

from mockglm.exchange import Reply, count_tokens

TAG_TOKENS = count_tokens("<think>") + count_tokens("</think>\n")
"""Tokens of the tags around a thought in the content, which `max_tokens` limits, too."""


def limit_reply(reply: Reply, stop: str | Sequence[str] | None, limit: int | None) -> Reply:
    """Cut a reply at the first stop sequence and at the limit of tokens.

    The thought counts first: with `max_tokens: 1` a model that thinks sends one token of thought
    and nothing else (live probe of RarogCmex/pi-bigmodel, 2026-10). A call that does not fit is
    left out, for calls are sent whole.
    """
    content = reply.content or ""
    stops = [stop] if isinstance(stop, str) else stop or ()
    places = [content.find(one) for one in stops if one and one in content]
    if places:
        reply = replace(reply, content=content[: min(places)], calls=(), finish_reason="stop")
    return reply if limit is None else _limit_tokens(reply, max(limit, 0))


def move_thought_to_content(reply: Reply) -> Reply:
    """Move the thought into the content, as `<think>…</think>` before the text.

    The tag stays open if the limit of tokens was reached within the thought.
    """
    if reply.reasoning is None:
        return reply
    is_cut = reply.finish_reason == "length" and not reply.content
    rest = "" if is_cut else f"</think>\n{reply.content or ''}"
    return replace(reply, content=f"<think>{reply.reasoning}{rest}", reasoning=None)


def cut_tokens(text: str, limit: int) -> str:
    """Cut a text to a limit of estimated tokens."""
    sizes = range(1, len(text) + 1)
    return text[: bisect_right(sizes, limit, key=lambda size: count_tokens(text[:size]))]


def _limit_tokens(reply: Reply, limit: int) -> Reply:
    thought, said = reply.reasoning or "", reply.content or ""
    left = limit - count_tokens(thought)
    room = left - count_tokens(said)
    sizes = accumulate(count_tokens(one.name) + count_tokens(one.arguments) for one in reply.calls)
    fitting = tuple(one for one, size in zip(reply.calls, sizes, strict=True) if size <= room)
    if room >= 0 and fitting == reply.calls:
        return reply
    return replace(
        reply,
        reasoning=reply.reasoning and cut_tokens(thought, limit),
        content=cut_tokens(said, max(left, 0)),
        calls=fitting,
        finish_reason="length",
    )
