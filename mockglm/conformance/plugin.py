"""The kit as a plugin of pytest: collects the checks, sends the probes, tells what came of it."""

from __future__ import annotations

import json
import os
import secrets
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from mockglm.conformance import keys, recordings
from mockglm.conformance.baseline import dump, load
from mockglm.conformance.items import GROUP, CheckItem, KitDirectory
from mockglm.conformance.kit import Kit, Settings
from mockglm.conformance.options import PACKAGE
from mockglm.conformance.outcome import COULD_NOT_JUDGE, status
from mockglm.conformance.report import write
from mockglm.conformance.report.document import document
from mockglm.conformance.report.lines import render
from mockglm.conformance.report.table import plan_lines
from mockglm.conformance.seen import Seen
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Patience
from mockglm.errors import MockGLMError

__all__ = ["Judge", "pytest_configure"]

HOME = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Read the options; what does not fit ends the run with 4."""
    for level in ("must", "should", "note"):
        config.addinivalue_line("markers", f"{level}: a {level.upper()} of the conformance kit")
    config.addinivalue_line("markers", "xdist_group(name): all probes are sent by one process")
    option = config.option
    if not (option.glm_url or option.glm_replay_from or option.glm_plan):
        raise pytest.UsageError(f"{PACKAGE} needs --glm-url, or --glm-replay-from")
    if getattr(option, "dist", "no") not in ("no", "loadgroup"):
        raise pytest.UsageError("the probes are sent once: use --dist loadgroup, or no -n")
    try:
        settings = read(config)
    except MockGLMError as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Judge(config, Kit(settings)), f"{PACKAGE}.judge")


def read(config: pytest.Config) -> Settings:
    """The settings that the options and the environment make."""
    option = config.option
    target = Target(
        url=option.glm_url or "",
        model=option.glm_model,
        key=keys.find(os.environ, Path.cwd()),
        run=secrets.token_hex(3),
        deterministic=option.glm_deterministic,
    )
    return Settings(
        target=target,
        disruptive=option.glm_disruptive,
        strict=option.glm_strict,
        soak=option.glm_soak,
        requests=option.glm_max_requests,
        tokens=option.glm_max_tokens,
        patience=Patience(whole=option.glm_timeout, idle=min(120.0, option.glm_timeout)),
        baseline=load(Path(option.glm_baseline)) if option.glm_baseline else {},
        replay=Path(option.glm_replay_from) if option.glm_replay_from else None,
    )


class Judge:
    """The hooks of one run; under xdist the workers judge and the controller tells."""

    def __init__(self, config: pytest.Config, kit: Kit) -> None:
        self.config = config
        self.kit = kit
        self.items: list[CheckItem] = []
        self.entries: dict[str, dict[str, Any]] = {}
        self.told: dict[str, Any] = {}
        self.exit = 0

    def pytest_collect_directory(
        self, path: Path, parent: pytest.Collector
    ) -> pytest.Collector | None:
        if path != HOME:
            return None
        directory: KitDirectory = KitDirectory.from_parent(parent, path=path)
        directory.kit = self.kit
        return directory

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.items = [item for item in session.items if isinstance(item, CheckItem)]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        if not self.config.option.glm_plan:
            return None
        self._say(plan_lines(self.kit.plan(item.check for item in self.items)))
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, bool, bool]:
        if isinstance(item, CheckItem):
            self.kit.gather([item.check for item in self.items], self._watch)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.when == "call" and isinstance(item, CheckItem):
            report.__dict__["glm"] = item.entry
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        entry = report.__dict__.get("glm")
        if entry:
            self.entries[entry["id"]] = entry

    def pytest_report_teststatus(self, report: pytest.TestReport) -> Any:
        if not report.nodeid.startswith(f"{GROUP}::") or report.when != "call":
            return None
        if report.__dict__.get("glm", {}).get("verdict") != "warn":
            return None
        return "warned", "w", ("WARNED", {"yellow": True})

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput["glm"] = json.dumps(self._account())
            return
        self.told = self.told or self._account()
        if self.config.option.glm_plan or not self.entries:
            return
        self._write()
        session.exitstatus = status(session.exitstatus, self.report, self.config.option.glm_strict)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        account = json.loads(getattr(node, "workeroutput", {}).get("glm", "{}"))
        if account.get("exchanges"):
            self.told = account

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.entries:
            terminalreporter.ensure_newline()
            self._say(render(self.report, details=self.config.option.tbstyle == "no"))

    @property
    def report(self) -> dict[str, Any]:
        """The report as a document, its checks in the order of the catalogue."""
        return {**self.told["head"], **document_checks(self.told, self.entries)}
