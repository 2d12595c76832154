"""What a probe is: one request, what it may cost, and why it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from mockglm.conformance.capabilities import Profile
from mockglm.conformance.seen import Seen

__all__ = ["Credential", "Fields", "Probe"]

Credential = Literal["key", "none", "wrong", "jwt", "expired"]
Fields = Mapping[str, Any]


class Probe(Struct, frozen=True, kw_only=True):
    """One request.

    `tokens` is the most it may generate, `room` the same where the model always thinks. `elicits`
    tells whether the model did what the probe is for; if not, it is sent again until `attempts`
    are made. `think` asks for thought or for none, the words of `compared` ones are held against
    each other where the endpoint repeats itself, `flood` fills the context, `copies` go out at
    once. `refused` is what a right endpoint does with it.
    """

    name: str
    why: str
    fields: Fields | bytes = field(default_factory=dict)
    tokens: int = 0
    room: int = 0
    method: str = "POST"
    path: str = "/chat/completions"
    credential: Credential = "key"
    think: bool | None = None
    compared: bool = False
    capability: str = ""
    elicits: Callable[[Seen], bool] | None = None
    attempts: int = 1
    refused: bool = False
    disruptive: bool = False
    flood: bool = False
    copies: int = 1

    def ceiling(self, profile: Profile) -> int:
        """The most tokens that one attempt generates."""
        is_thinking = profile.thinking == "always" or not profile.known
        return self.room if is_thinking and self.room else self.tokens

    def body(self, model: str, profile: Profile, request_id: str) -> bytes:
        """The bytes of the request."""
        if isinstance(self.fields, bytes):
            return self.fields
        fields = _flood(profile.context) if self.flood else self.fields
        body: dict[str, Any] = {"model": model, "request_id": request_id, **fields}
        if self.tokens:
            body["max_tokens"] = self.ceiling(profile)
        if self.compared and profile.deterministic:
            body["do_sample"] = False  # the likeliest words; docs.bigmodel.cn, 核心参数
        body.update(self._thinking(profile))
        return json.dumps(body, ensure_ascii=False).encode()

    def _thinking(self, profile: Profile) -> Fields:
        if self.think is None or profile.thinking == "none":
            return {}
        if profile.thinking == "always":
            return {"reasoning_effort": "low"}
        return {"thinking": {"type": "enabled" if self.think else "disabled"}}


def _flood(context: int) -> Fields:
    """A prompt of about a tenth more tokens than the context holds."""
    return {"messages": [{"role": "user", "content": "word " * int(context * 1.1)}]}
