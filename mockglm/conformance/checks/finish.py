"""FIN: the finish_reason of a reply."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.registry import MUST, Catalogue
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    CODES,
    SDK_COMPLETION,
    STREAM,
    cite_issues,
    cite_recording,
)
from mockglm.conformance.view import ExchangeKind, ExchangeView
from mockglm.exchange import FINISHES

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")


@check(
    "FIN-01",
    MUST,
    CHAT,
    STREAM,
    AGENT,
    cite_issues("su-kaka/gcli2api#403"),
    probe="stream",
    needs="choices",
    kinds="stream",
)
def finish_reason_comes_once(view: ExchangeView) -> Iterator[CheckFinding]:
    """A finish_reason comes once for each choice, on its last chunk."""
    if any(chunk.get("error") is not None for chunk in view.chunks):
        return
    last = {str(choice.get("index")): choice for choice in view.choices}
    # By place, not by value: the choices of an endless stream are too many to compare all pairs.
    ends = {(choice.at, choice.path) for choice in last.values()}
    finished = {(choice.at, choice.path) for choice in view.finished_choices}
    for choice in view.finished_choices:
        if (choice.at, choice.path) not in ends:
            actual = choice.get("finish_reason")
            yield view.finding("not the last chunk", choice, "finish_reason", actual=actual)
    for choice in last.values():
        if (choice.at, choice.path) not in finished:
            yield view.finding("no finish_reason", choice, expected='"finish_reason":"…"')


@check(
    "FIN-02",
    MUST,
    CHAT,
    CODES,
    STREAM,
    probe=("stream", "plain"),
    needs="finished_choices",
    kinds=_BOTH,
)
def finish_reason_is_known(view: ExchangeView) -> Iterator[CheckFinding]:
    """The finish_reason is one of the documented ones."""
    for choice in view.finished_choices:
        actual = choice.get("finish_reason")
        if actual not in FINISHES:
            expected = ", ".join(FINISHES)
            yield view.finding("unknown", choice, "finish_reason", expected=expected, actual=actual)


@check(
    "FIN-03",
    MUST,
    CHAT,
    cite_recording("RarogCmex/pi-bigmodel, glm-4.5-flash with max_tokens 1, 2026-10-08"),
    probe=("length", "length-plain"),
    needs="finished_choices",
)
def cut_reply_finishes_with_length(view: ExchangeView) -> Iterator[CheckFinding]:
    """A reply that max_tokens cuts finishes with length."""
    if view.finish_reason != "length":
        yield view.finding(
            "unexpected finish_reason",
            view.finished_choices[-1],
            "finish_reason",
            expected="length",
            actual=view.finish_reason,
        )


@check(
    "FIN-04",
    MUST,
    CHAT,
    SDK_COMPLETION,
    STREAM,
    probe=("stream", "plain"),
    needs="finished_choices",
)
def natural_end_finishes_with_stop(view: ExchangeView) -> Iterator[CheckFinding]:
    """A reply that ends by itself finishes with stop."""
    is_cut = (
        view.finish_reason == "length"
        and view.request_json.get("max_tokens") == view.completion_tokens
    )
    if view.finish_reason != "stop" and not is_cut:
        part = view.finished_choices[-1]
        yield view.finding(
            "not stopped", part, "finish_reason", expected="stop", actual=view.finish_reason
        )


@check("FIN-05", MUST, CHAT, probe="stop", needs="content", if_missing="not_exercised")
def stop_sequence_ends_the_text(view: ExchangeView) -> Iterator[CheckFinding]:
    """A stop sequence ends the text and is not in it."""
    for sequence in view.request_json.get("stop", ()):
        if sequence in view.content or "seven" in view.content:
            expected = f"text without {sequence!r}"
            yield view.finding("not stopped", expected=expected, actual=shorten(view.content))
