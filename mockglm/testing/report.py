"""The report on a test that ends: everything it left behind, and the exchanges it had."""

from __future__ import annotations

import traceback
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from mockglm.journal import Source
from mockglm.testing.calls import RecordedCall
from mockglm.testing.network import ADVICE

if TYPE_CHECKING:
    from mockglm.scenarios import Scenario
    from mockglm.testing.config import Config
    from mockglm.testing.rules import StandingRules
    from mockglm.testing.session import TestSession

LONGEST_TEXT = 40


class TeardownReport(Struct, frozen=True):
    """The problems of a test, each a headline and its lines, and the calls it recorded."""

    problems: tuple[tuple[str, tuple[str, ...]], ...]
    calls: tuple[RecordedCall, ...]

    def render(self) -> str:
        """The report as text; "" without a problem."""
        if not self.problems:
            return ""
        blocks = ("\n".join((headline, *lines)) for headline, lines in self.problems)
        return "\n\n".join((*blocks, render_journal(self.calls)))


def collect_problems(
    session: TestSession, rules: StandingRules, config: Config, *, refused: Sequence[str]
) -> TeardownReport:
    """Collect the problems of a session. To be called in the loop of its server."""
    calls = tuple(map(RecordedCall, session.journal.entries))
    found = [
        ("A function of this test raised an exception:", _exceptions(session.errors.raised)),
        (f"The test tried to call the real service; {ADVICE}:", dict.fromkeys(refused)),
        ("`glm.when(…)` without a `.reply(…)`:", _without_reply(rules)),
    ]
    if not config.allow_misses:
        found.append(("Nothing matched:", _misses(calls)))
    if not config.allow_unused:
        found.append(("Queued and never used:", _queued(session)))
    if config.strict:
        found.append(("Never matched a request (strict):", _unused_interactions(session)))
    indented = ((headline, tuple(map(_indent, lines))) for headline, lines in found)
    return TeardownReport(tuple(problem for problem in indented if problem[1]), calls)


def render_journal(calls: Iterable[RecordedCall]) -> str:
    """List the exchanges, one a line: time, request, response."""
    listed = list(calls)
    if not listed:
        return "The server received no request."
    start = listed[0].at
    return "\n".join(("Requests and responses:", *(_indent(_line(one, start)) for one in listed)))


def unused_recordings(
    scenarios: Iterable[Scenario], answered: Collection[str]
) -> dict[str, tuple[int, ...]]:
    """The lines of recordings that are not among those that answered, by path of the cassette."""
    recordings = {
        one.path: [each.location for each in one.interactions if each.is_recorded]
        for one in scenarios
    }
    return {
        path: tuple(int(one.rpartition(":")[2]) for one in recorded if one not in answered)
        for path, recorded in recordings.items()
        if recorded
    }


def _exceptions(errors: Iterable[BaseException]) -> Iterator[str]:
    for error in errors:
        yield "".join(traceback.format_exception(error)).rstrip()


def _without_reply(rules: StandingRules) -> Iterator[str]:
    return (rule.interaction.location for rule in rules if not rule.interaction.steps)


def _misses(calls: Iterable[RecordedCall]) -> Iterator[str]:
    for call in calls:
        if call.source == Source.MISS:
            yield f"#{call.entry.ordinal} {_request(call)}\n{_indent(call.message)}"


def _queued(session: TestSession) -> Iterator[str]:
    for step in session.queue:
        yield f"the reply of {step.where or 'the control API'}"
    for queued in session.queued_faults:
        names = ", ".join(one.fault.name for one in queued.faults)
        yield f"the fault {names} of {queued.where}"


def _unused_interactions(session: TestSession) -> Iterator[str]:
    interactions = (
        one for stage in (session.rules, session.playlist) for one in stage.interactions
    )
    return (one.location for one in interactions if not session.use_count(one))


def _line(call: RecordedCall, start: float) -> str:
    result = (str(call.status or "-"), call.code or call.finish)
    response = " ".join(dict.fromkeys(filter(None, result)))
    outcome = "" if call.ended == "done" else call.ended
    parts = (
        f"#{call.entry.ordinal} {call.at - start:+.3f}s {_request(call)} → {response}",
        f"({call.source})",
        "; ".join(filter(None, (outcome, *call.entry.waived, *call.entry.notes))),
    )
    return "  ".join(filter(None, parts))


def _request(call: RecordedCall) -> str:
    text = call.user or ""
    short = text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"
    parts = (
        call.request.method,
        call.path,
        call.model or "",
        "stream" if call.stream else "",
        f"“{short}”" if short else "",
    )
    return " ".join(filter(None, parts))


def _indent(text: str) -> str:
    return "\n".join("  " + line for line in text.splitlines())
