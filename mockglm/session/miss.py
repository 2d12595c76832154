"""A request that nothing answers: improvised, or told what came nearest and what is different."""

from __future__ import annotations

from collections.abc import Sequence

from mockglm.chat import Rendering
from mockglm.exchange import JSONObject, Request
from mockglm.improvise import improvise
from mockglm.matching import Difference, canonical, nearest, nearest_recording
from mockglm.request import Chat
from mockglm.scenario import Interaction, Recorded
from mockglm.session.asked import Asked
from mockglm.session.play import FALLBACK, Played, play_rendering, unable
from mockglm.session.session import Session

__all__ = ["miss", "missed"]

MOST_DIFFERENCES = 5

Near = tuple[Interaction, Sequence[Difference]]


def missed(session: Session, asked: Asked) -> Played:
    """What a request gets that nothing answers, as the session's `on_miss` has it."""
    on_miss = session.on_miss or ("error" if session.has_files else "improvise")
    if on_miss != "improvise" or asked.chat is None:
        return unable(miss(session, asked), asked)
    asked.cached = session.remember(asked.chat, asked.prompt)
    return _improvised(session, asked, asked.chat)


def miss(session: Session, asked: Asked) -> str:
    """In words: that nothing answers, which interaction is nearest, what keeps them apart."""
    near = _nearest(session, asked)
    if near is None:
        return "mockglm: nothing is loaded that could answer this request"
    interaction, differences = near
    lines = [f"  {difference}" for difference in differences[:MOST_DIFFERENCES]]
    if len(differences) > MOST_DIFFERENCES:
        lines.append(f"  and {len(differences) - MOST_DIFFERENCES} more differences")
    if not differences:
        lines.append(f"  it matches, but is used up after {session.used(interaction)} answers")
    head = f"mockglm: nothing answers this request; the nearest is {interaction.where}:"
    return "\n".join((head, *lines))


def _improvised(session: Session, asked: Asked, chat: Chat) -> Played:
    rendering = Rendering(improvise(chat, asked.model or FALLBACK, asked.ids))
    return play_rendering(rendering, asked, source="improvised", speed=session.settings.speed)


def _nearest(session: Session, asked: Asked) -> Near | None:
    """The nearest of patterns and recordings; the one with fewer differences of the two."""
    interactions = [one for stage in session.stages for one in stage.interactions]
    found = [
        near
        for near in (_pattern(interactions, asked), _recording(interactions, asked.request))
        if near is not None
    ]
    return min(found, key=lambda near: len(near[1]), default=None)


def _pattern(interactions: Sequence[Interaction], asked: Asked) -> Near | None:
    if asked.chat is None:
        return None
    found = nearest(asked.view, [one.when for one in interactions])
    return (interactions[found.index], found.differences) if found else None


def _recording(interactions: Sequence[Interaction], request: Request) -> Near | None:
    recorded = [one for one in interactions if one.request is not None]
    recorded.sort(key=lambda one: one.request is None or one.request.path != request.path)
    forms = (_form(one.request) for one in recorded if one.request is not None)
    found = nearest_recording(_form(request), forms)
    return (recorded[found.index], found.differences) if found else None


def _form(request: Recorded | Request) -> JSONObject:
    return canonical.form(request.method, request.path, request.query, request.body)
