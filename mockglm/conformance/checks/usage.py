"""USE: what a reply says it cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, Part, brief
from mockglm.conformance.seen import Kind, Seen
from mockglm.conformance.sources import AGENT, CHAT, SDK_CHUNK, SDK_COMPLETION, STREAM, TOOLS, issue

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[Kind, ...] = ("stream", "plain")
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


@check("USE-01", MUST, CHAT, STREAM, AGENT, probe="stream", needs="finishes", on="stream")
def once(seen: Seen) -> Iterator[Finding]:
    """Usage comes once, on the chunk that has the finish_reason."""
    if seen.finish in ("sensitive", "network_error"):
        return
    finishing = {choice.at for choice in seen.finishes}
    for usage in seen.usages[:-1]:
        yield seen.wrong("usage more than once", usage, actual=brief(usage.value))
    if not seen.usages:
        yield seen.wrong("no usage", seen.finishes[-1], expected='"usage":{…} beside it')
    elif seen.usages[-1].at not in finishing:
        yield seen.wrong("usage apart from the finish", seen.usages[-1])


@check(
    "USE-02",
    MUST,
    SDK_CHUNK,
    SDK_COMPLETION,
    TOOLS,
    probe=("stream", "plain"),
    needs="usages",
    on=_BOTH,
)
def total(seen: Seen) -> Iterator[Finding]:
    """The counts are integers of 0 or more, and the total is their sum."""
    for usage in seen.usages:
        wrong = [key for key in _COUNTS if not _is_count(usage.get(key))]
        for key in wrong:
            yield seen.wrong("no count", usage, key, actual=brief(usage.get(key)))
        if not wrong and _sum(usage) != usage.get("total_tokens"):
            actual = usage.get("total_tokens")
            yield seen.wrong(
                "not the sum", usage, "total_tokens", expected=_sum(usage), actual=actual
            )


@check(
    "USE-03",
    MUST,
    CHAT,
    STREAM,
    issue("mistralai/client-python#628"),
    probe=("stream", "plain"),
    needs="usages",
    on=_BOTH,
)
def completion(seen: Seen) -> Iterator[Finding]:
    """A reply with text or calls counts completion_tokens."""
    usage = seen.usages[-1]
    if (seen.said or seen.calls) and usage.get("completion_tokens") == 0:
        actual = f"0 for {len(seen.said)} characters and {len(seen.calls)} calls"
        yield seen.wrong("nothing counted", usage, "completion_tokens", actual=actual)


@check(
    "USE-04",
    MUST,
    CHAT,
    SDK_CHUNK,
    TOOLS,
    probe=("stream", "plain"),
    needs="cached",
    on=_BOTH,
    absent="not_applicable",
)
def cached(seen: Seen) -> Iterator[Finding]:
    """The cached_tokens are a count no greater than prompt_tokens."""
    for usage in seen.cached:
        yield from _within(seen, usage, "prompt_tokens", "cached_tokens")


@check(
    "USE-05",
    MUST,
    CHAT,
    SDK_CHUNK,
    TOOLS,
    probe=("stream", "plain"),
    needs="counted",
    on=_BOTH,
    absent="not_applicable",
)
def reasoning(seen: Seen) -> Iterator[Finding]:
    """The reasoning_tokens are a count no greater than completion_tokens."""
    for usage in seen.counted:
        yield from _within(seen, usage, "completion_tokens", "reasoning_tokens")


@check("USE-06", MUST, CHAT, probe=("length", "length-plain"), needs="usages", on=_BOTH)
def bounded(seen: Seen) -> Iterator[Finding]:
    """The completion_tokens are no more than max_tokens."""
    limit = seen.asked.get("max_tokens")
    for usage in seen.usages:
        count = usage.get("completion_tokens")
        if _is_count(limit) and _is_count(count) and count > limit:
            yield seen.wrong("more", usage, "completion_tokens", expected=limit, actual=count)


@check(
    "USE-07", SHOULD, CHAT, TOOLS, probe=("plain", "length-plain"), needs="usages", together=True
)
def longer(short: Seen, long: Seen) -> Iterator[Finding]:
    """A longer prompt counts more prompt_tokens."""
    less, more = (seen.usages[-1].get("prompt_tokens") for seen in (short, long))
    if _is_count(less) and _is_count(more) and more <= less:
        yield long.wrong("no more", expected=f"more than {less}", actual=more)


def _within(seen: Seen, usage: Part, whole: str, inner: str) -> Iterator[Finding]:
    details = usage.inner(f"{whole}_details")
    count = details.get(inner) if details else None
    most = usage.get(whole)
    if not _is_count(count) or (_is_count(most) and count > most):
        yield seen.wrong(
            "out of range", details, inner, expected=f"0 to {most}", actual=brief(count)
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sum(usage: Part) -> int:
    return int(usage.get("prompt_tokens") + usage.get("completion_tokens"))
