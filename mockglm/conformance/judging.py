"""A check brought to the exchanges it needs, and the verdict that comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from traceback import extract_tb

from msgspec import Struct, field
from msgspec.structs import replace

from mockglm.conformance.capabilities import Profile, profile
from mockglm.conformance.catalogue import Check, Verdict
from mockglm.conformance.cause import OUTAGES, Cause
from mockglm.conformance.parts import Finding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.seen import Seen

__all__ = ["NEEDS_PROBE", "Evidence", "Result", "judge", "review"]

NEEDS_PROBE = "what was recorded cannot tell, an endpoint has to be asked"

_MISSING: Mapping[str, str] = {
    "answer": "no answer",
    "body": "an empty body",
    "granted": "no body with status 200",
    "confided": "no answer to a known credential",
    "broken": "no error in the stream",
    "events": "no event",
    "data": "no event with data",
    "chunks": "no chunk",
    "spoken": "no chunk of a reply",
    "choices": "no choice in any chunk",
    "deltas": "no delta",
    "replies": "no JSON reply",
    "outcomes": "no choice",
    "messages": "no message",
    "completion": "no completion",
    "uncut": "no reply that was not cut",
    "unthinking": "no completion with thinking disabled",
    "finishes": "no finish_reason",
    "usages": "no usage",
    "envelope": "no error body",
    "errors": "no error",
    "calls": "no tool call",
    "bound": "no call of a function with a schema that can be used",
    "pieces": "no tool call",
    "said": "no text",
    "content": "no content",
    "reasoning": "no reasoning",
    "thought": "no sign of a thought",
    "cached": "no count of cached tokens",
    "counted": "no count of reasoning tokens",
    "limited": "no request was refused for coming too often",
    "delayed": "no Retry-After",
    "timed": "no times",
}


class Result(Struct, frozen=True):
    """The verdict on one check, `error` where the kit itself failed over it. `cause` says why
    there was nothing to judge, `reason` is the baseline's; `exchanges` names what was judged."""

    check: Check
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    cause: str = ""
    reason: str = ""
    exchanges: tuple[str, ...] = ()


class Evidence(Struct, frozen=True):
    """All exchanges of a run by the name of their probe; `more` are further ones of soak and burst.

    `unsent` says of a probe why it was not sent, `cause` what stopped the run.
    """

    seen: Mapping[str, Seen]
    profile: Profile
    more: tuple[Seen, ...] = ()
    unsent: Mapping[str, str] = field(default_factory=dict)
    cause: Cause | None = None
    recorded: bool = False

    @property
    def alive(self) -> bool:
        """Whether any good request was answered with a completion."""
        return any(seen.completion for seen in self.seen.values())

    def __iter__(self) -> Iterator[Seen]:
        yield from self.seen.values()
        yield from self.more


def judge(check: Check, evidence: Evidence) -> Result:
    """The verdict on a check in a run."""
    return _guarded(check, lambda: _judge(check, evidence))


def review(check: Check, recorded: Iterable[Seen]) -> Result:
    """The verdict on a check over recorded exchanges, each judged by its model's profile."""
    return _guarded(check, lambda: _review(check, recorded))


def _guarded(check: Check, verdict: Callable[[], Result]) -> Result:
    """The verdict, or what the kit failed over: no answer may take the other checks with it."""
    try:
        return verdict()
    except Exception as error:  # whatever an endpoint sends, the rest of the run is to be told
        place = extract_tb(error.__traceback__)[-1]
        where = f"{Path(place.filename).name}:{place.lineno}"
        said = f"a bug of the kit, please report it: {type(error).__name__}: {error} ({where})"
        return Result(check, "error", cause=said)


def _judge(check: Check, evidence: Evidence) -> Result:
    if not evidence.profile.has(check.capability):
        return Result(check, "not_applicable", cause=f"the model has no {check.capability}")
    if check.live and evidence.recorded:
        return Result(check, "not_applicable", cause="recordings do not keep it")
    probes = [name for name in check.probes if evidence.profile.has(PROBES[name].capability)]
    for name in probes:
        obstacle = _obstacle(check, name, evidence)
        if obstacle:
            return Result(check, *obstacle)
    primary = [evidence.seen[name] for name in probes]
    if check.together:
        return _verdict(check, primary, check.run(*primary))
    others = [s for s in evidence if s.name not in check.probes and _fits(check, s)]
    if not primary and not others:
        cause = f"the endpoint cannot be made to answer {', '.join(check.probes)}"
        return Result(check, "not_applicable", cause=cause)
    return _each(check, [*primary, *others])


def _review(check: Check, recorded: Iterable[Seen]) -> Result:
    if not check.kinds or check.together:
        return Result(check, "not_applicable", cause=NEEDS_PROBE)
    fitting = [s for s in recorded if profile(s.model).has(check.capability) and _fits(check, s)]
    if not fitting:
        return Result(check, "not_applicable", cause=f"{_MISSING[check.needs]} recorded")
    return _each(check, fitting)


def _obstacle(check: Check, name: str, evidence: Evidence) -> tuple[Verdict, tuple[()], str] | None:
    """Why a probe's exchange does not serve the check, None when it does."""
    seen = evidence.seen.get(name)
    if seen is None:
        return "not_testable", (), evidence.unsent.get(name, f"{name} was not sent")
    if seen.answer is None:
        return "not_testable", (), f"{name} got no answer: {seen.exchange.error}"
    if check.alive and not evidence.alive:
        return "not_testable", (), "no good request was answered, so that a refusal proves nothing"
    if _is_outage(check, seen):
        return "not_testable", (), f"{name} was answered {seen.status}, as by a gateway alone"
    if _is_other(check, seen):
        return "not_testable", (), f"{name} {seen.astray or f'was answered {seen.status}'}"
    if getattr(seen, check.needs):
        return _reluctance(check, seen)
    cause = f"{_MISSING[check.needs]} in {name} ({seen.exchange.error or f'status {seen.status}'})"
    cause = f"{name} {seen.astray}" if seen.astray else cause
    is_refusal = check.alive or "refusal" in check.kinds
    is_usable = bool(seen.completion) or (is_refusal and seen.kind == "refusal")
    return (check.absent if is_usable else "not_testable"), (), cause


def _is_outage(check: Check, seen: Seen) -> bool:
    """Whether a good request never reached what is judged, which is not to have refused it."""
    probe = PROBES[seen.name]
    is_good = not probe.refused and not probe.disruptive
    return is_good and not check.kinds and check.needs == "answer" and seen.status in OUTAGES


def _is_other(check: Check, seen: Seen) -> bool:
    """Whether a probe was answered in another form than the check is about."""
    if check.together:
        return bool(seen.astray)
    is_any = not check.kinds or check.needs in ("answer", "granted")
    return not is_any and seen.kind not in check.kinds


def _reluctance(check: Check, seen: Seen) -> tuple[Verdict, tuple[()], str] | None:
    elicits = PROBES[seen.name].elicits
    if check.absent != "not_exercised" or elicits is None or elicits(seen):
        return None
    return "not_exercised", (), f"the model did not do what {seen.name} asks for"


def _fits(check: Check, seen: Seen) -> bool:
    """Whether a check judges an exchange besides its probes': one of its kinds, or a copy, which
    a check of the answer itself judges without one, too."""
    if check.kinds:
        return seen.kind in check.kinds and bool(getattr(seen, check.needs))
    name = seen.name.rpartition("-")[0]
    is_copy = name in check.probes and PROBES[name].copies > 1
    return is_copy and (check.needs == "answer" or bool(getattr(seen, check.needs)))


def _each(check: Check, exchanges: list[Seen]) -> Result:
    findings = (replace(f, exchange=s.name) for s in exchanges for f in check.run(s))
    return _verdict(check, exchanges, findings)


def _verdict(check: Check, exchanges: Iterable[Seen], findings: Iterable[Finding]) -> Result:
    found = tuple(findings)
    names = tuple(seen.name for seen in exchanges)
    broken: Mapping[str, Verdict] = {"MUST": "fail", "SHOULD": "warn", "NOTE": "pass"}
    verdict = broken[check.level] if found else "pass"
    return Result(check, verdict, found, exchanges=names)
