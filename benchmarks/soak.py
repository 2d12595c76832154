"""Mixed load for as long as is wanted: memory stays flat, nothing is said, no answer is lost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.figures import Figure
from benchmarks.load import Load, Plan
from benchmarks.servers import Server, mockglm

__all__ = ["soak"]

WARM = 1 / 3
"""Of the time; by its end the journals are full, and memory has to stay what it is."""

SCENARIO = """
format: 1
interactions:
  - when: {user: 天气, stream: false}
    reply: {content: 今天北京晴。, pace: {first: 0, every: 0}}
  - when: {user: 天气}
    reply: {content: 今天北京晴，最高气温二十六度，东南风三级。, pace: {first: 0.002, every: 0.002}}
  - when: {user: 忙}
    reply: {error: 1302}
  - when: {user: 断}
    reply: {content: 今天北京晴，最高气温二十六度。, pace: {first: 0, every: 0.05}}
"""


def soak(load: Load, size: Size) -> Iterator[Figure]:
    """Rounds of plain, streamed, improvised, refused and abandoned answers in several sessions."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        probe = asking.http(asking.SMALL)
        with mockglm(SCENARIO, probe, "--on-miss", "improvise", "--speed", "1", log=log) as server:
            _rounds(load, server, size, size.soak * WARM)
            before = server.memory
            asked, answers = _rounds(load, server, size, size.soak * (1 - WARM))
            after = server.memory
        said = log.read_text(encoding="utf-8").splitlines()[1:]
    about = f"{before / 1e6:.0f} → {after / 1e6:.0f} MB in {size.soak:.0f} s, {answers:,} answers"
    growth = (after - before) / before * 100
    yield Figure(case="soak", name="memory", value=growth, unit="%", target=10, about=about)
    yield Figure(case="soak", name="lost answers", value=asked - answers, target=0)
    what = said[0].replace("|", "/") if said else ""
    yield Figure(case="soak", name="lines said", value=len(said), target=0, about=what)


def _rounds(load: Load, server: Server, size: Size, seconds: float) -> tuple[int, int]:
    """Rounds for so long, each of a little of everything: how much was asked, and answered. A
    wrong answer raises."""
    asked = answers = 0
    until = time.monotonic() + seconds
    for number in count():
        if time.monotonic() > until:
            break
        plans = _plans(server.port, max(size.answers // 4, 8), f"/s/benchmark@s{number % 4}")
        asked += sum(plan.count for plan in plans)
        answers += sum(load.ask(plan).answers for plan in plans)
    return asked, answers


def _plans(port: int, count: int, prefix: str) -> tuple[Plan, ...]:
    def ask(**keys: object) -> tuple[bytes, ...]:
        return (asking.http(asking.body(**keys), prefix + asking.PATH),)

    large = (asking.http(asking.LARGE),)
    busy, cut = ([{"role": "user", "content": text}] for text in ("忙吗", "断开"))
    other = [{"role": "user", "content": "Which is the largest lake?"}]
    few = max(count // 4, 8)
    return (
        Plan(port=port, requests=ask(), count=count, wanted=("今天".encode(),)),
        Plan(port=port, requests=large, count=count, wanted=("今天".encode(),)),
        Plan(port=port, requests=ask(stream=True), count=few, frames=8),
        Plan(port=port, requests=ask(messages=busy), count=few, status=429),
        Plan(port=port, requests=ask(messages=other, max_tokens=20), count=8),
        Plan(port=port, requests=ask(messages=cut, stream=True), count=8, leaves=True),
    )
