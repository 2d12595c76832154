"""TRN: status, headers and body of the answer."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, shorten
from mockglm.conformance.probes import ECHO
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import (
    CHAT,
    GATEWAY,
    JSON,
    SDK_STREAM,
    STREAM,
    cite_rfc9110,
    cite_whatwg,
)
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check


@check("TRN-01", MUST, CHAT, probe="stream", needs="answer")
def streaming_request_is_accepted(view: ExchangeView) -> Iterator[CheckFinding]:
    """A valid request for a stream is answered 200."""
    if view.status != 200:
        yield view.unexpected_answer("200")


@check(
    "TRN-02",
    MUST,
    cite_whatwg("parsing-an-event-stream"),
    STREAM,
    probe="stream",
    needs="answer",
    kinds="stream",
)
def stream_has_media_type(view: ExchangeView) -> Iterator[CheckFinding]:
    """A stream has the media type text/event-stream."""
    if view.kind == "stream" and view.media_type != "text/event-stream":
        yield view.finding(
            "unexpected media type", expected="text/event-stream", actual=_type(view)
        )
    if view.kind != "stream":
        yield view.finding("not a stream", expected="text/event-stream", actual=view.summary)


@check("TRN-03", MUST, CHAT, JSON, probe="plain", needs="body_of_200", kinds="plain")
def plain_reply_has_media_type(view: ExchangeView) -> Iterator[CheckFinding]:
    """A plain reply has the media type application/json."""
    if view.media_type != "application/json":
        yield view.finding("unexpected media type", expected="application/json", actual=_type(view))


@check("TRN-04", MUST, cite_rfc9110("12.5.3"), probe="stream", needs="body", live_only=True)
def content_coding_was_offered(view: ExchangeView) -> Iterator[CheckFinding]:
    """No content coding is used that the client did not offer."""
    coding = view.header("content-encoding")
    offered = view.request.header("accept-encoding")
    if coding not in (None, "identity", *re.split(r"\s*,\s*", offered)):
        yield view.finding("an unexpected coding", expected=f"one of: {offered}", actual=coding)


@check("TRN-05", SHOULD, CHAT, SDK_STREAM, probe="stream", needs="event_times")
def events_arrive_one_by_one(view: ExchangeView) -> Iterator[CheckFinding]:
    """Events arrive one by one, not in one burst."""
    if view.is_held_back:
        came = f"{len(view.event_times)} events at {view.moments} moment(s)"
        yield view.finding(
            "the stream was held back", expected="events as they are made", actual=came
        )


@check(
    "TRN-06",
    MUST,
    cite_rfc9110("8.6"),
    SDK_STREAM,
    probe="stream",
    needs="data_events",
    kinds="stream",
)
def stream_body_ends_cleanly(view: ExchangeView) -> Iterator[CheckFinding]:
    """The body of a stream ends by itself after [DONE]."""
    if view.answer and view.answer.end != "done":
        actual = view.exchange.error or view.answer.end
        yield view.finding("the body did not end", expected="a complete body", actual=actual)


@check("TRN-07", SHOULD, cite_rfc9110("9.3.3"), GATEWAY, probe="stream", needs="data_events")
def stream_is_not_cacheable(view: ExchangeView) -> Iterator[CheckFinding]:
    """No header allows a stream to be cached."""
    control = (view.header("cache-control") or "").lower()
    if re.search(r"\bpublic\b|\b(s-maxage|max-age)\s*=\s*\"?[1-9]", control):
        yield view.finding("cacheable", expected="no freshness", actual=f"Cache-Control: {control}")


@check("TRN-08", MUST, JSON, CHAT, probe="echo", needs="content", if_missing="not_exercised")
def non_ascii_survives(view: ExchangeView) -> Iterator[CheckFinding]:
    """Characters beyond ASCII are intact in both directions."""
    if "\ufffd" in view.content or "你" not in view.content or "😀" not in view.content:
        yield view.finding("characters were lost", expected=ECHO, actual=shorten(view.content))


def _type(view: ExchangeView) -> str:
    return view.header("content-type") or "no Content-Type"
