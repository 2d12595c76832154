"""The plan of a measurement: its series of requests, and the most they can cost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from mockglm.errors import UsageError
from mockglm.exchange import Headers, Request, count_tokens
from mockglm.measurement.surfaces import CHAT_SURFACE, MeasuredSurface

SHARED_TOKENS = 2_000
"""Tokens of the long prompts. The cache wants a shared beginning of about 500 (docs.bigmodel.cn,
上下文缓存, 2026-10)."""

_WORD = "one "
_SHORT_TOKENS = 30
_TASK = "Count upwards from one, in words, separated by commas, and do not stop before two hundred."


class CostLimits(Struct, frozen=True):
    """The most that a measurement may cost: requests, and tokens of prompts and of output."""

    requests: int = 100
    prompt_tokens: int = 500_000
    output_tokens: int = 20_000


class Series(Struct, frozen=True, kw_only=True):
    """Requests of one kind, one after the other.

    `prompt` are the tokens of a prompt, about. Prompts with `is_shared` are all the same, so that
    all but the first can be cached; any other begins with a text of its own.
    """

    name: str
    purpose: str
    count: int
    prompt: int = _SHORT_TOKENS
    output: int = 64
    is_shared: bool = False
    has_tools: bool = False


class MeasurementPlan(Struct, frozen=True, kw_only=True):
    """The series in the order they are sent, then the ramp up to `most_in_flight` streams at once;
    0 is no ramp. `run` is part of every prompt, so that no cache knows it from another run."""

    model: str
    run: str
    series: tuple[Series, ...]
    most_in_flight: int = 0
    output: int = 64
    surface: MeasuredSurface = CHAT_SURFACE

    @property
    def cost(self) -> CostLimits:
        """The most that the plan costs."""
        # Streams that end before the others are open are replaced, as often as may be open.
        streams = 2 * self.most_in_flight
        return CostLimits(
            requests=streams + sum(one.count for one in self.series),
            prompt_tokens=streams * _SHORT_TOKENS + sum(s.count * s.prompt for s in self.series),
            output_tokens=streams * ramp_tokens(self.output)
            + sum(one.count * one.output for one in self.series),
        )

    def require(self, budget: CostLimits) -> None:
        """Raise UsageError if the plan costs more than the budget, and name what to change."""
        cost = self.cost
        for name, option in (
            ("requests", "--max-requests"),
            ("prompt_tokens", "--max-prompt-tokens"),
            ("output_tokens", "--max-tokens"),
        ):
            if getattr(cost, name) > getattr(budget, name):
                raise UsageError(
                    f"the plan costs up to {getattr(cost, name)} {name.replace('_', ' ')};"
                    f" raise {option} ({getattr(budget, name)}) or lower --samples"
                )

    def requests(self, series: Series, headers: Headers) -> Iterator[Request]:
        """Make the requests of a series."""
        for number in range(series.count):
            tag = "shared" if series.is_shared else f"{series.name} {number}"
            yield self._request(series, tag, headers)

    def ramp_request(self, number: int, headers: Headers) -> Request:
        """Make a request of the ramp, whose stream is long enough to stay open."""
        series = Series(name="ramp", purpose="", count=1, output=ramp_tokens(self.output))
        return self._request(series, f"ramp {number}", headers)

    def _request(self, series: Series, tag: str, headers: Headers) -> Request:
        fields = _fields(series, f"{self.run} {tag}", self.surface)
        body = {"model": self.model, "stream": True, **fields}
        text = json.dumps(body, ensure_ascii=False).encode()
        return Request("POST", self.surface.path, "", headers, text)


def ramp_tokens(output: int) -> int:
    """Return the output tokens of a stream of the ramp: enough to outlast the start of others."""
    return 16 * output


def make_plan(
    *,
    model: str,
    run: str,
    samples: int,
    output: int,
    sizes: Sequence[int] = (),
    most_in_flight: int = 0,
    surface: MeasuredSurface = CHAT_SURFACE,
) -> MeasurementPlan:
    """Make the plan: a series without and with tools, cached and not, and one for each size."""
    return MeasurementPlan(
        model=model,
        run=run,
        series=tuple(_list_series(samples, output, sizes)),
        most_in_flight=most_in_flight,
        output=output,
        surface=surface,
    )


def _list_series(samples: int, output: int, sizes: Sequence[int]) -> list[Series]:
    return [
        Series(name="plain", purpose="a short prompt", count=samples, output=output),
        Series(
            name="tools",
            purpose="the same with a tool in the request",
            count=samples,
            output=output,
            has_tools=True,
        ),
        Series(
            name="uncached",
            purpose=f"a prompt of {SHARED_TOKENS} tokens that no cache knows",
            count=samples,
            prompt=SHARED_TOKENS,
            output=output,
        ),
        Series(
            name="cached",
            purpose="one such prompt again and again",
            count=samples + 1,
            prompt=SHARED_TOKENS,
            output=output,
            is_shared=True,
        ),
        *(
            Series(
                name=f"size-{size}",
                purpose=f"a prompt of {size} tokens that no cache knows",
                count=samples,
                prompt=size,
                output=output,
            )
            for size in sizes
        ),
    ]


def _fields(series: Series, tag: str, surface: MeasuredSurface) -> dict[str, Any]:
    text = f"[{tag}] {_TASK}"
    filler = max(series.prompt - count_tokens(text) - 1, 0)
    if series.prompt > _SHORT_TOKENS:
        # A word and its space are one token, by a tokenizer and by the estimate of mockglm.
        text = f"[{tag}] {_WORD * filler}\n\n{_TASK}"
    fields: dict[str, Any] = {
        "messages": [{"role": "user", "content": text}],
        "max_tokens": series.output,
    }
    return {**fields, "tools": [surface.tool]} if series.has_tools else fields
