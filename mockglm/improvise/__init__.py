"""An answer when nobody wrote one, made from the request alone."""

from __future__ import annotations

from mockglm.clock import Ids
from mockglm.exchange import Reply
from mockglm.improvise.limits import tagged
from mockglm.improvise.prompt_cache import PromptPrefix, cached_tokens, prefixes
from mockglm.models import Model
from mockglm.validation.types import Chat

__all__ = ["PromptPrefix", "cached_tokens", "improvise", "prefixes", "tagged"]


def improvise(chat: Chat, model: Model, ids: Ids) -> Reply:
    """A reply that follows the request; the same for the same request and ids.

    The thought is always in `reasoning`; `tagged` moves it for a model that thinks in its content.
    """
    # a server that plays scenarios needs none of this, and starts sooner without
    from mockglm.improvise.answer import answer

    return answer(chat, model, ids)
