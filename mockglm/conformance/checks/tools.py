"""TOL: tool calls, streamed and plain."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.registry import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    JSON,
    SDK_CHUNK,
    SDK_COMPLETION,
    TOOL_STREAM,
    TOOLS,
    cite_issues,
)
from mockglm.conformance.tool_calls import AssembledCall
from mockglm.conformance.view import ExchangeKind, ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_BOTH: tuple[ExchangeKind, ...] = ("stream", "plain")
_PROBES = ("tools", "tools-plain")
_CUT = ("length", "sensitive", "network_error", "model_context_window_exceeded")


@check(
    "TOL-01",
    MUST,
    CHAT,
    TOOLS,
    cite_issues("vllm-project/vllm-ascend#8327"),
    probe="tools",
    needs="call_deltas",
    kinds="stream",
    if_missing="not_exercised",
    capability="tools",
)
def calls_are_introduced_once(view: ExchangeView) -> Iterator[CheckFinding]:
    """The first delta of a call has its id, type and name, and no later one repeats the name."""
    for call in view.calls:
        first, *later = call.parts
        id = call.id
        yield from _find_missing_head(view, first)
        for part in later:
            function = part.child("function")
            if function is not None and function.get("name"):
                yield view.finding(
                    "the name is repeated", function, "name", actual=function.get("name")
                )
            if part.get("id") not in (None, "", id):
                yield view.finding("unexpected id", part, "id", expected=id, actual=part.get("id"))


@check(
    "TOL-02",
    MUST,
    SDK_CHUNK,
    TOOLS,
    probe="tools",
    needs="call_deltas",
    kinds="stream",
    if_missing="not_exercised",
    capability="tools",
)
def indexes_count_calls(view: ExchangeView) -> Iterator[CheckFinding]:
    """The indexes of calls are 0, 1, 2 and so on, in the order they begin."""
    for expected, call in enumerate(view.calls):
        if call.index != expected:
            actual = shorten(call.parts[0].get("index"))
            yield view.finding(
                "unexpected index", call.parts[0], "index", expected=expected, actual=actual
            )


@check(
    "TOL-03",
    MUST,
    CHAT,
    JSON,
    TOOLS,
    probe="tools",
    needs="call_deltas",
    kinds="stream",
    if_missing="not_exercised",
    capability="tools",
)
def argument_fragments_join(view: ExchangeView) -> Iterator[CheckFinding]:
    """The argument fragments of a call are strings that join to one JSON object."""
    for call in view.calls:
        yield from _find_bad_arguments(view, call)


@check(
    "TOL-04",
    MUST,
    CHAT,
    TOOLS,
    AGENT,
    cite_issues("earendil-works/pi#6357"),
    probe=_PROBES,
    needs="finished_choices",
    kinds=_BOTH,
    capability="tools",
)
def finish_reason_matches_calls(view: ExchangeView) -> Iterator[CheckFinding]:
    """A reply finishes with tool_calls if and only if it made a call."""
    last = view.finished_choices[-1]
    if view.finish_reason == "tool_calls" and not view.calls:
        yield view.finding("no call was made", last, "finish_reason", expected="a call before it")
    if view.calls and view.finish_reason not in ("tool_calls", *_CUT):
        yield view.finding(
            "calls were made",
            last,
            "finish_reason",
            expected="tool_calls",
            actual=view.finish_reason,
        )


@check(
    "TOL-05",
    MUST,
    SDK_COMPLETION,
    TOOLS,
    probe=_PROBES,
    needs="calls",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def call_ids_are_distinct(view: ExchangeView) -> Iterator[CheckFinding]:
    """The ids of calls are distinct and not empty."""
    known: set[str] = set()
    for call in view.calls:
        if not isinstance(call.id, str) or not call.id or call.id in known:
            yield view.finding(
                "the id is empty or taken", call.parts[0], "id", actual=shorten(call.id)
            )
        known.add(str(call.id))


@check(
    "TOL-06",
    MUST,
    CHAT,
    TOOLS,
    probe=_PROBES,
    needs="calls",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def called_function_was_offered(view: ExchangeView) -> Iterator[CheckFinding]:
    """The called function is one of those offered."""
    for call in view.calls:
        is_offered = isinstance(call.name, str) and call.name in view.functions
        if view.functions and not is_offered:
            names = ", ".join(view.functions)
            yield view.finding(
                "not offered", call.parts[0], "name", expected=names, actual=shorten(call.name)
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
    kinds="plain",
    if_missing="not_exercised",
    capability="tools",
)
def plain_calls_are_complete(view: ExchangeView) -> Iterator[CheckFinding]:
    """The calls of a plain reply have a type, a name and arguments as a string of JSON."""
    for call in view.calls:
        yield from _find_missing_head(view, call.parts[0])
        yield from _find_bad_arguments(view, call)


@check(
    "TOL-08",
    SHOULD,
    CHAT,
    TOOLS,
    probe=_PROBES,
    needs="calls_with_schema",
    kinds=_BOTH,
    if_missing="not_exercised",
    capability="tools",
)
def arguments_satisfy_schema(view: ExchangeView) -> Iterator[CheckFinding]:
    """The arguments satisfy the schema of the function."""
    for call, error in view.calls_with_schema:
        if error:
            yield view.finding(
                "the schema is not satisfied",
                call.parts[0],
                "arguments",
                expected=error,
                actual=shorten(call.arguments),
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
def tool_result_is_accepted(view: ExchangeView) -> Iterator[CheckFinding]:
    """The result of a tool is accepted and answered."""
    if not view.text and not view.calls:
        yield view.unexpected_answer("200 and a message")


@check(
    "TOL-10",
    SHOULD,
    TOOL_STREAM,
    probe="tool-stream",
    needs="call_deltas",
    if_missing="not_exercised",
    capability="tool_stream",
)
def arguments_come_in_pieces(view: ExchangeView) -> Iterator[CheckFinding]:
    """With tool_stream the arguments come in pieces."""
    if all(len(call.parts) == 1 for call in view.calls):
        whole = view.calls[0]
        yield view.finding(
            "in one piece", whole.parts[0], "arguments", actual=shorten(whole.arguments)
        )


@check(
    "TOL-11",
    NOTE,
    TOOLS,
    cite_issues("rust-genai#199"),
    probe="tools",
    needs="call_deltas",
    kinds="stream",
    if_missing="not_exercised",
    capability="tools",
)
def call_and_finish_are_apart(view: ExchangeView) -> Iterator[CheckFinding]:
    """A call and the finish come in separate chunks."""
    for choice in view.finished_choices:
        delta = choice.child("delta")
        if delta is not None and delta.get("tool_calls"):
            yield view.finding("a call beside the finish", choice, "finish_reason")


def _find_missing_head(view: ExchangeView, part: JSONNode) -> Iterator[CheckFinding]:
    """Findings about the id, type and name in the first delta of a call."""
    function = part.child("function")
    name = function.get("name") if function else None
    if not isinstance(part.get("id"), str) or not part.get("id"):
        yield view.finding("no id", part, "id", expected="a string", actual=shorten(part.get("id")))
    if part.get("type") != "function":
        yield view.finding(
            "unexpected type", part, "type", expected="function", actual=part.get("type")
        )
    if not isinstance(name, str) or not name:
        yield view.finding(
            "no name", function or part, "name", expected="a string", actual=shorten(name)
        )


def _find_bad_arguments(view: ExchangeView, call: AssembledCall) -> Iterator[CheckFinding]:
    for function in call.functions:
        if not isinstance(function.get("arguments"), str | None):
            actual = shorten(function.get("arguments"))
            yield view.finding(
                "not text", function, "arguments", expected="a string", actual=actual
            )
            return
    if not isinstance(call.decoded, dict) and view.finish_reason not in _CUT:
        yield view.finding(
            "not a JSON object",
            call.parts[0],
            "arguments",
            expected="one JSON object",
            actual=shorten(call.arguments),
        )
