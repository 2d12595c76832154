"""Misses: a request that no interaction answers is improvised, or told the closest interaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mockglm.completions import Renderer
from mockglm.exchange import Request, Response
from mockglm.improvise import improvise
from mockglm.journal import Source
from mockglm.matching import Difference, find_near_miss, find_near_recording
from mockglm.scenarios import Interaction
from mockglm.server.context import RequestContext
from mockglm.server.responses import DEFAULT_MODEL, mock_error, respond_with_reply
from mockglm.server.sessions import KeyOptions, Session
from mockglm.validation import Chat

_MAX_DIFFERENCES = 5

Near = tuple[Interaction, Sequence[Difference]]


def improvise_or_miss(context: RequestContext) -> Response | None:
    """Improvise a reply, or report the miss, by the session's `on_miss`.

    None if a language model finds the words of the reply.
    """
    session = context.session
    on_miss = session.on_miss or ("error" if session.has_files else "improvise")
    if on_miss != "improvise" or context.chat is None:
        return mock_error(context, describe_miss(context))
    context.cached_tokens = session.remember(context.chat, context.prompt_tokens)
    if session.settings.has_language_model:
        context.source = Source.IMPROVISED
        return None
    return _improvise(context, context.chat)


def describe_miss(context: RequestContext) -> str:
    """Describe a miss: the closest interaction and its differences from the request."""
    near = _find_near(context)
    if near is None:
        return "mockglm: no loaded interaction can answer this request"
    interaction, differences = near
    lines = [f"  {difference}" for difference in differences[:_MAX_DIFFERENCES]]
    if len(differences) > _MAX_DIFFERENCES:
        lines.append(f"  and {len(differences) - _MAX_DIFFERENCES} more differences")
    if not differences:
        lines.append(f"  it matches, but {_unused_reason(context.session, interaction)}")
    head = f"mockglm: no interaction matches this request; the closest is {interaction.location}:"
    return context.session.journal.redact_text("\n".join((head, *lines)), context.request)


def _unused_reason(session: Session, interaction: Interaction) -> str:
    if session.peek(interaction) is not None:
        return "its `chance` was not drawn"
    return f"it was used {session.use_count(interaction)} times, the most it allows"


def _improvise(context: RequestContext, chat: Chat) -> Response:
    reply = improvise(chat, context.model or DEFAULT_MODEL, context.ids)
    renderer = Renderer(reply, is_reused=False)
    context.source = Source.IMPROVISED
    return respond_with_reply(context, renderer, speed=context.session.settings.speed)


def _find_near(context: RequestContext) -> Near | None:
    """Find the closest pattern or recording: the one with the fewest differences."""
    session = context.session
    interactions = [one for playlist in session.playlists for one in playlist.interactions]
    request = session.journal.redact(context.request)
    recordings = (pair for playlist in session.playlists for pair in playlist.recordings)
    near = [_near_recording(options, recorded, request) for options, recorded in recordings]
    found = filter(None, (_near_pattern(interactions, context), *near))
    return min(found, key=lambda near: len(near[1]), default=None)


def _near_pattern(interactions: Sequence[Interaction], context: RequestContext) -> Near | None:
    if context.chat is None:
        return None
    found = find_near_miss(context.view, [one.when for one in interactions])
    return (interactions[found.index], found.differences) if found else None


def _near_recording(
    options: KeyOptions, interactions: Iterable[Interaction], request: Request
) -> Near | None:
    recorded = [(one, one.request) for one in interactions if one.request is not None]
    recorded.sort(key=lambda pair: pair[1].path != request.path)
    found = find_near_recording(options.form(request), (options.form(one) for _, one in recorded))
    return (recorded[found.index][0], found.differences) if found else None
