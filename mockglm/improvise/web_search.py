"""Results of the built-in web search, which responses contain beside the answer."""

from __future__ import annotations

from mockglm.clock import Ids
from mockglm.exchange import JSONObject
from mockglm.improvise.conversation import Conversation
from mockglm.improvise.language import subject
from mockglm.improvise.tables import table

MAX_RESULTS = 5
USUAL_RESULTS = 3


def search_results(conversation: Conversation, ids: Ids) -> tuple[JSONObject, ...]:
    """Make search results if a tool is a web search with `search_result: true`.

    Their fields are those of docs.bigmodel.cn (联网搜索) and of a live response of
    glm-4-flash-250414, in which icon, link and media may be empty.
    """
    tool = next((tool for tool in conversation.chat.tools or () if tool.web_search), None)
    options = tool.web_search or {} if tool else {}
    if options.get("search_result") is not True or options.get("enable") is False:
        return ()
    about = str(options.get("search_query") or subject(conversation.text, 30) or "…")
    count = options.get("count", USUAL_RESULTS)
    held = table("phrases")["search"]
    titles = held["titles"][conversation.language]
    (content,) = held["contents"][conversation.language]
    return tuple(
        {
            "content": content.format(topic=about),
            "icon": "",
            "link": f"https://example.com/search/{index}",
            "media": "",
            "publish_date": f"2026-{index:02}-{int(ids.chance(f'published{index}') * 28) + 1:02}",
            "refer": f"ref_{index}",
            "title": title.format(topic=about),
        }
        for index, title in enumerate(
            titles[: min(max(count, 1), MAX_RESULTS) if isinstance(count, int) else USUAL_RESULTS],
            1,
        )
    )
