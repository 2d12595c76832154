"""Improvised replies, made from the request alone."""

from __future__ import annotations

from mockglm.clock import Ids
from mockglm.exchange import Reply
from mockglm.improvise.limits import move_thought_to_content
from mockglm.models import Model
from mockglm.validation.types import Chat

__all__ = ["improvise", "move_thought_to_content"]


def improvise(chat: Chat, model: Model, ids: Ids) -> Reply:
    """Improvise a reply, which is the same for the same request and ids.

    The thought is in `reasoning`; `move_thought_to_content` is for models that think in their
    content.
    """
    # Imported late, for a server that only plays scenarios starts sooner without it.
    from mockglm.improvise.answer import improvise_reply

    return improvise_reply(chat, model, ids)
