"""Instructions for an answer in user space, counted by callgrind: the same on a busy machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.figures import Figure, skipped
from benchmarks.load import Load, Plan, fetch
from benchmarks.servers import Server, mockglm, worker, yardstick

__all__ = ["instructions"]

Start = Callable[..., AbstractContextManager[Server]]

WARM = 200
"""Answers before instructions are counted: caches are filled, code is specialised."""

COUNTED = 240

TOTAL = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


def instructions(load: Load, size: Size) -> Iterator[Figure]:
    """Count the instructions of an answer, of mockglm and of bare uvicorn."""
    if not shutil.which("valgrind") or not shutil.which("callgrind_control"):
        yield skipped("instructions", "no valgrind here")
        return
    streamed = asking.http(asking.body(stream=True))
    kinds = (
        ("a plain answer", asking.plain(), asking.http(asking.SMALL), "plain", 0, 1.3),
        ("a stream of 200 at once", asking.streamed(), streamed, "stream", asking.FRAMES, 0.3),
    )
    for name, scenario, request, kind, frames, target in kinds:
        with mockglm(scenario, request, "--speed", "0") as server:
            answer = fetch(server.port, request)

        ours = partial(mockglm, scenario, request, "--speed", "0")
        bare = partial(yardstick, kind, request, answer=answer)
        mine, theirs = (_count(load, start, request, frames, size) for start in (ours, bare))
        about = f"{mine / 1e3:.0f} k, bare {theirs / 1e3:.0f} k"
        ratio = mine / theirs
        yield Figure(
            case="instructions", name=name, value=ratio, unit="×", target=target, about=about
        )
    yield _improvised(load, size)
    yield _worker(load, size)


def _improvised(load: Load, size: Size) -> Figure:
    request = asking.http(asking.SMALL)
    start = partial(mockglm, None, request, "--speed", "0")
    value = _count(load, start, request, 0, size) / 1e3
    return Figure(case="instructions", name="an improvised answer", value=value, unit="k")


def _worker(load: Load, size: Size) -> Figure:
    """Compare a worker that shares its state with a process that has it in memory."""
    request, script = asking.http(asking.SMALL), asking.plain()
    alone = _count(load, partial(mockglm, script, request, "--speed", "0"), request, 0, size)
    shared = _count(load, partial(worker, script, request), request, 0, size)
    about = f"{shared / 1e3:.0f} k, one process {alone / 1e3:.0f} k"
    return Figure(
        case="instructions",
        name="a worker's answer",
        value=shared / alone,
        unit="×",
        target=1.2,
        about=about,
    )


def _count(load: Load, start: Start, request: bytes, frames: int, size: Size) -> float:
    """Count the instructions for an answer, after the first answers."""
    counted = min(COUNTED, size.answers // 5)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "callgrind")
        under = ("valgrind", "--tool=callgrind", "--instr-atstart=no")
        with start(under=(*under, f"--callgrind-out-file={out}")) as server:
            _ask(load, server, request, frames, min(WARM, counted))
            _control(server, "-i", "on")
            _ask(load, server, request, frames, counted)
            _control(server, "-d")
        found = TOTAL.search(Path(f"{out}.1").read_text(errors="replace"))
    assert found, "callgrind writes a total"
    return int(found[1]) / counted


def _ask(load: Load, server: Server, request: bytes, frames: int, count: int) -> None:
    load.ask(Plan(port=server.port, requests=(request,), count=count, frames=frames))


def _control(server: Server, *options: str) -> None:
    command = ["callgrind_control", *options, str(server.process.pid)]
    subprocess.run(command, check=True, capture_output=True)
