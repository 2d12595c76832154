"""Which interaction answers a request, and why the others do not, in words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mockglm.auth import credential
from mockglm.chat import read
from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.matching import View
from mockglm.request import Chat, decode
from mockglm.scenario import Interaction
from mockglm.session.decision import recordings
from mockglm.session.session import Session
from mockglm.session.visit import visit

__all__ = ["consider"]

MOST_OTHERS = 50


def consider(session: Session, request: Request) -> tuple[tuple[str, ...], bool]:
    """Ask a session as a client would: what is said of it, line by line, and whether one of its
    interactions answers."""
    others = _others(session, request)
    entry = visit(session, request).entry
    answered = entry.source in (one.place for one in session.stage.interactions)
    said = (f"{place} {why}" for place, why in others if place != entry.source)
    return (_first(entry, answered), *islice(said, MOST_OTHERS)), answered


def _first(entry: Entry, answered: bool) -> str:
    status = entry.answer.status if entry.answer else 0
    ended = " ".join(filter(None, (str(status), entry.code, entry.finish)))
    if answered:
        return f"{entry.source} answers: {ended}"
    error = read(entry.answer.body).reply.error if entry.answer and status >= 400 else None
    return f"{entry.source}: {ended}\n{error.message if error else ''}".rstrip()


def _others(session: Session, request: Request) -> Iterator[tuple[str, str]]:
    """The place of each interaction, and what keeps the request from it."""
    chat = decode(request.body)
    key = credential(request.header("authorization"))
    view = View(chat if isinstance(chat, Chat) else Chat(), request, key=key)
    recorded = {one.where for one in recordings(session, request)}
    for interaction in session.stage.interactions:
        yield interaction.place, _why(interaction, view, interaction.where in recorded)


def _why(interaction: Interaction, view: View, is_recording: bool) -> str:
    if interaction.when is not None:
        differences = interaction.when.differences(view)
        return "; ".join(map(str, differences)) or "matches too, after what answers"
    return f"is a recording of {'this' if is_recording else 'another'} request"
