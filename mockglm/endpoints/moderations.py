"""`POST /moderations`: the risk of texts, pictures, videos and sounds.

The form is that of docs.bigmodel.cn. Assumed: the order of the keys; that every content is judged
by itself. Everything passes; a scenario with `response` gives other judgements.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mockglm.endpoints.call import Call
from mockglm.exchange import Response

MAX_CHARACTERS = 2000
"""Characters of the longest text (docs.bigmodel.cn)."""

KINDS = {"text": "text", "image_url": "image", "video_url": "video", "audio_url": "audio"}
"""The content types of the answer by the types of the request."""


class ModerationRequest(Struct):
    """The body of the request; `input` is a text, or one or several typed contents."""

    input: str | dict[str, Any] | list[dict[str, Any]] | None = None
    request_id: str | None = None


def moderate(call: Call, request: ModerationRequest) -> Response:
    """Let every content pass."""
    call.require(request.input, "input")
    kinds = [_find_kind(call, one) for one in _contents(request)]
    counts = Counter(kinds)
    body = {
        "created": int(call.now),
        "id": call.id,
        "request_id": request.request_id or call.id,
        "result_list": [
            {"content_type": kind, "risk_level": "PASS", "risk_type": []} for kind in kinds
        ],
        "usage": {f"moderation_{kind}": {"call_count": count} for kind, count in counts.items()},
    }
    return call.render(body)


def _contents(request: ModerationRequest) -> Sequence[dict[str, Any]]:
    given = request.input
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    return [given] if isinstance(given, dict) else given or []


def _find_kind(call: Call, content: dict[str, Any]) -> str:
    """Find the kind of a content. Raises EndpointError for one that is none."""
    kind = content.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        call.refuse("1214", field="input")
    text = content.get("text")
    if kind == "text":
        call.check("input", holds=isinstance(text, str) and bool(text))
        call.check_documented("input", holds=len(str(text)) <= MAX_CHARACTERS)
    return KINDS[kind]
