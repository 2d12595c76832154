"""The cost of a response, in the unit of its account."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from msgspec import Struct

from mockglm.accounts.plan import count_of
from mockglm.errors import StreamError
from mockglm.exchange import JSONObject, Response
from mockglm.surfaces import recognise
from mockglm.validation import decode_json

Unit = Literal["yuan", "tokens", "requests"]

MILLION = 1_000_000


class Price(Struct, frozen=True):
    """Yuan for a million tokens; `cached` of None is what other input costs.

    There is no table of them: the service's own have steps by length and change often, so a file
    says what it reckons with.
    """

    input: float
    output: float
    cached: float | None = None

    def cost_of(self, usage: JSONObject) -> float:
        """Return the cost in yuan of a usage as on the wire."""
        held = count_of(usage.get("prompt_tokens_details") or {}, "cached_tokens")
        fresh = count_of(usage, "prompt_tokens") - held
        cached = self.input if self.cached is None else self.cached
        total = fresh * self.input + held * cached
        return (total + count_of(usage, "completion_tokens") * self.output) / MILLION


Prices = tuple[tuple[str, Price], ...]
"""By model, as a glob; the first that fits. What none fits costs nothing."""


def cost(answer: Response, model: str, *, unit: Unit, prices: Prices) -> float:
    """Return a response's cost; without usage it is no tokens and no yuan."""
    if unit == "requests":
        return 1.0
    usage = usage_of(answer)
    if unit == "tokens":
        return count_of(usage, "total_tokens")
    return _price(model, prices).cost_of(usage)


def _price(model: str, prices: Iterable[tuple[str, Price]]) -> Price:
    return next((price for glob, price in prices if fnmatchcase(model, glob)), Price(0, 0))


def usage_of(answer: Response) -> JSONObject:
    """Return the usage an answer reports; none where it reports none, or cannot be read."""
    try:
        return recognise(answer).parse(answer).reply.usage or {}
    except StreamError:
        return _read_usage(answer)


def _read_usage(answer: Response) -> JSONObject:
    """The usage of a JSON answer that is no completion, as of embeddings."""
    body = None if answer.is_stream else decode_json(answer.body)
    usage = body.get("usage") if isinstance(body, dict) else None
    return usage if isinstance(usage, dict) else {}
