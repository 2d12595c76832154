"""The cost of shared state: `python -m benchmarks.shared [REQUESTS]`.

One process with its state in memory, one with it in Redis, and two workers are asked the same, one
after the other. CPU is that of all processes of a server, its store's given apart, divided by the
requests; the rate is no figure of the server, for the load takes its share of the same cores.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks import asking
from benchmarks.load import Load, Plan
from benchmarks.servers import Server, mockglm

__all__ = ["main"]

TICKS = os.sysconf("SC_CLK_TCK")
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
    """Seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measure(load: Load, server: Server, plan: Plan, store: int | None) -> tuple[float, ...]:
    """Microseconds of CPU a request, of the server and of the store, and of time a request."""
    processes = family(server.process.pid)
    stores = [store] if store else [one for one in processes if "server" in name(one)]
    own = [one for one in processes if one not in stores]
    before = sum(map(cpu, own)), sum(map(cpu, stores)), time.monotonic()
    load.ask(plan)
    after = sum(map(cpu, own)), sum(map(cpu, stores)), time.monotonic()
    return tuple((b - a) / plan.count * 1e6 for a, b in zip(before, after, strict=True))


def name(process: int) -> str:
    return Path(f"/proc/{process}/comm").read_text()


def main(count: int) -> None:
    request = asking.http(asking.SMALL)
    script = asking.plain()
    print(f"{'server':24}{'CPU, µs':>10}{'store, µs':>10}{'latency, µs, one connection':>30}")
    for title in ("memory", "2 workers", "memory", "2 workers", "1 workers", "memory", "1 workers"):
        with ExitStack() as stack:
            load = stack.enter_context(Load())
            store, options = None, ["--speed", "0"]
            if title == "redis":
                store, url = stack.enter_context(redis())
                options += ["--state", url]
            elif title != "memory":
                options += ["--workers", title[0]]
            server = stack.enter_context(mockglm(script, request, *options))
            plan = Plan(port=server.port, requests=(request,), count=count, connections=CONNECTIONS)
            load.ask(plan)
            used, stored, _ = measure(load, server, plan, store)
            alone = Plan(port=server.port, requests=(request,), count=count // 4, connections=1)
            latency = measure(load, server, alone, store)[2]
            print(f"{title:24}{used:10.0f}{stored:10.0f}{latency:30.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 4000)
