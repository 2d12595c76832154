"""The claims of each GLM v4 model, as far as a check depends on them.

This table is the kit's own on purpose: a kit that shared it with the mock would share its
mistakes. Source: docs.bigmodel.cn, 对话补全 and the model pages (2026-10); for glm-5.3, which
always thinks, a recorded refusal (RarogCmex/pi-bigmodel, 2026-10-08).
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

ThinkingMode = Literal["always", "optional", "none"]


class Capabilities(Struct, frozen=True, kw_only=True):
    """The claims of a model and its endpoint.

    `thinking` says when the model thinks, `tags` that its reasoning stands in `<think>` tags rather
    than in a field. `ceiling` and `context` are tokens. `known` is false for a model that is not in
    the table. `jwt` says that tokens can be made of the credential, `deterministic` that the
    endpoint answers the same prompt with the same text, `failing` that it breaks off the stream of
    the probe of that name.
    """

    thinking: ThinkingMode = "optional"
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
        """True if checks that name the capability apply; the empty name always does."""
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


_FAMILIES: tuple[tuple[str, Capabilities], ...] = (
    (r"glm-5\.3.*", Capabilities(thinking="always", tool_stream=True, context=1_000_000)),
    (r"glm-5\.2", Capabilities(tool_stream=True, context=1_000_000)),
    (r"glm-5v-turbo", Capabilities()),
    (r"glm-5(\.1|-turbo)?", Capabilities(tool_stream=True)),
    (r"glm-4\.7(-flashx?)?", Capabilities(tool_stream=True)),
    (r"glm-4\.6", Capabilities(tool_stream=True)),
    (r"glm-4\.6v.*", Capabilities(ceiling=32_768, context=128_000)),
    (r"glm-4\.5v", Capabilities(tags=True, tools=False, ceiling=16_384, context=64_000)),
    (r"glm-4\.5", Capabilities(context=128_000)),
    (r"glm-4\.5-.*", Capabilities(ceiling=98_304, context=128_000)),
    (
        r"glm-4\.1v-thinking.*",
        Capabilities(thinking="always", tags=True, tools=False, ceiling=16_384),
    ),
    (r"glm-z1.*", Capabilities(thinking="always", tags=True, ceiling=32_768, context=128_000)),
    (r"glm-4v.*", Capabilities(thinking="none", tools=False, ceiling=1_024, context=16_000)),
    (r"glm-4-long", Capabilities(thinking="none", ceiling=4_095, context=1_000_000)),
    (r"glm-4-.*", Capabilities(thinking="none", ceiling=16_384, context=128_000)),
    (r"autoglm-phone.*", Capabilities(thinking="none", tools=False, ceiling=2_048, context=20_000)),
)


def find_capabilities(
    model: str, *, jwt: bool = False, deterministic: bool = False, failing: bool = False
) -> Capabilities:
    """The capabilities of a model id. An unknown model is assumed to have all of them."""
    found = (row for form, row in _FAMILIES if re.fullmatch(form, model.lower()))
    row = next(found, Capabilities(tool_stream=True, known=False))
    return replace(row, jwt=jwt, deterministic=deterministic, failing=failing)
