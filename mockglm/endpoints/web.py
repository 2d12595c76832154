"""`/web_search`, its older form `/tools`, and `/reader`. Nothing is searched or fetched.

The form of a search is captured (RarogCmex/pi-bigmodel, 2026-10), with empty links; that of the
reader and of `/tools` is documented. Assumed: that the intent is there only with `search_intent` or
without the key; the contents, which are made of the query or the URL.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from mockglm.clock import local
from mockglm.endpoints.call import Call
from mockglm.exchange import Response

MAX_QUERY = 70
"""Characters of the longest query (docs.bigmodel.cn)."""
MAX_SHOWN = 200
"""Characters of a query that an answer repeats."""
MAX_RESULTS = 50
DEFAULT_RESULTS = 10
ENGINES = ("search_std", "search_pro", "search_pro_sogou", "search_pro_quark")
FORMATS = (None, "markdown", "text")
_DAY = 24 * 3600


class SearchRequest(Struct):
    """The body of a search."""

    search_query: str = ""
    search_engine: str = ""
    search_intent: bool | None = None
    count: int | None = None
    request_id: str | None = None


class ToolRequest(Struct):
    """The body of a call of a tool, which searches for the last message.

    The documentation has `tool`, zai-sdk sends `model`.
    """

    tool: str = ""
    model: str = ""
    messages: list[dict[str, Any]] = []
    stream: bool | None = None
    request_id: str | None = None


class ReaderRequest(Struct):
    """The body of a request to read a page."""

    url: str = ""
    return_format: str | None = None
    with_images_summary: bool | None = None
    with_links_summary: bool | None = None
    request_id: str | None = None


def search_web(call: Call, request: SearchRequest) -> Response:
    """Answer with made-up pages about a query."""
    call.require(request.search_query, "search_query")
    call.require(request.search_engine, "search_engine")
    call.check("search_engine", holds=request.search_engine in ENGINES)
    call.check_documented("search_query", holds=len(request.search_query) <= MAX_QUERY)
    count = DEFAULT_RESULTS if request.count is None else request.count
    call.check("count", holds=1 <= count <= MAX_RESULTS)
    query = request.search_query[:MAX_SHOWN]
    intent = [] if request.search_intent is False else [_intent(query)]
    body = {
        "created": int(call.now),
        "id": call.id,
        "request_id": request.request_id or call.id,
        "search_intent": intent,
        "search_result": [_page(call, query, number) for number in range(count)],
    }
    return call.render(body)


def call_tool(call: Call, request: ToolRequest) -> Response:
    """Answer a search by the older form, as JSON or as a stream."""
    call.check("tool", holds=(request.tool or request.model) == "web-search-pro")
    call.check("messages", holds=bool(request.messages))
    query = str(request.messages[-1].get("content", ""))[:MAX_QUERY]
    pages = [_page(call, query, number) for number in range(DEFAULT_RESULTS)]
    calls = [
        {"id": call.id, "index": 0, "type": "search_intent", "search_intent": [_intent(query)]},
        {"id": call.id, "index": 1, "type": "search_result", "search_result": pages},
    ]
    said = {"role": "tool", "tool_calls": calls}
    shown = {"created": int(call.now), "id": call.id, "request_id": request.request_id or call.id}
    if request.stream:
        choice = {"index": 0, "finish_reason": "stop", "delta": said}
        return call.render_events([{**shown, "choices": [choice]}])
    choice = {"index": 0, "finish_reason": "stop", "message": said}
    return call.render({**shown, "choices": [choice]})


def read_page(call: Call, request: ReaderRequest) -> Response:
    """Answer with the content of a described reply, or a made-up page."""
    call.require(request.url, "url")
    call.check("return_format", holds=request.return_format in FORMATS)
    try:
        host = urlsplit(request.url).hostname or ""
    except ValueError:
        host = ""
    call.check("url", holds=bool(host))
    content = call.text if call.text is not None else f"# {host}\n\n{request.url}\n"
    result: dict[str, Any] = {
        "content": content,
        "description": "",
        "external": {},
        "metadata": {},
        "title": host,
        "url": request.url,
    }
    if request.with_images_summary:
        result["images"] = {}
    if request.with_links_summary:
        result["links"] = {}
    body = {
        "created": int(call.now),
        "id": call.id,
        "model": "web-reader",
        "reader_result": result,
        "request_id": request.request_id or call.id,
    }
    return call.render(body)


def _intent(query: str) -> dict[str, str]:
    return {"intent": "SEARCH_ALL", "keywords": query.lower(), "query": query}


def _page(call: Call, query: str, number: int) -> dict[str, str]:
    date = local(int(call.now) - _DAY * number, "%Y-%m-%d")
    return {
        "content": f"{query}：第 {number + 1} 篇",
        "icon": "",
        "link": "",
        "media": "",
        "publish_date": date,
        "refer": f"ref_{number + 1}",
        "title": f"{query} ({number + 1})",
    }
