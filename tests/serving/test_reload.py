"""Files that change under a server: whatever is in them, the server goes on, and can be stopped."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockglm.scenarios import Scenario
from mockglm.serving import Reloader
from tests.cli.commands import HELLO, PATIENCE, Running, run, running
from tests.serving import replace_file

KEPT = "mockglm: not reloaded, because files have mistakes:"
AGAIN = "mockglm: reloaded 1 scenario"


class Watched:
    """A folder with one file in it, and the reloader that watches it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "a.yaml"
        self.file.write_text(HELLO, "utf-8")
        self.taken: list[Sequence[Scenario]] = []
        self.reports: list[str] = []
        self.reloader = Reloader([folder], self.taken.append, self.reports.append)

    async def until_reported(self, count: int) -> str:
        for _ in range(PATIENCE * 100):
            if len(self.reports) >= count:
                return self.reports[count - 1]
            await asyncio.sleep(0.01)
        raise AssertionError(f"reported {self.reports}")


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    monkeypatch.setattr("mockglm.serving.reload.INTERVAL", 0.01)
    return Watched(tmp_path)


BROKEN = {
    "/a{99999999999}/": "a.yaml:3:16: user: ",
    "/(((((/": "a.yaml:3:16: user: ",
    "/" + "(" * 5_000 + "/": "a.yaml:3:16: user: ",
    "/(?:a{1000}){1000}/": "a.yaml:3:16: user: ",
}
WHEN = "format: 1\ninteractions:\n- when: {{user: '{}'}}\n  reply: {{}}\n"
REPLY = "format: 1\ninteractions:\n- reply: {{template: true, content: '{}'}}\n"
TEXTS = [
    *((WHEN.format(text), place) for text, place in BROKEN.items()),
    ("format: 1\nreplace: {'a{99999999999}': x}\n", "a.yaml:2:29: a{9"),
    ("format: 1\naccounts: [{key: k, balance: " + "9" * 400 + "}]\n", "a.yaml:2:30: expected a "),
    ("format: 1\nspeed: " + "9" * 400 + "\n", "a.yaml:2:8: expected a number"),
    (REPLY.format("{{ " + "1+" * 5_000 + "1 }}"), "a.yaml:3:36: template: nested too deep"),
    (REPLY.format("{{ " + "(" * 5_000 + ")" * 5_000 + " }}"), "a.yaml:3:36: template: nested too"),
    (REPLY.format("{{ " + "9" * 5_000 + " }}"), "a.yaml:3:36: template: "),
    (REPLY.format("{% for a in b %}" * 30 + "{% endfor %}" * 30), "a.yaml:3:36: template: "),
    ("a: " + "[" * 5_000, "a.yaml:1:102: nested more than 100 deep"),
    ("format: 1\nspeed: 1e308\ninteractions: [{reply: {}, speed: 1e308}]\n", "a.yaml:3:35: too f"),
    ("format: 1\ninteractions: [{reply: {}, times: " + "9" * 400 + "}]\n", "a.yaml:2:35: expected"),
]


@pytest.mark.parametrize(("text", "place"), TEXTS)
async def test_any_mistake_is_reported_with_its_place_and_watching_goes_on(
    text: str, place: str, watched: Watched
) -> None:
    running = asyncio.create_task(watched.reloader.run())
    replace_file(watched.file, text)
    assert (await watched.until_reported(1)).startswith(f"{KEPT}\n{watched.folder}/{place}")
    assert watched.taken == []
    replace_file(watched.file, HELLO + "# mended\n")
    assert await watched.until_reported(2) == AGAIN
    running.cancel()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
@pytest.mark.parametrize("verb", ["lint", "serve"])
def test_any_mistake_is_reported_without_a_traceback_at_the_start(
    verb: str, tmp_path: Path
) -> None:
    for number, (text, _) in enumerate(TEXTS):
        (tmp_path / f"{number:02}.yaml").write_text(text, "utf-8")
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "self.yaml").symlink_to(tmp_path / "self.yaml")
    result = run(verb, tmp_path)
    assert result.returncode == 1
    places = [
        *(f"{number:02}.yaml{place[6:]}" for number, (_, place) in enumerate(TEXTS)),
        "pipe.yaml:1:1: cannot be read: not a regular file",
        "self.yaml:1:1: cannot be read: Too many levels of symbolic links",
    ]
    lines = (result.stdout + result.stderr).splitlines()
    assert len(lines) == len(places)
    for line, place in zip(lines, places, strict=True):
        assert line.startswith(f"{tmp_path}/{place}")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
async def test_a_pipe_and_a_link_in_a_circle_are_reported_with_its_place_and_watching_goes_on(
    watched: Watched,
) -> None:
    running = asyncio.create_task(watched.reloader.run())
    pipe, link = watched.folder / "b.yaml", watched.folder / "c.yaml"
    os.mkfifo(pipe)
    assert (
        await watched.until_reported(1) == f"{KEPT}\n{pipe}:1:1: cannot be read: not a regular file"
    )
    pipe.unlink()
    assert await watched.until_reported(2) == AGAIN
    link.symlink_to(link)
    message = f"{KEPT}\n{link}:1:1: cannot be read: Too many levels of symbolic links"
    assert await watched.until_reported(3) == message
    link.unlink()
    assert await watched.until_reported(4) == AGAIN
    running.cancel()


async def test_a_link_to_itself_is_allowed_beside_a_recorded_file(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HELLO, "utf-8")
    link = tmp_path / "b.yaml"
    link.symlink_to(link)
    reports: list[str] = []
    reloader = Reloader([tmp_path], lambda _: None, reports.append, excluded=tmp_path / "new.yaml")
    link.unlink()
    assert len(reloader.load()) == 1


async def test_a_folder_deleted_while_it_is_listed_does_not_end_the_watching(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = watched.folder / "inner"
    inner.mkdir()
    scandir = os.scandir

    def delete_first(path: str) -> Iterator[os.DirEntry[str]]:
        if str(path) == str(inner) and inner.exists():
            inner.rmdir()
        return scandir(path)

    monkeypatch.setattr(os, "scandir", delete_first)
    running = asyncio.create_task(watched.reloader.run())
    while inner.exists():
        await asyncio.sleep(0.01)
    replace_file(watched.file, HELLO + "# changed\n")
    assert await watched.until_reported(1) == AGAIN
    running.cancel()


@pytest.mark.parametrize("error", [MemoryError(), OSError(5, "broken disk"), KeyError("x")])
async def test_an_unforeseen_error_does_not_end_the_watching(
    error: Exception, watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> tuple[Scenario, ...]:
        monkeypatch.undo()
        monkeypatch.setattr("mockglm.serving.reload.INTERVAL", 0.01)
        raise error

    monkeypatch.setattr(watched.reloader, "load", fail)
    running = asyncio.create_task(watched.reloader.run())
    replace_file(watched.file, HELLO + "# changed\n")
    assert await watched.until_reported(1) == f"{KEPT}\n{error!r}"
    replace_file(watched.file, HELLO + "# changed again\n")
    assert await watched.until_reported(2) == AGAIN
    running.cancel()


@contextmanager
def lines_of(served: Running) -> Iterator[Callable[[], str]]:
    """The next line that a process writes to standard error, waited for."""
    lines: queue.Queue[str] = queue.Queue()
    assert served.process.stderr is not None

    def read(stream: Iterator[str]) -> None:
        for line in stream:
            lines.put(line)

    thread = threading.Thread(target=read, args=(served.process.stderr,))
    thread.start()
    yield lambda: lines.get(timeout=PATIENCE)
    served.process.kill()
    thread.join()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_server_with_a_pipe_among_its_files_answers_and_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(HELLO, "utf-8")
    with running(tmp_path, "--log", "none") as served, lines_of(served) as next_line:
        os.mkfifo(tmp_path / "b.yaml")
        assert next_line() == f"{KEPT}\n"
        assert next_line().endswith("b.yaml:1:1: cannot be read: not a regular file\n")
        answer = served.ask().json()
        assert answer["choices"][0]["message"]["content"] == "你好"
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(timeout=PATIENCE) == 0


STUCK = """
import sys, threading
from pathlib import Path
from mockglm.cli.verbs import main
from mockglm.serving import reload

load = reload.load_all
looked = []

def stuck(paths, on_file):
    if looked:
        Path(sys.argv[1]).touch()
        threading.Event().wait()
    looked.append(1)
    return load(paths, on_file)

reload.load_all = stuck
main(["serve", "--port", "0", "--log", "none", sys.argv[2]])
"""


def test_a_server_with_a_stalled_disk_can_be_stopped(tmp_path: Path) -> None:
    file, reached = tmp_path / "a.yaml", tmp_path / "reached"
    file.write_text(HELLO, "utf-8")
    command = [sys.executable, "-c", STUCK, str(reached), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        replace_file(file, HELLO + "# changed\n")
        for _ in range(PATIENCE * 100):
            if reached.exists():
                break
            threading.Event().wait(0.01)
        process.send_signal(signal.SIGTERM)
        try:
            assert process.wait(timeout=PATIENCE) == 0
        finally:
            process.kill()
    assert reached.exists()
