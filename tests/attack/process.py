"""A process of mockglm under attack: its URL, its memory, its processor time, what it prints."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.serving import KEY

MOCKGLM = str(Path(sys.executable).with_name("mockglm"))
MIB = 2**20
TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
TIMEOUT = 60.0
KEY_VARIABLES = ("ZAI_API_KEY", "ZHIPUAI_API_KEY", "ZHIPU_API_KEY", "GLM_API_KEY")


@dataclass
class Process:
    """A running `mockglm serve` or `mockglm record`."""

    popen: subprocess.Popen[str]
    url: str
    errors: Path
    folder: Path
    _known: int = field(default=0)

    @property
    def host(self) -> str:
        return self.url.split("/api/")[0]

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 0

    @property
    def memory(self) -> float:
        """The resident memory in MiB."""
        return self._status("VmRSS")

    @property
    def peak(self) -> float:
        """The most resident memory since `reset_peak`, in MiB."""
        return self._status("VmHWM")

    @property
    def processor_time(self) -> float:
        """The processor time so far, in seconds."""
        fields = Path(f"/proc/{self.popen.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def descriptors(self) -> int:
        return sum(1 for _ in Path(f"/proc/{self.popen.pid}/fd").iterdir())

    @property
    def said(self) -> str:
        """All that the process wrote to standard error."""
        return self.errors.read_text("utf-8", errors="replace")

    def reset_peak(self) -> None:
        with suppress(OSError):
            Path(f"/proc/{self.popen.pid}/clear_refs").write_text("5", "utf-8")

    def find_failure(self) -> str:
        """Return the last line of the first traceback since the last call; "" if there is none."""
        text = self.said
        new, self._known = text[self._known :], len(text)
        if "Traceback" not in new and "mockglm failed" not in new:
            return ""
        lines = [line for line in new.splitlines() if line and not line.startswith((" ", "\t"))]
        return lines[-1] if lines else "a traceback"

    def is_healthy(self) -> bool:
        """True if the process answers."""
        if "record" in self.popen.args:  # type: ignore[operator]
            return self.popen.poll() is None
        url = f"{self.host}/__mockglm__/health"
        return httpx.get(url, timeout=TIMEOUT, trust_env=False).status_code == 200

    def connect(self, timeout: float = TIMEOUT) -> socket.socket:
        return socket.create_connection(self.address, timeout=timeout)

    def send(self, data: bytes, *, timeout: float = TIMEOUT) -> bytes:
        """Send bytes and read until the connection ends; what was received if it is reset."""
        received = []
        with self.connect(timeout) as sock, suppress(ConnectionError, TimeoutError):
            with suppress(ConnectionError):
                sock.sendall(data)
            while piece := sock.recv(65536):
                received.append(piece)
        return b"".join(received)

    def chat(self, text: str = "hi", *, path: str = "", **body: Any) -> httpx.Response:
        """Send a chat completion."""
        url = f"{self.host}{path}" if path else f"{self.url}/chat/completions"
        message = {"role": "user", "content": text}
        sent = {"model": "glm-4.6", "messages": [message], **body}
        headers = {"Authorization": f"Bearer {KEY}"}
        return httpx.post(url, json=sent, headers=headers, timeout=TIMEOUT, trust_env=False)

    def control(self, path: str, **options: Any) -> httpx.Response:
        """Send a request to the control API."""
        method = options.pop("method", "POST")
        url = f"{self.host}/__mockglm__{path}"
        return httpx.request(method, url, timeout=TIMEOUT, trust_env=False, **options)

    def _status(self, name: str) -> float:
        text = Path(f"/proc/{self.popen.pid}/status").read_text("utf-8")
        lines = (line.split() for line in text.splitlines())
        return next(int(line[1]) / 1024 for line in lines if line[0] == f"{name}:")


@contextmanager
def running(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run `mockglm` with arguments on a free port, in an empty folder, until the block ends."""
    clean = {name: value for name, value in os.environ.items() if name not in KEY_VARIABLES}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        errors = folder / "errors"
        command = [MOCKGLM, *map(str, arguments), "--port", "0"]
        with (
            errors.open("w") as stderr,
            subprocess.Popen(
                command,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=folder,
                env={**clean, **(env or {})},
            ) as popen,
        ):
            try:
                assert popen.stdout is not None
                line = popen.stdout.readline()
                assert line, errors.read_text("utf-8")
                yield Process(popen, line.split()[2], errors, folder)
            finally:
                popen.send_signal(signal.SIGTERM)
                try:
                    popen.wait(15)
                except subprocess.TimeoutExpired:
                    popen.kill()


def run(*arguments: str | Path, memory: int = 0) -> tuple[int, str, float]:
    """Run `mockglm` to its end; return its exit code, its output and its processor time.

    `memory` bounds its address space, in MiB.
    """
    import resource

    def bound() -> None:
        if memory:
            resource.setrlimit(resource.RLIMIT_AS, (memory * MIB, memory * MIB))

    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ended = subprocess.run(
        [MOCKGLM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=bound,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    took = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return ended.returncode, ended.stdout + ended.stderr, took
