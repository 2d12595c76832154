"""Verdicts: each check applied to the exchanges it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import sqrt
from pathlib import Path
from traceback import extract_tb
from typing import Any, TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from mockglm.conformance.abort_reasons import GATEWAY_ERRORS, AbortReason
from mockglm.conformance.capabilities import Capabilities, find_capabilities
from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.registry import Check, CheckVerdict
from mockglm.conformance.view import ExchangeView

NEEDS_PROBE = "needs a live endpoint"

_MOST_FINDINGS = 1_000
"""Findings of one check that are kept: a stream may break its requirement in every chunk."""

_NORMAL_QUANTILE = 1.959964
"""Of a 95 % interval."""

_MISSING: Mapping[str, str] = {
    "answer": "no answer",
    "body": "an empty body",
    "body_of_200": "no body with status 200",
    "with_known_key": "no answer to a known credential",
    "stream_errors": "no error in the stream",
    "events": "no event",
    "data_events": "no event with data",
    "chunks": "no chunk",
    "reply_chunks": "no chunk of a reply",
    "choices": "no choice in any chunk",
    "deltas": "no delta",
    "plain_replies": "no JSON reply",
    "message_choices": "no choice",
    "messages": "no message",
    "completion": "no completion",
    "not_truncated": "no reply that was not cut",
    "thinking_off": "no completion with thinking disabled",
    "finished_choices": "no finish_reason",
    "usages": "no usage",
    "error_object": "no error body",
    "errors": "no error",
    "calls": "no tool call",
    "calls_with_schema": "no call of a function with a schema that can be used",
    "call_deltas": "no tool call",
    "text": "no text",
    "content": "no content",
    "reasoning": "no reasoning",
    "has_thought": "no sign of a thought",
    "prompt_details": "no count of cached tokens",
    "completion_details": "no count of reasoning tokens",
    "is_rate_limited": "no request was refused for coming too often",
    "retry_after": "no Retry-After",
    "event_times": "no times",
    "typed_events": "no event with a JSON object",
    "starts": "no message_start",
    "whole_stream": "no stream without an error",
    "block_events": "no event of a block",
    "blocks": "no block of content",
    "thinking_blocks": "no block of thinking",
    "tool_blocks": "no call",
    "bodies": "no message in JSON",
    "heads": "no message",
    "endings": "no end of a message",
    "envelopes": "no error object",
    "is_overloaded": "no overload",
    "envelope_log_id": "no request_id in an error",
    "json_body": "no JSON object",
}
"""The words for each view that a check may need, if it is empty."""


class CheckResult(Struct, frozen=True):
    """The verdict on one check; `error` for a bug of the kit.

    `cause` says why there was nothing to judge, `reason` comes from the baseline, `exchanges` names
    the exchanges that were judged.
    """

    check: Check
    verdict: CheckVerdict
    findings: tuple[CheckFinding, ...] = ()
    cause: str = ""
    reason: str = ""
    exchanges: tuple[str, ...] = ()


class RunEvidence(Struct, frozen=True):
    """All exchanges of a run.

    `views` has them by the name of their probe, `more` those of soak, burst and second attempts.
    `unsent` says why a probe was not sent, `cause` why the run stopped.
    """

    views: Mapping[str, ExchangeView]
    capabilities: Capabilities
    more: tuple[ExchangeView, ...] = ()
    unsent: Mapping[str, str] = field(default_factory=dict)
    cause: AbortReason | None = None
    is_recorded: bool = False

    @property
    def has_success(self) -> bool:
        """True if any good request was answered with a completion."""
        return any(view.completion for view in self.views.values())

    def __iter__(self) -> Iterator[ExchangeView]:
        yield from self.views.values()
        yield from self.more


def judge_run(check: Check, evidence: RunEvidence) -> CheckResult:
    """The verdict on a check in a run of the probes."""
    return _guard(check, lambda: _judge_run(check, evidence))


def judge_recordings(check: Check, views: Iterable[ExchangeView]) -> CheckResult:
    """The verdict on a check over any exchanges, each judged by the capabilities of its model."""
    return _guard(check, lambda: _judge_recordings(check, views))


def failure_rates(checks: Iterable[Check], evidence: RunEvidence) -> dict[str, Any]:
    """The share of a soak's streams that each check failed on; empty without a soak.

    `sent` counts the requests of the soak, `count` those that were answered with a stream.
    """
    sent = [view for view in evidence.more if view.name.startswith("soak-")]
    streams = [view for view in sent if view.kind == "stream"]
    if not sent:
        return {}
    counts = {check.id: _count(check, streams) for check in checks if "stream" in check.kinds}
    rows = [
        {
            "id": id,
            "failed": failed,
            "judged": judged,
            "interval": [*wilson_interval(failed, judged)],
        }
        for id, (failed, judged) in counts.items()
        if failed
    ]
    return {"count": len(streams), "sent": len(sent), "rates": rows}


def wilson_interval(failed: int, count: int) -> tuple[float, float]:
    """The 95 % Wilson interval of a rate; `count` is at least 1."""
    rate, square = failed / count, _NORMAL_QUANTILE**2
    centre = (rate + square / (2 * count)) / (1 + square / count)
    spread = _NORMAL_QUANTILE * sqrt(rate * (1 - rate) / count + square / (4 * count * count))
    half = spread / (1 + square / count)
    return max(0.0, centre - half), min(1.0, centre + half)


_Obstacle: TypeAlias = tuple[CheckVerdict, str]
"""The verdict on a check that has nothing to judge, and the cause."""


def _guard(check: Check, judge: Callable[[], CheckResult]) -> CheckResult:
    """The result of judging, or `error` for a bug of the kit, so that the other checks go on."""
    try:
        return judge()
    # Whatever an endpoint sends, the rest of the run is to be reported.
    except Exception as error:
        place = extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        text = f"internal error, please report it: {type(error).__name__}: {error} ({where})"
        return CheckResult(check, "error", cause=text)


def _judge_run(check: Check, evidence: RunEvidence) -> CheckResult:
    capabilities = evidence.capabilities
    if not capabilities.has(check.capability):
        return CheckResult(check, "not_applicable", cause=f"the model has no {check.capability}")
    if check.live_only and evidence.is_recorded:
        return CheckResult(check, "not_applicable", cause="recordings do not keep it")
    probes = [name for name in check.probes if capabilities.has(PROBES[name].capability)]
    for name in probes:
        obstacle = _obstacle(check, name, evidence)
        if obstacle:
            return CheckResult(check, obstacle[0], cause=obstacle[1])
    primary = [evidence.views[name] for name in probes]
    if check.together:
        return _result(check, primary, check.run(*primary))
    others = [v for v in evidence if v.name not in check.probes and _judges_also(check, v)]
    if not primary and not others:
        cause = f"the endpoint cannot be made to answer {', '.join(check.probes)}"
        return CheckResult(check, "not_applicable", cause=cause)
    return _judge_each(check, [*primary, *others])


def _judge_recordings(check: Check, views: Iterable[ExchangeView]) -> CheckResult:
    if not check.kinds or check.together:
        return CheckResult(check, "not_applicable", cause=NEEDS_PROBE)
    fitting = [
        view
        for view in views
        if find_capabilities(view.model).has(check.capability) and _judges_also(check, view)
    ]
    if not fitting:
        return CheckResult(check, "not_applicable", cause=f"{_MISSING[check.needs]} recorded")
    return _judge_each(check, fitting)


def _obstacle(check: Check, name: str, evidence: RunEvidence) -> _Obstacle | None:
    """The reason why the exchange of a probe does not serve the check; None if it does."""
    view = evidence.views.get(name)
    if view is None:
        return "not_testable", evidence.unsent.get(name, f"{name} was not sent")
    if view.answer is None:
        return "not_testable", f"{name} got no answer: {view.exchange.error}"
    if check.requires_success and not evidence.has_success:
        return "not_testable", "no good request was answered, so that a refusal proves nothing"
    if _is_outage(check, view):
        return "not_testable", f"{name} was answered {view.status}, as by a gateway alone"
    if _is_other_form(check, view):
        return "not_testable", f"{name} {view.wrong_media_type or f'was answered {view.status}'}"
    if getattr(view, check.needs):
        return _reluctance(check, view)
    return _absence(check, view)


def _absence(check: Check, view: ExchangeView) -> _Obstacle:
    """The verdict if the view that the check needs is empty."""
    detail = view.exchange.error or f"status {view.status}"
    cause = view.wrong_media_type and f"{view.name} {view.wrong_media_type}"
    is_of_refusals = check.requires_success or "refusal" in check.kinds
    is_usable = bool(view.completion) or (is_of_refusals and view.kind == "refusal")
    verdict = check.if_missing if is_usable else "not_testable"
    return verdict, cause or f"{_MISSING[check.needs]} in {view.name} ({detail})"


def _is_outage(check: Check, view: ExchangeView) -> bool:
    """True if a good request did not reach the endpoint, so that it was not refused by it."""
    probe = PROBES[view.name]
    is_good = not probe.expects_refusal and not probe.disruptive
    is_of_answer = not check.kinds and check.needs == "answer"
    return is_good and is_of_answer and view.status in GATEWAY_ERRORS


def _is_other_form(check: Check, view: ExchangeView) -> bool:
    """True if a probe was answered in another form than the check judges."""
    if check.together:
        return bool(view.wrong_media_type)
    is_of_any = not check.kinds or check.needs in ("answer", "body_of_200")
    return not is_of_any and view.kind not in check.kinds


def _reluctance(check: Check, view: ExchangeView) -> _Obstacle | None:
    """The verdict if the model did not do as the probe asks; None if it did."""
    provoked = PROBES[view.name].provoked
    if check.if_missing != "not_exercised" or provoked is None or provoked(view):
        return None
    return "not_exercised", f"the model did not do what {view.name} asks for"


def _judges_also(check: Check, view: ExchangeView) -> bool:
    """True if a check judges an exchange that is not of its probes.

    That is one of its kinds, or a copy of its probe; a check of the answer itself judges a copy
    even without an answer.
    """
    if check.kinds:
        return view.kind in check.kinds and bool(getattr(view, check.needs))
    name = view.name.rpartition("-")[0]
    is_copy = name in check.probes and PROBES[name].copies > 1
    return is_copy and (check.needs == "answer" or bool(getattr(view, check.needs)))


def _judge_each(check: Check, views: list[ExchangeView]) -> CheckResult:
    findings = (replace(f, exchange=view.name) for view in views for f in check.run(view))
    return _result(check, views, findings)


def _result(
    check: Check, views: Iterable[ExchangeView], findings: Iterable[CheckFinding]
) -> CheckResult:
    found = tuple(islice(findings, _MOST_FINDINGS))
    names = tuple(view.name for view in views)
    broken: Mapping[str, CheckVerdict] = {"MUST": "fail", "SHOULD": "warn", "NOTE": "pass"}
    return CheckResult(check, broken[check.level] if found else "pass", found, exchanges=names)


def _count(check: Check, streams: Sequence[ExchangeView]) -> tuple[int, int]:
    """The streams that a check failed on, and those that it judged."""
    results = [judge_recordings(check, [view]) for view in streams]
    judged = [result for result in results if result.exchanges]
    return sum(bool(result.findings) for result in judged), len(judged)
