"""Why a whole run cannot be judged: one root cause, said once, with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mockglm.conformance.parts import brief
from mockglm.conformance.seen import Seen

__all__ = ["Cause", "because", "diagnose", "estrange"]

Kind = Literal["transport", "key", "balance", "budget", "model", "endpoint"]


@dataclass(frozen=True, slots=True)
class Cause:
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
    "transport": "Is the URL right, and is the service running?",
    "key": "Set ZAI_API_KEY (or ZHIPUAI_API_KEY, ZHIPU_API_KEY, GLM_API_KEY) to a key of its own.",
    "balance": "Recharge, wait for the limit to reset, or name a free model with --glm-model.",
    "budget": "Raise --glm-max-requests or --glm-max-tokens, or select fewer checks with -k.",
    "model": "Name one that the endpoint has with --glm-model.",
    "endpoint": "The base URL ends before /chat/completions; for GLM it ends in /api/paas/v4.",
}


def because(kind: Kind, message: str) -> Cause:
    """A cause with the advice that goes with its kind."""
    return Cause(kind, message, _ADVICE[kind])


def diagnose(seen: Seen) -> Cause | None:
    """Why a good request was not answered, when that stops the whole run."""
    said = f"{seen.status} {brief(seen.body.decode(errors='replace'), 160)}"
    if seen.answer is None:
        return because("transport", f"No answer came: {seen.exchange.error}.")
    if seen.status in (401, 403):
        return because("key", f"The key was refused: {said}")
    if seen.status == 429:
        return because("balance", f"The account is at a limit: {said}")
    is_unknown = seen.code == "1211" or "modelCode" in said
    if seen.kind == "refusal" and is_unknown:
        return because("model", f"The endpoint does not know the model {seen.model}: {said}")
    return None


def estrange(plain: Seen, stream: Seen) -> Cause | None:
    """Why an endpoint that answers neither plainly nor as a stream is not worth more requests."""
    if any(seen.completion or seen.data for seen in (plain, stream)):
        return None
    seen = stream if stream.answer else plain
    if seen.exchange.error:
        return because("endpoint", f"This is no chat endpoint: {seen.exchange.error}.")
    said = f"{seen.status} {seen.header('content-type') or 'without a Content-Type'}"
    text = brief(seen.body.decode(errors="replace"), 160)
    return because("endpoint", f"This is no chat endpoint, it answered {said}: {text}")
