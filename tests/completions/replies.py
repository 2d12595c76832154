"""Replies to try things with: a fixed stamp, and any reply hypothesis can think of."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from mockglm.clock import Ids
from mockglm.completions import Chunking, ResponseFields
from mockglm.exchange import FINISHES, JSONObject, Reply, ToolCall
from mockglm.models import MODELS

__all__ = ["ID", "IDS", "chunkings", "pieces", "replies", "stamp"]

IDS = Ids("seed", "session", 1)
ID = "2026112215062000d1f8c2a9b3e47f"


def stamp(model: str = "glm-4.6", *, cached: int = 0) -> ResponseFields:
    """A stamp of one id and one second."""
    return ResponseFields(
        ids=IDS,
        id=ID,
        request_id="mine",
        created=1795331180,
        model=model,
        profile=MODELS[model],
        prompt=12,
        cached=cached,
    )


text = st.text(st.characters(codec="utf-8"), max_size=40)
words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
counts = st.integers(0, 10**6)
objects = st.dictionaries(words, st.one_of(text, st.integers(0, 3)), max_size=3)


@st.composite
def usages(draw: st.DrawFn) -> JSONObject:
    prompt, done = draw(counts), draw(counts)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": done,
        "total_tokens": prompt + done,
        "prompt_tokens_details": {"cached_tokens": draw(st.integers(0, prompt))},
        "completion_tokens_details": {"reasoning_tokens": draw(st.integers(0, done))},
    }


calls = st.builds(ToolCall, name=words, arguments=text, id=words)

replies = st.builds(
    Reply,
    content=text,
    reasoning=st.none() | words,
    calls=st.lists(calls, max_size=3).map(tuple),
    finish_reason=st.sampled_from(FINISHES),
    usage=st.none() | usages(),
    web_search=st.lists(objects, max_size=2).map(tuple),
    content_filter=st.lists(objects, max_size=2).map(tuple),
)
"""Replies with nothing left to be made up: calls have their ids, usage all its figures."""

chunkings = st.builds(
    Chunking,
    content=st.integers(1, 50),
    reasoning=st.integers(1, 50),
    arguments=st.integers(1, 50),
)


def pieces(value: str, draw: Callable[..., Any]) -> tuple[str, ...]:
    """A text cut anywhere, hypothesis choosing where."""
    places = sorted(draw(st.lists(st.integers(0, len(value)), max_size=4)))
    bounds = [0, *places, len(value)]
    return tuple(value[start:end] for start, end in pairwise(bounds))
