"""A call of an endpoint: the request as its function sees it, and the form of its answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec
from msgspec import Struct

from mockglm.completions.renderer import JSON_TYPE, STREAM_TYPE, response_headers
from mockglm.endpoints.table import EndpointRow
from mockglm.exchange import APIError, Headers, Reply, Response
from mockglm.server import RequestContext
from mockglm.server.pipeline import check_limits
from mockglm.validation import UNREADABLE, Chat, Refusal
from mockglm.validation.types import WRONG_TYPE

if TYPE_CHECKING:
    from mockglm.endpoints.form import Form

T = TypeVar("T")

PIECE = 4
"""Characters of a piece of a stream."""
MAX_PIECES = 1000

_encode = msgspec.json.encode
_encode_sorted = msgspec.json.Encoder(order="sorted").encode


class EndpointError(Exception):
    """The refusal of a call, with the API error that it is answered with."""

    def __init__(self, error: APIError) -> None:
        super().__init__(error.code)
        self.error = error


class Call(Struct, kw_only=True):
    """One call. `variables` are the named segments of the path; `form` is set for a multipart body;
    `reply` is the reply that a scenario describes; `states` is what the session's endpoints keep.
    """

    context: RequestContext
    row: EndpointRow
    variables: Mapping[str, str]
    states: dict[type[Any], Any]
    form: Form | None = None
    reply: Reply | None = None

    @property
    def now(self) -> float:
        """The time of the request on the session's clock, in unix seconds."""
        return self.context.now

    @property
    def id(self) -> str:
        """The id of the answer: its log id."""
        return self.context.log_id

    @property
    def key(self) -> str:
        return self.context.key

    @property
    def text(self) -> str | None:
        """The content of the reply that a scenario describes; None without one."""
        return None if self.reply is None else self.reply.content or ""

    @property
    def speed(self) -> float:
        return self.context.session.settings.speed

    def scaled(self, seconds: float) -> float:
        """A duration at the speed of the session, in seconds."""
        return seconds / self.speed if self.speed else 0.0

    @property
    def digest(self) -> str:
        """Hexadecimal digits that differ from answer to answer."""
        return self.id[-16:]

    def state(self, kind: type[T]) -> T:
        """The session's state of a type, made when it is first used."""
        found = self.states.get(kind)
        if found is None:
            found = self.states[kind] = kind()
        return found

    def query(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        from urllib.parse import parse_qs

        try:
            found = parse_qs(self.context.request.query, max_num_fields=100)
        except ValueError:
            self.refuse("1210")
        return found.get(name, [default])[0]

    def decode(self, kind: type[T]) -> T:
        """Decode the body as a type. Raises EndpointError."""
        body = self.context.request.body
        try:
            if not body.isascii():
                body.decode()
            return msgspec.json.decode(body, type=kind)
        except msgspec.ValidationError:
            self.refuse_by(WRONG_TYPE)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            self.refuse_by(UNREADABLE)

    def refuse(self, code: str, message: str | None = None, **fields: str) -> NoReturn:
        """Refuse the call. Without a message it is that of the table, with these fields."""
        raise EndpointError(APIError(code, message=message, fields=fields))

    def refuse_by(self, refusal: Refusal) -> NoReturn:
        """Refuse the call as a chat would be."""
        raise EndpointError(refusal.to_error(self.context.language))

    def require(self, value: object, field: str) -> None:
        """Refuse the call with 1213 if a parameter is missing or empty."""
        if value is None or value in ("", []):
            self.refuse("1213", field=field)

    def check(self, field: str, *, holds: bool) -> None:
        """Refuse the call with 1214 if a parameter is not valid."""
        if not holds:
            self.refuse("1214", field=field)

    def check_documented(self, field: str, *, holds: bool) -> None:
        """Refuse the call with 1214 only in a strict session; else note the limit as passed.

        It is for limits that no recording shows, as with the rules of chats.
        """
        if holds:
            return
        if self.context.session.settings.policy == "strict":
            self.refuse("1214", field=field)
        self.context.waived += (f"{self.row.module}: {field}",)

    def enter_account(self) -> Response | None:
        """Refuse an account that cannot pay or is at its limits; else take a slot and charge it."""
        context, ledger = self.context, self.context.session.ledger
        context.chat = context.chat or Chat()
        if ledger.is_open:
            return None
        error = ledger.permission_error(context.key, context.model_id)
        if error is not None:
            raise EndpointError(error)
        return check_limits(context)

    def link(self, name: str) -> str:
        """The URL at which a medium of this server can be fetched, as the client reached it."""
        request = self.context.request
        host = request.header("host", "127.0.0.1")
        is_secure = request.header("x-forwarded-proto") == "https"
        session = self.context.session.name
        prefix = f"/s/{session}" if session else ""
        return f"{'https' if is_secure else 'http'}://{host}{prefix}/media/{name}"

    def render(self, body: Mapping[str, Any], *, is_sorted: bool = True) -> Response:
        """Render a JSON answer; its keys are in alphabetical order unless told otherwise."""
        encode = _encode_sorted if is_sorted else _encode
        return self.render_bytes(encode(body), JSON_TYPE)

    def render_events(self, events: Iterable[Mapping[str, Any]]) -> Response:
        """Render a stream of JSON events, ended by `[DONE]`."""
        frames = [b"data: " + _encode(event) + b"\n\n" for event in events]
        at = self.scaled(self.row.seconds)
        chunks = tuple((at, frame) for frame in (*frames, b"data: [DONE]\n\n"))
        return Response(200, response_headers(STREAM_TYPE, self.id), chunks)

    def render_bytes(self, body: bytes, content_type: str, own: Headers = ()) -> Response:
        """Render an answer of bytes."""
        headers = response_headers(content_type, self.id, own)
        at = self.scaled(self.row.seconds)
        return Response(200, headers, ((at, body),), head=at)


def split(text: str) -> list[str]:
    """Split a text into the pieces of a stream: a few characters each, and not too many pieces."""
    size = max(PIECE, len(text) // MAX_PIECES + 1)
    return [text[start : start + size] for start in range(0, len(text), size)]
