"""A request that nothing answers: improvised, or told what came nearest and what is different."""

from __future__ import annotations

from mockglm.chat import Rendering
from mockglm.improvise import improvise
from mockglm.matching import nearest
from mockglm.request import Chat
from mockglm.session.asked import Asked
from mockglm.session.play import FALLBACK, Played, play_rendering, unable
from mockglm.session.session import Session

__all__ = ["missed"]

MOST_DIFFERENCES = 5


def missed(session: Session, asked: Asked) -> Played:
    """What a request gets that nothing answers, as the session's `on_miss` has it."""
    on_miss = session.on_miss or ("error" if session.stage.interactions else "improvise")
    if on_miss == "improvise" and asked.chat is not None:
        reply = improvise(asked.chat, asked.model or FALLBACK, asked.ids)
        rendering = Rendering(reply)
        return play_rendering(rendering, asked, source="improvised", speed=session.settings.speed)
    return unable(explain(session, asked), asked)


def _improvised(session: Session, asked: Asked, chat: Chat) -> Played:
    asked.cached = session.remember(chat, asked.prompt)
    rendering = Rendering(improvise(chat, asked.model or FALLBACK, asked.ids))
    return play_rendering(rendering, asked, source="improvised", speed=session.settings.speed)


def explain(session: Session, asked: Asked) -> str:
    """In words: that nothing answers, which interaction is nearest, what keeps them apart."""
    interactions = [one for stage in session.stages for one in stage.interactions]
    found = nearest(asked.view, [one.when for one in interactions])
    if found is None:
        return "mockglm: no interaction answers this request, and none is loaded"
    near = interactions[found.index]
    lines = [str(one) for one in found.differences[:MOST_DIFFERENCES]]
    if not lines:
        lines = [f"it is used up after {session.used(near)} matches"]
    return "\n".join([f"mockglm: no interaction answers this; nearest {near.where}:", *lines])
