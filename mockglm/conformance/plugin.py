"""The kit as a plugin of pytest: each check is an item, judged by the same run as the command."""

from __future__ import annotations

import json
import os
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import asdict, replace

from mockglm.conformance.options import GROUPS, PACKAGE, has_subject, option_values
from mockglm.conformance.registry import Check
from mockglm.conformance.report.terminal import (
    Line,
    failure_lines,
    plan_lines,
    printable,
    report_lines,
)
from mockglm.conformance.run import Run, RunReport
from mockglm.conformance.selection import select_by_id, select_checks
from mockglm.conformance.settings import read_settings
from mockglm.conformance.view import ExchangeView
from mockglm.errors import MockGLMError

_FAILING = ("fail", "not_testable", "stale", "error")
_SKIPPED = ("not_exercised", "not_applicable")


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; those that do not fit end the run with 4."""
    for level in ("must", "should", "note"):
        config.addinivalue_line("markers", f"{level}: a {level.upper()} of the conformance kit")
    config.addinivalue_line("markers", "xdist_group(name): sent by one process")
    values = option_values(config.option)
    if not has_subject(values):
        raise pytest.UsageError(f"{PACKAGE} needs --glm-url, or --glm-replay-from")
    if getattr(config.option, "dist", "no") not in ("no", "loadgroup"):
        raise pytest.UsageError("the probes are sent once: use --dist loadgroup, or no -n")
    try:
        settings = read_settings(values, os.environ, Path.cwd())
        check_set = settings.check_set
        checks = select_checks(disruptive=settings.disruptive, check_set=check_set)
        checks = select_by_id(checks, getattr(config.option, "glm_checks", ()), check_set)
    except MockGLMError as error:
        raise pytest.UsageError(str(error)) from error
    # pytest writes its own JUnit report.
    run = Run(replace(settings, junit=None), checks)
    config.pluginmanager.register(KitPlugin(config, run), f"{PACKAGE}.run")


class CheckFailed(Exception):  # noqa: N818
    """A check that did not pass; `entry` is its part of the report."""

    def __init__(self, entry: dict[str, Any]) -> None:
        self.entry = entry
        super().__init__(entry["requirement"])


class CheckItem(pytest.Item):
    """One check, with a node id that never changes: `glm-v4::SSE-05`."""

    check: Check
    run: Run

    @classmethod
    def of(cls, parent: KitDirectory, check: Check) -> CheckItem:
        """The item of a check, marked with its level."""
        group = parent.run.settings.check_set.group
        item: CheckItem = cls.from_parent(parent, name=check.id, nodeid=f"{group}::{check.id}")
        item.check, item.run = check, parent.run
        item.add_marker(check.level.lower())
        item.add_marker(pytest.mark.xdist_group(group))
        item.user_properties += [
            ("level", check.level),
            ("probe", ", ".join(check.probes)),
            ("source", "; ".join(map(str, check.sources))),
        ]
        return item

    def runtest(self) -> None:
        """Fail, be skipped or pass by the verdict."""
        entry = self.run.judge(self.check)
        self.user_properties.append(("verdict", entry["verdict"]))
        if entry["verdict"] in _FAILING:
            raise CheckFailed(entry)
        if entry["verdict"] == "expected":
            pytest.xfail(entry["reason"])
        if entry["verdict"] in _SKIPPED:
            pytest.skip(entry["cause"])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A broken requirement in the words of the report; any other exception as pytest's."""
        if not isinstance(excinfo.value, CheckFailed):
            return super().repr_failure(excinfo, style)
        entry = excinfo.value.entry
        lines = (f"    {printable(text)}" for text, _ in failure_lines(entry))
        return "\n".join((f"{entry['id']} {entry['level']} {entry['requirement']}", *lines))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, f"{self.check.id} {self.check.title}"


class KitDirectory(pytest.Directory):
    """The folder of the kit: its items are the checks, whatever files are in it."""

    run: Run

    def collect(self) -> Iterator[CheckItem]:
        return (CheckItem.of(self, check) for check in self.run.checks)


class KitPlugin:
    """The hooks of one run; under xdist one worker judges, and the controller reports."""

    def __init__(self, config: pytest.Config, run: Run) -> None:
        self._config = config
        self._option = config.option
        self._run = run
        self._is_collected = False
        self._has_crashed = False
        self._report: RunReport | None = None

    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if path != Path(__file__).parent:
            return None
        directory: KitDirectory = KitDirectory.from_parent(parent, path=path)
        directory.run = self._run
        return directory

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Take over the checks that -k, -m and --deselect have left."""
        items = (item for item in session.items if isinstance(item, CheckItem))
        self._run.checks = tuple(item.check for item in items)
        if self._run.is_offline and not self._option.glm_plan:
            self._collect()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        if not self._option.glm_plan:
            return None
        self._write(plan_lines(self._run.plan))
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        if isinstance(item, CheckItem):
            self._collect()
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        is_check = _group(report.nodeid) in GROUPS
        if is_check and report.failed and not _verdict(report):
            self._has_crashed = True

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        if self._option.glm_quiet:
            return report.outcome, "", ""
        is_warning = report.when == "call" and _verdict(report) == "warn"
        return ("warned", "w", ("WARNED", {"yellow": True})) if is_warning else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._is_collected:
            self._report = self._run.finish()
        if hasattr(self._config, "workeroutput"):
            found = asdict(self._report) if self._report else None
            self._config.workeroutput["glm"] = json.dumps(found)
            return
        if self._report and self._report.document["checks"]:
            status = int(session.exitstatus)
            strict = self._option.glm_strict
            session.exitstatus = self._report.exit_status(status, strict=strict)
        if self._has_crashed:
            session.exitstatus = pytest.ExitCode.INTERNAL_ERROR

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Any) -> Any:
        """Give all checks to one worker.

        The mark alone does not do so: xdist 3.8 writes the group into an attribute of items that
        pytest 9.2 does not read any more.
        """
        from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]

        scheduling = LoadGroupScheduling(config, log)
        split = scheduling._split_scope
        scheduling._split_scope = lambda id: _group(id) if _group(id) in GROUPS else split(id)
        return scheduling

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the report of the xdist worker that judged."""
        found = json.loads(getattr(node, "workeroutput", {}).get("glm", "null"))
        self._report = RunReport(**found) if found else self._report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._report and self._report.document["checks"]:
            terminalreporter.ensure_newline()
            details = self._option.tbstyle == "no"
            self._write(report_lines(self._report.document, details=details))
            self._write((text, "red") for text in [self._report.loss] if text)

    def _collect(self) -> None:
        """Have the exchanges; recordings that cannot be read end the run with 4."""
        try:
            self._run.collect(self._show_progress)
        except MockGLMError as error:
            raise pytest.UsageError(str(error)) from error
        self._is_collected = True

    def _write(self, lines: Iterable[Line]) -> None:
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        for text, style in lines:
            reporter.write_line(text, **({style: True} if style else {}))

    def _show_progress(self, name: str, view: ExchangeView | None) -> None:
        reporter = self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None and reporter.isatty:
            reporter.rewrite(self._run.progress(name, view), erase=True)


def _group(id: str) -> str:
    """The part of a node id before the id of a check."""
    return id.partition("::")[0]


def _verdict(report: pytest.TestReport) -> str:
    return str(dict(report.user_properties).get("verdict", ""))
