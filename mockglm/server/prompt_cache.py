"""Prefixes of prompts, by which the service reports cached tokens."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

import msgspec
from msgspec import Struct

from mockglm.validation.types import Chat


class PromptPrefix(Struct, frozen=True, gc=False):
    """A prompt up to the end of a part: its hash in this process, and the size in bytes of JSON."""

    hash: int
    size: int


def list_prefixes(chat: Chat) -> tuple[PromptPrefix, ...]:
    """List the prefixes of a prompt, shortest first: model and tools, then one per message."""
    key = size = 0
    found: list[PromptPrefix] = []
    for part in _parts(chat):
        key = hash((key, part))
        size += len(part)
        found.append(PromptPrefix(key, size))
    return tuple(found)


def count_cached_tokens(seen: Container[int], prompt: Sequence[PromptPrefix], total: int) -> int:
    """Count those of the `total` tokens of a prompt that are in its longest known prefix.

    The service caches by prefix (docs.bigmodel.cn, 上下文缓存): the next turn of an agent, which
    only adds messages, finds the whole turn before; the same prompt again finds nearly all, 1,508
    of 1,510 tokens in a live probe (RarogCmex/pi-bigmodel, 2026-10). `seen` contains the hashes of
    earlier prompts.
    """
    known = next((prefix.size for prefix in reversed(prompt) if prefix.hash in seen), 0)
    if not known:
        return 0
    return max(min(total * known // prompt[-1].size, total - UNCACHED), 0)


UNCACHED = 2
"""Tokens that are never cached: those that begin the answer."""


def _parts(chat: Chat) -> Iterator[bytes]:
    yield msgspec.json.encode((chat.model, chat.tools))
    yield from map(msgspec.json.encode, chat.messages or ())
