"""Responses of the same replies at different times, and faults applied to them."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm import faults
from mockglm.clock import Ids
from mockglm.completions import Renderer, ResponseFields, render_error
from mockglm.drift import Signature, find_drift
from mockglm.errors import FaultError
from mockglm.exchange import APIError, Reply, Response, ToolCall
from mockglm.models import MODELS

__all__ = ["PAIRS", "REPLIES", "differences", "differences_by_fault", "stamp"]

CALLS = (
    ToolCall("get_weather", '{"city":"北京","unit":"c"}'),
    ToolCall("get_time", '{"zone":"Asia/Shanghai"}'),
)
REPLIES = {
    "text": Reply(content="你好，世界，今天天气很好。", reasoning="用户打招呼，该怎么说才好。"),
    "calls": Reply(content="\n", reasoning="看看。", calls=CALLS, finish_reason="tool_calls"),
    "json": Reply(content='{"city": "北京", "says": "晴\\n冷"}'),
}


def stamp(number: int) -> ResponseFields:
    ids, now = Ids("seed", "session", number), 1_773_349_383.0 + number
    return ResponseFields(
        ids=ids,
        id=ids.log(now),
        request_id=ids.log(now),
        created=int(now),
        model="glm-4.6",
        profile=MODELS["glm-4.6"],
        prompt=8,
    )


def render(number: int) -> Iterator[Response]:
    """Each reply as a stream, as a stream in pieces and as JSON; and an error."""
    for reply in REPLIES.values():
        yield Renderer(reply).render_stream(stamp(number))
        yield Renderer(reply).render_stream(stamp(number), tool_stream=True)
        yield Renderer(reply).render_json(stamp(number))
    yield render_error(APIError("1301"), stamp(number).id)


PAIRS = list(zip(render(1), render(5), strict=True))
"""Recorded and live responses: for text at 0, calls at 3, JSON at 6, each as `render` has them."""


def differences(recorded: Response, live: Response) -> list[str]:
    """The drift from one response to another, as text."""
    return [str(one) for one in find_drift(Signature.of(recorded), Signature.of(live))]


def differences_by_fault(
    name: str, pairs: list[tuple[Response, Response]] = PAIRS
) -> Iterator[list[str]]:
    """The drift where a fault is applied to the live response, for those that it applies to."""
    for recorded, live in pairs:
        broken = _apply(name, live)
        if broken is not None:
            yield differences(recorded, broken)


def _apply(name: str, answer: Response) -> Response | None:
    try:
        return faults.apply(answer, faults.parse(name))
    except FaultError:
        return None
