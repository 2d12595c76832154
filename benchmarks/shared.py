"""The cost of shared state: `python -m benchmarks.shared [REQUESTS]`.

One process with its state in memory, one with it in Redis, and two workers are asked the same, one
after the other, again and again. CPU is that of all processes of a server, its store's given apart,
divided by the requests; the rate is no figure of the server, for the load takes its share of the
same cores. The least of some runs is shown beside the median, for other work can only add to it.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median

from benchmarks import asking
from benchmarks.load import Load, Plan
from benchmarks.servers import Server, mockglm

__all__ = ["main"]

CONNECTIONS = 16


@contextmanager
def redis() -> Iterator[tuple[int, str]]:
    """A Redis or Valkey server: its process id and the URL of its socket."""
    executable = shutil.which("valkey-server") or shutil.which("redis-server")
    if executable is None:
        raise SystemExit("install redis-server or valkey-server")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "redis.sock")
        command = [executable, "--port", "0", "--unixsocket", str(path), "--save", ""]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=folder) as process:
            try:
                while not _accepts(path):
                    time.sleep(0.01)
                yield process.pid, f"unix://{path}"
            finally:
                process.terminate()


def _accepts(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as sock:
        sock.connect(str(path))
        return True
    return False


def family(parent: int) -> list[int]:
    """A process and all that it started, and so on."""
    text = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [parent, *(one for child in text.split() for one in family(int(child)))]


def cpu(process: int) -> float:
    """Seconds of CPU that a process has used; see `Server.cpu`."""
    return time.clock_gettime(~process << 3 | 2)


def measure(load: Load, server: Server, plan: Plan, store: int | None) -> tuple[float, ...]:
    """Microseconds of CPU a request, of the server and of the store, and of time a request."""
    own, stores = family(server.process.pid), [store] if store else []
    before = sum(map(cpu, own)), sum(map(cpu, stores)), time.monotonic()
    load.ask(plan)
    after = sum(map(cpu, own)), sum(map(cpu, stores)), time.monotonic()
    return tuple((b - a) / plan.count * 1e6 for a, b in zip(before, after, strict=True))


KINDS: Mapping[str, Sequence[str]] = {
    "memory": (),
    "2 workers": ("--workers", "2"),
    "redis": (),
}


def main(count: int, runs: int = 5) -> None:
    found: dict[str, list[tuple[float, ...]]] = {title: [] for title in KINDS}
    for _ in range(runs):
        for title in KINDS:
            # Redis takes so much longer that fewer requests are as exact.
            found[title].append(run(title, count // 5 if title == "redis" else count))
    print(
        f"{'server':12}{'CPU, µs':>18}{'of the store, µs':>20}{'latency, µs, one connection':>30}"
    )
    for title, figures in found.items():
        columns = [f"{median(one):.0f} ({min(one):.0f})" for one in zip(*figures, strict=True)]
        print(f"{title:12}{columns[0]:>18}{columns[1]:>20}{columns[2]:>30}")


def run(title: str, count: int) -> tuple[float, float, float]:
    """Measure one server: microseconds of CPU and of its store's, and of latency."""
    request, script = asking.http(asking.SMALL), asking.plain()
    with ExitStack() as stack:
        load = stack.enter_context(Load())
        store, options = None, ["--speed", "0", *KINDS[title]]
        if title == "redis":
            store, url = stack.enter_context(redis())
            options += ["--state", url]
        server = stack.enter_context(mockglm(script, request, *options))
        plan = Plan(port=server.port, requests=(request,), count=count, connections=CONNECTIONS)
        load.ask(plan)
        used, stored, _ = measure(load, server, plan, store)
        alone = Plan(port=server.port, requests=(request,), count=count // 4, connections=1)
        return used, stored, measure(load, server, alone, store)[2]


if __name__ == "__main__":
    main(*map(int, sys.argv[1:] or ["4000"]))
