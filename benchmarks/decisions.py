"""The figures of docs/decisions.md: what was chosen, against the usual way."""

from __future__ import annotations

import dataclasses
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from timeit import Timer
from typing import Any

import msgspec
import yaml

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.cost import compare, cpu
from benchmarks.figures import Figure
from benchmarks.load import Load, Plan, fetch
from benchmarks.servers import Server, mockglm, yardstick
from mockglm.clock import Ids
from mockglm.scenarios import parse

__all__ = ["decisions"]

INTERACTIONS = 2000
RUN = 0.05
"""Seconds of one run, about."""

FIELDS = ("id", "created", "model", "prompt", "cached", "profile", "session", "key")


def decisions(load: Load, size: Size) -> Iterator[Figure]:
    """Each decision that has a cost in time, against its alternative."""
    yield from _framing(load, size)
    yield from _routing(load, size)
    yield from _structs(size)
    yield from _reading(size)
    yield from _ids(size)


def _framing(load: Load, size: Size) -> Iterator[Figure]:
    """Responses framed below ASGI, against the same application under uvicorn's own protocol."""
    cases = (
        ("JSON response", asking.plain(), asking.http(asking.SMALL), 0, size.answers),
        (
            "stream of 200 frames",
            asking.streamed(),
            asking.http(asking.body(stream=True)),
            asking.FRAMES,
            max(size.answers // 5, 1),
        ),
    )
    for name, scenario, request, frames, count in cases:
        with ExitStack() as stack:
            ours = stack.enter_context(mockglm(scenario, request, "--speed", "0"))
            asgi = stack.enter_context(yardstick("asgi", request, answer=scenario.encode()))
            plan = partial(Plan, requests=(request,), count=count, frames=frames)
            yield _cpu("framing", name, load, size, {"own": (ours, plan), "ASGI": (asgi, plan)})


def _routing(load: Load, size: Size) -> Iterator[Figure]:
    """An application of one function, against the same function behind Starlette."""
    request = asking.http(asking.SMALL)
    with mockglm(asking.plain(), request, "--speed", "0") as server:
        answer = fetch(server.port, request)
    for name, kind in (("one route", "routed"), ("and one middleware", "middleware")):
        with ExitStack() as stack:
            bare = stack.enter_context(yardstick("plain", request, answer=answer))
            behind = stack.enter_context(yardstick(kind, request, answer=answer))
            plan = partial(Plan, requests=(request,), count=size.answers)
            yield _cpu(
                "routing", name, load, size, {"none": (bare, plan), "Starlette": (behind, plan)}
            )


def _cpu(
    case: str,
    name: str,
    load: Load,
    size: Size,
    servers: Mapping[str, tuple[Server, Callable[..., Plan]]],
) -> Figure:
    plans = {key: (server, plan(port=server.port)) for key, (server, plan) in servers.items()}
    costs = {key: cpu(each) for key, each in compare(load, plans, runs=size.runs).items()}
    chosen, usual = costs.values()
    about = ", ".join(f"{key} {value:.0f} µs" for key, value in costs.items())
    return Figure(case=case, name=name, value=usual / chosen, unit="×", about=about)


def _structs(size: Size) -> Iterator[Figure]:
    """A frozen Struct of eight fields, against a frozen dataclass with slots."""
    fields = [(name, str) for name in FIELDS]
    data = dataclasses.make_dataclass("Data", fields, frozen=True, slots=True)
    struct = msgspec.defstruct("Struct", fields, frozen=True)
    yield _timed(
        "structs",
        "make one",
        {"Struct": lambda: struct(*FIELDS), "dataclass": lambda: data(*FIELDS)},
        size,
    )
    yield _timed(
        "structs",
        "define one",
        {
            "Struct": lambda: msgspec.defstruct("Struct", fields, frozen=True),
            "dataclass": lambda: dataclasses.make_dataclass(
                "Data", fields, frozen=True, slots=True
            ),
        },
        size,
    )


def _reading(size: Size) -> Iterator[Figure]:
    """The strict reader of files, against libyaml alone and against JSON."""
    text = asking.many(INTERACTIONS).encode()
    plain = yaml.load(text, yaml.CSafeLoader)
    as_json = json.dumps(plain, ensure_ascii=False).encode()
    for name, other in (
        ("PyYAML's CSafeLoader", lambda: yaml.load(text, yaml.CSafeLoader)),
        ("JSON by msgspec", lambda: msgspec.json.decode(as_json)),
    ):
        ours: Callable[[], Any] = lambda: parse(text, Path("many.yaml"))  # noqa: E731
        yield _timed(
            "reading", f"{INTERACTIONS:,} interactions", {"compiled": ours, name: other}, size
        )


def _ids(size: Size) -> Iterator[Figure]:
    """The ids of one response from the seed, against two random ones."""
    now = time.time()

    def from_seed() -> str:
        ids = Ids("mockglm", "", 1)
        return ids.log(now) + ids.stream_call(0)

    yield _timed(
        "ids",
        "a response",
        {"seed": from_seed, "uuid4": lambda: uuid.uuid4().hex + uuid.uuid4().hex},
        size,
    )


def _timed(case: str, name: str, calls: Mapping[str, Callable[[], Any]], size: Size) -> Figure:
    """The least of several runs in turn, so that what else the machine does meets both alike."""
    timers = {key: Timer(call) for key, call in calls.items()}
    number = {key: int(RUN / min(timer.repeat(5, 1))) + 1 for key, timer in timers.items()}
    runs: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(size.runs):
        for key, timer in timers.items():
            runs[key].append(timer.timeit(number[key]) / number[key] * 1e6)
    chosen, usual = (min(each) for each in runs.values())
    about = ", ".join(f"{key} {_shown(min(each))}" for key, each in runs.items())
    return Figure(case=case, name=name, value=usual / chosen, unit="×", about=about)


def _shown(microseconds: float) -> str:
    if microseconds >= 1000:
        return f"{microseconds / 1000:.1f} ms"
    return f"{microseconds:.2f} µs"
