"""What was asked, and the head and the bytes of what came back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal

from mockglm.conformance.parts import Part, decode
from mockglm.exchange import Exchange, Headers, Request, Response

__all__ = ["CHAT", "Kind", "Sent"]

CHAT = "/chat/completions"
_STREAM = "text/event-stream"
_PLAIN = "application/json"

Kind = Literal["stream", "plain", "refusal", "other"]

_SHORTEST = 8
"""Characters of a credential; a shorter one, such as `test`, is a word."""


class Sent:
    """An exchange under the name of its probe, or of its place in a recording."""

    def __init__(self, name: str, exchange: Exchange) -> None:
        self.name = name
        self.exchange = exchange

    @property
    def request(self) -> Request:
        return self.exchange.request

    @property
    def answer(self) -> Response | None:
        return self.exchange.response

    @property
    def status(self) -> int:
        """The status, 0 when no answer began."""
        return self.answer.status if self.answer else 0

    @cached_property
    def body(self) -> bytes:
        return self.answer.body if self.answer else b""

    @property
    def headers(self) -> Headers:
        return self.answer.headers if self.answer else ()

    def header(self, name: str) -> str | None:
        """The first value of a header of the answer; None when it was not sent."""
        return next((value for key, value in self.headers if key.lower() == name), None)

    @cached_property
    def media(self) -> str:
        """The media type of the answer without its parameters, in lower case."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    @cached_property
    def asked(self) -> Mapping[str, Any]:
        """The JSON object that was asked; empty when it was none."""
        try:
            asked = decode(self.request.body)
        except ValueError:
            return {}
        return asked if isinstance(asked, dict) else {}

    @property
    def chats(self) -> bool:
        """Whether it was sent to the chat path: what other paths answer is no completion."""
        return self.request.path.endswith(CHAT)

    @cached_property
    def model(self) -> str:
        return str(self.asked.get("model", ""))

    @cached_property
    def offered(self) -> Mapping[str, Mapping[str, Any]]:
        """The functions offered, by name."""
        asked = Part(self.asked, 0, 0)
        functions = (tool.inner("function") for tool in asked.items("tools"))
        return {str(f.get("name")): f.value for f in functions if f is not None}

    @cached_property
    def secret(self) -> str:
        """The credential that was sent; empty where it is not known (recordings)."""
        return self.request.header("authorization").removeprefix("Bearer ").strip()

    @property
    def confided(self) -> bytes:
        """The body, where it answers a request whose credential is known."""
        return self.body if len(self.secret) >= _SHORTEST else b""

    @cached_property
    def kind(self) -> Kind:
        if self.status >= 400:
            return "refusal"
        if self.status != 200:
            return "other"
        is_stream = self.asked.get("stream") is True or self.media == _STREAM
        return "stream" if is_stream else "plain"

    @property
    def granted(self) -> bytes:
        """The body of an answer with status 200."""
        return self.body if self.status == 200 else b""

    @cached_property
    def astray(self) -> str:
        """How a request was granted in the other form than it asked for; empty where it was not."""
        is_stream = self.asked.get("stream") is True
        if self.status != 200 or self.media != (_PLAIN if is_stream else _STREAM):
            return ""
        return f"asked for {'a stream' if is_stream else 'a plain reply'}, got {self.media}"
