"""The command line in a process of its own."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.serving import KEY

MOCKGLM = str(Path(sys.executable).with_name("mockglm"))
LINE = re.compile(r"mockglm serving (http://[\d.]+:(\d+)/api/paas/v4)\n")
PATIENCE = 120
"""Seconds after which a process hangs."""

HELLO = "format: 1\ninteractions: [{reply: {content: 你好}}]\n"
ASK = {"model": "glm-4.6", "messages": [{"role": "user", "content": "你好"}]}


@dataclass
class Running:
    """A process of `mockglm serve` that is ready."""

    process: subprocess.Popen[str]
    url: str

    @property
    def host(self) -> str:
        return host_of(self.url)

    def ask(self, *, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        url = f"{self.url}/chat/completions"
        given = {"Authorization": KEY, **(headers or {})}
        return httpx.post(url, json={**ASK, **body}, headers=given, trust_env=False, timeout=60)

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str, str]:
        """Stop it, and return its exit code and the rest of its two outputs."""
        self.process.send_signal(number)
        printed, said = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, printed, said


def host_of(url: str) -> str:
    """The origin of a base URL, reached from this machine."""
    return url.removesuffix("/api/paas/v4").replace("//0.0.0.0:", "//127.0.0.1:")


@contextmanager
def running(*arguments: str | Path) -> Iterator[Running]:
    command = [MOCKGLM, "serve", "--port", "0", *map(str, arguments)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        try:
            assert process.stdout is not None
            line = LINE.fullmatch(process.stdout.readline())
            assert line is not None, process.communicate()
            assert process.stdout.readline() == f"inspector at {host_of(line[1])}/__mockglm__/\n"
            yield Running(process, line[1])
        finally:
            process.kill()


def run(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [MOCKGLM, *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=PATIENCE, cwd=cwd
    )
