"""The cases against the yardsticks: what is asked, of whom, and what it should cost at most."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import asking
from benchmarks.cost import compare, cpu
from benchmarks.figures import Figure
from benchmarks.load import Load, Plan, fetch
from benchmarks.servers import Server, mockglm, yardstick

__all__ = [
    "QUICK",
    "Size",
    "crowd",
    "loaded",
    "memory",
    "paced",
    "plain",
    "start",
    "stream",
    "surfaces",
]

EVERY = 0.02
"""Seconds between two frames of a paced stream."""

RAMP = 1.0
"""Seconds over which paced streams begin."""

PACED_FRAMES = 100
JOURNAL = 1000
"""Entries that a journal keeps."""

FRAME = b"data: " + b"x" * 188 + b"\n\n"
"""As long as a frame of the stream that it stands for."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is asked: runs of each server, answers of a run, loaded interactions, seconds."""

    runs: int = 5
    answers: int = 2000
    streams: tuple[int, ...] = (500, 1000)
    crowd: int = 5000
    interactions: int = 100_000
    soak: float = 10.0


QUICK = Size(runs=1, answers=100, streams=(20,), crowd=50, interactions=1000, soak=1.0)


def plain(load: Load, size: Size) -> Iterator[Figure]:
    """A JSON answer of a matched scenario, validated, the journal on, against bare uvicorn; and
    bare httptools against the same, which is the floor."""
    for name, body, target in (("0.3 KB", asking.SMALL, 1.3), ("30 KB", asking.LARGE, 2.0)):
        request = asking.http(body)
        with mockglm(asking.plain(), request, "--speed", "0") as server:
            answer = fetch(server.port, request)
            with yardstick("plain", request, answer=answer) as bare:
                ratio, about = _ratio(load, server, bare, size, (request,), frames=0)
                title = f"CPU, body of {name}"
                yield Figure(
                    case="plain", name=title, value=ratio, unit="×", target=target, about=about
                )
                if body is asking.SMALL:
                    with yardstick("raw", request, answer=answer) as raw:
                        floor, about = _ratio(load, raw, bare, size, (request,), frames=0)
                    yield Figure(case="plain", name="the floor", value=floor, unit="×", about=about)


def stream(load: Load, size: Size) -> Iterator[Figure]:
    """A stream of 200 frames at once, against bare uvicorn that sends a body event a frame."""
    request = asking.http(asking.body(stream=True))
    with mockglm(asking.streamed(), request, "--speed", "0") as server:
        answer = fetch(server.port, request)
        with yardstick("stream", request, answer=answer) as bare:
            few = Size(size.runs, max(size.answers // 5, 1))
            ratio, about = _ratio(load, server, bare, few, (request,), frames=asking.FRAMES)
    yield Figure(case="stream", name="CPU", value=ratio, unit="×", target=0.11, about=about)


def surfaces(load: Load, size: Size) -> Iterator[Figure]:
    """A frame of a stream on the Anthropic surface, against one of the same text on that of chats:
    at once, and paced."""
    chat = asking.http(asking.body(stream=True))
    messages = asking.http(asking.body(stream=True, max_tokens=1000), asking.MESSAGES_PATH)
    frames = {chat: asking.FRAMES, messages: asking.MESSAGES_FRAMES}
    many = max(size.answers // 5, 1)
    # All paced streams are open together, as those of many agents are.
    kinds = (
        ("CPU a frame, at once", asking.streamed(), ("--speed", "0"), many, 8),
        ("CPU a frame, paced", asking.paced(asking.FRAMES, EVERY), (), *size.streams[:1] * 2),
    )
    for name, scenario, options, count, connections in kinds:
        with mockglm(scenario, chat, *options) as server:
            plans = {
                str(each): (
                    server,
                    Plan(
                        port=server.port,
                        requests=(request,),
                        count=count,
                        connections=connections,
                        frames=each,
                    ),
                )
                for request, each in frames.items()
            }
            costs = compare(load, plans, runs=size.runs)
            theirs, ours = (cpu(costs[str(each)]) / each for each in frames.values())
        about = f"{ours:.2f} µs a frame, chat {theirs:.2f} µs"
        yield Figure(
            case="surfaces", name=name, value=ours / theirs, unit="×", target=1.3, about=about
        )


def paced(load: Load, size: Size) -> Iterator[Figure]:
    """Streams of a frame every 20 ms, against a player of thirty lines."""
    request = asking.http(asking.body(stream=True))
    answer = FRAME * (PACED_FRAMES - 1) + b"data: [DONE]\n\n"
    pace = (str(EVERY), str(EVERY))
    with ExitStack() as stack:
        server = stack.enter_context(mockglm(asking.paced(PACED_FRAMES, EVERY), request))
        ticks = stack.enter_context(yardstick("ticking", request, *pace, answer=answer))
        time.sleep(EVERY * PACED_FRAMES)  # the probes are streams, too
        for count in size.streams:
            plans = {"mockglm": (server, _paced(server, request, count))}
            plans["ticks"] = (ticks, _paced(ticks, request, count))
            costs = compare(load, plans, runs=min(size.runs, 5), warm=False)
            ours, theirs = ([cost.paced for cost in costs[name]] for name in plans)
            late = median(one.p99 for one in ours), median(one.p99 for one in theirs)
            about = f"p99 {late[0] * 1e3:.1f} ms, tick player {late[1] * 1e3:.1f} ms"
            drift = median(one.ended - one.began for one in ours) * 1e3
            case = f"paced, {count:,}"
            yield Figure(
                case=case,
                name="p99 lateness",
                value=late[0] / late[1],
                unit="×",
                target=1.2,
                about=about,
            )
            early = sum(one.early for one in ours)
            yield Figure(case=case, name="early", value=early, unit="frames", target=0)
            yield Figure(case=case, name="drift in 2 s", value=drift, unit="ms", target=20)


def memory(load: Load, size: Size) -> Iterator[Figure]:
    """What a paced stream keeps: resident memory with few of them and with many."""
    few, many = max(size.streams[-1] // 5, 1), size.streams[-1]
    held = [_held(load, count) for count in (few, many)]
    slope = (held[1] - held[0]) / (many - few) / 1024
    yield Figure(
        case="memory", name="a stream", value=slope, unit="KB", target=25, about=f"{few} → {many:,}"
    )
    yield _entry(load, min(size.answers, JOURNAL))


def _entry(load: Load, count: int) -> Figure:
    """Measure the journal's entry of a stream of 200 frames at once."""
    request = asking.http(asking.body(stream=True))
    few = max(count // 10, 1)
    with mockglm(asking.streamed(), request, "--speed", "0") as server:
        sizes = []
        for more in (few, count - few):
            load.ask(Plan(port=server.port, requests=(request,), count=more, frames=asking.FRAMES))
            sizes.append(server.memory)
    each = (sizes[1] - sizes[0]) / (count - few) / 1024
    about = f"{few} → {count:,} entries"
    return Figure(
        case="memory", name="an entry of the journal", value=each, unit="KB", target=4, about=about
    )


def crowd(load: Load, size: Size) -> Iterator[Figure]:
    """More paced streams than can be on time: all of them end whole."""
    request = asking.http(asking.body(stream=True))
    with mockglm(asking.paced(50, EVERY), request) as server:
        plan = _paced(server, request, size.crowd, frames=50)
        asked = load.ask(plan)
    yield Figure(
        case="crowd",
        name="whole streams",
        value=asked.answers,
        target=size.crowd,
        is_least=True,
        about=f"in {asked.seconds:.1f} s",
    )


def loaded(load: Load, size: Size) -> Iterator[Figure]:
    """A request with many interactions loaded, told apart by model and text, against ten."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        plans: dict[str, tuple[Server, Plan]] = {}
        for count in (10, size.interactions):
            path = Path(folder, f"{count}.yaml")
            path.write_text(asking.many(count), encoding="utf-8")
            requests, answers = asking.among(count, min(count, 200))
            server = stack.enter_context(mockglm(path, requests[0], "--speed", "0"))
            plans[str(count)] = (
                server,
                Plan(port=server.port, requests=requests, wanted=answers, count=size.answers),
            )
        costs = compare(load, plans, runs=size.runs)
        ten, many = map(cpu, costs.values())
        yield Figure(
            case="loaded",
            name=f"CPU, {size.interactions:,} interactions",
            value=many / ten,
            unit="×",
            target=1.2,
            about=f"{many:.0f} µs, with ten {ten:.0f} µs",
        )
        yield Figure(case="loaded", name="start", value=server.started, unit="s", target=4)
        few_loaded, _ = next(iter(plans.values()))
        held = (server.memory - few_loaded.memory) / size.interactions / 1024
        yield Figure(case="loaded", name="memory an interaction", value=held, unit="KB", target=3)


def start(load: Load, size: Size) -> Iterator[Figure]:
    """From the start of the process to the first answer."""
    request = asking.http(asking.SMALL)
    times: dict[str, list[float]] = {"mockglm": [], "bare": []}
    for _ in range(size.runs + 1):
        with mockglm(asking.plain(), request, "--speed", "0") as server:
            times["mockglm"].append(server.started)
        with yardstick("plain", request, answer=b"{}") as bare:
            times["bare"].append(bare.started)
    ours, theirs = (median(one[1:]) for one in times.values())
    about = f"bare uvicorn {theirs:.2f} s"
    yield Figure(
        case="start", name="to the first answer", value=ours, unit="s", target=0.5, about=about
    )


def _ratio(
    load: Load,
    server: Server,
    bare: Server,
    size: Size,
    requests: tuple[bytes, ...],
    *,
    frames: int,
) -> tuple[float, str]:
    """How many times the CPU of the yardstick an answer costs, and in words."""
    plans = {}
    for name, one in (("mockglm", server), ("bare", bare)):
        plan = Plan(port=one.port, requests=requests, count=size.answers, frames=frames)
        plans[name] = one, plan
    costs = compare(load, plans, runs=size.runs)
    if len({cost.asked.size for each in costs.values() for cost in each}) > 1:
        raise ValueError("the answers are not of the same size")
    ours, theirs = map(cpu, costs.values())
    return ours / theirs, f"{ours:.0f} µs an answer, bare {theirs:.0f} µs"


def _paced(server: Server, request: bytes, count: int, frames: int = PACED_FRAMES) -> Plan:
    return Plan(
        port=server.port,
        requests=(request,),
        count=count,
        connections=count,
        frames=frames,
        first=EVERY,
        every=EVERY,
        ramp=RAMP,
    )


def _held(load: Load, count: int) -> int:
    """The most that is resident while so many streams are open."""
    request = asking.http(asking.body(stream=True))
    with mockglm(asking.paced(PACED_FRAMES, EVERY), request) as server:
        plan = _paced(server, request, count)
        load.begin(plan)
        most = 0
        until = time.monotonic() + RAMP + EVERY * PACED_FRAMES / 2
        while time.monotonic() < until:
            most = max(most, server.memory)
            time.sleep(0.05)
        load.end(plan)
    return most
