"""Which interaction answers a request, and why the others do not, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mockglm.auth import parse_credential
from mockglm.completions import parse_json
from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.matching import RequestView
from mockglm.scenarios import Interaction
from mockglm.server.handlers import find_recordings
from mockglm.server.pipeline import handle
from mockglm.server.session import Session
from mockglm.validation import Chat, decode_chat

__all__ = ["explain"]

MOST_OTHERS = 50


def explain(session: Session, request: Request) -> tuple[tuple[str, ...], bool]:
    """Ask a session as a client would: what is said of it, line by line, and whether one of its
    interactions answers."""
    others = _others(session, request)
    entry = handle(session, request).entry
    answered = entry.source in (one.short_location for one in session.playlist.interactions)
    said = (f"{place} {why}" for place, why in others if place != entry.source)
    return (_first(entry, answered), *islice(said, MOST_OTHERS)), answered


def _first(entry: Entry, answered: bool) -> str:
    status = entry.response.status if entry.response else 0
    ended = " ".join(filter(None, (str(status), entry.code, entry.finish)))
    if answered:
        return f"{entry.source} answers: {ended}"
    error = (
        parse_json(entry.response.body).reply.error if entry.response and status >= 400 else None
    )
    return f"{entry.source}: {ended}\n{error.message if error else ''}".rstrip()


def _others(session: Session, request: Request) -> Iterator[tuple[str, str]]:
    """The place of each interaction, and what keeps the request from it."""
    chat = decode_chat(request.body)
    key = parse_credential(request.header("authorization"))
    view = RequestView(chat if isinstance(chat, Chat) else Chat(), request, key=key)
    recorded = {one.location for one in find_recordings(session, request)}
    for interaction in session.playlist.interactions:
        yield interaction.short_location, _why(interaction, view, interaction.location in recorded)


def _why(interaction: Interaction, view: RequestView, is_recording: bool) -> str:
    if interaction.when is not None:
        differences = interaction.when.differences(view)
        return "; ".join(map(str, differences)) or "matches too, after what answers"
    return f"is a recording of {'this' if is_recording else 'another'} request"
