"""The routes: paths, the handlers of each, and the responses of the service's gateway."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Literal

from msgspec import Struct
from msgspec.structs import force_setattr, replace

from mockglm import completions, faults, messages, surfaces
from mockglm.errors import MockGLMError, UsageError
from mockglm.exchange import Headers, Request, Response
from mockglm.journal import Source
from mockglm.server.context import RequestContext
from mockglm.server.pipeline import (
    CHAT,
    RECORDING_CHAT,
    Handler,
    authenticate,
    authenticate_if_given,
    charge,
    handle,
    parse,
    queued_reply,
    record_key,
    replay,
    replay_new,
    resolve_model,
)
from mockglm.server.responses import (
    add_dated_headers,
    apply_session_faults,
    apply_where_possible,
    mock_error,
)
from mockglm.server.sessions import Session, Sessions
from mockglm.surfaces import SURFACES, EndpointKind, Surface, find_base, is_whole

UNKNOWN = frozenset(("call", "other", "whole", "outside"))
"""The kinds of requests that may be for another endpoint."""

Unread = Literal["large", "busy"]
"""The reason why a body was not read: too large itself, or with those of all requests in flight."""

Kind = EndpointKind | Literal["call", "other", "preflight", "whole", "outside"] | Unread
"""The kind of a request: `call` is a POST to an unknown path below a base, `other` anything else
below one; `whole` is for a path of the service that is below none, `outside` for any other."""

NAME = r"[a-z0-9][a-z0-9._-]*"
SESSION = re.compile(
    rf"/s/(?P<name>{NAME})?(?P<faults>(?:\+{NAME})*)(?:@(?P<label>{NAME}))?(?=/|$)"
)

FORM = "write /s/NAME[+FAULT]…[@LABEL]/…, all names of a-z, 0-9, dots, dashes and underscores"

MAX_ORIGIN = 300
"""Characters of the longest origin: a host name has 253 at most."""

MAX_REQUESTED_HEADERS = 4096
"""Characters of the header names that a preflight may ask for by name; for more it gets `*`."""

PAGE = "<html>\r\n<head><title>{}</title></head>\r\n</html>\r\n"


_BASES: Sequence[tuple[str, Surface]] = tuple(
    (base, surface) for surface in SURFACES for base in surface.bases
)


class Route(Struct, frozen=True):
    """A parsed path: the scenario, faults and label of its `/s/` prefix, the base and the rest.

    `base` is empty if the path is below no base; `tail` is then the whole path. `surface` is that
    of the base, `post_kind` the kind of a POST request.
    """

    scenario: str
    faults: tuple[str, ...]
    label: str
    base: str
    tail: str

    # Found when a route is made, and not for each request.
    surface: Surface = surfaces.CHAT
    post_kind: Kind = "outside"

    def __post_init__(self) -> None:
        if not self.base:
            force_setattr(self, "post_kind", "whole" if is_whole(self.tail) else "outside")
            return
        surface = next(surface for base, surface in _BASES if base == self.base)
        endpoint = surface.endpoints.get(self.tail)
        is_post = endpoint is not None and endpoint.method == "POST"
        force_setattr(self, "surface", surface)
        force_setattr(self, "post_kind", endpoint.kind if endpoint and is_post else "call")


def parse_route(path: str) -> Route:
    """Parse a path; `/s/NAME+FAULT@LABEL` is stripped before the base."""
    prefix = SESSION.match(path)
    scenario, faults, label = "", "", ""
    if prefix:
        scenario, faults, label = (prefix[part] or "" for part in ("name", "faults", "label"))
        path = path[prefix.end() :] or "/"
    base = next((base for base, _ in _BASES if path == base or path.startswith(base + "/")), "")
    return Route(scenario, tuple(filter(None, faults.split("+"))), label, base, path[len(base) :])


def format_route(route: Route) -> str:
    """Return the path that is parsed as a route."""
    label = f"@{route.label}" if route.label else ""
    names = "".join((route.scenario, *(f"+{name}" for name in route.faults), label))
    return f"/s/{names}{route.base}{route.tail}" if names else route.base + route.tail


FindHandlers = Callable[[Route, str], Sequence[Handler] | None]
"""Finds the handlers of an endpoint that has none here, by its route and method."""


# Clients use few paths; long ones are not worth the memory.
parse_short_route = lru_cache(maxsize=1024)(parse_route)


def dispatch(
    sessions: Sessions,
    route: Route,
    request: Request,
    *,
    unread: Unread | None = None,
    started: float | None = None,
    find_handlers: FindHandlers | None = None,
) -> RequestContext:
    """Handle a request by the handlers of its path, in the session that its path names.

    `unread` is the reason if the body was not read; `started` is when the request began to arrive,
    in seconds of time.monotonic(). `find_handlers` is asked for a path that has no handlers here,
    unless the session records.
    """
    url_faults: Sequence[faults.FaultSpec] = ()
    try:
        session, url_faults = _resolve(sessions, route)
        handlers = choose_handlers(
            session, route, request, unread=unread, find_handlers=find_handlers
        )
    except (MockGLMError, ImportError, OSError) as error:
        # Without a free file descriptor a scenario cannot be read, nor the faults imported.
        session, handlers = sessions.get(), (partial(_bad_path, str(error)),)
    return handle(
        session,
        request,
        handlers,
        surface=route.surface,
        base=route.base,
        url_faults=url_faults,
        started=started,
    )


def choose_handlers(
    session: Session,
    route: Route,
    request: Request,
    *,
    unread: Unread | None = None,
    find_handlers: FindHandlers | None = None,
) -> Sequence[Handler]:
    """Choose the handlers of a request by its route and method; see `dispatch`."""
    kind = unread or (route.post_kind if request.method == "POST" else _kind(route, request))
    if session.on_miss == "record":
        return RECORDING_HANDLERS[kind]
    if find_handlers is not None and kind in UNKNOWN:
        return find_handlers(route, request.method) or HANDLERS[kind]
    return HANDLERS[kind]


def find_route(path: str, base: str | None = None) -> Route:
    """Find the route of a request by its path, which is whole or below a base, if none is given
    the first one of its surface."""
    return Route("", (), "", find_base(path) if base is None else base, path)


def _resolve(sessions: Sessions, route: Route) -> tuple[Session, Sequence[faults.FaultSpec]]:
    """Find the session and the faults of a path. Raises MockGLMError if it names unknown ones."""
    if not route.base and route.tail.startswith("/s/"):
        raise UsageError(f"there is no path {route.tail}; {FORM}")
    session = sessions.get(route.scenario, route.label)
    return session, faults.parse(route.faults) if route.faults else ()


def _kind(route: Route, request: Request) -> Kind:
    """Find the kind of a request that is no POST; HEAD is GET without the body."""
    method = request.method
    if not route.base:
        return "whole" if is_whole(route.tail) else "outside"
    if method == "OPTIONS":
        return "preflight"
    endpoint = route.surface.endpoints.get(route.tail)
    if endpoint and (endpoint.method == method or (endpoint.method, method) == ("GET", "HEAD")):
        return endpoint.kind
    return "other"


def refuse_large_response(context: RequestContext) -> None:
    """Replace a response that is too large, with all others in flight, by 503."""
    context.response = context.entry.response = _refusal_page("503 Service Temporarily Unavailable")
    context.session.journal.update_size(context.entry)


def enter_response(context: RequestContext, response: Response) -> Response:
    """Enter the response of a language model in the journal; return it as its client gets it."""
    if context.session.as_of is not None:
        response = add_dated_headers(context, response, context.session.as_of)
    context.response = response
    allow_origin(context)
    entry, entry.response = context.entry, context.response
    entry.code, entry.finish, entry.notes = context.code, context.finish_reason, context.notes
    entry.source = context.source
    context.session.journal.update_size(entry)
    return context.response


def complete_response(context: RequestContext, response: Response) -> Response:
    """Apply faults to the whole response of a language model, charge and enter it."""
    session = context.session
    if context.url_faults or session.standing_faults or session.queued_faults:
        response = apply_where_possible(context, response, context.url_faults)
        response = apply_session_faults(context, response)
    charge(context, response)
    return enter_response(context, response)


def allow_origin(context: RequestContext) -> None:
    """Let a page of another origin read the response, unless its author decided that already."""
    request, response = context.request, context.response
    origin = request.header("origin")
    if not 0 < len(origin) <= MAX_ORIGIN or request.method == "OPTIONS":
        return
    if response is None or response.header("access-control-allow-origin"):
        return
    allowed = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "X-Log-Id, X-MockGLM-Miss"),
    )
    context.response = replace(response, headers=(*response.headers, *allowed))


def _bad_path(message: str, context: RequestContext) -> Response:
    return mock_error(context, message)


def _too_large(context: RequestContext) -> Response:
    """413. Assumed: nginx's page, shortened; no recording exists."""
    context.source = Source.GATEWAY
    return _refusal_page("413 Request Entity Too Large")


def _busy(context: RequestContext) -> Response:
    """503. Assumed: nginx's page, shortened; no recording exists."""
    context.source = Source.GATEWAY
    context.notes += ("refused: the requests in flight hold as many bytes as they may",)
    return _refusal_page("503 Service Temporarily Unavailable")


def _refusal_page(status: str) -> Response:
    """Return nginx's page of an error, after which the connection is closed."""
    headers = (("Content-Type", "text/html"), ("Connection", "close"))
    return Response(int(status[:3]), headers, ((0.0, PAGE.format(status).encode()),))


def _models(context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    return context.surface.list_models(context.session.listed, context.log_id)


def _models_without_key(context: RequestContext) -> Response | None:
    if context.key:
        return None
    context.source = Source.GATEWAY
    return completions.models_without_key(context.log_id)


def _count_tokens(context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    return messages.count_tokens(context.prompt_tokens, context.log_id)


def _answer_head(context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    return messages.answer_head(context.log_id)


def _preflight(context: RequestContext) -> Response | None:
    """Answer a browser's preflight. Assumed: Spring's defaults, no recording exists."""
    request = context.request
    if request.method != "OPTIONS":
        return None
    context.source = Source.GATEWAY
    requested = request.header("access-control-request-headers")
    allowed: Headers = (
        ("Access-Control-Allow-Origin", _short(request.header("origin"), MAX_ORIGIN)),
        ("Access-Control-Allow-Methods", "GET,POST,DELETE"),
        ("Access-Control-Allow-Headers", _short(requested, MAX_REQUESTED_HEADERS)),
        ("Access-Control-Max-Age", "1800"),
    )
    if request.header("access-control-request-private-network"):
        # Chrome requires this before an https page may call a server on this machine.
        allowed += (("Access-Control-Allow-Private-Network", "true"),)
    return Response(200, (*completions.common_headers(context.log_id), *allowed), ())


def _short(value: str, longest: int) -> str:
    """Return a value of the request that a header repeats; `*` if it is empty or too long."""
    return value if 0 < len(value) <= longest else "*"


def _not_found_outside(context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    return completions.not_found_outside(context.log_id)


def _not_found(context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    surface, path = context.surface, context.request.path
    endpoint = surface.endpoints.get(path)
    allowed = endpoint.method if endpoint else ""
    return surface.not_found(path, context.log_id, context.now, allowed=allowed)


HANDLERS: Mapping[Kind, Sequence[Handler]] = {
    "chat": CHAT,
    "call": (authenticate, queued_reply, replay, _not_found),
    "open-models": (authenticate_if_given, replay, _models_without_key, _models),
    "models": (authenticate, replay, _models),
    "count": (authenticate, replay, parse, resolve_model, _count_tokens),
    "base": (replay, _answer_head),
    "other": (authenticate, replay, _not_found),
    "preflight": (replay, _preflight),
    "whole": (replay, _preflight, _not_found_outside),
    "outside": (replay, _preflight, _not_found_outside),
    "large": (record_key, _too_large),
    "busy": (record_key, _busy),
}
"""The handlers by kind of path. One-shot replies answer POST requests only, never a preflight,
`GET /models` or a count of tokens."""

RECORDING_HANDLERS: Mapping[Kind, Sequence[Handler]] = {
    **HANDLERS,
    "chat": RECORDING_CHAT,
    "call": (record_key, queued_reply, replay_new),
    "open-models": (record_key, replay_new),
    "models": (record_key, replay_new),
    "count": (record_key, replay_new),
    "base": (record_key, replay_new),
    "other": (record_key, replay_new),
    "preflight": (record_key, replay_new),
    "whole": (record_key, replay_new),
}
"""The handlers in a session that records: what they pass on goes to the live service."""
