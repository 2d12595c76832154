"""ERR: how bad requests are refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, brief
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import (
    CHAT,
    CODES,
    GATEWAY,
    SDK_ERRORS,
    SDK_STREAM,
    http,
    issue,
    recorded,
)

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_SPRING = (404, 405)
"""Statuses that the service's framework answers, in a form of its own."""
_MARKUP = re.compile(
    r"<\s*(html|!doctype|head|body|title)\b|Traceback \(most|^\s+at \S+\(", re.I | re.M
)


@check("ERR-01", MUST, CODES, GATEWAY, probe="bad-model", needs="body", on="refusal", alive=True)
def envelope(seen: Seen) -> Iterator[Finding]:
    """The body of a refusal is an error with a code of digits in a string, and a message."""
    if seen.status in _SPRING or seen.status >= 500:
        return
    if seen.envelope is None:
        actual = brief(seen.body.decode(errors="replace"))
        yield seen.wrong("no error", seen.document, expected='{"error":{…}}', actual=actual)
        return
    code, message = seen.code, seen.envelope.get("message")
    if not isinstance(code, str) or not code.isdigit():
        yield seen.wrong(
            "another code", seen.envelope, "code", expected='"1211"', actual=brief([code])[1:-1]
        )
    if not isinstance(message, str) or not message:
        yield seen.wrong("no message", seen.envelope, "message", actual=brief(message))


@check(
    "ERR-02",
    MUST,
    CODES,
    SDK_ERRORS,
    issue("OmniRoute#8451"),
    probe=("bad-model", "bad-model-stream"),
    needs="errors",
    on=("stream", "plain", "refusal"),
    alive=True,
)
def status(seen: Seen) -> Iterator[Finding]:
    """An error is never answered with status 200 before anything of a reply."""
    is_first = not seen.deltas or seen.deltas[0].at > seen.errors[0].at
    if seen.status == 200 and is_first:
        actual = brief(seen.errors[0].value)
        yield seen.wrong("200", seen.errors[0], expected="a status of 400 or more", actual=actual)


@check(
    "ERR-03",
    MUST,
    CODES,
    GATEWAY,
    probe="bad-model",
    needs="answer",
    alive=True,
)
def model(seen: Seen) -> Iterator[Finding]:
    """A model that does not exist is refused with 1211, or 1214 for modelCode."""
    yield from _refused(seen, (400, 404), ("1211", "1214"))


@check("ERR-04", SHOULD, CODES, CHAT, probe="no-messages", needs="answer", alive=True)
def messages(seen: Seen) -> Iterator[Finding]:
    """An empty list of messages is refused with 400 and 1213 or 1214."""
    yield from _refused(seen, (400,), ("1213", "1214"))


@check("ERR-05", SHOULD, http("15.5.1"), probe="bad-json", needs="answer", alive=True)
def syntax(seen: Seen) -> Iterator[Finding]:
    """A body that is no JSON is refused with 400."""
    if seen.status != 400:
        yield _other(seen, "400")


@check(
    "ERR-06",
    MUST,
    CODES,
    recorded("1214 角色信息不正确, several reports of 2026-08"),
    probe="bad-role",
    needs="answer",
    alive=True,
)
def role(seen: Seen) -> Iterator[Finding]:
    """A role that GLM does not know is refused with 400 and 1214."""
    yield from _refused(seen, (400,), ("1214",))


@check("ERR-07", SHOULD, CODES, CHAT, probe="bad-temperature", needs="answer", alive=True)
def range_(seen: Seen) -> Iterator[Finding]:
    """A temperature out of range is refused with 400 and 1210 or 1214."""
    yield from _refused(seen, (400,), ("1210", "1214"))


@check("ERR-08", MUST, CODES, SDK_ERRORS, probe="bad-model-stream", needs="body", alive=True)
def no_stream(seen: Seen) -> Iterator[Finding]:
    """A refusal before a stream begins is JSON, not a stream."""
    if seen.media != "application/json" or seen.document is None:
        actual = f"{seen.header('content-type')}: {brief(seen.body.decode(errors='replace'))}"
        yield seen.wrong("no JSON", expected="application/json", actual=actual)


@check("ERR-09", SHOULD, http("15.5.5"), probe="bad-path", needs="answer", alive=True)
def path(seen: Seen) -> Iterator[Finding]:
    """A path that does not exist is answered 404."""
    if seen.status != 404:
        yield _other(seen, "404")


@check(
    "ERR-10",
    MUST,
    CODES,
    issue("GLM-Free-API#32", "HKUDS/Vibe-Trading#758"),
    probe="bad-model",
    needs="body",
    on="refusal",
    alive=True,
)
def text(seen: Seen) -> Iterator[Finding]:
    """The message of a refusal is text, without markup or a stack trace."""
    if seen.status == 405 or seen.status >= 500:
        return
    found = _MARKUP.search(seen.body.decode(errors="replace"))
    if found:
        at = len(found.string[: found.start()].encode())
        yield Finding("markup or a trace", at=at, actual=brief(found.string[found.start() :]))


@check("ERR-11", MUST, http("15.5"), probe="afterwards", needs="answer")
def afterwards(seen: Seen) -> Iterator[Finding]:
    """A good request after the bad ones is answered."""
    if not seen.completion:
        yield _other(seen, "200 and a message")


@check(
    "ERR-12",
    MUST,
    SDK_STREAM,
    issue("OmniRoute#8451"),
    probe="failing",
    needs="broken",
    on="stream",
    absent="not_exercised",
)
def in_stream(seen: Seen) -> Iterator[Finding]:
    """An error in a stream is an event with an error object, and only [DONE] follows it."""
    first = seen.broken[0]
    error = first.inner("error")
    if error is None or not isinstance(error.get("message"), str):
        actual = brief(first.get("error"))
        yield seen.wrong(
            "no error object", first, "error", expected="{code, message}", actual=actual
        )
    after = [event for event in seen.data if event.start > first.at]
    if after:
        yield Finding("the stream went on", at=after[0].start, actual=brief(after[0].data))


@check("ERR-13", SHOULD, http("15.5.6"), probe="bad-method", needs="answer", alive=True)
def method(seen: Seen) -> Iterator[Finding]:
    """A method that the chat path does not have is answered 405."""
    if seen.status != 405:
        yield _other(seen, "405")


def _refused(seen: Seen, statuses: tuple[int, ...], codes: tuple[str, ...]) -> Iterator[Finding]:
    """A finding unless the status and the code are among those."""
    if seen.status not in statuses or seen.code not in codes:
        yield _other(seen, f"{' or '.join(map(str, statuses))} and {' or '.join(codes)}")


def _other(seen: Seen, expected: str) -> Finding:
    actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
    return seen.wrong("another answer", expected=expected, actual=actual)
