"""Tables and progress in a terminal of 80 and of 200 columns, and plain lines in a pipe."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cli.commands import MOCKGLM, run, running

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def show(*arguments: str, columns: int, env: Mapping[str, str] | None = None) -> str:
    """The output of a verb in a terminal, with its escape sequences."""
    pid, terminal = pty.fork()
    if pid == 0:
        variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        variables.pop("COLUMNS", None)
        os.execve(MOCKGLM, [MOCKGLM, *arguments], variables)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = b""
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:
        pass  # Linux reports the end of the process this way.
    os.waitpid(pid, 0)
    os.close(terminal)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("arguments", [("scenarios",), ("faults",), ("check", "--list")])
def test_a_table_fits_the_terminal(arguments: tuple[str, ...], columns: int) -> None:
    lines = ESCAPE.sub("", show(*arguments, columns=columns)).splitlines()
    assert len(lines) > 50
    assert max(len(line.rstrip()) for line in lines) <= columns
    assert re.match(r"(scenario|fault|check)\s", lines[0])


def test_colours_end_with_no_color() -> None:
    assert "\x1b[36m" in show("scenarios", columns=80)
    assert "\x1b[36m" not in show("scenarios", columns=80, env={"NO_COLOR": "1"})


def test_a_pipe_gets_plain_lines() -> None:
    done = run("scenarios")
    assert "\x1b" not in done.stdout
    assert re.search(r"^hello +\S", done.stdout, re.MULTILINE)
    assert not done.stdout.startswith("scenario")


def test_progress_names_the_probe_and_the_budget(tmp_path: Path) -> None:
    with running("--speed", "0") as server:
        options = ("--model", "glm-4.6", "-k", "SSE")
        shown = show("check", server.url, *options, columns=120)
        piped = run("check", server.url, *options)
    assert re.search(r"stream · \d+ of at most \d+ requests", ESCAPE.sub("", shown))
    assert "of at most" not in piped.stdout + piped.stderr


def test_progress_of_a_measurement_names_the_series(tmp_path: Path) -> None:
    with running("--speed", "0") as server:
        options = ("--model", "glm-4.6", "--samples", "2")
        shown = show("measure", server.url, *options, columns=120)
        piped = run("measure", server.url, *options)
    assert re.search(r"\d/\d+ .* 1 of 2", ESCAPE.sub("", shown))
    assert " 1 of 2" not in piped.stderr
