"""What each model of GLM v4 claims to do, as far as a check depends on it.

This is the kit's own table on purpose: a kit that shared it with the mock would share its mistakes.
Source: docs.bigmodel.cn, 对话补全 and the model pages (2026-10); that glm-5.3 always thinks is a
recorded refusal (RarogCmex/pi-bigmodel, 2026-10-08).
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

__all__ = ["Profile", "profile"]

Thinking = Literal["always", "optional", "none"]


class Profile(Struct, frozen=True, kw_only=True):
    """What a model claims: when it thinks, whether the thought has a field of its own or stands in
    `<think>` tags, which parameters it knows. `ceiling` and `context` are tokens."""

    thinking: Thinking = "optional"
    tags: bool = False
    tools: bool = True
    tool_stream: bool = False
    ceiling: int = 131_072
    context: int = 200_000
    known: bool = True
    jwt: bool = False
    deterministic: bool = False
    failing: bool = False

    def has(self, capability: str) -> bool:
        """Whether a check that names this capability applies; the empty name always does."""
        return {
            "": True,
            "thinking": self.thinking != "none" and not self.tags,
            "switch": self.thinking == "optional" and not self.tags,
            "no_tags": not self.tags,
            "tools": self.tools,
            "tool_stream": self.tool_stream,
            "jwt": self.jwt,
            "deterministic": self.deterministic,
            "failing": self.failing,
        }[capability]


_FAMILIES: tuple[tuple[str, Profile], ...] = (
    (r"glm-5\.3.*", Profile(thinking="always", tool_stream=True, context=1_000_000)),
    (r"glm-5\.2", Profile(tool_stream=True, context=1_000_000)),
    (r"glm-5v-turbo", Profile()),
    (r"glm-5(\.1|-turbo)?", Profile(tool_stream=True)),
    (r"glm-4\.7(-flashx?)?", Profile(tool_stream=True)),
    (r"glm-4\.6", Profile(tool_stream=True)),
    (r"glm-4\.6v.*", Profile(ceiling=32_768, context=128_000)),
    (r"glm-4\.5v", Profile(tags=True, tools=False, ceiling=16_384, context=64_000)),
    (r"glm-4\.5", Profile(context=128_000)),
    (r"glm-4\.5-.*", Profile(ceiling=98_304, context=128_000)),
    (r"glm-4\.1v-thinking.*", Profile(thinking="always", tags=True, tools=False, ceiling=16_384)),
    (r"glm-z1.*", Profile(thinking="always", tags=True, ceiling=32_768, context=128_000)),
    (r"glm-4v.*", Profile(thinking="none", tools=False, ceiling=1_024, context=16_000)),
    (r"glm-4-long", Profile(thinking="none", ceiling=4_095, context=1_000_000)),
    (r"glm-4-.*", Profile(thinking="none", ceiling=16_384, context=128_000)),
    (r"autoglm-phone.*", Profile(thinking="none", tools=False, ceiling=2_048, context=20_000)),
)


def profile(
    model: str, *, jwt: bool = False, deterministic: bool = False, failing: bool = False
) -> Profile:
    """The profile of a model id; one the table does not know may do everything and is not `known`.

    `jwt` says that the credential is a GLM key, of which tokens can be made, `deterministic` that
    the target answers the same prompt with the same words, `failing` that it breaks off the stream
    of the probe of that name.
    """
    found = (row for form, row in _FAMILIES if re.fullmatch(form, model.lower()))
    row = next(found, Profile(tool_stream=True, known=False))
    return replace(row, jwt=jwt, deterministic=deterministic, failing=failing)
