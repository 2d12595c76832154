"""Tables and progress in a terminal of 80 and of 200 columns, and plain lines in a pipe."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.commands import ASK, MOCKGLM, PATIENCE, run, running
from tests.serving import KEY

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


FILE = "format: 1\ninteractions:\n  - reply: {content: 晴}\n"
URL = "http://127.0.0.1:1/api/paas/v4"
REQUIREMENT = "Each event is one JSON object or [DONE], and nothing but that in any of its lines."
TIMED = """
from types import SimpleNamespace
from mockglm.cli import display, main
display.Timer = lambda seconds, show: SimpleNamespace(start={start}, cancel=int, join=int)
main()
"""
"""The command line with a timer that is over at once, or never."""


def show(
    *arguments: str,
    columns: int,
    env: Mapping[str, str] | None = None,
    program: Sequence[str] = (MOCKGLM,),
) -> str:
    """The output of a verb in a terminal, with its escape sequences."""
    pid, terminal = pty.fork()
    if pid == 0:
        variables = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        variables.pop("COLUMNS", None)
        os.execve(program[0], [*program, *arguments], variables)
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
    wrong = {"ZAI_BASE_URL": "nowhere"}
    doctor = ("doctor", "--port", "0")
    assert "\x1b[31mproblem  ZAI_BASE_URL" in show(*doctor, columns=80, env=wrong)
    assert "\x1b[31m" not in show(*doctor, columns=80, env={**wrong, "NO_COLOR": "1"})


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
    assert re.search(
        r"stream · \d+ of at most \d+ requests · \d+ of \d+ tokens", ESCAPE.sub("", shown)
    )
    assert "of at most" not in piped.stdout + piped.stderr


def test_progress_of_a_measurement_names_the_series(tmp_path: Path) -> None:
    with running("--speed", "0") as server:
        options = ("--model", "glm-4.6", "--samples", "2")
        shown = show("measure", server.url, *options, columns=120)
        piped = run("measure", server.url, *options)
    assert re.search(r"\d/\d+ .* 1 of 2", ESCAPE.sub("", shown))
    assert " 1 of 2" not in piped.stderr


@pytest.mark.parametrize("columns", [80, 200])
def test_progress_of_loading_names_the_file(tmp_path: Path, columns: int) -> None:
    for name in ("first", "second"):
        (tmp_path / f"{name}{'-long' * 20}.yaml").write_text(FILE, "utf-8")
    shown = show("lint", str(tmp_path), columns=columns, program=timed(is_over=True))
    lines = re.split(r"[\r\n]", ESCAPE.sub("", shown))
    assert any(re.search(r"1/2 loading /\S", line) for line in lines)
    assert max(map(len, lines)) <= columns


def test_progress_of_loading_is_for_long_loading_on_terminals(tmp_path: Path) -> None:
    (tmp_path / "first.yaml").write_text(FILE, "utf-8")
    assert show("lint", str(tmp_path), columns=80, program=timed(is_over=False)) == ""
    command = [*timed(is_over=True), "lint", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")


@pytest.mark.parametrize("verb", ["serve", "explain", "verify", "run"])
def test_every_verb_that_loads_files_shows_it(tmp_path: Path, verb: str) -> None:
    (tmp_path / "first.yaml").write_text(FILE, "utf-8")
    (tmp_path / "wrong.yaml").write_text("format: 2\n", "utf-8")
    options = {
        "serve": ["--port", "0"],
        "explain": ["--request", str(tmp_path / "first.yaml")],
        "verify": ["--upstream", URL, "--allow-upstream", "127.0.0.1", "--plan"],
        "run": ["--", "true"],
    }
    shown = show(verb, str(tmp_path), *options[verb], columns=120, program=timed(is_over=True))
    assert "1/2 loading" in ESCAPE.sub("", shown)
    assert "wrong.yaml:1:" in shown


@pytest.mark.parametrize("columns", [80, 200])
def test_a_matrix_fits_the_terminal(tmp_path: Path, columns: int) -> None:
    files = [write_report(tmp_path / f"{name}.json", name) for name in ("pass", "fail", "warn")]
    lines = show("matrix", *files, columns=columns).splitlines()
    plain = [ESCAPE.sub("", line).rstrip() for line in lines]
    assert max(map(len, plain)) <= columns
    assert plain[:4] == [*(f"{n}  https://{n}.example/v1 glm-5" for n in (1, 2, 3)), ""]
    assert plain[4].split() == ["check", "level", "1", "2", "3", "requirement"]
    assert plain[5].startswith("SSE-05  MUST   ✓  ✗  !  ")
    assert any("\x1b[31m✗" in line for line in lines)
    assert plain[-2:] == ["1 more checks passed everywhere.", "✓ passed, ✗ failed, ! warned"]


def test_a_matrix_in_a_pipe_is_markdown_or_json(tmp_path: Path) -> None:
    files = [write_report(tmp_path / f"{name}.json", name) for name in ("pass", "fail")]
    assert f"| SSE-05 MUST | {REQUIREMENT} | ✓ | ✗ |" in run("matrix", *files).stdout
    found = json.loads(run("matrix", *files, "--json").stdout)
    assert found["schema"] == "mockglm.matrix/1"
    assert [one["verdicts"] for one in found["checks"]] == [["pass", "fail"], ["pass", "pass"]]
    refused = run("matrix", *files, "--json", "--html", "page.html")
    assert refused.stderr == "mockglm: --html and --json exclude each other\n"


def test_a_matrix_shows_no_control_characters_of_a_report(tmp_path: Path) -> None:
    file = write_report(tmp_path / "a.json", "fail", requirement="one\x1b]0;two\x07")
    shown = show("matrix", file, columns=80)
    assert "one\\x1b]0;two\\x07" in ESCAPE.sub("", shown)


def timed(*, is_over: bool) -> tuple[str, ...]:
    return sys.executable, "-c", TIMED.format(start="show" if is_over else "int")


def write_report(path: Path, verdict: str, requirement: str = REQUIREMENT) -> str:
    """Write a report of two checks, one of which has the verdict, and return its path."""
    number = ("pass", "fail", "warn").index(verdict) + 1
    names: Sequence[tuple[str, str]] = (("SSE-05", verdict), ("SSE-06", "pass"))
    checks: list[dict[str, Any]] = [
        {"id": id, "level": "MUST", "verdict": found, "requirement": requirement}
        for id, found in names
    ]
    head = {"schema": "mockglm.report/1", "target": f"https://{number}.example/v1"}
    path.write_text(json.dumps({**head, "model": "glm-5", "checks": checks}), "utf-8")
    return str(path)


def test_progress_of_a_recording_counts_exchanges_and_violations(tmp_path: Path) -> None:
    with running("--speed", "0") as server:
        url = f"{server.host}/s/usage-missing/api/paas/v4"
        options = ("--upstream", url, "--allow-upstream", "127.0.0.1", "--check", "--port", "0")
        pid, terminal = pty.fork()
        if pid == 0:
            path = str(tmp_path / "chat.yaml")
            os.execv(MOCKGLM, [MOCKGLM, "record", path, *options])
        try:
            shown = read_until(terminal, r"recording (http://\S+/v4)")
            (base,) = re.findall(r"recording (http://\S+/v4)", shown)
            headers = {"Authorization": KEY}
            httpx.post(f"{base}/chat/completions", json=ASK, headers=headers, trust_env=False)
            shown = read_until(terminal, r"1/\? recorded · violations: [1-9]")
            os.write(terminal, b"\x03")
            read_until(terminal, r"checked: 1 exchanges, broken: ")
        finally:
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
            os.close(terminal)


def read_until(terminal: int, pattern: str) -> str:
    """Read from a terminal until a pattern has been shown, without escape sequences."""
    shown = ""
    while not re.search(pattern, shown):
        assert select.select([terminal], [], [], PATIENCE)[0], shown
        shown = ESCAPE.sub("", shown + os.read(terminal, 65536).decode(errors="replace"))
    return shown
