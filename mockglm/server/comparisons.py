"""The comparison of a request with everything that could answer it, condition by condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from time import monotonic
from typing import Literal

from msgspec import Struct

from mockglm.accounts import LimitUse
from mockglm.exchange import Request
from mockglm.journal import Entry, Source
from mockglm.matching import RequestView, find_near_recording
from mockglm.matching.difference import Difference, show_value
from mockglm.matching.patterns import Condition, Secret, Subset
from mockglm.scenarios import Interaction
from mockglm.server.context import RequestContext
from mockglm.server.pipeline import CHAT, RECORDING_CHAT, Handler, find_recordings
from mockglm.server.sessions import KeyOptions, Session
from mockglm.surfaces import Surface, find_surface
from mockglm.validation import RULES, Chat

MAX_COMPARED = 2000
"""Interactions that are compared with a request."""

MAX_SHOWN = 60
"""Interactions that an explanation has, the closest first."""

Verdict = Literal["answers", "matches", "used up", "differs"]
StepResult = Literal["passed on", "answered", "not reached"]


class ConditionResult(Struct, frozen=True):
    """One condition of an interaction, with the expected and the actual value for people.

    `holds` is None for a `chance`, which is drawn for each request.
    """

    key: str
    expected: str
    actual: str
    holds: bool | None


class ComparedInteraction(Struct, frozen=True):
    """An interaction compared with a request; `used` is the number of its answers so far."""

    location: str
    verdict: Verdict
    used: int
    conditions: tuple[ConditionResult, ...]
    is_recording: bool = False


class HandlerResult(Struct, frozen=True):
    """A handler of the pipeline and the result of its turn."""

    name: str
    result: StepResult


class WaivedRule(Struct, frozen=True):
    """A validation rule that a request broke and that was not enforced."""

    name: str
    evidence: str
    source: str


class Explanation(Struct, frozen=True):
    """Everything known about the answer to a request.

    `source` is a Source or the location of the interaction that answers. `left_out` is the number
    of interactions that were compared and are not in the list.
    """

    source: str
    status: int | None
    code: str
    message: str
    notes: tuple[str, ...]
    handlers: tuple[HandlerResult, ...]
    interactions: tuple[ComparedInteraction, ...]
    left_out: int
    waived: tuple[WaivedRule, ...]
    limits: tuple[LimitUse, ...]


def explain_request(session: Session, request: Request) -> Explanation:
    """Explain the answer that a request would get now. The session stays as it is."""
    return _explain(session, request, None)


def explain_entry(session: Session, entry: Entry) -> Explanation:
    """Explain the answer of an entry of the journal: its request is compared with the interactions
    that there are now."""
    return _explain(session, entry.request, entry)


def _explain(session: Session, request: Request, entry: Entry | None) -> Explanation:
    surface = find_surface(request.path)
    trial, name = _try(session, request, surface)
    source = trial.source if entry is None else entry.source
    if source != trial.source:
        name = _guess_handler(session, source)
    compared = sorted(_compare(session, request, source), key=_distance)
    response = trial.response if entry is None else entry.response
    is_error = response is not None and response.status >= 400
    error = surface.parse(response).reply.error if is_error and response else None
    text = session.journal.redact_text
    return Explanation(
        source=source,
        status=response.status if response else None,
        code=trial.code if entry is None else entry.code,
        message=text(error.message or "", request) if error else "",
        notes=tuple(text(note, request) for note in (trial if entry is None else entry).notes),
        handlers=_list_handlers(session, name) if request.path == surface.path else (),
        interactions=tuple(_redact(one, session, request) for one in compared[:MAX_SHOWN]),
        left_out=max(0, len(compared) - MAX_SHOWN),
        waived=tuple(map(_waived, trial.waived if entry is None else entry.waived)),
        limits=session.ledger.list_limits(trial.key, trial.model_id, session.clock.now()),
    )


def _try(session: Session, request: Request, surface: Surface) -> tuple[RequestContext, str]:
    """Handle a request in a copy of the session; also returns the name of the answering handler."""
    copy = session.copy()
    context = RequestContext(
        request=request,
        session=copy,
        ids=copy.ids(),
        now=copy.clock.now(),
        started=monotonic(),
        surface=surface,
    )
    for handler in _handlers(session):
        response = handler(context)
        if response is not None:
            context.response = response
            return context, handler.__name__
    return context, ""


def _handlers(session: Session) -> Sequence[Handler]:
    return RECORDING_CHAT if session.on_miss == "record" else CHAT


def _list_handlers(session: Session, answering: str) -> tuple[HandlerResult, ...]:
    found: list[HandlerResult] = []
    is_answered = False
    for handler in _handlers(session):
        is_it = handler.__name__ == answering
        result: StepResult = "not reached" if is_answered else "answered" if is_it else "passed on"
        found.append(HandlerResult(handler.__name__, result))
        is_answered = is_answered or is_it
    return tuple(found)


def _guess_handler(session: Session, source: str) -> str:
    """The handler that gives answers of a source; "" if several do."""
    known = {
        Source.QUEUED: "queued_reply",
        Source.IMPROVISED: "improvise_or_miss",
        Source.MISS: "improvise_or_miss",
    }
    for value, name in known.items():
        if source == value:
            return name
    interaction = next((one for one in _interactions(session) if _is(one, source)), None)
    if interaction is None:
        return ""
    if interaction.request is not None:
        return "replay"
    return "match_validated" if interaction.validate else "match_unvalidated"


def _interactions(session: Session) -> Iterator[Interaction]:
    for playlist in session.playlists:
        yield from playlist.interactions


def _is(interaction: Interaction, source: str) -> bool:
    return interaction.short_location == source


def _compare(session: Session, request: Request, source: str) -> Iterator[ComparedInteraction]:
    surface = find_surface(request.path)
    chat, key = surface.decode(request.body), surface.credential(request)
    known = chat if isinstance(chat, Chat) else Chat()
    view = RequestView(known, request, key=key, surface=surface.name)
    same = frozenset(find_recordings(session, request))
    options = {
        one: options
        for playlist in session.playlists
        for options, recordings in playlist.recordings
        for one in recordings
    }
    has_answered = False
    for interaction in islice(_interactions(session), MAX_COMPARED):
        conditions = (
            _recorded(interaction, request, options[interaction], is_same=interaction in same)
            if interaction.request is not None
            else tuple(_conditions(interaction, view))
        )
        answers = not has_answered and _is(interaction, source)
        has_answered = has_answered or answers
        verdict: Verdict = (
            "answers"
            if answers
            else "differs"
            if any(one.holds is False for one in conditions)
            else "used up"
            if session.peek(interaction) is None
            else "matches"
        )
        yield ComparedInteraction(
            interaction.short_location,
            verdict,
            session.use_count(interaction),
            conditions,
            interaction.request is not None,
        )


def _distance(compared: ComparedInteraction) -> tuple[bool, int, int]:
    """The order of an explanation: the one that answers, then those that lack least."""
    failed = sum(one.holds is False for one in compared.conditions)
    return compared.verdict != "answers", failed, failed - len(compared.conditions)


def _conditions(interaction: Interaction, view: RequestView) -> Iterator[ConditionResult]:
    when = interaction.when
    if when is None:
        return
    for condition in when.conditions:
        yield from _results(condition, view)
    if when.chance is not None:
        yield ConditionResult("chance", f"a draw below {when.chance:g}", "drawn anew", None)


def _results(condition: Condition, view: RequestView) -> Iterator[ConditionResult]:
    holds = condition.holds(view)
    if isinstance(condition, Secret):
        field = next(condition.condition.differences(view)).field
        actual = "that one" if holds else next(condition.differences(view)).actual
        yield ConditionResult(field, "a certain value", actual, holds)
    elif isinstance(condition, Subset) and holds:
        yield ConditionResult("body", show_value(condition.expected), "contains it", holds)
    else:
        for found in condition.differences(view):
            yield ConditionResult(found.field, found.expected, found.actual, holds)


def _recorded(
    interaction: Interaction, request: Request, options: KeyOptions, *, is_same: bool
) -> tuple[ConditionResult, ...]:
    recorded = interaction.request
    if is_same or recorded is None:
        return (ConditionResult("request", "the recorded request", "the same", True),)
    near = find_near_recording(options.form(request), [options.form(recorded)])
    found: Sequence[Difference] = near.differences if near else ()
    return tuple(ConditionResult(one.field, one.expected, one.actual, False) for one in found) or (
        ConditionResult("request", "the recorded request", "another", False),
    )


def _redact(
    compared: ComparedInteraction, session: Session, request: Request
) -> ComparedInteraction:
    text = session.journal.redact_text
    conditions = tuple(
        ConditionResult(one.key, text(one.expected, request), text(one.actual, request), one.holds)
        for one in compared.conditions
    )
    return ComparedInteraction(
        compared.location, compared.verdict, compared.used, conditions, compared.is_recording
    )


def _waived(name: str) -> WaivedRule:
    rule = next((one for one in RULES if one.name == name), None)
    return WaivedRule(name, rule.evidence if rule else "", rule.source if rule else "")
