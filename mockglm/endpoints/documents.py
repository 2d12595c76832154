"""`/layout_parsing`, `/files/parser/…` and `/files/ocr`: documents as text.

The refusal of `sync` without a `file_type` is recorded (SamyRai/go-z-ai cassettes, 2026-07); the
rest is documented, and that boxes are in pixels is reported (zai-org/GLM-OCR PR#73). Assumed: the
order of keys; the times; 1214 for a task that is not there. The text is that of a described reply,
or of a file that is UTF-8, or one line.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import msgspec
from msgspec import Struct

from mockglm.completions.gateway import SPRING_TYPE
from mockglm.endpoints.call import Call
from mockglm.endpoints.form import UploadedFile
from mockglm.endpoints.media import Texts, name_picture
from mockglm.endpoints.storage import StorageBudget
from mockglm.exchange import Response, count_tokens

MAX_TASKS = 200
SECONDS = 5.0
TOOLS = ("lite", "expert", "prime")
WIDTH, HEIGHT = 1240, 1754
"""Pixels of a page: A4 at 150 dots an inch."""
_LINE = 40
_MAX_LINES = 40
"""Lines of a page that have a box."""
TEXT = "mockglm"
NO_FILE_TYPE = (
    "Required request parameter 'file_type' for method parameter type String is not present"
)


class LayoutRequest(Struct):
    """The body of a request to parse a layout; `file` is a URL or base64."""

    model: str = ""
    file: str = ""
    return_crop_images: bool | None = None
    need_layout_visualization: bool | None = None
    request_id: str | None = None


class ParserTask(Struct, frozen=True):
    """A task of the parser: its key, the time of its result, and the text."""

    key: str
    ready_at: float
    text: str


class ParserTasks:
    """The tasks of a session."""

    def __init__(self) -> None:
        self.tasks: OrderedDict[str, ParserTask] = OrderedDict()

    @property
    def size(self) -> int:
        """The characters of all texts."""
        return sum(len(task.text) for task in self.tasks.values())


def parse_layout(call: Call, request: LayoutRequest) -> Response:
    """Answer with the text of a document and the boxes of its lines."""
    call.require(request.file, "file")
    text = TEXT if call.text is None else call.text
    lines = [line for line in text.splitlines() if line.strip()][:_MAX_LINES]
    tokens = count_tokens(text)
    body: dict[str, Any] = {
        "created": int(call.now),
        "data_info": {"num_pages": 1, "pages": [{"height": HEIGHT, "width": WIDTH}]},
        "id": call.id,
        "layout_details": [[_box(index, line) for index, line in enumerate(lines)]],
        "md_results": text,
        "model": "GLM-OCR",
        "request_id": request.request_id or call.id,
        "usage": {
            "completion_tokens": tokens,
            "prompt_tokens": 0,
            "prompt_tokens_details": {"cached_tokens": 0},
            "total_tokens": tokens,
        },
    }
    if request.need_layout_visualization:
        picture = name_picture(f"{WIDTH}x{HEIGHT}", call.digest)
        body["layout_visualization"] = [call.link(picture)]
    return call.render(body)


def _box(index: int, line: str) -> dict[str, Any]:
    top = _LINE * (index + 1)
    return {
        "bbox_2d": [_LINE, top, WIDTH - _LINE, top + _LINE],
        "content": line,
        "height": HEIGHT,
        "index": index,
        "label": "text",
        "width": WIDTH,
    }


def create_task(call: Call) -> Response:
    """Start to parse a file."""
    file = _require_file(call)
    fields = call.form.fields if call.form else {}
    call.check("tool_type", holds=fields.get("tool_type") in TOOLS)
    task = ParserTask(call.key, call.now + call.scaled(SECONDS), _read(call, file))
    kept = call.state(ParserTasks)
    call.state(StorageBudget).reserve(kept, len(task.text))
    kept.tasks[call.id] = task
    if len(kept.tasks) > MAX_TASKS:
        kept.tasks.popitem(last=False)
    body = {"success": True, "message": "任务创建成功", "task_id": call.id}
    return call.render(body, is_sorted=False)


def get_task(call: Call) -> Response:
    """Answer with the text of a file, or with a URL of it."""
    id = call.variables["id"]
    task = call.state(ParserTasks).tasks.get(id)
    call.check("format_type", holds=call.variables["format"] in ("text", "download_link"))
    if task is None or task.key != call.key:
        call.refuse("1214", field="task_id")
    if call.now < task.ready_at:
        body = {"status": "processing", "message": "任务处理中", "task_id": id}
        return call.render(body, is_sorted=False)
    return call.render(_succeed(call, id, task.text), is_sorted=False)


def parse_at_once(call: Call) -> Response:
    """Answer with the text of a file and a URL of it.

    A missing `file_type` is found before the account is looked at, as recorded.
    """
    fields = call.form.fields if call.form else {}
    if not fields.get("file_type"):
        body = msgspec.json.encode({"msg": NO_FILE_TYPE, "code": 500})
        return call.render_bytes(body, SPRING_TYPE.replace("UTF-8", "utf-8"))
    refusal = call.enter_account()
    if refusal is not None:
        return refusal
    text = _read(call, _require_file(call))
    linked = _succeed(call, call.id, text, is_linked=True)
    return call.render({**linked, "content": text}, is_sorted=False)


def _succeed(call: Call, id: str, text: str, *, is_linked: bool = False) -> dict[str, Any]:
    body = {"status": "succeeded", "message": "结果获取成功", "task_id": id}
    if not is_linked and call.variables["format"] == "text":
        return {**body, "content": text}
    call.state(Texts).add(f"{id}.md", text, call.state(StorageBudget))
    return {**body, "parsing_result_url": call.link(f"{id}.md")}


def read_handwriting(call: Call) -> Response:
    """Answer with the words of a picture, a line each."""
    _require_file(call)
    lines = (TEXT if call.text is None else call.text).splitlines()[:_MAX_LINES]
    words = [
        {
            "location": {
                "left": _LINE,
                "top": _LINE * (index + 1),
                "width": WIDTH,
                "height": _LINE,
            },
            "words": line,
            "probability": {"average": 0.99, "variance": 0.0001, "min": 0.98},
        }
        for index, line in enumerate(lines)
    ]
    body = {
        "task_id": call.id,
        "message": "成功",
        "status": "succeeded",
        "words_result_num": len(words),
        "words_result": words,
    }
    return call.render(body, is_sorted=False)


def _require_file(call: Call) -> UploadedFile:
    file = call.form.file("file") if call.form else None
    if file is None:
        call.refuse("1213", field="file")
    return file


def _read(call: Call, file: UploadedFile) -> str:
    """The text of a file: that of a described reply, its own if it is UTF-8, or one line."""
    if call.text is not None:
        return call.text
    try:
        return file.content.decode()
    except UnicodeDecodeError:
        return f"# {file.filename[:256]}\n"
