"""The names of models on the Anthropic surface, and the models that it lists.

GLM ids are taken in any case, `claude-*` names are mapped, and a response names the GLM model
(public gateway traces, 2025-10 … 2026-08). Bare ids of glm-5.2 and glm-5.3 have 1M of context; the
suffix `[1m]` of Claude Code is documented for them on the Coding Plan (docs.z.ai/devpack/tool/
claude), and with a key that has no plan such a name is unknown (HoldThatThgt/LabelKit, 2026-07-23).

Assumed: the mapping of every name but the two that were captured; that `[1m]` needs a plan behind a
`claude-*` name, too; the display names and dates that no listing shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import Literal, cast

from msgspec import Struct

from mockglm.messages.types import MessagesChat
from mockglm.models import MODELS
from mockglm.validation.types import Chat

_LONG_CONTEXT = "[1m]"
_LONG_CONTEXT_MODELS = frozenset(("glm-5.2", "glm-5.3", "glm-5.4"))
"""Models with which the suffix is taken; `glm-5.3-flash[1m]` is 1211 (reported, 2026-09)."""


class ModelAlias(Struct, frozen=True):
    """The model that answers to names of a form: since when that is on record, and by whom."""

    form: str
    model: str
    date: str
    evidence: Literal["captured", "assumed"]
    source: str


# ruff: noqa: E501  a table: one row a form of names; the first that fits counts
# fmt: off
ALIASES = (
    ModelAlias("claude-*haiku*",    "glm-4.7", "2026-08-17", "captured", "Claude Code captures: claude-haiku-4-5-20251001"),
    ModelAlias("claude-3-*sonnet*", "glm-4.6", "2025-10-13", "captured", "quochuydev/test-history-lines glm.md: claude-3-5-sonnet-20240620"),
    ModelAlias("claude-*",          "glm-5.2", "2026-08",    "assumed",  "docs.z.ai/devpack/tool/claude names glm-4.6 (2025-10), 4.7 (2026-01), then the 5 generation"),
)

LISTED_DATES: Mapping[str, str] = MappingProxyType({"glm-5-turbo": "2026-02-11T00:00:00Z"})
"""The `created_at` of models whose date is another in the listing of v4 (AIClarityAU/minspec, 2026-08-07)."""
# fmt: on


def needs_plan(chat: Chat) -> bool:
    """True if a request names its model with the suffix, where it is taken."""
    name = cast(MessagesChat, chat).source.model.lower()
    return name.endswith(_LONG_CONTEXT) and resolve_model(name) != name


def resolve_model(name: str) -> str:
    """Return the id of the GLM model that a name means; an unknown name stays as it is."""
    if name in MODELS:
        return name
    id = name.lower()
    bare = id.removesuffix(_LONG_CONTEXT)
    if bare != id and (bare in _LONG_CONTEXT_MODELS or bare.startswith("claude-")):
        id = bare
    if id in MODELS or not id.startswith("claude-"):
        return id
    return next((alias.model for alias in ALIASES if fnmatchcase(id, alias.form)), id)
