"""CHK: the chunks of a stream."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.registry import MUST, NOTE, SHOULD, Catalogue
from mockglm.conformance.sources import (
    AGENT,
    CHAT,
    CHOICE_INDEX,
    SDK_CHUNK,
    STREAM,
    TOOLS,
    cite_issues,
    cite_recording,
)
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import ERROR_FINISHES

CHECKS = Catalogue()
check = CHECKS.check

_HEAD = frozenset({"id", "created", "object", "model", "request_id"})
_KNOWN = _HEAD | {"choices", "usage", "web_search", "content_filter"}
_SAME_MODEL = re.compile(
    r"(?:[-_:@](?:(?:nv|mx)?fp\d+|bf16|int\d+|awq|gptq|mlx|gguf|maas|latest|free|\d{4,8}))+$"
)
"""The end of an id that tells the precision, the build or the date of a model."""
_DAY = 86_400
"""Seconds."""


@check(
    "CHK-01", MUST, CHAT, SDK_CHUNK, STREAM, probe="stream", needs="reply_chunks", kinds="stream"
)
def chunks_have_head_fields(view: ExchangeView) -> Iterator[CheckFinding]:
    """Each chunk has an id, a created time, a model and choices of the right types."""
    for chunk in view.reply_chunks:
        yield from find_wrong_types(view, chunk, id=str, created=int, model=str, choices=list)


@check("CHK-02", MUST, CHAT, STREAM, AGENT, probe="stream", needs="choices", kinds="stream")
def head_fields_are_constant(view: ExchangeView) -> Iterator[CheckFinding]:
    """The id, the created time and the model are the same in every chunk."""
    first = view.reply_chunks[0]
    for chunk in view.reply_chunks[1:]:
        for key in ("id", "created", "model"):
            if key in chunk.value and chunk.get(key) != first.get(key):
                yield view.finding(
                    "changed", chunk, key, expected=first.get(key), actual=chunk.get(key)
                )


@check(
    "CHK-03",
    SHOULD,
    cite_recording("every recording since 2026-01-19; none before had it"),
    STREAM,
    probe="stream",
    needs="choices",
    kinds="stream",
)
def object_is_completion_chunk(view: ExchangeView) -> Iterator[CheckFinding]:
    """The object of a chunk is chat.completion.chunk."""
    expected = "chat.completion.chunk"
    # The chunk of an error has none (glm-5.2 and glm-5v-turbo, 2026-07).
    ends = view.finished_choices
    errors = {choice.at for choice in ends if choice.get("finish_reason") in ERROR_FINISHES}
    for chunk in view.reply_chunks:
        is_error = chunk.at in errors and "object" not in chunk.value
        if chunk.get("object") != expected and not is_error:
            yield view.finding(
                "unexpected object", chunk, "object", expected=expected, actual=chunk.get("object")
            )


@check(
    "CHK-04",
    MUST,
    SDK_CHUNK,
    CHOICE_INDEX,
    STREAM,
    probe="stream",
    needs="reply_chunks",
    kinds="stream",
)
def choices_have_an_index(view: ExchangeView) -> Iterator[CheckFinding]:
    """Each chunk has one choice or more, and the index of its only choice is 0."""
    for chunk in view.reply_chunks:
        choices = list(chunk.items("choices"))
        if not choices:
            yield view.finding("no choices", chunk, "choices", actual=shorten(chunk.get("choices")))
        for choice in choices:
            yield from _find_wrong_index(view, choice, is_only=len(choices) == 1)


@check(
    "CHK-05",
    MUST,
    SDK_CHUNK,
    cite_issues("mistralai/mistral-vibe#1119"),
    probe="stream",
    needs="deltas",
    kinds="stream",
)
def delta_fields_have_types(view: ExchangeView) -> Iterator[CheckFinding]:
    """A delta has text as a string or null, and calls as a list or null."""
    for part in view.deltas:
        for key in ("content", "reasoning_content"):
            if not isinstance(part.get(key), str | None):
                yield view.finding(
                    "not text", part, key, expected="a string", actual=_shape(part, key)
                )
        if not isinstance(part.get("tool_calls"), list | None):
            actual = _shape(part, "tool_calls")
            yield view.finding("not a list", part, "tool_calls", expected="a list", actual=actual)


@check("CHK-06", MUST, CHAT, STREAM, TOOLS, probe="stream", needs="deltas", kinds="stream")
def role_is_assistant(view: ExchangeView) -> Iterator[CheckFinding]:
    """The first delta with text has the role assistant, and no delta has another role."""
    texts = [part for part in view.deltas if not part.get("tool_calls")]
    if texts and texts[0].get("role") is None:
        yield view.finding("no role", texts[0], expected='"role":"assistant"')
    for part in view.deltas:
        role = part.get("role")
        if role not in (None, "assistant") and view.finish_reason != "sensitive":
            yield view.finding("unexpected role", part, "role", expected="assistant", actual=role)


@check("CHK-07", MUST, SDK_CHUNK, STREAM, probe="stream", needs="choices", kinds="stream")
def choices_have_deltas(view: ExchangeView) -> Iterator[CheckFinding]:
    """The choices of a chunk have a delta, not a message."""
    for choice in view.choices:
        if choice.child("delta") is None or choice.get("message") is not None:
            yield view.finding(
                "no delta", choice, expected='"delta":{…}', actual=shorten(choice.value)
            )


@check("CHK-08", SHOULD, STREAM, AGENT, probe="stream", needs="choices", kinds="stream")
def model_is_the_requested_one(view: ExchangeView) -> Iterator[CheckFinding]:
    """The model of the chunks is the one that was requested."""
    first = view.reply_chunks[0]
    actual = str(first.get("model"))
    if view.model and actual.lower() != view.model.lower():
        yield view.finding("unexpected model", first, "model", expected=view.model, actual=actual)


@check("CHK-12", MUST, STREAM, AGENT, probe="stream", needs="choices", kinds="stream")
def model_is_no_other(view: ExchangeView) -> Iterator[CheckFinding]:
    """The model of the chunks is not another one than was requested, whatever its name has more."""
    yield from find_other_model(view, view.reply_chunks[0])


@check("CHK-09", SHOULD, STREAM, probe="stream", needs="choices", live_only=True)
def created_is_near_date(view: ExchangeView) -> Iterator[CheckFinding]:
    """The created time is within a day of the answer's Date."""
    chunk = view.reply_chunks[0]
    created, sent = chunk.get("created"), _date(view)
    if _is_integer(created) and abs(created - int(sent)) > _DAY:
        yield view.finding(
            "unexpected day", chunk, "created", expected=f"about {sent:.0f}", actual=created
        )


@check("CHK-10", MUST, CHAT, STREAM, probe="stream", needs="finished_choices", kinds="stream")
def stream_is_not_empty(view: ExchangeView) -> Iterator[CheckFinding]:
    """At least one delta carries text or a call, unless the reply failed."""
    has_something = view.text or view.call_deltas
    if not has_something and view.finish_reason in ("stop", "tool_calls"):
        yield view.finding(
            "an empty reply", view.finished_choices[0], "finish_reason", actual=view.finish_reason
        )


@check("CHK-11", NOTE, CHAT, probe="stream", needs="reply_chunks", kinds="stream")
def keys_are_documented(view: ExchangeView) -> Iterator[CheckFinding]:
    """A chunk has only keys that are documented."""
    unknown: dict[str, JSONNode] = {}
    for chunk in view.reply_chunks:
        for key in chunk.value.keys() - _KNOWN:
            unknown.setdefault(key, chunk)
    for key, chunk in sorted(unknown.items()):
        yield view.finding(f"the unknown key {key}", chunk, key, actual=shorten(chunk.get(key)))


def find_other_model(view: ExchangeView, part: JSONNode) -> Iterator[CheckFinding]:
    """A finding if the model that a part names is another one than was requested.

    A server may name the same model by more: an owner (`zai-org/GLM-4.6`), a date, a precision.
    """
    sent, wanted = part.get("model"), view.model
    if wanted and isinstance(sent, str) and _plain_id(sent) != _plain_id(wanted):
        yield view.finding("another model", part, "model", expected=wanted, actual=shorten(sent))


def find_wrong_types(view: ExchangeView, part: JSONNode, **types: type) -> Iterator[CheckFinding]:
    """A finding for each key that is missing or has a value of another type."""
    names = {str: "a string", int: "an integer", list: "a list", dict: "an object"}
    for key, kind in types.items():
        value = part.get(key)
        if not isinstance(value, kind) or isinstance(value, bool):
            actual = shorten(value) if key in part.value else "no such key"
            yield view.finding(f"{key} is wrong", part, key, expected=names[kind], actual=actual)


def _find_wrong_index(
    view: ExchangeView, choice: JSONNode, *, is_only: bool
) -> Iterator[CheckFinding]:
    index = choice.get("index")
    if not _is_integer(index) or index < 0:
        yield view.finding("no index", choice, "index", expected="0, 1, …", actual=shorten(index))
    elif is_only and index:
        yield view.finding("a wrong index", choice, "index", expected="0", actual=index)


def _plain_id(id: str) -> str:
    """A model's id without an owner and without words that make no other model of it."""
    return _SAME_MODEL.sub("", id.lower().rpartition("/")[2])


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _date(view: ExchangeView) -> float:
    """The Date of the answer in unix seconds; without one, the time of the request."""
    try:
        return parsedate_to_datetime(str(view.header("date"))).timestamp()
    except ValueError:
        return view.exchange.started


def _shape(part: JSONNode, key: str) -> str:
    return f"{type(part.get(key)).__name__} {shorten(part.get(key))}"
