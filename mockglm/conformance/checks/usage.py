"""USE: the usage of a reply."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    SDK_CHUNK,
    SDK_COMPLETION,
    STREAM,
    TOOLS,
    cite_issues,
)
from mockglm.conformance.view import ExchangeKind, ExchangeView
from mockglm.exchange import ERROR_FINISHES

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")
_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


@check(
    "USE-01", MUST, CHAT, STREAM, AGENT, probe="stream", needs="finished_choices", kinds="stream"
)
def usage_comes_once(view: ExchangeView) -> Iterator[CheckFinding]:
    """Usage comes once, on the chunk that has the finish_reason."""
    if view.finish_reason in ("sensitive", *ERROR_FINISHES):
        return
    finishing = {choice.at for choice in view.finished_choices}
    for usage in view.usages[:-1]:
        yield view.finding("usage more than once", usage, actual=shorten(usage.value))
    if not view.usages:
        yield view.finding("no usage", view.finished_choices[-1], expected='"usage":{…} beside it')
    elif view.usages[-1].at not in finishing:
        yield view.finding("usage apart from the finish", view.usages[-1])


@check(
    "USE-02",
    MUST,
    SDK_CHUNK,
    SDK_COMPLETION,
    TOOLS,
    probe=("stream", "plain"),
    needs="usages",
    kinds=_BOTH,
)
def total_is_the_sum(view: ExchangeView) -> Iterator[CheckFinding]:
    """The counts are integers of 0 or more, and the total is their sum."""
    for usage in view.usages:
        wrong = [key for key in _COUNTS if not _is_count(usage.get(key))]
        for key in wrong:
            yield view.finding("not a count", usage, key, actual=shorten(usage.get(key)))
        if not wrong and _sum(usage) != usage.get("total_tokens"):
            actual = usage.get("total_tokens")
            yield view.finding(
                "not the sum", usage, "total_tokens", expected=_sum(usage), actual=actual
            )


@check(
    "USE-03",
    MUST,
    CHAT,
    STREAM,
    cite_issues("mistralai/client-python#628"),
    probe=("stream", "plain"),
    needs="usages",
    kinds=_BOTH,
)
def completion_is_counted(view: ExchangeView) -> Iterator[CheckFinding]:
    """A reply with text or calls counts completion_tokens."""
    usage = view.usages[-1]
    if (view.text or view.calls) and usage.get("completion_tokens") == 0:
        actual = f"0 for {len(view.text)} characters and {len(view.calls)} calls"
        yield view.finding("nothing counted", usage, "completion_tokens", actual=actual)


@check(
    "USE-04",
    MUST,
    CHAT,
    SDK_CHUNK,
    TOOLS,
    probe=("stream", "plain"),
    needs="prompt_details",
    kinds=_BOTH,
    if_missing="not_applicable",
)
def cached_tokens_are_in_range(view: ExchangeView) -> Iterator[CheckFinding]:
    """The cached_tokens are a count no greater than prompt_tokens."""
    for usage in view.prompt_details:
        yield from _within(view, usage, whole="prompt_tokens", part="cached_tokens")


@check(
    "USE-05",
    MUST,
    CHAT,
    SDK_CHUNK,
    TOOLS,
    probe=("stream", "plain"),
    needs="completion_details",
    kinds=_BOTH,
    if_missing="not_applicable",
)
def reasoning_tokens_are_in_range(view: ExchangeView) -> Iterator[CheckFinding]:
    """The reasoning_tokens are a count no greater than completion_tokens."""
    for usage in view.completion_details:
        yield from _within(view, usage, whole="completion_tokens", part="reasoning_tokens")


@check("USE-06", MUST, CHAT, probe=("length", "length-plain"), needs="usages", kinds=_BOTH)
def completion_tokens_keep_the_limit(view: ExchangeView) -> Iterator[CheckFinding]:
    """The completion_tokens are no more than max_tokens."""
    limit = view.request_json.get("max_tokens")
    for usage in view.usages:
        count = usage.get("completion_tokens")
        if _is_count(limit) and _is_count(count) and count > limit:
            yield view.finding(
                "more than max_tokens", usage, "completion_tokens", expected=limit, actual=count
            )


@check(
    "USE-07", SHOULD, CHAT, TOOLS, probe=("plain", "length-plain"), needs="usages", together=True
)
def longer_prompt_counts_more(short: ExchangeView, long: ExchangeView) -> Iterator[CheckFinding]:
    """A longer prompt has more prompt_tokens."""
    less, more = (view.usages[-1].get("prompt_tokens") for view in (short, long))
    if _is_count(less) and _is_count(more) and more <= less:
        yield long.finding("not more", expected=f"more than {less}", actual=more)


def _within(
    view: ExchangeView, usage: JSONNode, *, whole: str, part: str
) -> Iterator[CheckFinding]:
    details = usage.child(f"{whole}_details")
    count = details.get(part) if details else None
    most = usage.get(whole)
    if not _is_count(count) or (_is_count(most) and count > most):
        yield view.finding(
            "out of range", details, part, expected=f"0 to {most}", actual=shorten(count)
        )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _sum(usage: JSONNode) -> int:
    return int(usage.get("prompt_tokens") + usage.get("completion_tokens"))
