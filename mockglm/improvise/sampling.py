"""Choices by seed and session, or always the same if the request disables sampling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from mockglm.clock import Ids
from mockglm.models import Model
from mockglm.validation.types import Chat

Choice = TypeVar("Choice")


def choose_source(chat: Chat, model: Model, ids: Ids) -> Ids:
    """Choose the ids that choices depend on: without sampling, only on the last message.

    `do_sample: false` and a temperature of 0 disable sampling (docs.bigmodel.cn, 核心参数).
    """
    last = chat.messages[-1].text if chat.messages else ""
    temperature = model.temperature if chat.temperature is None else chat.temperature
    if chat.do_sample is False or temperature == 0:
        return Ids("greedy", last, 0)
    return ids


def pick(options: Sequence[Choice], ids: Ids, what: str) -> Choice:
    """Pick one of the options, by the ids and the name of the choice."""
    return options[int(ids.chance(what) * len(options))]
