"""The pytest side of the handle: its set-up from markers and options, and hooks for reports.

This module is a plugin of its own, registered when a test uses the fixture or an option needs it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Mapping
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from mockglm.errors import MockGLMError
from mockglm.testing.config import Config
from mockglm.testing.glm import GLM, open_handle
from mockglm.testing.paths import cassette_path
from mockglm.testing.server import TestServer

HANDLE = pytest.StashKey[GLM]()
"""The handle of a test that uses the fixture."""

HAS_FAILED = pytest.StashKey[bool]()
"""True once the test itself has failed; its end is not checked then."""

VERDICT_PROPERTY = "mockglm verdict"
"""The user property with a finding of the client audit."""

UNUSED_PROPERTY = "mockglm unused"
"""The user property with the lines of unused recordings by path; None for those of a failed test,
which might have used them later."""

LONGEST_SLUG = 40

UnusedLines = Collection[int] | None


@contextmanager
def open_for_test(
    request: pytest.FixtureRequest, server: TestServer, written: Mapping[str, Any]
) -> Iterator[GLM]:
    """Open the session of a test as its markers say, and fail the test for problems at the end."""
    node: pytest.Item = request.node
    _forget_earlier_attempts(node)
    with _without_traceback():
        config = _configure(node, written)
    with open_handle(server, session_label(node.nodeid), config, folder=node.path.parent) as glm:
        node.stash[HANDLE] = glm
        with _without_traceback():
            _play_marked(node, glm)
        yield glm
        _add_properties(node, glm)
        problems = "" if node.stash.get(HAS_FAILED, False) else glm.problems()
    if problems:
        pytest.fail(problems, pytrace=False)


def session_label(nodeid: str) -> str:
    """A label for the session of a test: readable, fit for a URL, the same in every run."""
    name = nodeid.rpartition("::")[2].lower()
    slug = re.sub(r"[^a-z0-9]+", "-", name).strip("-")[:LONGEST_SLUG].rstrip("-")
    digest = blake2b(nodeid.encode("utf-8", "surrogateescape"), digest_size=5).hexdigest()
    return f"{slug}-{digest}".lstrip("-")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the journal to the report of a failed test, and end its traceback in the test."""
    is_full = item.config.getoption("fulltrace", default=False)
    if call.excinfo is not None and HANDLE in item.stash and not is_full:
        _shorten(call.excinfo.tb)
    report = yield
    glm = item.stash.get(HANDLE, None)
    if glm is not None and call.when == "call" and call.excinfo is not None:
        item.stash[HAS_FAILED] = True
        if report.failed:
            report.sections.append(("mockglm", _describe(glm)))
    return report


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Print what the options request; test reports carry it, from workers of xdist too."""
    if config.option.glm_verdict:
        _print_verdict(terminalreporter)
    if config.option.glm_unused:
        _print_unused(terminalreporter, config.invocation_params.dir)


def _forget_earlier_attempts(node: pytest.Item) -> None:
    """Remove what an earlier attempt has left, as plugins make that rerun a test."""
    node.stash[HAS_FAILED] = False
    own = (VERDICT_PROPERTY, UNUSED_PROPERTY)
    node.user_properties[:] = [one for one in node.user_properties if one[0] not in own]


@contextmanager
def _without_traceback() -> Iterator[None]:
    # A traceback of a mistake in a marker would lead through this module, and show the environment
    # with its keys.
    try:
        yield
    except MockGLMError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def _configure(node: pytest.Item, written: Mapping[str, Any]) -> Config:
    marks = [mark for name in ("glm", "glm_cassette") for mark in node.iter_markers(name)]
    return Config.read(written, *(_config_of(mark) for mark in reversed(marks)))


def _config_of(mark: pytest.Mark) -> Mapping[str, Any]:
    return {name: value for name, value in mark.kwargs.items() if name != "path"}


def _play_marked(node: pytest.Item, glm: GLM) -> None:
    """Play the scenarios and the cassette of the markers; those of a class before its tests'."""
    names = [name for mark in reversed([*node.iter_markers("glm")]) for name in mark.args]
    if names:
        glm.play(*names)
    marker = node.get_closest_marker("glm_cassette")
    if marker is not None:
        options = node.config.option
        glm.cassette(
            cassette_path(node, marker),
            options.glm_cassettes,
            upstream=options.glm_upstream or "",
            allowed=options.glm_allow_upstream,
        )


def _add_properties(node: pytest.Item, glm: GLM) -> None:
    option = node.config.option
    if option.glm_verdict:
        node.user_properties.extend((VERDICT_PROPERTY, str(one)) for one in glm.verdict())
    if option.glm_unused:
        unused = glm.unused()
        lines = dict.fromkeys(unused) if node.stash[HAS_FAILED] else unused
        node.user_properties.append((UNUSED_PROPERTY, lines))


def _describe(glm: GLM) -> str:
    try:
        return glm.problems() or glm.journal()
    except Exception as error:
        # An exception of a hook ends the run, and with it the tests that have not run yet.
        return f"mockglm could not report on this test: {error!r}"


def _shorten(trace: TracebackType) -> None:
    """End a traceback where the test calls the handle, if it is the handle that raises."""
    frames = [trace]
    while (following := frames[-1].tb_next) is not None:
        frames.append(following)
    if not _is_internal(frames[-1]):
        return
    first = next(index for index, frame in enumerate(frames) if _is_internal(frame))
    if first:
        frames[first - 1].tb_next = None


def _is_internal(trace: TracebackType) -> bool:
    return str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "mockglm"


def _print_verdict(terminal: pytest.TerminalReporter) -> None:
    terminal.section("mockglm verdict")
    findings: dict[str, list[str]] = {}
    for nodeid, finding in _properties(terminal, VERDICT_PROPERTY):
        findings.setdefault(nodeid, []).append(finding)
    for nodeid, lines in sorted(findings.items()):
        terminal.write_line(nodeid)
        for line in lines:
            terminal.write_line(f"  {line}")
    if not findings:
        terminal.write_line("No findings.")


def _print_unused(terminal: pytest.TerminalReporter, folder: Path) -> None:
    terminal.section("mockglm recordings")
    by_path: dict[str, list[UnusedLines]] = {}
    for _, unused in _properties(terminal, UNUSED_PROPERTY):
        for path, lines in unused.items():
            by_path.setdefault(path, []).append(lines)
    printed = [line for path in sorted(by_path) for line in _unused(path, by_path[path], folder)]
    for line in printed or ["All recordings were used."]:
        terminal.write_line(line)


def _unused(path: str, by_test: Collection[UnusedLines], folder: Path) -> Iterator[str]:
    """The recordings of a cassette that none of its tests has used."""
    file = Path(path)
    name = file.relative_to(folder) if file.is_relative_to(folder) else file
    known = [set(lines) for lines in by_test if lines is not None]
    if len(known) < len(by_test):
        yield f"{name}: unknown, because a test that plays it failed"
        return
    yield from (f"{name}:{line} was not used" for line in sorted(set.intersection(*known)))


def _properties(terminal: pytest.TerminalReporter, name: str) -> Iterator[tuple[str, Any]]:
    """The user properties of a name, each with the test that has it."""
    reports = [
        report
        for kept in terminal.stats.values()
        for report in kept
        if isinstance(report, pytest.TestReport) and report.when == "teardown"
    ]
    # Of several attempts at a test, as plugins make them, the last one counts.
    last = {report.nodeid: report for report in sorted(reports, key=lambda report: report.stop)}
    for report in last.values():
        yield from ((report.nodeid, value) for key, value in report.user_properties if key == name)
