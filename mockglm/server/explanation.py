"""The explanation of a match: the interaction that answers, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.matching import RequestView
from mockglm.scenarios import Interaction
from mockglm.server.pipeline import find_recordings, handle
from mockglm.server.sessions import Session
from mockglm.surfaces import find_surface
from mockglm.validation import Chat

_MAX_OTHERS = 50


def explain(session: Session, request: Request) -> tuple[tuple[str, ...], bool]:
    """Handle a request and explain the outcome.

    Returns lines of text, first the outcome, then each other interaction with its reason; and True
    if an interaction answered.
    """
    others = list(islice(_compare(session, request), _MAX_OTHERS + 1))
    entry = handle(session, request, surface=find_surface(request.path)).entry
    locations = {one.short_location for one in session.playlist.interactions}
    answered = entry.source in locations
    lines = [f"{location} {reason}" for location, reason in others if location != entry.source]
    return (_outcome(entry, is_answered=answered), *lines[:_MAX_OTHERS]), answered


def _outcome(entry: Entry, *, is_answered: bool) -> str:
    response = entry.response
    status = response.status if response else 0
    ended = " ".join(filter(None, (str(status), entry.code, entry.finish)))
    if is_answered:
        return f"{entry.source} answers: {ended}"
    surface = find_surface(entry.request.path)
    error = surface.parse(response).reply.error if response and status >= 400 else None
    return f"{entry.source}: {ended}\n{error.message if error else ''}".rstrip()


def _compare(session: Session, request: Request) -> Iterator[tuple[str, str]]:
    """Compare a request with each interaction: its location and the reason it does not answer."""
    surface = find_surface(request.path)
    chat, key = surface.decode(request.body), surface.credential(request)
    known = chat if isinstance(chat, Chat) else Chat()
    view = RequestView(known, request, key=key, surface=surface.name)
    recordings = set(find_recordings(session, request))
    for interaction in session.playlist.interactions:
        is_same = interaction in recordings
        yield interaction.short_location, _reason(interaction, view, is_same_request=is_same)


def _reason(interaction: Interaction, view: RequestView, *, is_same_request: bool) -> str:
    if interaction.when is not None:
        differences = interaction.when.differences(view)
        return "; ".join(map(str, differences)) or "matches too, after the one that answers"
    return f"is a recording of {'this' if is_same_request else 'another'} request"
