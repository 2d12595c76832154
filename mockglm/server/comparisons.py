"""The comparison of a request with everything that could answer it, condition by condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
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
from mockglm.server.explanation import find_message, path_condition, view_request
from mockglm.server.pipeline import Handler, find_recordings
from mockglm.server.routes import FindHandlers, Route, choose_handlers, find_route
from mockglm.server.sessions import KeyOptions, Session
from mockglm.validation import RULES

MAX_COMPARED = 2000
"""Interactions that are compared with a request."""

ENDPOINT = "answer_endpoint"
"""The handler that answers an endpoint beside chats."""

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


def explain_request(
    session: Session, request: Request, find_handlers: FindHandlers | None = None
) -> Explanation:
    """Explain the answer that a request would get now. The session stays as it is.

    `find_handlers` finds the handlers of endpoints beside chats, for a trial.
    """
    return _explain(session, request, None, find_handlers=find_handlers)


def explain_entry(
    session: Session, entry: Entry, find_handlers: FindHandlers | None = None
) -> Explanation:
    """Explain the answer of an entry of the journal: its request is compared with the interactions
    that there are now."""
    return _explain(session, entry.request, entry, find_handlers=find_handlers)


def _explain(
    session: Session,
    request: Request,
    entry: Entry | None,
    *,
    find_handlers: FindHandlers | None,
) -> Explanation:
    route = find_route(request.path, entry.base if entry else None)
    handlers = choose_handlers(session, route, request, find_handlers=find_handlers)
    trial, name = _try(session, request, route=route, handlers=handlers)
    names = tuple(map(_name, handlers))
    source = trial.source if entry is None else entry.source
    if source != trial.source:
        name = _guess_handler(session, source, names)
    compared = sorted(_compare(session, trial, source), key=_distance)
    response = trial.response if entry is None else entry.response
    text = session.journal.redact_text
    return Explanation(
        source=source,
        status=response.status if response else None,
        code=trial.code if entry is None else entry.code,
        message=text(find_message(request.path, response), request),
        notes=tuple(text(note, request) for note in (trial if entry is None else entry).notes),
        handlers=_list_handlers(names, name),
        interactions=tuple(_redact(one, session, request) for one in compared[:MAX_SHOWN]),
        left_out=max(0, len(compared) - MAX_SHOWN),
        waived=tuple(map(_waived, trial.waived if entry is None else entry.waived)),
        limits=session.ledger.list_limits(trial.key, trial.model_id, session.clock.now()),
    )


def _try(
    session: Session, request: Request, *, route: Route, handlers: Sequence[Handler]
) -> tuple[RequestContext, str]:
    """Handle a request in a copy of the session; also returns the name of the answering handler."""
    copy = session.copy()
    context = RequestContext(
        request=request,
        session=copy,
        ids=copy.ids(),
        now=copy.clock.now(),
        started=monotonic(),
        surface=route.surface,
        base=route.base,
    )
    for handler in handlers:
        response = handler(context)
        # A trial of an endpoint names its source, and gives no answer of its own.
        if response is not None or context.source is Source.GATEWAY:
            context.response = response
            return context, _name(handler)
    return context, ""


def _name(handler: Handler) -> str:
    function = handler.func if isinstance(handler, partial) else handler
    return str(function.__name__).lstrip("_")


def _list_handlers(names: Sequence[str], answering: str) -> tuple[HandlerResult, ...]:
    found: list[HandlerResult] = []
    is_answered = False
    for name in names:
        is_it = name == answering
        result: StepResult = "not reached" if is_answered else "answered" if is_it else "passed on"
        found.append(HandlerResult(name, result))
        is_answered = is_answered or is_it
    return tuple(found)


def _guess_handler(session: Session, source: str, names: Sequence[str]) -> str:
    """The handler of a route that gives answers of a source; "" if several do."""
    interaction = next((one for one in _interactions(session) if _is(one, source)), None)
    if interaction is not None and interaction.request is not None:
        return "replay"
    if names[-1] == ENDPOINT:
        return ENDPOINT
    known = {
        Source.QUEUED: "queued_reply",
        Source.IMPROVISED: "improvise_or_miss",
        Source.MISS: "improvise_or_miss",
    }
    for value, name in known.items():
        if source == value:
            return name
    if interaction is None:
        return ""
    return "match_validated" if interaction.validate else "match_unvalidated"


def _interactions(session: Session) -> Iterator[Interaction]:
    for playlist in session.playlists:
        yield from playlist.interactions


def _is(interaction: Interaction, source: str) -> bool:
    return interaction.short_location == source


def _compare(session: Session, trial: RequestContext, source: str) -> Iterator[ComparedInteraction]:
    request, view = trial.request, view_request(trial)
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
            else tuple(_conditions(interaction, view, trial))
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


def _conditions(
    interaction: Interaction, view: RequestView, trial: RequestContext
) -> Iterator[ConditionResult]:
    when = interaction.when
    if when is None:
        return
    path = path_condition(trial, when)
    if path is not None:
        yield ConditionResult(path.field, path.expected, path.actual, False)
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
