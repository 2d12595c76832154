"""aimock, a mock of OpenAI's API from npm, with fixtures for every probe.

`python -m tests.conformance.aimock NODE_MODULES FOLDER` checks it and writes the report.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving import KEY

PACKAGE = "@copilotkit/aimock@1.43.0"
CITIES = ("Beijing", "Shanghai")
FIXTURES: tuple[Mapping[str, Any], ...] = (
    {
        "match": {"hasToolResult": True},
        "response": {"content": "It is sunny in Beijing, at 21 degrees."},
    },
    {
        "match": {"userMessage": "Use the tool"},
        "response": {
            "toolCalls": [
                {"name": "get_weather", "arguments": json.dumps({"city": city})} for city in CITIES
            ]
        },
    },
    {
        "match": {"userMessage": "in strawberry?"},
        "response": {"content": "3", "reasoning": "Letter by letter: s-t-r-a-w-b-e-r-r-y."},
    },
    {"match": {"userMessage": "in cherry?"}, "response": {"content": "2"}},
    {"match": {"userMessage": "alpha"}, "response": {"content": "alpha 你好 😀 \u2028 omega"}},
    {
        "match": {"userMessage": "ten one two"},
        "response": {"content": "one two three four five six", "finishReason": "length"},
    },
    {
        "match": {"userMessage": "one two three"},
        "response": {"content": "one two three four five six seven eight nine ten"},
    },
    {"match": {"userMessage": "Hi"}, "response": {"content": "Hi!"}},
)


@contextmanager
def playing(modules: Path, folder: Path) -> Iterator[str]:
    """The base URL of a running aimock, which takes the tests' key and no other."""
    fixtures = folder / "fixtures"
    fixtures.mkdir(exist_ok=True)
    text = json.dumps({"fixtures": FIXTURES}, ensure_ascii=False)
    (fixtures / "probes.json").write_text(text, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [str(modules / ".bin" / "llmock"), "-p", str(port), "-f", str(fixtures)]
    with subprocess.Popen(
        [*command, "--latency", "5", "--chunk-size", "4", "--log-level", "silent"],
        cwd=folder,
        env={**os.environ, "AIMOCK_API_KEYS": KEY},
    ) as process:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _wait(port: int, tries: int = 6000) -> None:
    for _ in range(tries):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("aimock does not listen")


if __name__ == "__main__":
    from mockglm.cli import main

    os.environ["ZAI_API_KEY"] = KEY
    home = Path(sys.argv[2])
    home.mkdir(parents=True, exist_ok=True)
    with playing(Path(sys.argv[1]), home) as base:
        main(["check", base, "--model", "glm-4.6", "--deterministic", "--report", str(home)])
