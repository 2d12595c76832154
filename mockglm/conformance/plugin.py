"""The kit as a plugin of pytest: collects the checks, sends the probes, tells what came of it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import Any

import pytest

from mockglm.conformance.baseline import dump
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.items import GROUP, CheckItem, KitDirectory
from mockglm.conformance.kit import Kit
from mockglm.conformance.options import PACKAGE, is_fed
from mockglm.conformance.outcome import status
from mockglm.conformance.report.document import document
from mockglm.conformance.report.files import write
from mockglm.conformance.report.lines import Line, render
from mockglm.conformance.report.table import plan_lines
from mockglm.conformance.seen import Seen
from mockglm.conformance.settings import read
from mockglm.errors import MockGLMError

__all__ = ["Judge", "pytest_configure"]

HOME = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; what does not fit ends the run with 4."""
    for level in ("must", "should", "note"):
        config.addinivalue_line("markers", f"{level}: a {level.upper()} of the conformance kit")
    config.addinivalue_line("markers", "xdist_group(name): sent by one process")
    option = config.option
    if not is_fed(option):
        raise pytest.UsageError(f"{PACKAGE} needs --glm-url, or --glm-replay-from")
    if getattr(option, "dist", "no") not in ("no", "loadgroup"):
        raise pytest.UsageError("the probes are sent once: use --dist loadgroup, or no -n")
    try:
        settings = read(option, os.environ, Path.cwd())
    except MockGLMError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Judge(config, Kit(settings)), f"{PACKAGE}.judge")


class Judge:
    """The hooks of one run; under xdist a worker judges and the controller tells."""

    def __init__(self, config: pytest.Config, kit: Kit) -> None:
        self._config = config
        self._kit = kit
        self._items: list[CheckItem] = []
        self._entries: dict[str, dict[str, Any]] = {}
        self._told: dict[str, Any] = {}
        self._is_broken = False

    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        return KitDirectory.of(parent, path, self._kit) if path == HOME else None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._items = [item for item in session.items if isinstance(item, CheckItem)]
        if self._kit.is_offline and not self._config.option.glm_plan:
            self._gather()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        if not self._config.option.glm_plan:
            return None
        self._say(plan_lines(self._kit.plan(item.check for item in self._items)))
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        if isinstance(item, CheckItem):
            self._gather()
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call" and isinstance(item, CheckItem) and item.entry:
            report.__dict__["glm"] = item.entry
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = report.__dict__.get("glm")
        if entry:
            self._entries[entry["id"]] = entry
        elif report.failed and report.nodeid.startswith(f"{GROUP}::"):
            self._is_broken = True

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        if self._config.option.glm_quiet:
            return report.outcome, "", ""
        is_warning = report.__dict__.get("glm", {}).get("verdict") == "warn"
        return ("warned", "w", ("WARNED", {"yellow": True})) if is_warning else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._kit.evidence is not None:
            self._told = self._kit.account(item.check for item in self._items)
            self._told["lost"] = self._written(self._keep_exchanges)
        if hasattr(self._config, "workeroutput"):
            self._config.workeroutput["glm"] = json.dumps(self._told)
            return
        if self._entries and self._told:
            self._told["lost"] = self._told["lost"] or self._written(self._keep_report)
            is_strict = self._config.option.glm_strict
            session.exitstatus = status(session.exitstatus, self._report, is_strict)
        if self._is_broken or self._told.get("lost"):
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Under xdist: take over what the worker that judged has to tell."""
        told = json.loads(getattr(node, "workeroutput", {}).get("glm", "{}"))
        self._told = told or self._told

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._entries and self._told:
            terminalreporter.ensure_newline()
            self._say(render(self._report, details=self._config.option.tbstyle == "no"))
            self._say((text, "red") for text in [self._told["lost"]] if text)

    def _gather(self) -> None:
        """Have the exchanges; recordings that cannot be read end the run with 4."""
        try:
            self._kit.gather([item.check for item in self._items], self._watch)
        except MockGLMError as error:
            raise pytest.UsageError(str(error)) from error

    @property
    def _report(self) -> dict[str, Any]:
        """The report, its checks in the order of the catalogue."""
        entries = (self._entries[id] for id in CHECKS if id in self._entries)
        return document(self._told["head"], entries)

    def _written(self, keep: Callable[[], None]) -> str:
        """Why what the options ask for could not be written; empty when it was."""
        try:
            keep()
        except OSError as error:
            return f"{error.filename or 'a file'} could not be written: {error.strerror}"
        return ""

    def _keep_exchanges(self) -> None:
        """Under xdist in the process that sent the requests, for the others do not have them."""
        if self._config.option.glm_record_to:
            self._kit.save(Path(self._config.option.glm_record_to))

    def _keep_report(self) -> None:
        option = self._config.option
        if option.glm_report:
            write(Path(option.glm_report), self._report, self._told["exchanges"])
        if option.glm_write_baseline:
            text = dump(_failing(self._entries.values()))
            Path(option.glm_write_baseline).write_text(text, encoding="utf-8")

    def _say(self, lines: Iterable[Line]) -> None:
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        for text, style in lines:
            reporter.write_line(text, **({style: True} if style else {}))

    def _watch(self, name: str, seen: Seen | None) -> None:
        """Show on a terminal which probe is under way."""
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None or not reporter.isatty:
            return
        count = len(self._kit.plan(item.check for item in self._items).probes)
        state = "…" if seen is None else f"{seen.status or seen.exchange.error}"
        reporter.rewrite(f"probe {self._kit.requests}/{count} {name} {state}", erase=True)


def _failing(entries: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if entry["verdict"] in ("fail", "not_testable", "expected"):
            first = entry["findings"][0]["message"] if entry["findings"] else entry["cause"]
            yield entry["id"], entry["reason"] or first
