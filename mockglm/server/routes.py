"""The paths of the service, and what its gateway says where no model is asked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm import faults
from mockglm.clock import utc
from mockglm.completions import common_headers
from mockglm.errors import MockGLMError, UsageError
from mockglm.exchange import Headers, Request, Response
from mockglm.journal import Source
from mockglm.models import Model
from mockglm.server import (
    CHAT,
    RECORDING_CHAT,
    Asked,
    Handler,
    Played,
    Session,
    Sessions,
    Visit,
    authenticate,
    authenticate_if_given,
    handle,
    mock_error,
    queued_reply,
    record_key,
    replay,
    replay_new,
)

__all__ = [
    "CHAT_PATH",
    "MODELS_PATH",
    "Route",
    "Unread",
    "crowd_out",
    "dispatch",
    "parse_route",
    "read_route",
]

Unread = Literal["large", "busy"]
"""Why a body was not taken: it is too large itself, or with those of all requests under way."""

Kind = Literal["chat", "call", "models", "other", "preflight", "outside"] | Unread
"""What a path leads to: `call` is a POST below a base, `other` what else is below one."""

CHAT_PATH = "/chat/completions"
MODELS_PATH = "/models"
ALLOWED: Mapping[str, str] = {CHAT_PATH: "POST", MODELS_PATH: "GET"}
"""The method that a path wants."""

BASES = ("/api/coding/paas/v4", "/api/paas/v4", "/v4", "/v1")
"""The bases clients are given; the last two are a convenience the service does not have."""

NAME = r"[a-z0-9][a-z0-9._-]*"
SESSION = re.compile(
    rf"/s/(?P<name>{NAME})?(?P<faults>(?:\+{NAME})*)(?:@(?P<label>{NAME}))?(?=/|$)"
)

FORM = "write /s/NAME[+FAULT]…[@LABEL]/…, all names of a-z, 0-9, dots, dashes and underscores"

LONGEST_ORIGIN = 300
"""Characters of the longest origin: a host name has 253 at most."""

LONGEST_REQUESTED = 4096
"""Characters of the header names that a preflight may ask for by name; for more it gets `*`."""

SPRING_TYPE = "application/json;charset=UTF-8"
PAGE = "<html>\r\n<head><title>{}</title></head>\r\n</html>\r\n"


class Route(Struct, frozen=True):
    """Where a path leads: which scenario, faults and session it names, and what below the base.

    `base` is empty where the path is below none; `tail` is then the whole path.
    """

    scenario: str
    faults: tuple[str, ...]
    label: str
    base: str
    tail: str


def read_route(path: str) -> Route:
    """Read a path. `/s/NAME+FAULT@LABEL` is stripped before everything else."""
    prefix = SESSION.match(path)
    scenario, faults, label = "", "", ""
    if prefix:
        scenario, faults, label = (prefix[part] or "" for part in ("name", "faults", "label"))
        path = path[prefix.end() :] or "/"
    base = next((base for base in BASES if path == base or path.startswith(base + "/")), "")
    return Route(scenario, tuple(filter(None, faults.split("+"))), label, base, path[len(base) :])


parse_route = lru_cache(maxsize=1024)(read_route)
"""Read a path and keep the route, for paths that are short."""


def dispatch(
    sessions: Sessions, where: Route, request: Request, unread: Unread | None = None
) -> Visit:
    """What a request gets, wherever it leads, or because its body was not taken."""
    visited = _visit(sessions, where, request, unread or _kind(where, request))
    origin = request.header("origin")
    return _shared(visited, origin) if origin and request.method != "OPTIONS" else visited


def crowd_out(visited: Visit) -> Visit:
    """The visit with 503 for its answer, which is too large for what the server may hold."""
    answer = _refused("503 Service Temporarily Unavailable")
    visited.entry.response = answer
    visited.journal.recount(visited.entry)
    return replace(visited, response=answer)


def _visit(sessions: Sessions, where: Route, request: Request, kind: Kind) -> Visit:
    try:
        session, laid = _named(sessions, where)
    except (MockGLMError, ImportError, OSError) as error:
        # Without a file descriptor a scenario cannot be read, and the faults cannot be imported.
        return handle(sessions.get(), request, (partial(_mistaken, str(error)),))
    guards = RECORDING_HANDLERS if session.on_miss == "record" else HANDLERS
    return handle(session, request, guards[kind], laid)


def _named(sessions: Sessions, where: Route) -> tuple[Session, Sequence[faults.FaultSpec]]:
    """The session and the faults a path names. Raises MockGLMError where it names none."""
    if not where.base and where.tail.startswith("/s/"):
        raise UsageError(f"{where.tail} is no path here; {FORM}")
    session = sessions.get(where.scenario, where.label)
    return session, faults.parse(where.faults) if where.faults else ()


def _kind(where: Route, request: Request) -> Kind:
    method = request.method
    if not where.base:
        return "outside"
    if method == "POST":
        return "chat" if where.tail == CHAT_PATH else "call"
    if method == "OPTIONS":
        return "preflight"
    return "models" if where.tail == MODELS_PATH and method in ("GET", "HEAD") else "other"


def _shared(visited: Visit, origin: str) -> Visit:
    """The visit of a page of another origin, which may read the answer."""
    answer = visited.answer
    if answer is None or answer.header("access-control-allow-origin"):
        return visited  # the service, or who wrote the answer, says who may read it
    if len(origin) > LONGEST_ORIGIN:
        return visited
    allowed = (
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Expose-Headers", "X-Log-Id, X-MockGLM-Miss"),
    )
    answer = replace(answer, headers=(*answer.headers, *allowed))
    return replace(visited, response=answer)


def _mistaken(message: str, session: Session, asked: Asked) -> Played:
    """Of a path that names what is not there: what is meant instead."""
    return mock_error(message, asked)


def _too_large(session: Session, asked: Asked) -> Played:
    """413. Assumed: nginx's page, shortened; no recording exists."""
    return Played(_refused("413 Request Entity Too Large"), Source.GATEWAY)


def _busy(session: Session, asked: Asked) -> Played:
    """503. Assumed: nginx's page, shortened; no recording exists."""
    note = "refused: the requests under way hold as many bytes as they may"
    return Played(_refused("503 Service Temporarily Unavailable"), Source.GATEWAY, notes=(note,))


def _refused(status: str) -> Response:
    """The page of a refusal, behind which the connection is closed."""
    headers = (("Content-Type", "text/html"), ("Connection", "close"))
    return Response(int(status[:3]), headers, ((0.0, PAGE.format(status).encode()),))


def _models(session: Session, asked: Asked) -> Played:
    log_id = asked.log_id
    is_known = bool(asked.key)
    answer = _list_models(session.listed, log_id) if is_known else _models_without_key(log_id)
    return Played(answer, Source.GATEWAY)


def _preflight(session: Session, asked: Asked) -> Played | None:
    """The answer to a browser that asks whether it may. Assumed: Spring's habits, no recording."""
    request = asked.request
    if request.method != "OPTIONS":
        return None
    requested = request.header("access-control-request-headers")
    allowed: Headers = (
        ("Access-Control-Allow-Origin", _short(request.header("origin"), LONGEST_ORIGIN)),
        ("Access-Control-Allow-Methods", "GET,POST,DELETE"),
        ("Access-Control-Allow-Headers", _short(requested, LONGEST_REQUESTED)),
        ("Access-Control-Max-Age", "1800"),
    )
    if request.header("access-control-request-private-network"):
        # What Chrome wants to hear before an https page may ask this machine.
        allowed += (("Access-Control-Allow-Private-Network", "true"),)
    return Played(Response(200, (*common_headers(asked.log_id), *allowed), ()), Source.GATEWAY)


def _short(value: str, longest: int) -> str:
    """What a header repeats of the request; `*` where that is nothing, or too long."""
    return value if 0 < len(value) <= longest else "*"


def _not_found_outside(session: Session, asked: Asked) -> Played:
    """What no service stands behind: status 200, the 404 is in the body (api.z.ai, 2026-06)."""
    body = b'{"code":500,"msg":"404 NOT_FOUND"}'
    return Played(_json(200, body, asked.log_id), Source.GATEWAY)


def _not_there(session: Session, asked: Asked) -> Played:
    """404 below the base, 405 on a path that wants another method, as Spring words them; the
    gateway has stripped all before `/v4`.

    404 is recorded on api.z.ai, 2026-06-08. 405 is assumed, no recording exists.
    """
    path = asked.request.path
    allowed = ALLOWED.get(path)
    status, error = (405, "Method Not Allowed") if allowed else (404, "Not Found")
    told = {
        "timestamp": _utc(asked.now),
        "status": status,
        "error": error,
        "path": "/v4" + path,
    }
    headers = (("Allow", allowed),) if allowed else ()
    return Played(_json(status, msgspec.json.encode(told), asked.log_id, headers), Source.GATEWAY)


HANDLERS: Mapping[Kind, Sequence[Handler]] = {
    "chat": CHAT,
    "call": (authenticate, queued_reply, replay, _not_there),
    "models": (authenticate_if_given, replay, _models),
    "other": (authenticate, replay, _not_there),
    "preflight": (replay, _preflight),
    "outside": (replay, _preflight, _not_found_outside),
    "large": (record_key, _too_large),
    "busy": (record_key, _busy),
}
"""Who answers, by the kind of path. One-shot replies are for what is called, never for a browser's
preflight or a look at what there is."""

RECORDING_HANDLERS: Mapping[Kind, Sequence[Handler]] = {
    **HANDLERS,
    "chat": RECORDING_CHAT,
    "call": (record_key, queued_reply, replay_new),
    "models": (record_key, replay_new),
    "other": (record_key, replay_new),
    "preflight": (record_key, replay_new),
}
"""Who answers before the service does, where it is recorded: below a base, all else is its."""


def _list_models(models: tuple[Model, ...], log_id: str) -> Response:
    """`GET /models`: only the models the service lists (recorded on both hosts, 2026-07)."""
    data = [
        {"id": model.id, "object": "model", "created": model.created, "owned_by": "z-ai"}
        for model in models
    ]
    return _json(200, msgspec.json.encode({"object": "list", "data": data}), log_id)


def _models_without_key(log_id: str) -> Response:
    """`GET /models` without a key: status 200, and a code that is a number (recorded, 2026)."""
    body = {
        "code": 1001,
        "msg": "Header中未收到Authorization参数，无法进行身份验证。",
        "success": False,
    }
    return _json(200, msgspec.json.encode(body), log_id)


def _utc(now: float) -> str:
    return f"{utc(int(now), '%Y-%m-%dT%H:%M:%S')}.{int(now % 1 * 1000):03d}+00:00"


def _json(status: int, body: bytes, log_id: str, headers: Headers = ()) -> Response:
    base = (("Content-Type", SPRING_TYPE), *common_headers(log_id), *headers)
    return Response(status, base, ((0.0, body),))
