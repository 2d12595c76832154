"""The explanation of a match: the interaction that answers, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from mockglm.errors import StreamError
from mockglm.exchange import Request, Response
from mockglm.journal import Entry
from mockglm.matching import Difference, RequestView, When
from mockglm.server.context import RequestContext
from mockglm.server.pipeline import find_recordings, handle
from mockglm.server.routes import FindHandlers, choose_handlers, find_route
from mockglm.server.sessions import Session
from mockglm.surfaces import find_surface
from mockglm.validation import Chat

_MAX_OTHERS = 50


def explain(
    session: Session, request: Request, find_handlers: FindHandlers | None = None
) -> tuple[tuple[str, ...], bool]:
    """Handle a request and explain the outcome.

    Returns lines of text, first the outcome, then each other interaction with its reason; and True
    if an interaction answered. `find_handlers` finds the handlers of endpoints beside chats.
    """
    route = find_route(request.path)
    handlers = choose_handlers(session, route, request, find_handlers=find_handlers)
    context = handle(session, request, handlers, surface=route.surface, base=route.base)
    entry = context.entry
    others = list(islice(_compare(context), _MAX_OTHERS + 1))
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
    return f"{entry.source}: {ended}\n{find_message(entry.request.path, response)}".rstrip()


def find_message(path: str, response: Response | None) -> str:
    """Find the message of a refusal; empty for any other response, and for one without any."""
    if response is None or response.status < 400:
        return ""
    try:
        error = find_surface(path).parse(response).reply.error
    except StreamError:
        return ""
    return (error.message or "") if error else ""


def view_request(context: RequestContext) -> RequestView:
    """The request as patterns see it, also if it was refused before it was read."""
    if context.chat is not None:
        return context.view
    request, surface = context.request, context.surface
    chat, key = surface.decode(request.body), surface.credential(request)
    known = chat if isinstance(chat, Chat) else Chat()
    return RequestView(known, request, key=key, surface=surface.name)


def path_condition(context: RequestContext, when: When) -> Difference | None:
    """The difference of a pattern without a path from a request that is no conversation; None if
    there is none."""
    is_conversation = context.request.path == context.surface.path or bool(
        context.chat and context.chat.messages
    )
    if when.path is not None or is_conversation:
        return None
    return Difference("path", "that of conversations", context.request.path)


def _compare(context: RequestContext) -> Iterator[tuple[str, str]]:
    """Compare a request with each interaction: its location and the reason it does not answer."""
    view, session = view_request(context), context.session
    recordings = set(find_recordings(session, context.request))
    for interaction in session.playlist.interactions:
        when = interaction.when
        if when is None:
            which = "this" if interaction in recordings else "another"
            yield interaction.short_location, f"is a recording of {which} request"
            continue
        path = path_condition(context, when)
        differences = [*([path] if path else ()), *when.differences(view)]
        reason = "; ".join(map(str, differences)) or "matches too, after the one that answers"
        yield interaction.short_location, reason
