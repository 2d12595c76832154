"""The same questions to aimock, the mock server of npm, if there is a Node to run it."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from statistics import median

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.cost import compare, cpu, seconds
from benchmarks.figures import Figure, skipped
from benchmarks.load import Load, Plan
from benchmarks.servers import Server, free, mockglm, run

__all__ = ["install", "peer", "serve_aimock"]

PACKAGE = "@copilotkit/aimock"
OWN_FRAMES = 3
"""What it sends beside the pieces of the text: an opening, the finish and `[DONE]`."""


def peer(load: Load, size: Size) -> Iterator[Figure]:
    """Requests, streams and starts of both, in turn."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        reason = install(home)
        if reason:
            yield skipped("aimock", reason)
            return
        version = json.loads((home / "node_modules" / PACKAGE / "package.json").read_text())
        name = f"aimock {version['version']}"
        yield from _answers(load, size, home, name)
        yield from _streams(load, size, home, name)
        yield from _starts(size, home, name)


def _answers(load: Load, size: Size, home: Path, name: str) -> Iterator[Figure]:
    request = asking.http(asking.SMALL)
    reply = {"content": asking.HELLO}
    kinds: Sequence[tuple[str, str | None, str, float]] = (
        ("", asking.plain(), "none", 2.0),
        (", the default log", asking.plain(), "text", 1.7),
        (", improvised", None, "none", 1.0),
    )
    for kind, scenario, log, target in kinds:
        options = ("--speed", "0", "--log", log)
        with mockglm(scenario, request, *options) as ours, serve_aimock(home, reply) as theirs:
            yield from _both(
                load, ours, theirs, size, request, f"{name}{kind}", frames=0, target=target
            )


def _streams(load: Load, size: Size, home: Path, name: str) -> Iterator[Figure]:
    request = asking.http(asking.body(stream=True))
    text = "天" * asking.CHARACTERS * (asking.FRAMES - OWN_FRAMES)
    few = Size(size.runs, max(size.answers // 5, 1))
    with ExitStack() as stack:
        ours = stack.enter_context(mockglm(asking.streamed(), request, "--speed", "0"))
        theirs = stack.enter_context(serve_aimock(home, {"content": text}))
        yield from _both(load, ours, theirs, few, request, name, frames=asking.FRAMES)


def _both(
    load: Load,
    ours: Server,
    theirs: Server,
    size: Size,
    request: bytes,
    name: str,
    *,
    frames: int,
    target: float = 1.0,
) -> Iterator[Figure]:
    plans = {}
    for key, server in (("mockglm", ours), ("aimock", theirs)):
        plan = Plan(port=server.port, requests=(request,), count=size.answers, frames=frames)
        plans[key] = server, plan
    our, their = compare(load, plans, runs=size.runs).values()
    each, share = ("frame", frames) if frames else ("request", 1)
    speeds = share / seconds(our) * 1e6, share / seconds(their) * 1e6
    yield Figure(
        case=name,
        name=f"{each}s a second",
        value=speeds[0] / speeds[1],
        unit="×",
        target=target,
        is_least=True,
        about=f"{speeds[0]:,.0f} and {speeds[1]:,.0f}",
    )
    used = cpu(our) / share, cpu(their) / share
    yield Figure(
        case=name,
        name=f"CPU a {each}",
        value=used[0] / used[1],
        unit="×",
        target=1.0,
        about=f"{used[0]:.2f} and {used[1]:.2f} µs",
    )


def _starts(size: Size, home: Path, name: str) -> Iterator[Figure]:
    request = asking.http(asking.SMALL)
    ours, theirs = [], []
    for _ in range(size.runs + 1):
        with mockglm(asking.plain(), request, "--speed", "0") as server:
            ours.append(server.started)
        with serve_aimock(home, {"content": asking.HELLO}) as server:
            theirs.append(server.started)
    our, their = median(ours[1:]), median(theirs[1:])
    yield Figure(
        case=name,
        name="start to first answer",
        value=our / their,
        unit="×",
        target=0.8,
        about=f"{our:.2f} and {their:.2f} s",
    )


def install(home: Path) -> str:
    """Fetch it into a folder; in words why that cannot be, if it cannot."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "no Node here"
    command = ["npm", "install", "--prefix", str(home), "--no-audit", "--no-fund", PACKAGE]
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, check=False)
    except subprocess.TimeoutExpired:
        return "npm does not come to an end"
    return "" if done.returncode == 0 else "npm cannot install it"


def serve_aimock(home: Path, reply: dict[str, str]) -> AbstractContextManager[Server]:
    fixtures = home / "fixtures.json"
    match = {"match": {"userMessage": "天气"}, "response": reply}
    fixtures.write_text(json.dumps({"fixtures": [match]}), encoding="utf-8")
    port = free()
    command = ["node", str(home / "node_modules/.bin/llmock"), "--port", str(port)]
    command += ["--fixtures", str(fixtures), "--log-level", "silent"]
    command += ["--chunk-size", str(asking.CHARACTERS)]
    return run(command, port, asking.http(asking.SMALL))
