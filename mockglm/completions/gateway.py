"""Answers of the gateway before v4: the list of models, and the paths that do not exist."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from mockglm.clock import utc
from mockglm.completions.renderer import common_headers
from mockglm.exchange import Headers, Response
from mockglm.models import Model

SPRING_TYPE = "application/json;charset=UTF-8"


def list_models(models: Iterable[Model], log_id: str) -> Response:
    """List models as both hosts do (recorded, 2026-07)."""
    data = [
        {"id": model.id, "object": "model", "created": model.created, "owned_by": "z-ai"}
        for model in models
    ]
    return _json(200, msgspec.json.encode({"object": "list", "data": data}), log_id)


def models_without_key(log_id: str) -> Response:
    """Answer `GET /models` without a key: status 200, a code that is a number (recorded, 2026)."""
    body = {
        "code": 1001,
        "msg": "Header中未收到Authorization参数，无法进行身份验证。",
        "success": False,
    }
    return _json(200, msgspec.json.encode(body), log_id)


def not_found(path: str, log_id: str, now: float, *, allowed: str = "") -> Response:
    """Answer 404 below a base, 405 for a path with another method, as Spring words them; the
    gateway has stripped all before `/v4`.

    404 is recorded on api.z.ai, 2026-06-08. 405 is assumed, no recording exists.
    """
    status, error = (405, "Method Not Allowed") if allowed else (404, "Not Found")
    body = {
        "timestamp": _utc(now),
        "status": status,
        "error": error,
        "path": "/v4" + path,
    }
    headers = (("Allow", allowed),) if allowed else ()
    return _json(status, msgspec.json.encode(body), log_id, headers=headers)


def not_found_outside(log_id: str) -> Response:
    """Answer a path below no base: status 200, the 404 is in the body (api.z.ai, 2026-06)."""
    return _json(200, b'{"code":500,"msg":"404 NOT_FOUND"}', log_id)


def _utc(now: float) -> str:
    return f"{utc(int(now), '%Y-%m-%dT%H:%M:%S')}.{int(now % 1 * 1000):03d}+00:00"


def _json(status: int, body: bytes, log_id: str, *, headers: Headers = ()) -> Response:
    base = (("Content-Type", SPRING_TYPE), *common_headers(log_id), *headers)
    return Response(status, base, ((0.0, body),))
