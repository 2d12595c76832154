"""Servers to measure, each a process of its own: when it answers, what CPU and memory it takes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from mockglm.serving.supervisor import VARIABLE, WorkerSettings
from mockglm.store.state_folder import make_state_folder

__all__ = ["Server", "free", "mockglm", "run", "worker", "yardstick"]

LONGEST_START = 120.0
PAGE = os.sysconf("SC_PAGE_SIZE")

ENVIRONMENT = {name: os.environ[name] for name in os.environ if name != "PYTHONDONTWRITEBYTECODE"}
"""Modules are compiled once, as they are where a package is installed."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs."""

    process: subprocess.Popen[bytes]
    port: int
    started: float
    """Seconds from the start of the process to its first answer."""

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the process has used, in user and kernel, all threads.

        Linux has a clock for each process and makes its number so (clock_getcpuclockid(3)); it
        counts nanoseconds where /proc/PID/stat counts hundredths.
        """
        return time.clock_gettime(~self.process.pid << 3 | 2)

    @property
    def memory(self) -> int:
        """Bytes that the process has resident."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * PAGE


@contextmanager
def run(
    command: Sequence[str],
    port: int,
    probe: bytes,
    *,
    log: Path | None = None,
    stdin: int | None = None,
) -> Iterator[Server]:
    """Run a server until the block ends; it is ready once it has answered the probe.

    What it writes goes to `log`, or to nobody. `stdin` is a pipe if it ends with its input.
    """
    with (log or Path(os.devnull)).open("wb") as output:
        began = time.monotonic()
        process = subprocess.Popen(
            command, stdin=stdin, stdout=output, stderr=output, env=ENVIRONMENT
        )
        try:
            _answered(process, port, probe)
            yield Server(process, port, time.monotonic() - began)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()


@contextmanager
def mockglm(
    scenario: str | Path | None,
    probe: bytes,
    *options: str,
    log: Path | None = None,
    under: Sequence[str] = (),
) -> Iterator[Server]:
    """mockglm with a scenario, given as the text of a file or as its path, its journal on.

    Without a scenario it improvises. `under` is a program that runs the server, with its options.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "benchmark.yaml") if isinstance(scenario, str) else scenario
        if isinstance(scenario, str):
            Path(folder, "benchmark.yaml").write_text(scenario, encoding="utf-8")
        port = free()
        command = [*under, sys.executable, "-c", "from mockglm.cli import main; main()", "serve"]
        command += [*([str(path)] if path else []), "--port", str(port), "--log", "none", *options]
        with run(command, port, probe, log=log) as server:
            yield server


@contextmanager
def worker(scenario: str, probe: bytes, *, under: Sequence[str] = ()) -> Iterator[Server]:
    """A worker of mockglm without its supervisor, which has a folder for state to itself."""
    port = free()
    with make_state_folder() as folder, tempfile.NamedTemporaryFile(suffix=".yaml") as file:
        file.write(scenario.encode())
        file.flush()
        settings = WorkerSettings(index=0, port=port, state="", folder=str(folder))
        variables = ["env", f"{VARIABLE}={msgspec.json.encode(settings).decode()}"]
        serve = [sys.executable, "-c", "from mockglm.cli import main; main()", "serve", file.name]
        command = [*variables, *under, *serve, "--log", "none", "--speed", "0"]
        with run(command, port, probe, stdin=subprocess.PIPE) as server:
            yield server


@contextmanager
def yardstick(
    kind: str, probe: bytes, *options: str, answer: bytes = b"", under: Sequence[str] = ()
) -> Iterator[Server]:
    """One of the applications of `benchmarks.apps`, with the bytes it is to answer."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(answer)
        file.flush()
        port = free()
        command = [*under, sys.executable, "-m", "benchmarks.apps", kind, str(port), file.name]
        command += options
        with run(command, port, probe) as server:
            yield server


def free() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _answered(process: subprocess.Popen[bytes], port: int, probe: bytes) -> None:
    until = time.monotonic() + LONGEST_START
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
                sock.sendall(probe)
                if sock.recv(65536).startswith(b"HTTP/1.1 200 "):
                    return
                raise RuntimeError("the server does not answer the probe")
        except ConnectionRefusedError:
            time.sleep(0.001)
    raise RuntimeError("the server does not answer")
