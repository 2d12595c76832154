"""The validation rules of messages."""

from __future__ import annotations

import re
from typing import Any

from mockglm.validation.facts import ROLES, RequestFacts
from mockglm.validation.rules.rule import Fields, ValidationRule

PARTS = frozenset(("text", "image_url", "video_url", "file", "file_url", "input_audio"))
CALLS = ("function", "web_search", "retrieval", "mcp")
IMAGES = ("/9j/", "iVBORw0KGgo", "R0lGOD", "UklGR", "Qk")
"""The first characters of JPEG, PNG, GIF, WebP and BMP in base64."""
DATA = re.compile(r"data:image/[\w.+-]+;base64,")
ADDRESS = re.compile(r"https?://", re.I)
ILLEGAL: Fields = {"field": "messages"}
"""The field of 1214's own text where it is about the messages as a whole."""


def _no_messages(facts: RequestFacts) -> bool:
    return not facts.roles


def _unknown_role(facts: RequestFacts) -> bool:
    return not ROLES.issuperset(facts.roles)


def _no_user(facts: RequestFacts) -> bool:
    return "user" not in facts.roles


def _unknown_part(facts: RequestFacts) -> Fields | None:
    wrong = (place for place in facts.parts if place[2].type not in PARTS)
    return _place(next(((number, index) for number, index, _ in wrong), None))


def _empty_text(facts: RequestFacts) -> Fields | None:
    texts = (place for place in facts.parts if place[2].type == "text")
    return _place(next(((n, index) for n, index, part in texts if not part.text), None))


def _foreign_part(facts: RequestFacts) -> bool:
    if facts.model.is_vision:
        return False
    heard = ("text", "input_audio") if facts.model.is_audio else ("text",)
    return any(part.type not in heard for _, _, part in facts.parts)


def _unreadable_image(facts: RequestFacts) -> bool:
    images = (part.image_url for _, _, part in facts.parts if part.type == "image_url")
    return not all(map(_is_image, images))


def _is_image(sent: Any) -> bool:
    """True for the address of an image, which is not fetched, and for image data."""
    url = sent.get("url") if isinstance(sent, dict) else sent
    if not isinstance(url, str):
        return False
    data = DATA.sub("", url, count=1)
    return ADDRESS.match(url) is not None or data.startswith(IMAGES)


def _no_content_no_calls(facts: RequestFacts) -> Fields | None:
    for number in facts.empty_messages:
        if facts.roles[number] == "assistant" and not facts.messages[number].tool_calls:
            return {"at": str(number)}
    return None


def _empty_user_text(facts: RequestFacts) -> bool:
    prompts = [number for number, role in enumerate(facts.roles) if role == "user"]
    return prompts[-1:] != [] and prompts[-1] in facts.empty_messages


def _picture_alone(facts: RequestFacts) -> bool:
    if facts.model.id != "glm-4v-flash":
        return False
    last = facts.parts[-1][0]
    return all(part.type != "text" for n, _, part in facts.parts if n == last)


def _result_without_content(facts: RequestFacts) -> Fields | None:
    for number, role in enumerate(facts.roles):
        if role == "tool" and facts.messages[number].content is None:
            return {"field": f"messages[{number}].content"}
    return None


def _unknown_call(facts: RequestFacts) -> Fields | None:
    for number, message in enumerate(facts.messages):
        for index, call in enumerate(message.tool_calls or ()):
            if call.type is not None and call.type not in CALLS:
                return {"field": f"messages[{number}].tool_calls[{index}].type"}
    return None


def _result_without_id(facts: RequestFacts) -> bool:
    return any(None in turn.results for turn in facts.tool_rounds)


def _result_without_call(facts: RequestFacts) -> bool:
    return any(not turn.calls for turn in facts.tool_rounds)


def _call_without_result(facts: RequestFacts) -> bool:
    return any(len(turn.results) < len(turn.calls) for turn in facts.tool_rounds)


def _result_of_another_call(facts: RequestFacts) -> bool:
    answered = (turn for turn in facts.tool_rounds if turn.calls)
    return any(not set(turn.results) <= {*turn.calls, None} for turn in answered)


def _first_not_user(facts: RequestFacts) -> bool:
    for role in facts.roles:
        if role != "system":
            return role != "user"
    return False


def _assistant_twice(facts: RequestFacts) -> bool:
    pairs = zip(facts.roles, facts.roles[1:], strict=False)
    return ("assistant", "assistant") in pairs


def _late_system(facts: RequestFacts) -> bool:
    count = facts.roles.count("system")
    return facts.roles[:count].count("system") < count


def _assistant_last(facts: RequestFacts) -> bool:
    return facts.roles[-1:] == ["assistant"]


def _place(found: tuple[int, int] | None) -> Fields | None:
    return {"at": str(found[0]), "part": str(found[1])} if found else None


MESSAGES = (
    ValidationRule(
        name="no-messages",
        code="1214",
        zh="messages:输入不能为空",
        en="messages:Input cannot be empty",
        evidence="captured",
        source="https://github.com/yangjian102621/geekai-plus/issues/1",
        find_violation=_no_messages,
        looks_at="roles",
        essential=True,
    ),
    ValidationRule(
        name="unknown-role",
        code="1214",
        zh="角色信息不正确",
        en="Incorrect role information",
        evidence="captured",
        source="https://github.com/openclaw/openclaw/issues/23115 (developer, 2026-02),"
        " https://github.com/earendil-works/pi/issues/547 (English)",
        find_violation=_unknown_role,
        looks_at="roles",
    ),
    ValidationRule(
        name="no-user",
        code="1214",
        fields=ILLEGAL,
        evidence="captured",
        source="https://github.com/HKUDS/nanobot/pull/3086 (system alone),"
        " https://github.com/AstrBotDevs/AstrBot/issues/6196 (trimmed history)",
        find_violation=_no_user,
        looks_at="roles",
    ),
    ValidationRule(
        name="unknown-part",
        code="1214",
        applies_to="parts",
        zh="messages[{at}].content[{part}].type type error",
        en="messages[{at}].content[{part}].type type error",
        evidence="reported",
        source="several agents whose histories had thinking or input_text parts, 2025 and 2026",
        find_violation=_unknown_part,
    ),
    ValidationRule(
        name="empty-text",
        code="1214",
        applies_to="parts",
        # One text in both languages: QwenPaw talked to the Chinese host.
        zh="messages[{at}].content[{part}].text:text cannot be empty.",
        en="messages[{at}].content[{part}].text:text cannot be empty.",
        evidence="captured",
        source="https://github.com/agentscope-ai/QwenPaw/issues/287 (2026-03),"
        " https://github.com/gptme/gptme/pull/1444",
        find_violation=_empty_text,
    ),
    ValidationRule(
        name="foreign-part",
        code="1210",
        applies_to="parts",
        # Also seen with a full-width comma; some report it as 1214.
        zh="messages.content.type 参数非法, 取值范围 ['text']",
        en="messages.content.type is invalid, allowed values: ['text']",
        evidence="captured",
        source="https://github.com/TriDefender/zcode-api/pull/26,"
        " https://github.com/BigPizzaV3/CodexPlusPlus/issues/1760",
        find_violation=_foreign_part,
    ),
    ValidationRule(
        name="unreadable-image",
        code="1210",
        applies_to="parts",
        # One text in both languages: llxprt-code talked to the international host.
        zh="图片输入格式/解析错误",
        en="图片输入格式/解析错误",
        evidence="captured",
        source="https://github.com/gan/glm4v-assistant/issues/3 (2024-06),"
        " https://github.com/vybestack/llxprt-code/issues/3693 (glm-5.3-flash, 2026-09)",
        find_violation=_unreadable_image,
    ),
    ValidationRule(
        name="no-content-no-calls",
        code="1214",
        applies_to="hollow",
        zh="messages[{at}]:content和tool_calls 字段不能同时为空",
        en="messages[{at}]:The content and tool_calls cannot both be empty.",
        evidence="captured",
        source="https://github.com/songquanpeng/one-api/issues/1153 and"
        " https://github.com/AgentEra/Agently/issues/76 (2024); a gateway's glm-5.3-flash took one,"
        " https://github.com/vastsa/PI-Desktop/issues/30 (2026-09)",
        find_violation=_no_content_no_calls,
    ),
    ValidationRule(
        name="empty-user-text",
        code="1213",
        applies_to="hollow",
        zh="未正常接收到prompt参数。",
        en="The prompt parameter was not received normally.",
        evidence="captured",
        source="https://github.com/oyxning/astrbot_plugin_textadventure/issues/1,"
        " https://github.com/littleCareless/dish-ai-commit/issues/27",
        find_violation=_empty_user_text,
    ),
    ValidationRule(
        name="picture-alone",
        code="1213",
        applies_to="parts",
        zh="未正常接收到prompt参数。",
        en="The prompt parameter was not received normally.",
        evidence="captured",
        source="https://github.com/ysr666/dsh-vision-router/issues/53 (glm-4v-flash, 2026-08)",
        find_violation=_picture_alone,
    ),
    # Broken pairs are blamed for many a 1214, but no report has a request that shows it, and there
    # is practice against it: RouteCodex keeps tool messages whose calls it removed, PI-Desktop had
    # 200 for a tool message without calls, wisp-science for calls without results. So the tool
    # loop of langchain-community's ChatZhipuAI, which drops tool_calls, passes by default where it
    # sends content "\n", and --strict refuses it; where it sends content "" the recorded
    # `no-content-no-calls` refuses it.
    ValidationRule(
        name="result-without-call",
        code="1214",
        applies_to="turns",
        fields=ILLEGAL,
        evidence="contested",
        source="https://github.com/lobehub/lobehub/issues/11408;"
        " against it https://github.com/vastsa/PI-Desktop/issues/30, Jasonzhangf/routecodex",
        find_violation=_result_without_call,
    ),
    ValidationRule(
        name="call-without-result",
        code="1214",
        applies_to="turns",
        fields=ILLEGAL,
        evidence="contested",
        source="https://github.com/lobehub/lobehub/issues/11408;"
        " against it https://github.com/xuzhougeng/wisp-science/pull/75",
        find_violation=_call_without_result,
    ),
    ValidationRule(
        name="result-of-another-call",
        code="1214",
        applies_to="turns",
        fields=ILLEGAL,
        evidence="contested",
        source="no report of this alone",
        find_violation=_result_of_another_call,
    ),
    ValidationRule(
        name="result-without-id",
        code="1214",
        applies_to="turns",
        fields=ILLEGAL,
        evidence="refuted",
        source="https://docs.z.ai/api-reference/llm/chat-completion has tool_call_id required;"
        " api.z.ai answered such requests, glm-4.5 to glm-4.6, 2025-10 and 2025-11"
        " (captured, no public link)",
        find_violation=_result_without_id,
    ),
    ValidationRule(
        name="result-without-content",
        code="1214",
        applies_to="tool",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: the content of a tool message is required",
        find_violation=_result_without_content,
    ),
    ValidationRule(
        name="unknown-call",
        code="1214",
        applies_to="assistant",
        evidence="documented",
        source="docs.bigmodel.cn 对话补全: tool_calls[].type is function, web_search, retrieval"
        " or mcp",
        find_violation=_unknown_call,
    ),
    ValidationRule(
        name="first-not-user",
        code="1214",
        fields=ILLEGAL,
        evidence="contested",
        source="reports by trial; https://github.com/anomalyco/opencode/issues/2557 is the case"
        " without any user message",
        find_violation=_first_not_user,
        looks_at="roles",
    ),
    ValidationRule(
        name="assistant-twice",
        code="1214",
        applies_to="assistant",
        fields=ILLEGAL,
        evidence="contested",
        source="https://github.com/Lingtai-AI/lingtai-kernel/issues/70; two user messages in a row"
        " are accepted (charmbracelet/crush cassettes)",
        find_violation=_assistant_twice,
        looks_at="roles",
    ),
    ValidationRule(
        name="late-system",
        code="1214",
        applies_to="system",
        fields=ILLEGAL,
        evidence="contested",
        source="weak reports; against them https://github.com/vastsa/PI-Desktop/issues/30",
        find_violation=_late_system,
        looks_at="roles",
    ),
    ValidationRule(
        name="assistant-last",
        code="1214",
        applies_to="assistant",
        fields=ILLEGAL,
        evidence="refuted",
        source="https://github.com/HKUDS/nanobot/pull/3086, where the user message was missing too;"
        " glm-4.6 and glm-4.7 continued the assistant's text, 2025-12 (captured, no public link)",
        find_violation=_assistant_last,
        looks_at="roles",
    ),
)
