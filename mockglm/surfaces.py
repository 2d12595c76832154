"""The surfaces: the protocols that the service speaks, one row each.

A surface decodes requests into the one `Chat`, renders replies and API errors, and parses responses
back into replies. The pipeline knows no surface by its name: it takes the one of the route.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol

from msgspec import Struct

from mockglm import auth, completions, messages, validation
from mockglm.clock import AT_ONCE, Pace
from mockglm.completions import ParsedReply, Renderer, ResponseFields
from mockglm.error_codes import Language
from mockglm.exchange import APIError, Headers, Request, Response
from mockglm.models import Model
from mockglm.validation import Chat, Policy, Refusal, ValidationResult

SurfaceName = Literal["chat", "anthropic"]
EndpointKind = Literal["chat", "open-models", "models", "count", "base"]


class _Validator(Protocol):
    def __call__(
        self, chat: Chat, model: Model | None, policy: Policy, *, prompt: int | None = None
    ) -> ValidationResult: ...


class _JSONRenderer(Protocol):
    def __call__(
        self, renderer: Renderer, /, fields: ResponseFields, pace: Pace = AT_ONCE
    ) -> Response: ...


class _StreamRenderer(Protocol):
    def __call__(
        self,
        renderer: Renderer,
        /,
        fields: ResponseFields,
        pace: Pace = AT_ONCE,
        *,
        tool_stream: bool = False,
    ) -> Response: ...


class _ErrorRenderer(Protocol):
    def __call__(
        self,
        error: APIError,
        log_id: str,
        *,
        language: Language = "zh",
        headers: Headers = (),
        request: Request | None = None,
    ) -> Response: ...


class _NotFound(Protocol):
    def __call__(self, path: str, log_id: str, now: float, *, allowed: str = "") -> Response: ...


class Endpoint(Struct, frozen=True):
    """A path of a surface: the method it allows, and the kind of its handlers.

    `models` is a listing, `open-models` one that needs no key; `count` is a request for a number of
    tokens, `base` one for the base itself.
    """

    method: str
    kind: EndpointKind


class Surface(Struct, frozen=True, kw_only=True, eq=False):
    """A protocol of the service.

    `base` is the path of its base URL at the service, `bases` are those that mockglm answers at.
    `endpoints` are by path below a base; `path` is that of its conversations, and `prefix` begins
    paths that no other surface has. `credential` reads the key or JWT of a request, `decode` its
    body. `needs_plan` is true of a chat whose model only accounts with a Coding Plan know.
    `render_json` and `render_stream` take the renderer of the chat surface, which keeps the reply
    and the cut of its stream. `parse` raises StreamError for a response that is neither a reply nor
    an API error. `finish_reasons` are those of v4 by the words of this surface, where they differ.
    """

    name: SurfaceName
    base: str
    bases: tuple[str, ...]
    path: str
    endpoints: Mapping[str, Endpoint]
    prefix: str = ""
    credential: Callable[[Request], str]
    decode: Callable[[bytes], Chat | Refusal]
    needs_plan: Callable[[Chat], bool]
    validate: _Validator
    render_json: _JSONRenderer
    render_stream: _StreamRenderer
    render_error: _ErrorRenderer
    parse: Callable[[Response], ParsedReply]
    finish_reasons: Mapping[str, str] = {}
    list_models: Callable[[Iterable[Model], str], Response]
    not_found: _NotFound

    def owns(self, path: str) -> bool:
        """True for an endpoint, and for any path with the prefix, known or not."""
        return path in self.endpoints or bool(self.prefix and path.startswith(self.prefix))


def find_surface(path: str) -> Surface:
    """Find the surface of a path below a base: each has paths of its own."""
    return next((one for one in SURFACES if one.owns(path)), CHAT)


def is_whole(path: str) -> bool:
    """True for a path of the service that is below no base, as `/api/monitor/usage/quota/limit`."""
    return path.startswith("/api/")


def find_base(path: str) -> str:
    """Find the base of a request's path; empty if it is below none, as that of a picture."""
    return "" if is_whole(path) or path.startswith("/media/") else find_surface(path).base


def recognise(response: Response) -> Surface:
    """Find the surface of a response whose request is not known, by the beginning of its body."""
    return ANTHROPIC if messages.is_message(response) else CHAT


def _key(request: Request) -> str:
    """The key in `x-api-key` or `Authorization`. Assumed: the former counts if there are both."""
    return request.header("x-api-key").strip() or auth.read_credential(request)


def _never(chat: Chat) -> bool:
    """No model of v4 is known by another name to those who have a Coding Plan."""
    return False


def _render_chat_error(
    error: APIError,
    log_id: str,
    *,
    language: Language = "zh",
    headers: Headers = (),
    request: Request | None = None,
) -> Response:
    return completions.render_error(error, log_id, language=language, headers=headers)


def _parse_chat(response: Response) -> ParsedReply:
    parse = completions.parse_stream if response.is_stream else completions.parse_json
    return parse(response.body)


CHAT = Surface(
    name="chat",
    base="/api/paas/v4",
    # The last two are a convenience the service does not have.
    bases=("/api/coding/paas/v4", "/api/paas/v4", "/v4", "/v1"),
    path="/chat/completions",
    endpoints={
        "/chat/completions": Endpoint("POST", "chat"),
        "/models": Endpoint("GET", "open-models"),
    },
    credential=auth.read_credential,
    decode=validation.decode_chat,
    needs_plan=_never,
    validate=validation.validate,
    render_json=Renderer.render_json,
    render_stream=Renderer.render_stream,
    render_error=_render_chat_error,
    parse=_parse_chat,
    list_models=completions.list_models,
    not_found=completions.not_found,
)

ANTHROPIC = Surface(
    name="anthropic",
    base="/api/anthropic",
    bases=("/api/anthropic",),
    path="/v1/messages",
    endpoints={
        "/v1/messages": Endpoint("POST", "chat"),
        "/v1/messages/count_tokens": Endpoint("POST", "count"),
        "/v1/models": Endpoint("GET", "models"),
        "": Endpoint("HEAD", "base"),
        "/": Endpoint("HEAD", "base"),
    },
    prefix="/v1/",
    credential=_key,
    decode=messages.decode_request,
    needs_plan=messages.needs_plan,
    validate=messages.validate,
    render_json=messages.render_json,
    render_stream=messages.render_stream,
    render_error=messages.render_error,
    parse=messages.parse_message,
    finish_reasons=messages.FINISH_REASONS,
    list_models=messages.list_models,
    not_found=messages.not_found,
)

SURFACES = (CHAT, ANTHROPIC)
"""All surfaces, in the order in which a path is looked up."""
