"""What the pytest fixture costs a test, and what the plugin costs a run that has no use for it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.cases import Size
from benchmarks.figures import Figure
from benchmarks.load import Load
from benchmarks.servers import ENVIRONMENT

__all__ = ["fixture"]

FILE = """\
import httpx, pytest

@pytest.fixture(scope="session")
def client():
    with httpx.Client(trust_env=False, verify=False) as client:
        yield client

@pytest.fixture
def nothing():
    yield

def test_first(glm, client):
    {ask}

@pytest.mark.parametrize("turn", range({count}))
def test_it({taken}, client, turn):
    {does}
"""
"""The server is started by all of them, so that no difference has its start in it."""

ASK = """\
glm.reply("晴")
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": "天气"}]}
    answer = client.post(glm.chat_url, json=body, headers={"Authorization": glm.api_key})
    assert answer.status_code == 200
"""

FIRST = """\
def test_it(glm):
    assert glm.chat_url.startswith("http")
"""

TESTS: Mapping[str, tuple[str, str]] = {
    "empty": ("nothing", "pass"),
    "taken": ("glm", "pass"),
    "asked": ("glm", ASK),
}
"""The fixture that each test takes, and what it does."""

PLUGIN = ("-p", "mockglm.pytest_plugin")
ALONE = ("-q", "-p", "no:cacheprovider")
ENVIRON = {**ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""No other plugin: some take longer to import than all that is measured."""


def fixture(load: Load, size: Size) -> Iterator[Figure]:
    """Many tests that take `glm`, and ask through it, against as many with an empty fixture; an
    empty test with the plugin against one without."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
        yield from _used(folder, size)
        yield from _unused(folder, size)
        yield _first(folder, size)


def _used(folder: Path, size: Size) -> Iterator[Figure]:
    count = max(size.answers // 4, 1)
    runs = {name: _written(folder, name, count) for name in TESTS}
    took = _compared(runs, size.runs)
    # What a test asks with is its own: what an exchange costs it is told, and no target.
    for name, title, target in (
        ("taken", "a test that takes it", 3),
        ("asked", "and asks once by httpx", None),
    ):
        cost = (took[name] - took["empty"]) / count * 1e3
        about = f"CPU; {count} tests {took[name]:.2f} s, empty ones {took['empty']:.2f} s"
        yield Figure(case="fixture", name=title, value=cost, unit="ms", target=target, about=about)


def _first(folder: Path, size: Size) -> Figure:
    """A run whose only test takes `glm`, against a run with an empty test: wall-clock time."""
    runs = {}
    for name, code in (("empty", "def test_it():\n    pass\n"), ("glm", FIRST)):
        path = folder / f"test_only_{name}.py"
        path.write_text(code, "utf-8")
        runs[name] = (*PLUGIN, *ALONE, str(path))
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(2 * size.runs + 1):
        for name, arguments in runs.items():
            before = time.monotonic()
            _pytest(folder, arguments)
            times[name].append(time.monotonic() - before)
    empty, taken = (median(each[1:] or each) * 1e3 for each in times.values())
    return Figure(
        case="fixture",
        name="the first test that takes it",
        value=taken - empty,
        unit="ms",
        target=200,
        about=f"{taken:.0f} ms, an empty run {empty:.0f} ms",
    )


def _unused(folder: Path, size: Size) -> Iterator[Figure]:
    path = folder / "test_nothing.py"
    path.write_text("def test_it():\n    pass\n", "utf-8")
    bare = (*ALONE, str(path))
    took = _compared({"without": bare, "with": (*PLUGIN, *bare)}, size.runs * 3)
    yield Figure(
        case="plugin",
        name="a run that has no use for it",
        value=(took["with"] - took["without"]) * 1e3,
        unit="ms",
        about=f"CPU; {took['with'] * 1e3:.0f} ms, without it {took['without'] * 1e3:.0f} ms",
    )
    without, those = _imported("pytest"), _imported("pytest", "mockglm.pytest_plugin")
    more = {name: spent for name, spent in those.items() if name not in without}
    yield Figure(
        case="plugin",
        name="modules imported",
        value=len(more),
        about=f"{sum(more.values()) / 1e3:.1f} ms: {', '.join(more)}",
    )


def _written(folder: Path, name: str, count: int) -> tuple[str, ...]:
    """The arguments of a run of that many tests of a kind."""
    taken, does = TESTS[name]
    path = folder / f"test_{name}.py"
    path.write_text(FILE.format(ask=ASK, count=count, taken=taken, does=does), "utf-8")
    return (*PLUGIN, *ALONE, str(path))


def _compared(runs: Mapping[str, Sequence[str]], count: int) -> dict[str, float]:
    """The median of the CPU seconds that each run takes; they take turns, a first one warms up.

    The tests wait for nothing but their own process, so that is what they take where nothing else
    runs; and what does run would drown differences of a millisecond.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    folder = Path(next(iter(runs.values()))[-1]).parent
    for _ in range(count + 1):
        for name, arguments in runs.items():
            before = _spent()
            _pytest(folder, arguments)
            times[name].append(_spent() - before)
    return {name: median(each[1:]) for name, each in times.items()}


def _spent() -> float:
    """CPU seconds of the runs so far, user and kernel."""
    usage = getrusage(RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _imported(*names: str) -> dict[str, int]:
    """The modules that come with these, and the microseconds each takes by itself."""
    command = (sys.executable, "-X", "importtime", "-c", f"import {', '.join(names)}")
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    lines = (line.removeprefix("import time:") for line in said.splitlines())
    rows = (line.split("|") for line in lines if "self" not in line)
    return {name.strip(): int(spent) for spent, _, name in rows}


def _pytest(folder: Path, arguments: Sequence[str]) -> None:
    """Run pytest. Raises CalledProcessError if a test fails."""
    command = (sys.executable, "-m", "pytest", *arguments)
    subprocess.run(command, cwd=folder, env=ENVIRON, capture_output=True, check=True)
