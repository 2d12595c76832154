"""One exchange as a test looks at it: the request, the response, its times and its outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.completions import ParsedReply
from mockglm.errors import StreamError
from mockglm.exchange import JSONObject, Reply, Request, Response, ToolCall
from mockglm.journal import Entry, Outcome
from mockglm.surfaces import CHAT, Surface, SurfaceName, find_surface
from mockglm.validation import Chat, Message, Tool

T = TypeVar("T")


class RecordedCall(Struct, frozen=True, dict=True):
    """An exchange with the client under test, unredacted.

    `entry` is the journal's record of it. Absent parts are None or empty, and so are parts of a
    request that do not have the shape of a chat; `body` has everything that was sent.
    """

    entry: Entry

    @property
    def request(self) -> Request:
        """The request as received."""
        return self.entry.request

    @property
    def answer(self) -> Response | None:
        """The response, byte for byte and with its times; None before it is decided."""
        return self.entry.response

    @property
    def path(self) -> str:
        """The path below the base, such as /chat/completions."""
        return self.request.path

    @property
    def surface(self) -> SurfaceName:
        """The protocol of the request: `chat` or `anthropic`."""
        return self._surface.name

    @property
    def _surface(self) -> Surface:
        return find_surface(self.path)

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The request's headers by lower-case name; of a repeated name, the last."""
        return dict(self.request.headers)

    @property
    def key(self) -> str:
        """The API key or JWT of the request."""
        return self._surface.credential(self.request)

    @cached_property
    def body(self) -> dict[str, Any]:
        """The request's JSON; empty where that is not an object."""
        try:
            return msgspec.json.decode(self.request.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}

    @cached_property
    def _parts(self) -> dict[str, msgspec.Raw]:
        try:
            return msgspec.json.decode(self.request.body, type=dict[str, msgspec.Raw])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return {}

    @property
    def model(self) -> str | None:
        return self._sent("model", str)

    @property
    def stream(self) -> bool:
        """True if the client requested a stream."""
        return bool(self.body.get("stream"))

    @property
    def messages(self) -> Sequence[JSONObject]:
        return self._sent("messages", list[dict[str, Any]]) or []

    @property
    def user(self) -> str | None:
        """The text of the last user message."""
        messages = reversed(self._chat.messages or ())
        return next((one.text for one in messages if one.role == "user"), None)

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the functions offered."""
        functions = (tool.function for tool in self._chat.tools or ())
        return tuple(function.name for function in functions if function and function.name)

    @property
    def status(self) -> int | None:
        """The HTTP status of the response."""
        return self.answer.status if self.answer else None

    @property
    def code(self) -> str:
        """The business code of an error, such as "1302"; "" without an error."""
        error = self.reply.error if self.reply else None
        return error.code if error else self.entry.code

    @property
    def message(self) -> str:
        """The message of an error; "" without an error."""
        error = self.reply.error if self.reply else None
        return (error.message if error else None) or ""

    @property
    def finish(self) -> str:
        """The finish_reason that was sent; "" without one."""
        return self.reply.finish_reason if self.reply and not self.reply.error else ""

    @property
    def text(self) -> str:
        """The content of the reply, as much of it as was sent."""
        return (self.reply.content if self.reply else None) or ""

    @property
    def reasoning(self) -> str:
        """The reasoning of the reply, as much of it as was sent."""
        return (self.reply.reasoning if self.reply else None) or ""

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls of the reply, as much of them as was sent."""
        return self.reply.calls if self.reply else ()

    @property
    def usage(self) -> JSONObject:
        """The usage of the reply in the words of chat completions; empty without any."""
        return (self.reply.usage if self.reply else None) or {}

    @cached_property
    def reply(self) -> Reply | None:
        """The reply, parsed from the bytes of the response; None where they have no meaning."""
        parsed = _parse(self._surface, self.answer) if self.answer else None
        return parsed.reply if parsed else None

    @property
    def source(self) -> str:
        """The origin of the response: `test_x.py:12`, `queued`, `improvised`, `refused`, `gateway`,
        `miss`."""
        return self.entry.source

    @property
    def at(self) -> float:
        """The arrival of the request, in unix seconds of the session's clock."""
        return self.entry.at

    @property
    def took(self) -> float | None:
        """Seconds from the request to the last byte; None while the response is on its way."""
        return self.entry.total

    @property
    def ended(self) -> Outcome:
        """`done`; `cut` by a fault; `gone` if the client left; `open` while it is on its way."""
        return self.entry.outcome

    def __repr__(self) -> str:
        ended = self.code or self.finish
        return f"<{self.request.method} {self.path} {self.user!r} → {self.status} {ended}>"

    @cached_property
    def _chat(self) -> Chat:
        """The conversation, as far as its parts have the shape of one."""
        if self._surface is CHAT:
            messages = self._sent("messages", list[Message])
            return Chat(messages=messages, tools=self._sent("tools", list[Tool]))
        chat = self._surface.decode(self.request.body)
        return chat if isinstance(chat, Chat) else Chat()

    def _sent(self, name: str, kind: type[T]) -> T | None:
        """A part of the request in its type; None where it is absent or not valid."""
        try:
            return msgspec.json.decode(self._parts[name], type=kind)
        except (KeyError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


def _parse(surface: Surface, answer: Response) -> ParsedReply | None:
    """Parse a response; of a broken stream, the part before the break."""
    try:
        return surface.parse(answer)
    except StreamError as error:
        if not answer.is_stream or not error.at:
            return None
        before = ((0.0, answer.body[: error.at]),)
    try:
        return surface.parse(replace(answer, chunks=before))
    except StreamError:
        return None
