"""One run of the kit: its evidence gathered once, and the verdicts on the checks selected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from mockglm.conformance import recordings, soak
from mockglm.conformance.capabilities import Profile, profile
from mockglm.conformance.catalogue import Check
from mockglm.conformance.cause import lack
from mockglm.conformance.collecting import Collection, Watch
from mockglm.conformance.judging import Evidence, Result, judge, review
from mockglm.conformance.plan import Limits, Plan, draw
from mockglm.conformance.probes import PROBES, WRONG_KEY
from mockglm.conformance.report.described import described
from mockglm.conformance.report.document import clean, entry, head
from mockglm.conformance.seen import Seen
from mockglm.conformance.sent import CHAT
from mockglm.conformance.settings import Settings
from mockglm.conformance.target import Target
from mockglm.conformance.transport import Send, connect
from mockglm.errors import UsageError
from mockglm.redaction import Redactor

__all__ = ["Kit"]


class Kit:
    """The run of a selection of checks. Nothing is sent before `gather`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.evidence: Evidence | None = None
        self.requests = 0

    def plan(self, checks: Iterable[Check]) -> Plan:
        """What a run of these checks would send."""
        settings = self.settings
        plan = draw(
            checks,
            settings.target.profile,
            disruptive=settings.disruptive,
            soak=settings.soak,
        )
        limits = Limits(
            plan.limits.requests if settings.requests is None else settings.requests,
            plan.limits.tokens if settings.tokens is None else settings.tokens,
        )
        return replace(plan, limits=limits)

    @property
    def is_offline(self) -> bool:
        """Whether exchanges are read, and none sent."""
        return bool(self.settings.replay or self.settings.recorded)

    def gather(self, checks: Sequence[Check], watch: Watch) -> Evidence:
        """The exchanges these checks need: sent once, or read from a folder."""
        if self.evidence is None:
            self.evidence = self._kept(checks) if self.is_offline else self._send(checks, watch)
        return self.evidence

    def judge(self, check: Check) -> Result:
        """The verdict on a check, by the evidence, the baseline and how strict the run is."""
        assert self.evidence is not None, "gather comes first"
        recorded = self.settings.recorded
        result = review(check, self.evidence) if recorded else judge(check, self.evidence)
        if result.verdict == "warn" and self.settings.strict:
            result = replace(result, verdict="fail")
        reason = self.settings.baseline.get(check.id)
        return result if reason is None else _expected(result, reason)

    def entry(self, check: Check) -> dict[str, Any]:
        """The verdict on a check as the report has it."""
        found = entry(self.judge(check), self.named, self.settings.target.url)
        cleaned: dict[str, Any] = clean(found, self.redactor)
        return cleaned

    @property
    def named(self) -> Mapping[str, Seen]:
        """Every exchange by its name."""
        return {seen.name: seen for seen in self.evidence or ()}

    @property
    def redactor(self) -> Redactor:
        """What takes the secrets out of all that is told and kept."""
        target = self.settings.target
        secrets = (target.key, WRONG_KEY, *(value for _, value in target.headers))
        return Redactor(secret for secret in secrets if secret)

    def account(self, checks: Iterable[Check]) -> dict[str, Any]:
        """What is to be told of the run beside its verdicts: the report's head, the exchanges."""
        target, evidence = self.settings.target, self.evidence
        is_recorded = evidence is not None and evidence.recorded
        spent = (seen.spent for seen in evidence or ())
        told = {
            "head": head(
                target=self._source(),
                model=self._model(evidence or ()) if is_recorded else target.model,
                started=target.started,
                requests=self.requests,
                exchanges=sum(1 for _ in evidence or ()),
                tokens=sum(tokens for tokens in spent if isinstance(tokens, int)),
                cause=evidence.cause if evidence else None,
                note=_note(target) if not is_recorded else "",
                soak=soak.rates(checks, evidence) if evidence else {},
            ),
            "exchanges": [described(seen) for seen in evidence or ()],
        }
        cleaned: dict[str, Any] = clean(told, self.redactor)
        return cleaned

    def save(self, folder: Path) -> None:
        """Keep every exchange as a cassette."""
        kept = ((seen.name, seen.exchange) for seen in self.evidence or ())
        recordings.save(folder, kept, origin=self.settings.target.url, redactor=self.redactor)

    def _send(self, checks: Sequence[Check], watch: Watch) -> Evidence:
        target = self.settings.target
        patience = self.settings.patience
        with connect(target.url, patience, self.settings.trust) as send:
            plan, counted = self.plan(checks), self._counted(send)
            return Collection(plan, target, counted, watch, pause=patience.pause).collect()

    def _counted(self, send: Send) -> Send:
        def counted(request: Any) -> Any:
            self.requests += 1
            return send(request)

        return counted

    def _kept(self, checks: Iterable[Check]) -> Evidence:
        """What was recorded of the chat path: of a run all its probes, else any exchanges."""
        replay = self.settings.replay
        if replay is None or self.settings.recorded:
            found = _chats(self.settings.recorded)
            return Evidence({}, self._profile(found), tuple(found), recorded=True)
        found = [Seen(kept.name, kept.exchange) for kept in recordings.load(replay)]
        probed = {seen.name: seen for seen in found if seen.name in PROBES}
        more = tuple(seen for seen in found if seen.name not in PROBES)
        about = self._profile(found)
        plan = draw(checks, about, disruptive=self.settings.disruptive)
        unsent = {p.name: f"{p.name} was not kept" for p in plan.probes if p.name not in probed}
        cause = lack(probed, unsent)
        return Evidence(probed, about, more, unsent, cause, recorded=True)

    def _profile(self, found: Sequence[Seen]) -> Profile:
        """What may be asked of recorded exchanges: what was asked when they were made."""
        names = {seen.name for seen in found}
        return profile(
            self._model(found),
            jwt="jwt" in names,
            deterministic=self.settings.target.deterministic,
            failing="failing" in names,
        )

    def _model(self, seen: Iterable[Seen]) -> str:
        """The models that were asked; the target's where the exchanges do not say."""
        good = (found for found in seen if not _is_refused(found.name))
        known = {found.model for found in good if found.model and found.completion}
        return ", ".join(sorted(known)) or self.settings.target.model

    def _source(self) -> str:
        paths = self.settings.recorded or (self.settings.replay,)
        return ", ".join(str(path) for path in paths if path) or self.settings.target.url


def _chats(paths: Iterable[Path]) -> list[Seen]:
    """The recorded exchanges of the chat path. Raises UsageError where a path has none."""
    paths = tuple(paths)
    found = [(kept.source, Seen(kept.name, kept.exchange)) for kept in recordings.load(*paths)]
    chats = [(source, seen) for source, seen in found if seen.chats]
    for path in set(paths) - {source for source, _ in chats}:
        raise UsageError(f"{path} holds no recorded exchange of {CHAT}")
    return [seen for _, seen in chats]


def _is_refused(name: str) -> bool:
    """Whether a right endpoint refuses the probe of that name."""
    return name in PROBES and PROBES[name].refused


def _note(target: Target) -> str:
    if target.profile.known:
        return ""
    return f"{target.model} is in no table of GLM's models: it may do everything."


def _expected(result: Result, reason: str) -> Result:
    """The result of a check that the baseline has."""
    if result.verdict in ("fail", "warn", "not_testable"):
        return replace(result, verdict="expected", reason=reason)
    if result.verdict == "pass":
        return replace(result, verdict="stale", reason=reason)
    return result
