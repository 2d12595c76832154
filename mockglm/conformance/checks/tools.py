"""TOL: calls of tools, streamed and whole."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.calls import Call
from mockglm.conformance.catalogue import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, Part, brief
from mockglm.conformance.seen import Kind, Seen
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    JSON,
    SDK_CHUNK,
    SDK_COMPLETION,
    TOOL_STREAM,
    TOOLS,
    issue,
)

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[Kind, ...] = ("stream", "plain")
_PROBES = ("tools", "tools-plain")
_CUT = ("length", "sensitive", "network_error", "model_context_window_exceeded")


@check(
    "TOL-01",
    MUST,
    CHAT,
    TOOLS,
    issue("vllm-project/vllm-ascend#8327"),
    probe="tools",
    needs="pieces",
    on="stream",
    absent="not_exercised",
    capability="tools",
)
def announced(seen: Seen) -> Iterator[Finding]:
    """The first delta of a call has its id, type and name, and no later one names it again."""
    for call in seen.calls:
        first, *later = call.parts
        yield from _introduced(seen, first)
        for part in later:
            function = part.inner("function")
            if function is not None and function.get("name"):
                yield seen.wrong("named again", function, "name", actual=function.get("name"))
            if part.get("id") not in (None, "", call.id):
                yield seen.wrong("another id", part, "id", expected=call.id, actual=part.get("id"))


@check(
    "TOL-02",
    MUST,
    SDK_CHUNK,
    TOOLS,
    probe="tools",
    needs="pieces",
    on="stream",
    absent="not_exercised",
    capability="tools",
)
def indexed(seen: Seen) -> Iterator[Finding]:
    """The indexes of calls are 0, 1, 2 and so on, in the order they begin."""
    for expected, call in enumerate(seen.calls):
        if call.index != expected:
            actual = brief(call.parts[0].get("index"))
            yield seen.wrong(
                "another index", call.parts[0], "index", expected=expected, actual=actual
            )


@check(
    "TOL-03",
    MUST,
    CHAT,
    JSON,
    TOOLS,
    probe="tools",
    needs="pieces",
    on="stream",
    absent="not_exercised",
    capability="tools",
)
def joined(seen: Seen) -> Iterator[Finding]:
    """The fragments of a call's arguments are text that joins to one JSON object."""
    for call in seen.calls:
        yield from _arguments(seen, call)


@check(
    "TOL-04",
    MUST,
    CHAT,
    TOOLS,
    AGENT,
    issue("earendil-works/pi#6357"),
    probe=_PROBES,
    needs="finishes",
    on=_BOTH,
    capability="tools",
)
def finished(seen: Seen) -> Iterator[Finding]:
    """A reply finishes with tool_calls if and only if it made a call."""
    last = seen.finishes[-1]
    if seen.finish == "tool_calls" and not seen.calls:
        yield seen.wrong("no call was made", last, "finish_reason", expected="a call before it")
    if seen.calls and seen.finish not in ("tool_calls", *_CUT):
        yield seen.wrong(
            "calls were made", last, "finish_reason", expected="tool_calls", actual=seen.finish
        )


@check(
    "TOL-05",
    MUST,
    SDK_COMPLETION,
    TOOLS,
    probe=_PROBES,
    needs="calls",
    on=_BOTH,
    absent="not_exercised",
    capability="tools",
)
def distinct(seen: Seen) -> Iterator[Finding]:
    """The ids of calls are distinct and not empty."""
    known: set[str] = set()
    for call in seen.calls:
        if not isinstance(call.id, str) or not call.id or call.id in known:
            yield seen.wrong("no id of its own", call.parts[0], "id", actual=brief(call.id))
        known.add(str(call.id))


@check(
    "TOL-06",
    MUST,
    CHAT,
    TOOLS,
    probe=_PROBES,
    needs="calls",
    on=_BOTH,
    absent="not_exercised",
    capability="tools",
)
def offered(seen: Seen) -> Iterator[Finding]:
    """The function that is called is one of those offered."""
    for call in seen.calls:
        is_offered = isinstance(call.name, str) and call.name in seen.offered
        if seen.offered and not is_offered:
            names = ", ".join(seen.offered)
            yield seen.wrong(
                "not offered", call.parts[0], "name", expected=names, actual=brief(call.name)
            )


@check(
    "TOL-07",
    MUST,
    CHAT,
    SDK_COMPLETION,
    JSON,
    TOOLS,
    probe="tools-plain",
    needs="calls",
    on="plain",
    absent="not_exercised",
    capability="tools",
)
def whole(seen: Seen) -> Iterator[Finding]:
    """The calls of a plain reply have a type, a name and arguments as a string of JSON."""
    for call in seen.calls:
        yield from _introduced(seen, call.parts[0])
        yield from _arguments(seen, call)


@check(
    "TOL-08",
    SHOULD,
    CHAT,
    TOOLS,
    probe=_PROBES,
    needs="bound",
    on=_BOTH,
    absent="not_exercised",
    capability="tools",
)
def satisfied(seen: Seen) -> Iterator[Finding]:
    """The arguments satisfy the schema of the function."""
    for call, wrong in seen.bound:
        if wrong:
            yield seen.wrong(
                "the schema is not satisfied",
                call.parts[0],
                "arguments",
                expected=wrong,
                actual=brief(call.arguments),
            )


@check(
    "TOL-09",
    MUST,
    CHAT,
    AGENT,
    probe="tool-result",
    needs="answer",
    capability="tools",
)
def result(seen: Seen) -> Iterator[Finding]:
    """The result of a tool is accepted and answered."""
    if not seen.said and not seen.calls:
        actual = f"{seen.status} {brief(seen.body.decode(errors='replace'))}"
        yield seen.wrong("not answered", expected="200 and a message", actual=actual)


@check(
    "TOL-10",
    SHOULD,
    TOOL_STREAM,
    probe="tool-stream",
    needs="pieces",
    absent="not_exercised",
    capability="tool_stream",
)
def in_pieces(seen: Seen) -> Iterator[Finding]:
    """With tool_stream the arguments come in pieces."""
    if all(len(call.parts) == 1 for call in seen.calls):
        whole = seen.calls[0]
        yield seen.wrong("in one piece", whole.parts[0], "arguments", actual=brief(whole.arguments))


@check(
    "TOL-11",
    NOTE,
    TOOLS,
    issue("rust-genai#199"),
    probe="tools",
    needs="pieces",
    on="stream",
    absent="not_exercised",
    capability="tools",
)
def finish_apart(seen: Seen) -> Iterator[Finding]:
    """A call and the finish come in separate chunks."""
    for choice in seen.finishes:
        delta = choice.inner("delta")
        if delta is not None and delta.get("tool_calls"):
            yield seen.wrong("a call beside the finish", choice, "finish_reason")


def _introduced(seen: Seen, part: Part) -> Iterator[Finding]:
    """Findings about what the first delta of a call must have."""
    function = part.inner("function")
    name = function.get("name") if function else None
    if not isinstance(part.get("id"), str) or not part.get("id"):
        yield seen.wrong("no id", part, "id", expected="a string", actual=brief(part.get("id")))
    if part.get("type") != "function":
        yield seen.wrong("another type", part, "type", expected="function", actual=part.get("type"))
    if not isinstance(name, str) or not name:
        yield seen.wrong(
            "no name", function or part, "name", expected="a string", actual=brief(name)
        )


def _arguments(seen: Seen, call: Call) -> Iterator[Finding]:
    for function in call.functions:
        if not isinstance(function.get("arguments"), str | None):
            actual = brief(function.get("arguments"))
            yield seen.wrong("no text", function, "arguments", expected="a string", actual=actual)
            return
    if not isinstance(call.decoded, dict) and seen.finish not in _CUT:
        yield seen.wrong(
            "no JSON object",
            call.parts[0],
            "arguments",
            expected="one JSON object",
            actual=brief(call.arguments),
        )
