"""EQV: a stream and a plain reply to the same request say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from mockglm.conformance.catalogue import MUST, SHOULD, Catalogue
from mockglm.conformance.parts import Finding, Part
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CHAT, CODES, STREAM, TOOLS

__all__ = ["CHECKS"]

CHECKS = Catalogue()
check = CHECKS.check

_PAIR = ("stream", "plain")
_PREFIX = re.compile(r"[A-Za-z]+[-_]")
_HEX = re.compile(r"[0-9a-f-]*")
_SPOKEN = ("content", "reasoning_content", "tool_calls")


@check(
    "EQV-01",
    MUST,
    CHAT,
    STREAM,
    TOOLS,
    probe=_PAIR,
    needs="uncut",
    together=True,
    absent="not_exercised",
)
def keys(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """The joined stream has the keys of the plain message."""
    joined, whole = _filled(stream), _filled(plain)
    if joined != whole:
        yield stream.wrong("other keys", expected=sorted(whole), actual=sorted(joined))


@check("EQV-02", MUST, CHAT, TOOLS, probe=_PAIR, needs="usages", together=True)
def prompt(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """The same prompt counts the same prompt_tokens."""
    expected = plain.usages[-1].get("prompt_tokens")
    actual = stream.usages[-1].get("prompt_tokens")
    if actual != expected:
        yield stream.wrong(
            "another count", stream.usages[-1], "prompt_tokens", expected=expected, actual=actual
        )


@check("EQV-03", MUST, CHAT, probe=("length", "length-plain"), needs="finishes", together=True)
def outcome(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """A forced outcome finishes alike."""
    if stream.finish != plain.finish:
        part = stream.finishes[-1]
        yield stream.wrong(
            "another finish", part, "finish_reason", expected=plain.finish, actual=stream.finish
        )


@check("EQV-04", MUST, CHAT, STREAM, TOOLS, probe=_PAIR, needs="usages", together=True)
def usage(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """Usage has the same keys, its details aside."""
    # Details come and go with load and cache, from one request to the next.
    streamed, whole = stream.usages[-1], plain.usages[-1]
    expected, actual = _counts(whole), _counts(streamed)
    if expected != actual:
        yield stream.wrong("other keys", streamed, expected=expected, actual=actual)


@check("EQV-05", SHOULD, STREAM, TOOLS, probe=_PAIR, needs="completion", together=True)
def identity(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """The id and the model have the same form."""
    chunk, reply = stream.spoken[0], plain.replies[0]
    for key, form in (("id", _form), ("model", str)):
        expected, actual = str(reply.get(key)), str(chunk.get(key))
        if form(expected) != form(actual):
            yield stream.wrong("another form", chunk, key, expected=expected, actual=actual)


@check(
    "EQV-06",
    MUST,
    CODES,
    probe=("bad-model-stream", "bad-model"),
    needs="envelope",
    together=True,
    alive=True,
)
def refusal(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """A refusal is the same with stream on and off."""
    expected, actual = (plain.status, plain.code), (stream.status, stream.code)
    if expected != actual:
        yield stream.wrong("another refusal", stream.envelope, expected=expected, actual=actual)


@check(
    "EQV-07",
    MUST,
    CHAT,
    probe=_PAIR,
    needs="completion",
    together=True,
    capability="deterministic",
)
def text(stream: Seen, plain: Seen) -> Iterator[Finding]:
    """The text, the reasoning and the calls are equal."""
    for name in ("content", "reasoning"):
        expected, actual = getattr(plain, name), getattr(stream, name)
        if expected != actual:
            yield stream.wrong(f"another {name}", expected=expected, actual=actual)
    expected, actual = _calls(plain), _calls(stream)
    if expected != actual:
        yield stream.wrong("other calls", expected=expected, actual=actual)


def _filled(seen: Seen) -> set[str]:
    """The kinds of content a reply has, wherever they stand."""
    return {key for key in _SPOKEN if any(part.get(key) for part in seen.completion)}


def _counts(usage: Part) -> list[str]:
    return sorted(key for key in usage.value if not key.endswith("_details"))


def _form(id: str) -> str:
    """What all ids of one maker have in common: the prefix, the characters, the length."""
    prefix = _PREFIX.match(id)
    rest = id[prefix.end() :] if prefix else id
    made = re.sub("[0-9a-f]", "0", rest) if _HEX.fullmatch(rest) else "x" * len(rest)
    return prefix[0] + made if prefix else made


def _calls(seen: Seen) -> list[tuple[Any, str]]:
    return [(call.name, call.arguments) for call in seen.calls]
