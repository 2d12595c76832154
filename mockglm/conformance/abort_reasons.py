"""Reasons to stop a run: one root cause, reported once, with advice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from mockglm.conformance.json_path import shorten
from mockglm.conformance.probes import PROBES, Probe
from mockglm.conformance.transport import MAX_BYTES, MAX_LINES, count_lines
from mockglm.conformance.view import ExchangeView

AbortKind = Literal[
    "transport", "key", "balance", "busy", "budget", "model", "recording", "endpoint"
]


class AbortReason(Struct, frozen=True):
    """The cause that stopped a run.

    `endpoint` is the fault of the endpoint, which answers, but not as GLM does. All other kinds
    say nothing about it.
    """

    kind: AbortKind
    message: str
    advice: str

    @classmethod
    def of(cls, kind: AbortKind, message: str) -> AbortReason:
        """A reason with the advice for its kind."""
        return cls(kind, message, ADVICE[kind])

    @property
    def is_blocking(self) -> bool:
        """True if the endpoint could not be judged at all."""
        return self.kind != "endpoint"


ADVICE: Mapping[AbortKind, str] = {
    "transport": "Is the URL right, and is the service running? If it is only slow, raise "
    "--timeout; if its certificate is its own, name it with --ca.",
    "key": "Set ZAI_API_KEY (or ZHIPUAI_API_KEY, ZHIPU_API_KEY, GLM_API_KEY) to a valid key.",
    "balance": "Recharge, wait for the limit to reset, or name a free model with --model.",
    "busy": "Try again later, or wait longer between requests with --pause.",
    "budget": "Raise --max-requests or --max-tokens, or select fewer checks with -k.",
    "model": "Name one that the endpoint has with --model.",
    "recording": "Keep a whole run with --record-to, or select fewer checks with -k.",
    "endpoint": "The base URL ends before /chat/completions; for GLM it ends in /api/paas/v4. That "
    "of the Anthropic surface ends before /v1/messages, in /api/anthropic.",
}
"""Options as `mockglm check` has them; under pytest they begin with --glm-."""

ENDLESS_ADVICE = "End each answer at max_tokens: the last chunk, then [DONE], then the body."

GATEWAY_ERRORS = (502, 503, 504)
"""Statuses of a gateway for a service that it cannot reach; RFC 9110 §15.6."""

MOST_UNFINISHED = 2
"""Answers left before their end after which a run stops: each costs the whole timeout."""

_FORMS: Mapping[str, str] = {"stream": "plain", "message-stream": "message"}
"""The first stream of each surface, and the probe for the same answer in one piece: if neither is
answered, there is no endpoint."""

_OVERLOADED = 529
"""The status of 1305 on the Anthropic surface."""

_BALANCE = re.compile(r"11\d\d|1304|1308|1309|131[01]|131[3-9]|132\d")
"""Codes of a limit that waiting a little does not lift; docs.bigmodel.cn/cn/faq/api-code."""
_UNKNOWN_MODEL = re.compile(r"modelCode|model_not_found|NotFoundError|Invalid model name")
"""Words for a model that does not exist: GLM, OpenAI and its gateways, vLLM, LiteLLM."""


def abort_reason_after(probe: Probe, views: Mapping[str, ExchangeView]) -> AbortReason | None:
    """The reason to stop after a probe, given all exchanges so far.

    A limit or an endless answer stops a run at any time, any other reason only at its start.
    """
    last = views.get(probe.name)
    if last is None or probe.disruptive or probe.expects_overload:
        return None
    cause = diagnose(last)
    is_first = not any(view.completion for view in views.values())
    if cause and (cause.kind in ("balance", "busy") or (is_first and not probe.expects_refusal)):
        return cause
    unending = endless(tuple(views.values())) if last.is_unfinished else None
    if unending:
        return unending
    plain = views.get(_FORMS.get(probe.name, ""))
    return not_an_endpoint(plain, last) if plain else None


def missing_probes(views: Mapping[str, ExchangeView], missing: Iterable[str]) -> AbortReason | None:
    """The reason why a kept run cannot be judged: the one that stopped it, or its gaps."""
    reasons = (abort_reason_after(PROBES[name], views) for name in views)
    names = ", ".join(missing)
    text = f"The recordings have no exchange of {names}."
    return next(filter(None, reasons), AbortReason.of("recording", text) if names else None)


def diagnose(view: ExchangeView) -> AbortReason | None:
    """The reason why a good request was not answered, if it stops the whole run."""
    answer = f"{view.status} {_excerpt(view)}"
    if view.answer is None:
        return AbortReason.of("transport", f"There was no response: {view.exchange.error}.")
    if view.status in (401, 403):
        return AbortReason.of("key", f"The key was refused: {answer}")
    if _is_unknown_model(view):
        text = f"The endpoint does not know the model {view.model}: {answer}"
        return AbortReason.of("model", text)
    if is_busy(view):
        text = f"The endpoint is overloaded, or got too many requests: {answer}"
        return AbortReason.of("busy", text)
    if view.status == 429:
        return AbortReason.of("balance", f"The account is at a limit: {answer}")
    return None


def is_busy(view: ExchangeView) -> bool:
    """True for a 429 or 529 that may be over in a moment."""
    is_limited = view.status == 429 and not _BALANCE.fullmatch(str(view.error_code))
    return is_limited or view.status == _OVERLOADED


def endless(views: Sequence[ExchangeView]) -> AbortReason | None:
    """The reason to stop after several answers that were left before their end.

    A model that is only slow says nothing about the endpoint. One that sends more chunks than the
    request allows tokens, or more bytes than any reply has, breaks its own limits.
    """
    unfinished = [view for view in views if view.is_unfinished]
    if len(unfinished) < MOST_UNFINISHED:
        return None
    names = ", ".join(view.name for view in unfinished)
    proof = next(filter(None, map(_overrun, unfinished)), "")
    if proof:
        text = f"The endpoint does not end its answers ({names}): {proof}."
        return AbortReason("endpoint", text, ENDLESS_ADVICE)
    error = unfinished[-1].exchange.error or "it was left before its end"
    if not any(view.completion for view in unfinished):
        return AbortReason.of("transport", f"Nothing was answered: {error}.")
    return AbortReason.of("transport", f"No answer came to its end ({names}): {error}.")


def not_an_endpoint(plain: ExchangeView, stream: ExchangeView) -> AbortReason | None:
    """The reason why an endpoint without any reply, plain or streamed, gets no more requests."""
    if any(view.completion or view.data_events for view in (plain, stream)):
        return None
    view = stream if stream.answer else plain
    if view.status in GATEWAY_ERRORS:
        text = f"A gateway reached no service: {view.status} {_excerpt(view)}"
        return AbortReason.of("transport", text)
    if view.is_unfinished:
        return AbortReason.of("transport", f"Nothing was answered: {view.exchange.error}.")
    if view.exchange.error:
        return AbortReason.of("endpoint", f"This is not a chat endpoint: {view.exchange.error}.")
    head = f"{view.status} {view.header('content-type') or 'without a Content-Type'}"
    text = f"This is not a chat endpoint; it answered {head}: {_excerpt(view)}"
    return AbortReason.of("endpoint", text)


def _overrun(view: ExchangeView) -> str:
    """The evidence that an unfinished answer has no end; empty for one that may only be slow."""
    limit, count = view.request_json.get("max_tokens"), len(view.choices)
    # Twice: some servers send reasoning and content of one token in a chunk each.
    if isinstance(limit, int) and count > 2 * limit:
        return f"{count} chunks of {view.name}, where max_tokens is {limit}"
    pieces = view.answer.chunks if view.answer else ()
    lines = max(count_lines(view.body), len(pieces))
    if len(view.body) > MAX_BYTES or lines > MAX_LINES:
        return f"{view.name}, {view.exchange.error or f'{len(view.body)} bytes'}"
    return ""


def _is_unknown_model(view: ExchangeView) -> bool:
    text = view.body.decode(errors="replace")
    is_named = view.status == 404 and view.model != "" and view.model in text
    is_reported = view.error_code == "1211" or _UNKNOWN_MODEL.search(text) is not None
    return view.kind == "refusal" and view.status != 429 and (is_named or is_reported)


def _excerpt(view: ExchangeView) -> str:
    return shorten(view.body.decode(errors="replace"), 160)
