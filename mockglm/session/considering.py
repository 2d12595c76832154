"""Which interaction answers a request, and why the others do not, in words."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.auth import credential
from mockglm.chat import read
from mockglm.exchange import Request
from mockglm.journal import Entry
from mockglm.matching import View, canonical
from mockglm.request import Chat, decode
from mockglm.scenario import Interaction
from mockglm.session.session import Session
from mockglm.session.visit import visit

__all__ = ["consider"]

MOST_OTHERS = 50


def consider(session: Session, request: Request) -> tuple[tuple[str, ...], bool]:
    """Ask a session as a client would: what is said of it, line by line, and whether one of its
    interactions answers."""
    others = tuple(_others(session, request))
    entry = visit(session, request).entry
    answered = entry.source not in ("miss", "refused", "improvised")
    said = [line for line in others if not line.startswith(entry.source)]
    return (_first(entry, answered), *said), answered


def _first(entry: Entry, answered: bool) -> str:
    status = entry.answer.status if entry.answer else 0
    ended = " ".join(filter(None, (str(status), entry.code, entry.finish)))
    if answered:
        return f"{entry.source} answers: {ended}"
    error = read(entry.answer.body).reply.error if entry.answer and status >= 400 else None
    return f"{entry.source}: {ended}\n{error.message if error else ''}".rstrip()


def _others(session: Session, request: Request) -> Iterator[str]:
    """For each interaction, at most so many, what keeps the request from it."""
    chat = decode(request.body)
    key = credential(request.header("authorization"))
    view = View(chat if isinstance(chat, Chat) else Chat(), request, key=key)
    for interaction in session.stage.interactions[:MOST_OTHERS]:
        yield f"{interaction.place} {_why(interaction, view)}"


def _why(interaction: Interaction, view: View) -> str:
    if interaction.when is not None:
        differences = interaction.when.differences(view)
        return "; ".join(map(str, differences)) or "matches too, after what answers"
    recorded, asked = interaction.request, view.request
    if recorded is None:
        return "has no left side"
    same = recorded.key == canonical.key(asked.method, asked.path, asked.query, asked.body)
    return "is a recording of this request" if same else "is a recording of another request"
