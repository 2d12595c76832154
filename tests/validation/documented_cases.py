"""Cases of rules whose only evidence is the documentation, and the values that cases share."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, NamedTuple

from mockglm.validation import Chat
from tests.validation.bodies import CALL, RESULT, TOOL, USER, chat, parts

__all__ = [
    "DOCUMENTED",
    "ILLEGAL",
    "LONG",
    "PICTURE",
    "SAID",
    "SOUND",
    "SYSTEM",
    "TEXT",
    "Case",
    "asked",
    "both",
    "field",
    "picture",
    "seen",
]

SYSTEM = {"role": "system", "content": "你是助手"}
SAID = {"role": "assistant", "content": "你好"}


def picture(url: str) -> dict[str, Any]:
    """A part that is an image."""
    return {"type": "image_url", "image_url": {"url": url}}


PICTURE = picture("https://example.com/a.png")
SOUND = {"type": "input_audio", "input_audio": {"data": "", "format": "wav"}}
TEXT = {"type": "text", "text": "你好"}
LONG = {"role": "user", "content": "你好" * 200_000}
ILLEGAL = (
    "API 调用参数有误，请检查文档。",
    "Invalid API parameter, please check the documentation.",
)


def field(name: str) -> tuple[str, str]:
    """Return the text of 1214 for a field, in Chinese and English."""
    return (
        f"{name} 参数非法。请检查文档。",
        f"The {name} parameter is illegal. Please check the documentation.",
    )


def both(message: str) -> tuple[str, str]:
    """Return a text that both languages share."""
    return message, message


class Case(NamedTuple):
    """A rule, a request that breaks it and nothing before it, and one that does not."""

    name: str
    bad: Chat
    good: Chat
    code: str
    message: tuple[str, str]


def asked(model: str, *messages: Any, **fields: Any) -> Chat:
    """A request to a model."""
    return chat(*messages, model=model, **fields)


def png(width: int, height: int = 1) -> dict[str, Any]:
    """The head of a PNG of a size, inline."""
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width.to_bytes(4) + height.to_bytes(4)
    return picture("data:image/png;base64," + b64encode(head + bytes(60)).decode())


def jpeg(width: int, height: int) -> dict[str, Any]:
    """The head of a JPEG of a size, with a segment in front of its frame."""
    profile = b"\xff\xe0\0\x10" + bytes(14)
    frame = b"\xff\xc0\0\x0b\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(8)
    return picture(b64encode(b"\xff\xd8" + profile + frame).decode())


def file(**fields: Any) -> dict[str, Any]:
    return {"type": "file", "file": fields}


def video(url: str) -> dict[str, Any]:
    return {"type": "video_url", "video_url": {"url": url}}


def sound(encoding: str) -> dict[str, Any]:
    return {"type": "input_audio", "input_audio": {"data": "", "format": encoding}}


def seen(*items: Any, model: str = "glm-4.6v", **fields: Any) -> Chat:
    """A request with parts to a vision model."""
    return asked(model, parts(*items), **fields)


def offered(kind: str, **options: Any) -> Chat:
    """A request with one tool that is no function."""
    return chat(tools=[{"type": kind, kind: options}])


def function(**fields: Any) -> list[dict[str, Any]]:
    whole = {"name": "get", "description": "Get it", "parameters": {}}
    kept = {name: value for name, value in (whole | fields).items() if value is not None}
    return [{"type": "function", "function": kept}]


VIDEO = video("https://example.com/a.mp4")
FILE = file(file_id="1791565720_20043f6a")
BROKEN_PICTURE = both("图片输入格式/解析错误")
BROKEN_FILE = both("文件解析失败，请检查文件可访问性和格式")
SEARCH = {"type": "web_search", "web_search": {"enable": True}}
TEMPLATE = "根据{{knowledge}}回答{{question}}"

DOCUMENTED = (
    Case(
        "unknown-file",
        seen(TEXT, file(file_id="file-a")),
        seen(TEXT, FILE),
        "1210",
        BROKEN_FILE,
    ),
    Case("too-many-pictures", seen(*[PICTURE] * 51), seen(*[PICTURE] * 50), "1210", BROKEN_PICTURE),
    Case(
        "too-many-pictures",
        seen(TEXT, PICTURE, PICTURE, model="glm-4v-flash"),
        seen(TEXT, PICTURE, model="glm-4v-flash"),
        "1210",
        BROKEN_PICTURE,
    ),
    Case(
        "too-many-pictures",
        seen(TEXT, *[PICTURE] * 6, model="glm-4v-plus-0111"),
        seen(TEXT, *[PICTURE] * 5, model="glm-4v-plus-0111"),
        "1210",
        BROKEN_PICTURE,
    ),
    Case(
        "picture-inline",
        seen(TEXT, png(8), model="glm-4v-flash"),
        seen(TEXT, png(8), model="glm-4.6v"),
        "1210",
        BROKEN_PICTURE,
    ),
    Case("picture-kind", seen(TEXT, picture("R0lGOD")), seen(TEXT, png(8)), "1210", BROKEN_PICTURE),
    Case(
        "large-picture",
        seen(TEXT, picture("iVBORw0KGgo" + "A" * 7_000_000)),
        seen(TEXT, picture("iVBORw0KGgo" + "A" * 6_000_000)),
        "1210",
        BROKEN_PICTURE,
    ),
    Case("wide-picture", seen(TEXT, png(6001)), seen(TEXT, png(6000)), "1210", BROKEN_PICTURE),
    Case(
        "wide-picture",
        seen(TEXT, jpeg(100, 6001)),
        seen(TEXT, jpeg(100, 6000)),
        "1210",
        BROKEN_PICTURE,
    ),
    Case(
        "late-video",
        seen(TEXT, VIDEO, model="glm-4v-plus-0111"),
        seen(VIDEO, TEXT, model="glm-4v-plus-0111"),
        "1214",
        field("messages"),
    ),
    Case(
        "video-kind",
        seen(TEXT, video("https://example.com/a.AVI?size=1")),
        seen(TEXT, video("https://example.com/play?id=a.avi")),
        "1214",
        field("messages"),
    ),
    Case("file-beside-picture", seen(FILE, PICTURE), seen(FILE, TEXT), "1214", field("messages")),
    Case("too-many-files", seen(*[FILE] * 51), seen(*[FILE] * 50), "1214", field("messages")),
    Case(
        "file-kind",
        seen({"type": "file_url", "file_url": {"url": "https://example.com/a.zip"}}),
        seen({"type": "file_url", "file_url": {"url": "https://example.com/v1.2/a.pdf"}}),
        "1210",
        BROKEN_FILE,
    ),
    Case(
        "file-kind",
        seen(file(file_url="https://example.com/a.exe")),
        seen(file(file_url="https://example.com/a")),
        "1210",
        BROKEN_FILE,
    ),
    Case(
        "sound-kind",
        seen(TEXT, sound("ogg"), model="glm-4-voice"),
        seen(TEXT, sound("mp3"), model="glm-4-voice"),
        "1214",
        field("messages"),
    ),
    Case(
        "result-without-content",
        chat(USER, CALL, {"role": "tool", "tool_call_id": "call_1"}),
        chat(USER, CALL, {**RESULT, "content": ""}),
        "1214",
        field("messages[2].content"),
    ),
    Case(
        "unknown-call",
        chat(USER, {**CALL, "tool_calls": [{"id": "call_1", "type": "custom"}]}, RESULT),
        chat(USER, {**CALL, "tool_calls": [{"id": "call_1"}]}, RESULT),
        "1214",
        field("messages[1].tool_calls[0].type"),
    ),
    Case(
        "no-description",
        chat(tools=[TOOL, *function(description=None)]),
        chat(tools=function()),
        "1214",
        field("tools[1].function.description"),
    ),
    Case(
        "no-parameters",
        chat(tools=function(parameters=None)),
        chat(tools=function()),
        "1214",
        field("tools[0].function.parameters"),
    ),
    Case(
        "vision-tool",
        seen(PICTURE, tools=[*function(), SEARCH]),
        chat(tools=[SEARCH]),
        "1214",
        field("tools[1].type"),
    ),
    Case(
        "blind-tool",
        seen(TEXT, PICTURE, model="glm-4.1v-thinking-flash", tools=function()),
        seen(TEXT, PICTURE, model="glm-4.5v", tools=function()),
        "1214",
        field("tools"),
    ),
    *(
        Case(
            name,
            offered("web_search", **{option: bad}),
            offered("web_search", **{option: good}),
            "1214",
            field(f"tools[0].web_search.{option}"),
        )
        for name, option, bad, good in (
            ("search-engine", "search_engine", "bing", "search_pro"),
            ("search-recency", "search_recency_filter", "today", "oneDay"),
            ("search-content", "content_size", "low", "high"),
            ("search-sequence", "result_sequence", "first", "before"),
            ("search-count", "count", 99, 50),
            ("search-count", "count", [1], 1),
        )
    ),
    Case(
        "retrieval-without-id",
        offered("retrieval", prompt_template=TEMPLATE),
        offered("retrieval", knowledge_id="1", prompt_template=TEMPLATE),
        "1214",
        field("tools[0].retrieval.knowledge_id"),
    ),
    Case(
        "retrieval-template",
        offered("retrieval", knowledge_id="1", prompt_template="{{question}}"),
        offered("retrieval", knowledge_id="1"),
        "1214",
        field("tools[0].retrieval.prompt_template"),
    ),
    Case(
        "mcp-without-label",
        offered("mcp", server_url="https://example.com"),
        offered("mcp", server_label="docs"),
        "1214",
        field("tools[0].mcp.server_label"),
    ),
    Case(
        "mcp-transport",
        offered("mcp", server_label="docs", transport_type="stdio"),
        offered("mcp", server_label="docs", transport_type="sse"),
        "1214",
        field("tools[0].mcp.transport_type"),
    ),
    Case(
        "vision-format",
        seen(TEXT, PICTURE, response_format={"type": "json_object"}),
        chat(response_format={"type": "json_object"}),
        "1210",
        ILLEGAL,
    ),
    Case(
        "word-check",
        chat(sensitive_word_check={"type": "ALL", "status": "OFF"}),
        chat(sensitive_word_check={"type": "ALL", "status": "DISABLE"}),
        "1214",
        field("sensitive_word_check"),
    ),
)
