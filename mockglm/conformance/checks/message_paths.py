"""PTH: the paths beside messages, the count of tokens and the listing of models."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from mockglm.conformance.json_path import CheckFinding, JSONNode, shorten
from mockglm.conformance.message_view import MessageView
from mockglm.conformance.registry import MUST, SHOULD, Catalogue, Citation
from mockglm.conformance.sources import cite_recording

CHECKS = Catalogue("message")
check = CHECKS.check

_LISTED = cite_recording("public live probe of GET /v1/models, api.z.ai, 2026-08-26")
_SDK_PAGE = Citation("sdk", "anthropic 2.14.0 pagination.py: a page without data is empty")
_MODEL_KEYS = ("id", "type", "display_name", "created_at")


@check(
    "PTH-01",
    SHOULD,
    cite_recording("a public live test of glm-4.6 on api.z.ai: more than 0"),
    probe="message-count",
    needs="answer",
    requires_success=True,
)
def tokens_are_counted(view: MessageView) -> Iterator[CheckFinding]:
    """The path count_tokens answers with input_tokens, more than 0."""
    count = view.json_body.get("input_tokens") if view.json_body else None
    if view.status != 200 or not isinstance(count, int) or isinstance(count, bool) or count < 1:
        yield view.unexpected_answer('200 and {"input_tokens":…}')


@check(
    "PTH-02",
    MUST,
    _LISTED,
    _SDK_PAGE,
    probe="message-models",
    needs="answer",
    requires_success=True,
)
def models_are_listed(view: MessageView) -> Iterator[CheckFinding]:
    """The listing of models is a list under data, each with an id."""
    models = _models(view)
    if view.status != 200 or not models:
        yield view.unexpected_answer('200 and {"data":[…]}')
    for model in models:
        if not isinstance(model.get("id"), str):
            yield view.finding("no id", model, "id", actual=shorten(model.get("id")))


@check(
    "PTH-03",
    SHOULD,
    _LISTED,
    probe="message-models",
    needs="json_body",
    requires_success=True,
)
def listing_has_its_keys(view: MessageView) -> Iterator[CheckFinding]:
    """The listing has firstId, hasMore and lastId, and each model its keys and type model."""
    body, models = cast(JSONNode, view.json_body), _models(view)
    if not models:
        return
    ends = (("firstId", models[0].get("id")), ("lastId", models[-1].get("id")))
    for key, id in ends:
        if body.get(key) != id:
            actual = shorten(body.get(key))
            yield view.finding("another id", body, key, expected=shorten(id), actual=actual)
    if not isinstance(body.get("hasMore"), bool):
        yield view.finding("no boolean", body, "hasMore", actual=shorten(body.get("hasMore")))
    for model in models:
        missing = [key for key in _MODEL_KEYS if not isinstance(model.get(key), str)]
        if missing or model.get("type") != "model":
            actual = shorten(model.value)
            yield view.finding("incomplete", model, expected=", ".join(_MODEL_KEYS), actual=actual)


def _models(view: MessageView) -> tuple[JSONNode, ...]:
    return tuple(view.json_body.items("data")) if view.json_body else ()
