"""FIN: how a reply finishes."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, Catalogue
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.seen import Kind, Seen
from mockglm.conformance.sources import AGENT, CHAT, CODES, SDK_COMPLETION, STREAM, issue, recorded
from mockglm.exchange import FINISHES

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[Kind, ...] = ("stream", "plain")


@check(
    "FIN-01",
    MUST,
    CHAT,
    STREAM,
    AGENT,
    issue("su-kaka/gcli2api#403"),
    probe="stream",
    needs="choices",
    on="stream",
)
def once(seen: Seen) -> Iterator[Finding]:
    """A finish_reason comes once for each choice, on its last chunk."""
    if any(chunk.get("error") is not None for chunk in seen.chunks):
        return
    last = {str(choice.get("index")): choice for choice in seen.choices}
    for choice in seen.finishes:
        if choice not in last.values():
            actual = choice.get("finish_reason")
            yield seen.wrong("not the last chunk", choice, "finish_reason", actual=actual)
    for choice in last.values():
        if choice not in seen.finishes:
            yield seen.wrong("no finish_reason", choice, expected='"finish_reason":"…"')


@check(
    "FIN-02",
    MUST,
    CHAT,
    CODES,
    STREAM,
    probe=("stream", "plain"),
    needs="finishes",
    on=_BOTH,
)
def known(seen: Seen) -> Iterator[Finding]:
    """The finish_reason is one that the documents know."""
    for choice in seen.finishes:
        actual = choice.get("finish_reason")
        if actual not in FINISHES:
            expected = ", ".join(FINISHES)
            yield seen.wrong("unknown", choice, "finish_reason", expected=expected, actual=actual)


@check(
    "FIN-03",
    MUST,
    CHAT,
    recorded("RarogCmex/pi-bigmodel, glm-4.5-flash with max_tokens 1, 2026-10-08"),
    probe=("length", "length-plain"),
    needs="finishes",
)
def length(seen: Seen) -> Iterator[Finding]:
    """A reply that max_tokens cuts finishes with length."""
    if seen.finish != "length":
        yield seen.wrong(
            "another finish",
            seen.finishes[-1],
            "finish_reason",
            expected="length",
            actual=seen.finish,
        )


@check("FIN-04", MUST, CHAT, SDK_COMPLETION, STREAM, probe=("stream", "plain"), needs="finishes")
def natural(seen: Seen) -> Iterator[Finding]:
    """A reply that comes to its natural end finishes with stop."""
    is_cut = seen.finish == "length" and seen.asked.get("max_tokens") == seen.spent
    if seen.finish != "stop" and not is_cut:
        part = seen.finishes[-1]
        yield seen.wrong("not stopped", part, "finish_reason", expected="stop", actual=seen.finish)


@check("FIN-05", MUST, CHAT, probe="stop", needs="content", absent="not_exercised")
def stopped(seen: Seen) -> Iterator[Finding]:
    """A stop sequence ends the text and is not in it."""
    for sequence in seen.asked.get("stop", ()):
        if sequence in seen.content or "seven" in seen.content:
            expected = f"text without {sequence!r}"
            yield seen.wrong("not stopped", expected=expected, actual=brief(seen.content))
