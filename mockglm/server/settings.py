"""How a server behaves, as its command line or fixture set it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from mockglm.error_codes import Language
from mockglm.models import Model
from mockglm.validation import Policy

__all__ = ["OnMiss", "Profile", "Settings"]

Profile = Literal["bigmodel", "zai"]
OnMiss = Literal["improvise", "error", "record"]


class Settings(Struct, frozen=True, kw_only=True):
    """What holds for every session.

    `accept` are the keys taken, None for any that is not empty; `speed` multiplies every pace (0
    is at once); `on_miss` of None improvises without files and refuses with them.
    """

    profile: Profile = "bigmodel"
    policy: Policy = "default"
    accept: frozenset[str] | None = None
    speed: float = 1.0
    on_miss: OnMiss | None = None
    seed: str = "mockglm"
    models: Mapping[str, Model] = field(default_factory=dict)

    def language(self, accepted: str) -> Language:
        """The language of messages, by the client's Accept-Language.

        open.bigmodel.cn is Chinese unless asked for English, api.z.ai English with no header at
        all (SamyRai/go-z-ai cassettes, 2026-07).
        """
        if self.profile == "zai" or accepted.lower().startswith("en"):
            return "en"
        return "zh"
