"""EQV: the stream and the plain reply to the same request agree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mockglm.conformance.json_path import CheckFinding, JSONNode
from mockglm.conformance.registry import MUST, SHOULD, Catalogue
from mockglm.conformance.sources import CHAT, CODES, STREAM, TOOLS
from mockglm.conformance.view import ExchangeView

CHECKS = Catalogue()
check = CHECKS.check

_PAIR = ("stream", "plain")
_PREFIX = re.compile(r"[A-Za-z]+[-_]")
_HEX = re.compile(r"[0-9a-f-]*")
_CONTENT_KEYS = ("content", "reasoning_content", "tool_calls")


@check(
    "EQV-01",
    MUST,
    CHAT,
    STREAM,
    TOOLS,
    probe=_PAIR,
    needs="not_truncated",
    together=True,
    if_missing="not_exercised",
)
def contents_are_the_same(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """The joined stream has the keys of the plain message."""
    joined, whole = _filled(stream), _filled(plain)
    if joined != whole:
        yield stream.finding("different keys", expected=sorted(whole), actual=sorted(joined))


@check("EQV-02", MUST, CHAT, TOOLS, probe=_PAIR, needs="usages", together=True)
def prompt_tokens_are_the_same(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """The same prompt has the same prompt_tokens."""
    expected = plain.usages[-1].get("prompt_tokens")
    actual = stream.usages[-1].get("prompt_tokens")
    if actual != expected:
        yield stream.finding(
            "different count", stream.usages[-1], "prompt_tokens", expected=expected, actual=actual
        )


@check(
    "EQV-03", MUST, CHAT, probe=("length", "length-plain"), needs="finished_choices", together=True
)
def finish_reasons_are_the_same(
    stream: ExchangeView, plain: ExchangeView
) -> Iterator[CheckFinding]:
    """A reply that is cut has the same finish_reason in both forms."""
    if stream.finish_reason != plain.finish_reason:
        part = stream.finished_choices[-1]
        yield stream.finding(
            "different finish_reason",
            part,
            "finish_reason",
            expected=plain.finish_reason,
            actual=stream.finish_reason,
        )


@check("EQV-04", MUST, CHAT, STREAM, TOOLS, probe=_PAIR, needs="usages", together=True)
def usage_keys_are_the_same(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """Usage has the same keys, except for its details."""
    # Details come and go with load and cache, from one request to the next.
    streamed, whole = stream.usages[-1], plain.usages[-1]
    expected, actual = _counts(whole), _counts(streamed)
    if expected != actual:
        yield stream.finding("different keys", streamed, expected=expected, actual=actual)


@check("EQV-05", SHOULD, STREAM, TOOLS, probe=_PAIR, needs="completion", together=True)
def ids_have_the_same_form(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """The id and the model have the same form."""
    chunk, reply = stream.reply_chunks[0], plain.plain_replies[0]
    for key, form in (("id", _form), ("model", str)):
        expected, actual = str(reply.get(key)), str(chunk.get(key))
        if form(expected) != form(actual):
            yield stream.finding("different form", chunk, key, expected=expected, actual=actual)


@check(
    "EQV-06",
    MUST,
    CODES,
    probe=("bad-model-stream", "bad-model"),
    needs="error_object",
    together=True,
    requires_success=True,
)
def refusals_are_the_same(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """A refusal is the same with stream on and off."""
    expected, actual = (plain.status, plain.error_code), (stream.status, stream.error_code)
    if expected != actual:
        yield stream.finding(
            "different refusal", stream.error_object, expected=expected, actual=actual
        )


@check(
    "EQV-07",
    MUST,
    CHAT,
    probe=_PAIR,
    needs="completion",
    together=True,
    capability="deterministic",
)
def texts_are_the_same(stream: ExchangeView, plain: ExchangeView) -> Iterator[CheckFinding]:
    """The text, the reasoning and the calls are equal."""
    for name in ("content", "reasoning"):
        expected, actual = getattr(plain, name), getattr(stream, name)
        if expected != actual:
            yield stream.finding(f"different {name}", expected=expected, actual=actual)
    expected, actual = _calls(plain), _calls(stream)
    if expected != actual:
        yield stream.finding("different calls", expected=expected, actual=actual)


def _filled(view: ExchangeView) -> set[str]:
    """The kinds of content in a reply."""
    return {key for key in _CONTENT_KEYS if any(part.get(key) for part in view.completion)}


def _counts(usage: JSONNode) -> list[str]:
    return sorted(key for key in usage.value if not key.endswith("_details"))


def _form(id: str) -> str:
    """The pattern that ids of one generator share: prefix, alphabet and length."""
    prefix = _PREFIX.match(id)
    rest = id[prefix.end() :] if prefix else id
    made = re.sub("[0-9a-f]", "0", rest) if _HEX.fullmatch(rest) else "x" * len(rest)
    return prefix[0] + made if prefix else made


def _calls(view: ExchangeView) -> list[tuple[Any, str]]:
    return [(call.name, call.arguments) for call in view.calls]
