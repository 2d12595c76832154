"""`/images/generations`, its asynchronous form, and `/videos/generations`.

The forms are those of docs.bigmodel.cn. Assumed: the order of the keys; that a content filter of
level 3 (harmless) comes with every picture; the times. Pictures and videos are served by mockglm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from mockglm.endpoints.call import Call
from mockglm.endpoints.media import name_picture, name_video
from mockglm.endpoints.tasks import Task, submit
from mockglm.exchange import Response

MAX_PROMPT = 512
"""Characters of the longest prompt of a video (docs.bigmodel.cn)."""
PICTURE_SECONDS = 10.0
VIDEO_SECONDS = 60.0
MAX_REQUEST_ID = 256
_LENGTH = range(6, 65)
"""Characters of a `request_id` (docs.bigmodel.cn)."""


class ImageRequest(Struct):
    """The body of a request for a picture."""

    model: str = ""
    prompt: str = ""
    size: str | None = None
    request_id: str | None = None


class VideoRequest(Struct):
    """The body of a request for a video; it needs a prompt or a picture."""

    model: str = ""
    prompt: str | None = None
    image_url: str | list[str] | None = None
    size: str | None = None
    request_id: str | None = None


def generate_image(call: Call, request: ImageRequest) -> Response:
    """Answer with the URL of a picture of the requested size."""
    call.require(request.prompt, "prompt")
    body = {
        "content_filter": [{"level": 3, "role": "assistant"}],
        "created": int(call.now),
        "data": [{"url": _link_picture(call, request.size)}],
    }
    return call.render(body)


def submit_image(call: Call, request: ImageRequest) -> Response:
    """Start a task whose result is a picture."""
    call.require(request.prompt, "prompt")
    result = {"image_result": [{"url": _link_picture(call, request.size)}]}
    return _submit(call, request, result, seconds=PICTURE_SECONDS)


def submit_video(call: Call, request: VideoRequest) -> Response:
    """Start a task whose result is a video."""
    if not request.prompt and not request.image_url:
        call.refuse("1213", field="prompt")
    call.check_documented("prompt", holds=len(request.prompt or "") <= MAX_PROMPT)
    video = {
        "cover_image_url": _link_picture(call, request.size),
        "url": call.link(name_video(call.digest)),
    }
    return _submit(call, request, {"video_result": [video]}, seconds=VIDEO_SECONDS)


def _link_picture(call: Call, size: str | None) -> str:
    return call.link(name_picture(size or "", call.digest))


def _submit(
    call: Call,
    request: ImageRequest | VideoRequest,
    result: Mapping[str, Any],
    *,
    seconds: float,
) -> Response:
    given = request.request_id
    if given is not None:
        call.check("request_id", holds=len(given) <= MAX_REQUEST_ID)
        call.check_documented("request_id", holds=len(given) in _LENGTH)
    shown = {"model": request.model, "request_id": given or call.id, "task_status": "SUCCESS"}
    task = Task(
        id=call.id,
        key=call.key,
        model=request.model,
        request_id=given or call.id,
        ready_at=call.now + call.scaled(seconds),
        result={**shown, **result},
    )
    return submit(call, task)
