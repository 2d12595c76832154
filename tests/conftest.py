"""What several test modules need: a scripted answer as the bytes it is on the wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from mockglm.chat import Chunking, Rendering, Stamp, refuse
from mockglm.clock import Ids
from mockglm.exchange import Answer, Failure, Reply, ToolCall
from mockglm.models import MODELS

Serve = Callable[[Mapping[str, Any], Mapping[str, Any]], Answer]
NOW = 1_773_349_383.25


@pytest.fixture
def serve() -> Serve:
    """Answer a request body with a scripted reply, both as JSON in the words of the file format."""
    return _render


def _render(request: Mapping[str, Any], script: Mapping[str, Any]) -> Answer:
    ids = Ids("seed", "session", 1)
    log_id = ids.log(NOW)
    if "error" in script:
        filtered = script.get("content_filter")
        beside = {"contentFilter": filtered} if filtered else {}
        fields = dict(script["error"])
        return refuse(Failure(fields.pop("code"), fields=fields, beside=beside), log_id)
    model = request["model"]
    stamp = Stamp(
        ids=ids,
        id=log_id,
        request_id=log_id,
        created=int(NOW),
        model=model,
        profile=MODELS[model],
        prompt=8,
    )
    pieces = tuple(script.get("chunks", {}).get("content", ()))
    rendering = Rendering(_reply(script), Chunking(content=pieces or 4))
    return rendering.stream(stamp) if request.get("stream") else rendering.plain(stamp)


def _reply(script: Mapping[str, Any]) -> Reply:
    return Reply(
        content=script["content"],
        reasoning=script.get("reasoning"),
        calls=tuple(
            ToolCall(call["name"], msgspec.json.encode(call["arguments"]).decode())
            for call in script.get("tool_calls", ())
        ),
        finish_reason=script["finish_reason"],
    )
