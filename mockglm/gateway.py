"""The paths of the service, and what its gateway says where no model is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import msgspec

from mockglm import faults
from mockglm.chat import common_headers
from mockglm.clock import local
from mockglm.errors import MockGLMError, UsageError
from mockglm.exchange import Answer, Headers, Request
from mockglm.models import Model
from mockglm.session import Asked, Played, Session, Sessions, Visit, unable, visit

__all__ = ["CHAT", "MODELS_PATH", "Route", "answer", "route"]

CHAT = "/chat/completions"
MODELS_PATH = "/models"

BASES = ("/api/coding/paas/v4", "/api/paas/v4", "/v4", "/v1")
"""The bases clients are given; the last two are a convenience the service does not have."""

NAME = r"[a-z0-9][a-z0-9._-]*"
PREFIX = re.compile(rf"/s/(?P<name>{NAME})?(?P<faults>(?:\+{NAME})*)(?:@(?P<label>{NAME}))?(?=/|$)")

FORM = "write /s/NAME[+FAULT]…[@LABEL]/…, all names of a-z, 0-9, dots, dashes and underscores"

GATEWAY_TYPE = "application/json;charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a path leads: which scenario, faults and session it names, and what below the base.

    `base` is empty where the path is below none; `tail` is then the whole path.
    """

    scenario: str
    faults: tuple[str, ...]
    label: str
    base: str
    tail: str


@lru_cache(maxsize=1024)
def route(path: str) -> Route:
    """Read a path. `/s/NAME+FAULT@LABEL` is stripped before everything else."""
    prefix = PREFIX.match(path)
    scenario, faults, label = "", "", ""
    if prefix:
        scenario, faults, label = (prefix[part] or "" for part in ("name", "faults", "label"))
        path = path[prefix.end() :] or "/"
    base = next((base for base in BASES if path == base or path.startswith(base + "/")), "")
    return Route(scenario, tuple(filter(None, faults.split("+"))), label, base, path[len(base) :])


def answer(sessions: Sessions, where: Route, request: Request) -> Visit:
    """What a request gets, wherever it leads."""
    visited = _visit(sessions, where, request)
    origin = request.header("origin")
    return _shared(visited, origin) if origin and request.method != "OPTIONS" else visited


def _visit(sessions: Sessions, where: Route, request: Request) -> Visit:
    try:
        if not where.base and where.tail.startswith("/s/"):
            raise UsageError(f"{where.tail} is no path here; {FORM}")
        session = sessions.get(where.scenario, where.label)
        laid = faults.parse(where.faults) if where.faults else ()
    except MockGLMError as error:
        message = str(error)
        return visit(
            sessions.get(), request, (), lambda asked: unable(message, asked), is_open=True
        )
    is_chat = where.tail == CHAT and request.method == "POST"
    if where.base and (is_chat or session.on_miss == "record"):
        return visit(session, request, laid)
    otherwise = partial(_elsewhere, session, where)
    return visit(session, request, laid, otherwise, is_open=_is_open(where, request))


def _shared(visited: Visit, origin: str) -> Visit:
    """The visit of a page of another origin, which may read the answer."""
    answer = visited.answer
    if answer is None:
        return visited  # the service says itself who may read it
    headers = (*answer.headers, ("Access-Control-Allow-Origin", origin))
    return msgspec.structs.replace(visited, answer=replace(answer, headers=headers))


def _is_open(where: Route, request: Request) -> bool:
    """What the gateway answers before it looks for a key."""
    if not where.base or request.method == "OPTIONS":
        return True
    return where.tail == MODELS_PATH and not request.header("authorization")


def _elsewhere(session: Session, where: Route, asked: Asked) -> Played:
    return Played(_answer(session, where, asked), "gateway")


def _answer(session: Session, where: Route, asked: Asked) -> Answer:
    method, log_id = asked.request.method, asked.log_id
    if method == "OPTIONS":
        return _preflight(asked.request, log_id)
    if not where.base:
        return _unknown_prefix(log_id)
    if where.tail == MODELS_PATH and method in ("GET", "HEAD"):
        return _list_models(session.listed, log_id) if asked.key else _models_without_key(log_id)
    if where.tail in (CHAT, MODELS_PATH):
        return _method_not_allowed(where.tail, log_id, asked.now)
    return _not_found(where.tail, log_id, asked.now)


def _preflight(request: Request, log_id: str) -> Answer:
    """The answer to a browser that asks whether it may. Assumed: Spring's habits, no recording."""
    allowed = (
        ("Access-Control-Allow-Origin", request.header("origin", "*")),
        ("Access-Control-Allow-Methods", "GET,POST,DELETE"),
        ("Access-Control-Allow-Headers", request.header("access-control-request-headers", "*")),
        ("Access-Control-Max-Age", "1800"),
    )
    return Answer(200, (*common_headers(log_id), *allowed), ())


def _not_found(path: str, log_id: str, now: float) -> Answer:
    """404 below the base, as Spring words it; the gateway has stripped all before `/v4`.

    Recorded on api.z.ai, 2026-06-08; `now` is in unix seconds.
    """
    stamp = msgspec.json.encode(
        {
            "timestamp": _utc(now),
            "status": 404,
            "error": "Not Found",
            "path": "/v4" + path,
        }
    )
    return _json(404, stamp, log_id)


def _unknown_prefix(log_id: str) -> Answer:
    """What no service stands behind: status 200, the 404 is in the body (api.z.ai, 2026-06)."""
    return _json(200, b'{"code":500,"msg":"404 NOT_FOUND"}', log_id)


def _method_not_allowed(path: str, log_id: str, now: float) -> Answer:
    """405 on a path that wants another method. Assumed: Spring's words, no recording exists."""
    stamp = msgspec.json.encode(
        {
            "timestamp": _utc(now),
            "status": 405,
            "error": "Method Not Allowed",
            "path": "/v4" + path,
        }
    )
    allowed = "GET" if path == MODELS_PATH else "POST"
    return _json(405, stamp, log_id, (("Allow", allowed),))


def _list_models(models: tuple[Model, ...], log_id: str) -> Answer:
    """`GET /models`: only the models the service lists (recorded on both hosts, 2026-07)."""
    data = [
        {"id": model.id, "object": "model", "created": model.created, "owned_by": "z-ai"}
        for model in models
    ]
    return _json(200, msgspec.json.encode({"object": "list", "data": data}), log_id)


def _models_without_key(log_id: str) -> Answer:
    """`GET /models` without a key: status 200, and a code that is a number (recorded, 2026)."""
    body = {
        "code": 1001,
        "msg": "Header中未收到Authorization参数，无法进行身份验证。",
        "success": False,
    }
    return _json(200, msgspec.json.encode(body), log_id)


def _utc(now: float) -> str:
    return f"{local(int(now) - 8 * 3600, '%Y-%m-%dT%H:%M:%S')}.{int(now % 1 * 1000):03d}+00:00"


def _json(status: int, body: bytes, log_id: str, headers: Headers = ()) -> Answer:
    base = (("Content-Type", GATEWAY_TYPE), *common_headers(log_id), *headers)
    return Answer(status, base, ((0.0, body),))
