"""TRN: what carries the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.prompts import ECHO
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CHAT, GATEWAY, JSON, SDK_STREAM, STREAM, http, whatwg

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check


@check("TRN-01", MUST, CHAT, probe="stream", needs="answer")
def accepted(seen: Seen) -> Iterator[Finding]:
    """A valid request for a stream is answered 200."""
    if seen.status != 200:
        yield seen.wrong("not accepted", expected=200, actual=_refusal(seen))


@check(
    "TRN-02",
    MUST,
    whatwg("parsing-an-event-stream"),
    STREAM,
    probe="stream",
    needs="answer",
    on="stream",
)
def stream_type(seen: Seen) -> Iterator[Finding]:
    """A stream has the media type text/event-stream."""
    if seen.kind == "stream" and seen.media != "text/event-stream":
        yield seen.wrong("another media type", expected="text/event-stream", actual=_type(seen))
    if seen.kind != "stream":
        yield seen.wrong("no stream", expected="text/event-stream", actual=_refusal(seen))


@check("TRN-03", MUST, CHAT, JSON, probe="plain", needs="granted", on="plain")
def plain_type(seen: Seen) -> Iterator[Finding]:
    """A plain reply has the media type application/json."""
    if seen.media != "application/json":
        yield seen.wrong("another media type", expected="application/json", actual=_type(seen))


@check("TRN-04", MUST, http("12.5.3"), probe="stream", needs="body", live=True)
def coding(seen: Seen) -> Iterator[Finding]:
    """No content coding is used that the client did not offer."""
    coding = seen.header("content-encoding")
    offered = seen.request.header("accept-encoding")
    if coding not in (None, "identity", *re.split(r"\s*,\s*", offered)):
        yield seen.wrong("coded", expected=f"one of: {offered}", actual=coding)


@check("TRN-05", SHOULD, CHAT, SDK_STREAM, probe="stream", needs="timed")
def incremental(seen: Seen) -> Iterator[Finding]:
    """Events arrive one by one, not in one burst."""
    # Of one burst, too, the network makes several reads, microseconds apart.
    moments = len({round(at, 3) for at in seen.timed})
    if moments < 3:
        came = f"{len(seen.timed)} events at {moments} moment(s)"
        yield seen.wrong(
            "the stream was held back", expected="events as they are made", actual=came
        )


@check("TRN-06", MUST, http("8.6"), SDK_STREAM, probe="stream", needs="data", on="stream")
def clean_end(seen: Seen) -> Iterator[Finding]:
    """The body of a stream ends by itself after [DONE]."""
    if seen.answer and seen.answer.end != "done":
        actual = seen.exchange.error or seen.answer.end
        yield seen.wrong("the body did not end", expected="a complete body", actual=actual)


@check("TRN-07", SHOULD, http("9.3.3"), GATEWAY, probe="stream", needs="data")
def not_cacheable(seen: Seen) -> Iterator[Finding]:
    """No header allows a stream to be cached."""
    control = (seen.header("cache-control") or "").lower()
    if re.search(r"\bpublic\b|\b(s-maxage|max-age)\s*=\s*\"?[1-9]", control):
        yield seen.wrong("cacheable", expected="no freshness", actual=f"Cache-Control: {control}")


@check("TRN-08", MUST, JSON, CHAT, probe="echo", needs="content", absent="not_exercised")
def characters(seen: Seen) -> Iterator[Finding]:
    """Characters beyond ASCII survive the way there and back."""
    if "\ufffd" in seen.content or "你" not in seen.content or "😀" not in seen.content:
        yield seen.wrong("characters were lost", expected=ECHO, actual=brief(seen.content))


def _type(seen: Seen) -> str:
    return seen.header("content-type") or "no Content-Type"


def _refusal(seen: Seen) -> str:
    return f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
