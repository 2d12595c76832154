"""Attacks by files: in a folder that is served, and as arguments of commands."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.attack.attack import Attack, Result, expect, judge
from tests.attack.process import Process, run, running

HEAD = "format: 1\ninteractions:\n"
GOOD = f"{HEAD}  - reply: {{content: good}}\n"
BAD = {
    "pattern": HEAD + "  - {when: {user: '/a{99999999999}/'}, reply: {content: x}}\n",
    "brackets": HEAD + "  - {when: {user: '/" + "(" * 5000 + "/'}, reply: {content: x}}\n",
    "sum": HEAD + "  - reply: {template: true, content: '{{ " + "1+" * 5000 + "1 }}'}\n",
    "balance": "format: 1\naccounts: [{key: a.b, balance: " + "9" * 400 + "}]\n" + HEAD[10:],
    "deep": HEAD + "  - {when: {body: " + "{a: " * 5000 + "1" + "}" * 5000 + "}}\n",
    "aliases": "".join(
        f"a{n}: &a{n} [{','.join([f'*a{n - 1}' if n else 'x'] * 9)}]\n" for n in range(12)
    ),
    "speed": "format: 1\nspeed: 1e308\n" + HEAD[10:] + "  - {reply: {content: x}, speed: 1e308}\n",
    "binary": "\x00\x01\x02",
    "tag": "!!python/object/apply:os.system ['true']\n",
}
POLLS = 100
"""Looks of a tenth of a second for a change that the server is about to notice."""


def add_bad_files(process: Process) -> str:
    path = process.folder / "served" / "bad.yaml"
    for name, text in BAD.items():
        _offer(process, path, lambda text=text: path.write_text(text, "utf-8"))  # type: ignore[misc]
        expect(process.chat().status_code == 200, name)
    _offer(process, path, lambda: path.symlink_to(path.name))
    return f"{len(BAD)} bad files and a link to itself: said, the old ones are served"


def _offer(process: Process, path: Path, make: Callable[[], object]) -> None:
    """Have a bad file in the served folder until the server has said so."""
    before = len(process.said)
    make()
    try:
        _wait(process, f"{path.name}:", before)
    finally:
        path.unlink()


def remove_folders(process: Process) -> str:
    folder = process.folder / "served"
    for number in range(300):
        sub = folder / f"sub{number % 3}"
        sub.mkdir(exist_ok=True)
        (sub / "a.yaml").write_text(GOOD, "utf-8")
        shutil.rmtree(sub)
    (folder / "good.yaml").write_text(GOOD.replace("good", "changed"), "utf-8")
    for _ in range(POLLS):
        if "changed" in process.chat().text:
            return "300 folders come and go; a later change is read"
        time.sleep(0.1)
    expect(False, "a later change is not read")
    return ""


def add_pipe(process: Process) -> str:
    os.mkfifo(process.folder / "served" / "pipe.yaml")
    _wait(process, "not a regular file", 0)
    expect(process.chat().status_code == 200, "no answer")
    process.popen.send_signal(signal.SIGTERM)
    expect(process.popen.wait(20) == 0, process.popen.returncode)
    return "said; SIGTERM ends the server"


def _wait(process: Process, words: str, start: int) -> None:
    """Wait until the process writes words to standard error behind its first characters."""
    for _ in range(POLLS):
        if words in process.said[start:]:
            return
        time.sleep(0.1)
    expect(False, f"{words!r} is not said: {process.said[start:]}")


def attack_files(*, is_quick: bool) -> Iterator[Result]:
    """Attack a server by its files, then commands by theirs."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "good.yaml").write_text(GOOD, "utf-8")
        with running("serve", folder, "--speed", "0", "--log", "none") as process:
            (process.folder / "served").symlink_to(folder)
            yield judge(Attack("bad files in a served folder", add_bad_files, 30, 300), process)
            yield judge(Attack("folders that disappear", remove_folders), process)
        with running("serve", folder, "--speed", "0", "--log", "none") as process:
            (process.folder / "served").symlink_to(folder)
            try:
                yield Result("a pipe in a served folder", add_pipe(process), is_held=True)
            except Exception as error:
                yield Result("a pipe in a served folder", f"{error!r}"[:300], is_held=False)
        yield _convert(folder)
        if not is_quick:
            yield _lint(folder)


def _convert(folder: Path) -> Result:
    """Convert a foreign cassette with aliases of aliases, in 1 GB of memory."""
    path = folder / "laughs.yaml"
    path.write_text(BAD["aliases"] + "interactions: [{request: *a11, response: {}}]\n", "utf-8")
    status, said, took = run("convert", path, "--to", folder / "out", memory=1024)
    is_held = 0 < status < 128 and "Traceback" not in said and took < 10
    return Result("aliases of aliases in `convert`", f"exit code {status}, {took:.1f} s", is_held)


def _lint(folder: Path) -> Result:
    """Lint a list of five million values in 10 MB."""
    path = folder / "big.yaml"
    values = "a," * 5_000_000
    path.write_text(f"{HEAD}  - {{when: {{body: {{k: [{values}a]}}}}, reply: {{}}}}\n", "utf-8")
    status, said, took = run("lint", path, memory=4096)
    is_held = 0 < status < 128 and "Traceback" not in said and took < 30
    path.unlink()
    return Result("five million values in `lint`", f"exit code {status}, {took:.1f} s", is_held)
