"""Answers of the Anthropic surface beside messages: models, counts, and unknown paths.

The keys of the listing are in alphabetical order, those of its page in camel case (public live
probe of api.z.ai, 2026-08-26). The service is a FastAPI application.

Assumed: the headers; FastAPI's own words for 404 and 405; HEAD on the base, which Claude Code sends
first, is answered 200 without a body; a listing is never cut into pages; `count_tokens` needs
nothing but a model and messages.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from mockglm.clock import local
from mockglm.exchange import Response
from mockglm.messages.errors import JSON_TYPE, response_headers
from mockglm.messages.models import LISTED_DATES
from mockglm.models import Model

_TIME = "%Y-%m-%dT%H:%M:%SZ"
"""Beijing local time, though the Z says UTC: midnights of v4's `created`."""


def list_models(models: Iterable[Model], log_id: str) -> Response:
    """List models, oldest first."""
    data = [_listed(model) for model in models]
    ids = [model["id"] for model in data]
    page = {
        "data": data,
        "firstId": ids[0] if ids else None,
        "hasMore": False,
        "lastId": ids[-1] if ids else None,
    }
    return _json(200, msgspec.json.encode(page), log_id)


def count_tokens(count: int, log_id: str) -> Response:
    """Answer a request for the number of a prompt's tokens."""
    return _json(200, b'{"input_tokens":%d}' % count, log_id)


def answer_head(log_id: str) -> Response:
    """Answer HEAD on the base."""
    return _json(200, b"", log_id)


def not_found(path: str, log_id: str, now: float, *, allowed: str = "") -> Response:
    """Answer 404 for a path that does not exist, 405 for one with another method."""
    status, detail = (405, b"Method Not Allowed") if allowed else (404, b"Not Found")
    return _json(status, b'{"detail":"%b"}' % detail, log_id)


def _listed(model: Model) -> dict[str, str]:
    return {
        "created_at": LISTED_DATES.get(model.id) or local(model.created, _TIME),
        "display_name": _display_name(model.id),
        "id": model.id,
        "type": "model",
    }


@lru_cache(maxsize=64)
def _display_name(id: str) -> str:
    """`GLM-4.5` is on record; the form of longer names is assumed."""
    first, *rest = id.split("-")
    name = first.upper() if first == "glm" else first
    return "-".join((name, *(word.capitalize() for word in rest)))


def _json(status: int, body: bytes, log_id: str) -> Response:
    return Response(status, response_headers(JSON_TYPE, log_id), ((0.0, body),))
