"""Why a whole run cannot be judged: one root cause, said once, with what to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from mockglm.conformance.parts import brief
from mockglm.conformance.probe import Probe
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen

__all__ = ["OUTAGES", "Cause", "because", "diagnose", "is_busy", "lack", "stop"]

Kind = Literal["transport", "key", "balance", "busy", "budget", "model", "recording", "endpoint"]


class Cause(Struct, frozen=True):
    """What stopped a run. Only an `endpoint` that answers, but not as GLM does, is its own fault;
    all others say nothing of it."""

    kind: Kind
    message: str
    advice: str

    @property
    def is_blocking(self) -> bool:
        """Whether the endpoint could not be judged at all."""
        return self.kind != "endpoint"


_ADVICE: Mapping[Kind, str] = {
    "transport": "Is the URL right, and is the service running? If it is only slow, raise "
    "--timeout; if its certificate is its own, name it with --ca.",
    "key": "Set ZAI_API_KEY (or ZHIPUAI_API_KEY, ZHIPU_API_KEY, GLM_API_KEY) to a key of its own.",
    "balance": "Recharge, wait for the limit to reset, or name a free model with --model.",
    "busy": "Try again later, when less is asked of it, or wait longer between with --pause.",
    "budget": "Raise --max-requests or --max-tokens, or select fewer checks with -k.",
    "model": "Name one that the endpoint has with --model.",
    "recording": "Keep a whole run with --record-to, or select fewer checks with -k.",
    "endpoint": "The base URL ends before /chat/completions; for GLM it ends in /api/paas/v4.",
}
"""Options as `mockglm check` has them; under pytest they begin with --glm-."""

_BALANCE = re.compile(r"11\d\d|1304|1308|1309|131[01]|131[3-9]|132\d")
"""Codes of a limit that waiting a little does not lift; docs.bigmodel.cn/cn/faq/api-code."""
_UNKNOWN = re.compile(r"modelCode|model_not_found|NotFoundError|Invalid model name")
"""What is said of a model that is not there: GLM, OpenAI and its gateways, vLLM, LiteLLM."""
OUTAGES = (502, 503, 504)
"""What a gateway answers for a service that it cannot reach; RFC 9110 §15.6."""


def because(kind: Kind, message: str) -> Cause:
    """A cause with the advice that goes with its kind."""
    return Cause(kind, message, _ADVICE[kind])


def stop(probe: Probe, seen: Mapping[str, Seen]) -> Cause | None:
    """What stops a run after a probe, of all that was seen by then: a limit at any time, anything
    else at the start."""
    last = seen.get(probe.name)
    if last is None or probe.disruptive:
        return None
    cause = diagnose(last)
    is_first = not any(found.completion for found in seen.values())
    if cause and (cause.kind in ("balance", "busy") or (is_first and not probe.refused)):
        return cause
    if probe.name == "stream" and "plain" in seen:
        return _estrange(seen["plain"], last)
    return None


def lack(seen: Mapping[str, Seen], missing: Iterable[str]) -> Cause | None:
    """Why a run that was kept cannot be judged: what stopped it, or what was not kept of it."""
    stops = (stop(PROBES[name], seen) for name in seen)
    names = ", ".join(missing)
    text = f"What was kept has no exchange of {names}."
    return next(filter(None, stops), because("recording", text) if names else None)


def diagnose(seen: Seen) -> Cause | None:
    """Why a good request was not answered, when that stops the whole run."""
    said = f"{seen.status} {brief(seen.body.decode(errors='replace'), 160)}"
    if seen.answer is None:
        return because("transport", f"No answer came: {seen.exchange.error}.")
    if seen.status in (401, 403):
        return because("key", f"The key was refused: {said}")
    if _is_unknown(seen):
        return because("model", f"The endpoint does not know the model {seen.model}: {said}")
    if is_busy(seen):
        return because("busy", f"The endpoint had too much to do, or was asked too often: {said}")
    if seen.status == 429:
        return because("balance", f"The account is at a limit: {said}")
    return None


def is_busy(seen: Seen) -> bool:
    """Whether a request was refused for what may be over in a moment."""
    return seen.status == 429 and not _BALANCE.fullmatch(str(seen.code))


def _is_unknown(seen: Seen) -> bool:
    """Whether a request was refused because there is no such model."""
    text = seen.body.decode(errors="replace")
    is_named = seen.status == 404 and seen.model != "" and seen.model in text
    is_said = seen.code == "1211" or _UNKNOWN.search(text) is not None
    return seen.kind == "refusal" and seen.status != 429 and (is_named or is_said)


def _estrange(plain: Seen, stream: Seen) -> Cause | None:
    """Why an endpoint that answers neither plainly nor as a stream is not worth more requests."""
    if any(seen.completion or seen.data for seen in (plain, stream)):
        return None
    seen = stream if stream.answer else plain
    if seen.status in OUTAGES:
        text = brief(seen.body.decode(errors="replace"), 160)
        return because("transport", f"A gateway reached no service: {seen.status} {text}")
    if seen.answer and seen.answer.end == "hang":
        return because("transport", f"Nothing was answered: {seen.exchange.error}.")
    if seen.exchange.error:
        return because("endpoint", f"This is no chat endpoint: {seen.exchange.error}.")
    said = f"{seen.status} {seen.header('content-type') or 'without a Content-Type'}"
    text = brief(seen.body.decode(errors="replace"), 160)
    return because("endpoint", f"This is no chat endpoint, it answered {said}: {text}")
