"""A run of the kit: probes sent or recordings read, checks judged, a report written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from mockglm.conformance import store
from mockglm.conformance.abort_reasons import missing_probes
from mockglm.conformance.baseline import dump_baseline
from mockglm.conformance.capabilities import Capabilities, find_capabilities
from mockglm.conformance.plan import ProbePlan, RunLimits, make_plan
from mockglm.conformance.probes import PROBES, WRONG_KEY
from mockglm.conformance.registry import Check
from mockglm.conformance.report.document import (
    make_document,
    make_entry,
    make_head,
    redact_document,
)
from mockglm.conformance.report.exchanges import describe_exchange
from mockglm.conformance.report.files import write_junit, write_report
from mockglm.conformance.runner import ProbeListener, ProbeRunner, ignore_progress
from mockglm.conformance.settings import RunSettings
from mockglm.conformance.transport import SendRequest, open_client
from mockglm.conformance.verdicts import (
    CheckResult,
    RunEvidence,
    failure_rates,
    judge_recordings,
    judge_run,
)
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange, Request
from mockglm.redaction import Redactor

CONFORMANT = 0
VIOLATION = 1
INTERRUPTED = 2
INTERNAL_ERROR = 3
WRONG_USAGE = 4
NOTHING_RAN = 5
COULD_NOT_JUDGE = 6

_BROKEN = ("fail", "not_testable", "stale")
_BASELINE = ("fail", "not_testable", "expected")

JSON = Mapping[str, Any]


class RunReport(Struct, frozen=True):
    """The document of a run, and the error if a file of it could not be written."""

    document: dict[str, Any]
    loss: str = ""

    def exit_status(self, tests_status: int = CONFORMANT, *, strict: bool = False) -> int:
        """The exit status: 4, 3 and 2 before 6, then 1, 5 and 0.

        `tests_status` is that of pytest: a test beside the checks that fails, fails the run.
        """
        summary, cause = self.document["summary"], self.document["cause"]
        if self.loss or (summary.get("error") and tests_status != WRONG_USAGE):
            return INTERNAL_ERROR
        if tests_status in (INTERRUPTED, INTERNAL_ERROR, WRONG_USAGE):
            return tests_status
        if (cause and cause["blocking"]) or (strict and summary.get("not_exercised")):
            return COULD_NOT_JUDGE
        if tests_status == VIOLATION or any(summary.get(verdict) for verdict in _BROKEN):
            return VIOLATION
        return CONFORMANT if summary else NOTHING_RAN


class Run:
    """One run over a selection of checks. Nothing is sent before `collect`."""

    def __init__(self, settings: RunSettings, checks: Iterable[Check]) -> None:
        self.settings = settings
        self.checks = tuple(checks)
        self.requests = 0
        self._evidence: RunEvidence | None = None
        self._entries: dict[str, dict[str, Any]] = {}
        target = settings.target
        secrets = (target.key, WRONG_KEY, *(value for _, value in target.headers))
        self._redactor = Redactor(secret for secret in secrets if secret)

    def run(self, listener: ProbeListener = ignore_progress) -> RunReport:
        """Collect the exchanges, judge every check and write what the settings ask for."""
        self.collect(listener)
        for check in self.checks:
            self.judge(check)
        return self.finish()

    @property
    def plan(self) -> ProbePlan:
        """The requests of this run."""
        settings = self.settings
        plan = make_plan(
            self.checks,
            settings.target.capabilities,
            disruptive=settings.disruptive,
            soak=settings.soak,
            stream=settings.check_set.stream,
        )
        requests, tokens = settings.max_requests, settings.max_tokens
        limits = RunLimits(
            plan.limits.requests if requests is None else requests,
            plan.limits.tokens if tokens is None else tokens,
        )
        return replace(plan, limits=limits)

    @property
    def is_offline(self) -> bool:
        """True if exchanges are read and nothing is sent."""
        return bool(self.settings.replay or self.settings.recorded)

    def collect(self, listener: ProbeListener = ignore_progress) -> RunEvidence:
        """The exchanges that the checks need: sent or read in the first call, then the same.

        Raises FileError and UsageError for recordings that cannot be read.
        """
        if self._evidence is None:
            self._evidence = self._read() if self.is_offline else self._send(listener)
        return self._evidence

    def judge(self, check: Check) -> dict[str, Any]:
        """The verdict on a check, as an entry of the report."""
        result = self._judge(check)
        views = {view.name: view for view in self.collect()}
        entry = self._redact(make_entry(result, views, self.settings.target.url))
        self._entries[check.id] = entry
        return dict(entry)

    def finish(self) -> RunReport:
        """The report over the checks that were judged; written where the settings ask for it."""
        views = tuple(self.collect())
        entries = (
            self._entries[id] for id in self.settings.check_set.checks if id in self._entries
        )
        report = make_document(self._redact(self._head(views)), entries)
        exchanges = self._redact([describe_exchange(view) for view in views])
        try:
            self._write(report, exchanges)
        except OSError as error:
            loss = f"{error.filename or 'a file'} could not be written: {error.strerror}"
            return RunReport(report, loss)
        return RunReport(report)

    def progress(self, name: str, view: ExchangeView | None) -> str:
        """A line about the probe under way."""
        state = "…" if view is None else f"{view.status or view.exchange.error}"
        return f"probe {self.requests}/{len(self.plan.probes)} {name} {state}"

    def _judge(self, check: Check) -> CheckResult:
        judge = judge_recordings if self.settings.recorded else judge_run
        result = judge(check, self.collect())
        if result.verdict == "warn" and self.settings.strict:
            result = replace(result, verdict="fail")
        reason = self.settings.baseline.get(check.id)
        return result if reason is None else _apply_baseline(result, reason)

    def _head(self, views: Sequence[ExchangeView]) -> dict[str, Any]:
        target, evidence = self.settings.target, self.collect()
        counts = (view.completion_tokens for view in views)
        return make_head(
            target=self._subject(),
            model=self._models(views) if evidence.is_recorded else target.model,
            started=target.started,
            requests=self.requests,
            exchanges=len(views),
            tokens=sum(tokens for tokens in counts if isinstance(tokens, int)),
            cause=evidence.cause,
            note="" if evidence.is_recorded else _note(target.model, target.capabilities),
            soak=failure_rates(self.checks, evidence),
            check_set=self.settings.check_set.name,
        )

    def _write(self, report: JSON, exchanges: Sequence[JSON]) -> None:
        settings = self.settings
        folders = [settings.record_to, settings.report and settings.report / "exchanges"]
        for folder in folders if not self.is_offline else ():
            if folder:
                store.save_exchanges(
                    folder, self.collect(), origin=settings.target.url, redactor=self._redactor
                )
        if settings.report:
            write_report(settings.report, report, exchanges)
        if settings.junit:
            write_junit(settings.junit, report)
        if settings.write_baseline:
            text = dump_baseline(_known_failures(report["checks"]))
            settings.write_baseline.write_text(text, encoding="utf-8")

    def _send(self, listener: ProbeListener) -> RunEvidence:
        settings = self.settings
        limits = settings.limits
        with open_client(settings.target.url, limits, settings.trust) as send:
            sender = self._counting(send)
            return ProbeRunner(
                self.plan,
                settings.target,
                sender,
                listener=listener,
                pause=limits.pause,
                view=settings.check_set.view,
            ).run()

    def _counting(self, send: SendRequest) -> SendRequest:
        def counted(request: Request) -> Exchange:
            self.requests += 1
            return send(request)

        return counted

    def _read(self) -> RunEvidence:
        """The recorded exchanges that the set judges, or all exchanges of a kept run."""
        replay, check_set = self.settings.replay, self.settings.check_set
        if replay is None or self.settings.recorded:
            views = store.load_views(*self.settings.recorded, check_set=check_set)
            return RunEvidence({}, self._capabilities(views), views, is_recorded=True)
        found = [check_set.view(s.name, s.exchange) for s in store.load_exchanges(replay)]
        probed = {view.name: view for view in found if view.name in PROBES}
        more = tuple(view for view in found if view.name not in PROBES)
        capabilities = self._capabilities(found)
        plan = make_plan(self.checks, capabilities, disruptive=self.settings.disruptive)
        unsent = {p.name: f"{p.name} was not kept" for p in plan.probes if p.name not in probed}
        cause = missing_probes(probed, unsent)
        return RunEvidence(probed, capabilities, more, unsent, cause, is_recorded=True)

    def _capabilities(self, views: Sequence[ExchangeView]) -> Capabilities:
        """The capabilities that were tested when the exchanges were recorded."""
        names = {view.name for view in views}
        return find_capabilities(
            self._models(views),
            jwt="jwt" in names,
            deterministic=self.settings.target.deterministic,
            failing=bool(names & {"failing", "message-failing"}),
        )

    def _models(self, views: Iterable[ExchangeView]) -> str:
        """The models that answered; that of the target if the exchanges name none."""
        good = (view for view in views if not _expects_refusal(view.name))
        known = {view.model for view in good if view.model and view.completion}
        return ", ".join(sorted(known)) or self.settings.target.model

    def _subject(self) -> str:
        paths: tuple[Path | None, ...] = self.settings.recorded or (self.settings.replay,)
        return ", ".join(str(path) for path in paths if path) or self.settings.target.url

    def _redact(self, value: Any) -> Any:
        return redact_document(value, self._redactor)


def _apply_baseline(result: CheckResult, reason: str) -> CheckResult:
    if result.verdict in ("fail", "warn", "not_testable"):
        return replace(result, verdict="expected", reason=reason)
    if result.verdict == "pass":
        return replace(result, verdict="stale", reason=reason)
    return result


def _known_failures(entries: Iterable[JSON]) -> Iterable[tuple[str, str]]:
    for entry in entries:
        if entry["verdict"] in _BASELINE:
            first = entry["findings"][0]["message"] if entry["findings"] else entry["cause"]
            yield entry["id"], entry["reason"] or first


def _expects_refusal(name: str) -> bool:
    return name in PROBES and PROBES[name].expects_refusal


def _note(model: str, capabilities: Capabilities) -> str:
    if capabilities.known:
        return ""
    return f"{model} is in no table of GLM's models: every capability is assumed."
