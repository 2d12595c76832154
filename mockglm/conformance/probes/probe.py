"""A probe: one request of a run, and the bytes it is sent as."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from mockglm.conformance.capabilities import Capabilities
from mockglm.conformance.view import CHAT, ExchangeView
from mockglm.exchange import Headers

Credential = Literal["key", "none", "wrong", "jwt", "expired"]
BodyFields = Mapping[str, Any]

WRONG_KEY = "0" * 32 + "." + "W" * 16
"""A key in GLM's form that belongs to nobody."""


class Probe(Struct, frozen=True, kw_only=True):
    """One request.

    `max_tokens` limits its output, `thinking_budget` instead for a model that always thinks.
    `provoked` tells if the model did as the probe asks; if not, the probe is sent again, up to
    `attempts` times. So is one that `is_paced` if all its events came at once, perhaps because this
    machine was busy. `thinking` switches thought on or off. The texts of `compared` probes are
    compared for a deterministic endpoint. `fills_context` replaces the prompt by one beyond the
    context. `copies` are sent at once. A conforming endpoint refuses a probe that
    `expects_refusal`; `disruptive` ones exceed limits and are sent only on demand. One that
    `expects_overload` is not repeated when it gets it.
    """

    name: str
    purpose: str
    fields: BodyFields | bytes = field(default_factory=dict)
    max_tokens: int = 0
    thinking_budget: int = 0
    method: str = "POST"
    path: str = CHAT
    credential: Credential = "key"
    thinking: bool | None = None
    compared: bool = False
    capability: str = ""
    provoked: Callable[[ExchangeView], bool] | None = None
    attempts: int = 1
    is_paced: bool = False
    expects_refusal: bool = False
    expects_overload: bool = False
    disruptive: bool = False
    fills_context: bool = False
    copies: int = 1

    def token_ceiling(self, model: Capabilities) -> int:
        """The most tokens that one attempt generates."""
        is_thinking = model.thinking == "always" or not model.known
        return self.thinking_budget if is_thinking and self.thinking_budget else self.max_tokens

    def credential_headers(self, secret: str) -> Headers:
        """The header fields that carry a key or a token."""
        return (("authorization", f"Bearer {secret}"),)

    def body(self, model: str, capabilities: Capabilities, request_id: str) -> bytes:
        """The bytes of the request."""
        if isinstance(self.fields, bytes):
            return self.fields
        fields = fill_context(capabilities.context) if self.fills_context else self.fields
        body: dict[str, Any] = {"model": model, "request_id": request_id, **fields}
        if self.max_tokens:
            body["max_tokens"] = self.token_ceiling(capabilities)
        if self.compared and capabilities.deterministic:
            # Greedy decoding; docs.bigmodel.cn, 核心参数
            body["do_sample"] = False
        body.update(self._thinking_fields(capabilities))
        return json.dumps(body, ensure_ascii=False).encode()

    def _thinking_fields(self, capabilities: Capabilities) -> BodyFields:
        if self.thinking is None or capabilities.thinking == "none":
            return {}
        if capabilities.thinking == "always":
            return {"reasoning_effort": "low"}
        return {"thinking": {"type": "enabled" if self.thinking else "disabled"}}


def fill_context(context: int) -> BodyFields:
    """Return a prompt with about a tenth more tokens than the context holds."""
    return {"messages": [{"role": "user", "content": "word " * int(context * 1.1)}]}
