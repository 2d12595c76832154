"""Results of the built-in web search, as they stand beside an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mockglm.clock import Ids
from mockglm.exchange import JSONObject
from mockglm.improvise.scene import Scene
from mockglm.improvise.words import Language, subject

__all__ = ["found"]

MOST = 5
USUAL = 3

TITLES: Mapping[Language, tuple[str, ...]] = {
    "zh": (
        "{topic}：一文读懂",
        "{topic}的最新消息",
        "关于{topic}的常见问题",
        "{topic}详解",
        "{topic}综述",
    ),
    "en": (
        "{topic}: an overview",
        "The latest on {topic}",
        "{topic}: common questions",
        "{topic} explained",
        "A review of {topic}",
    ),
}
CONTENTS: Mapping[Language, str] = {
    "zh": "这是关于“{topic}”的示例搜索结果，供离线开发使用。",
    "en": "This is a sample search result about “{topic}”, made up for offline development.",
}


def found(scene: Scene, ids: Ids) -> tuple[JSONObject, ...]:
    """The results; none unless a web search with `search_result: true` is among the tools.

    Their fields are those of docs.bigmodel.cn (联网搜索) and of a live answer of
    glm-4-flash-250414, which leaves icon, link and media empty where it has none.
    """
    asked = next((tool for tool in scene.chat.tools or () if tool.web_search), None)
    options = asked.web_search or {} if asked else {}
    if options.get("search_result") is not True or options.get("enable") is False:
        return ()
    about = str(options.get("search_query") or subject(scene.text, 30) or "…")
    titles = TITLES[scene.language][: _count(options)]
    return tuple(
        {
            "content": CONTENTS[scene.language].format(topic=about),
            "icon": "",
            "link": f"https://example.com/search/{index}",
            "media": "",
            "publish_date": f"2026-{index:02}-{int(ids.chance(f'published{index}') * 28) + 1:02}",
            "refer": f"ref_{index}",
            "title": title.format(topic=about),
        }
        for index, title in enumerate(titles, 1)
    )


def _count(options: Mapping[str, Any]) -> int:
    count = options.get("count", USUAL)
    return min(max(count, 1), MOST) if isinstance(count, int) else USUAL
