"""A request that nothing answers: improvised, or told what came nearest and what is different."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mockglm.completions import Renderer
from mockglm.exchange import Request
from mockglm.improvise import improvise
from mockglm.journal import Source
from mockglm.matching import Difference, find_near_miss, find_near_recording
from mockglm.scenarios import Interaction
from mockglm.server.context import Asked
from mockglm.server.playlist import KeyOptions
from mockglm.server.responses import DEFAULT_MODEL, Played, mock_error, respond_with_reply
from mockglm.server.session import Session
from mockglm.validation import Chat

__all__ = ["describe_miss", "improvise_or_miss"]

MOST_DIFFERENCES = 5

Near = tuple[Interaction, Sequence[Difference]]


def improvise_or_miss(session: Session, asked: Asked) -> Played:
    """What a request gets that nothing answers, as the session's `on_miss` has it."""
    on_miss = session.on_miss or ("error" if session.has_files else "improvise")
    if on_miss != "improvise" or asked.chat is None:
        return mock_error(describe_miss(session, asked), asked)
    asked.cached = session.remember(asked.chat, asked.prompt)
    return _improvised(session, asked, asked.chat)


def describe_miss(session: Session, asked: Asked) -> str:
    """In words: that nothing answers, which interaction is nearest, what keeps them apart."""
    near = _nearest(session, asked)
    if near is None:
        return "mockglm: nothing is loaded that could answer this request"
    interaction, differences = near
    lines = [f"  {difference}" for difference in differences[:MOST_DIFFERENCES]]
    if len(differences) > MOST_DIFFERENCES:
        lines.append(f"  and {len(differences) - MOST_DIFFERENCES} more differences")
    if not differences:
        lines.append(f"  it matches, but {_spent(session, interaction)}")
    head = f"mockglm: nothing answers this request; the nearest is {interaction.location}:"
    return session.journal.redacted_text("\n".join((head, *lines)), asked.request)


def _spent(session: Session, interaction: Interaction) -> str:
    if session.peek(interaction) is not None:
        return "its chance did not come"
    return f"is used up after {session.use_count(interaction)} answers"


def _improvised(session: Session, asked: Asked, chat: Chat) -> Played:
    rendering = Renderer(improvise(chat, asked.model or DEFAULT_MODEL, asked.ids))
    return respond_with_reply(
        rendering, asked, source=Source.IMPROVISED, speed=session.settings.speed
    )


def _nearest(session: Session, asked: Asked) -> Near | None:
    """The nearest of patterns and recordings; the one with fewer differences of the two."""
    interactions = [one for stage in session.playlists for one in stage.interactions]
    request = session.journal.redacted(asked.request)
    recordings = (pair for stage in session.playlists for pair in stage.recordings)
    near = [_recording(how, recorded, request) for how, recorded in recordings]
    found = filter(None, (_pattern(interactions, asked), *near))
    return min(found, key=lambda near: len(near[1]), default=None)


def _pattern(interactions: Sequence[Interaction], asked: Asked) -> Near | None:
    if asked.chat is None:
        return None
    found = find_near_miss(asked.view, [one.when for one in interactions])
    return (interactions[found.index], found.differences) if found else None


def _recording(
    how: KeyOptions, interactions: Iterable[Interaction], request: Request
) -> Near | None:
    recorded = [(one, one.request) for one in interactions if one.request is not None]
    recorded.sort(key=lambda pair: pair[1].path != request.path)
    found = find_near_recording(how.form(request), (how.form(asked) for _, asked in recorded))
    return (recorded[found.index][0], found.differences) if found else None
