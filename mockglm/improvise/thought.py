"""What a model that thinks thinks before it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.luck import pick
from mockglm.improvise.scene import Scene
from mockglm.improvise.words import Language, shorten, topic
from mockglm.models import Model

__all__ = ["is_thinking", "thought"]

SILENT = ("none", "minimal")
"""Values of `reasoning_effort` that skip the thought (docs.bigmodel.cn, 对话补全)."""

LENGTHS: Mapping[str, int] = {"minimal": 1, "low": 2, "medium": 3, "high": 4, "xhigh": 6, "max": 6}
"""Sentences that an effort gives."""
USUAL = 4
"""Sentences where the effort is not honoured."""

ACTS_AS: Mapping[str, Mapping[str, str]] = {
    "glm-5.2": {"low": "high", "medium": "high", "xhigh": "max"},
}
"""Efforts that a family treats as others (docs.bigmodel.cn, 对话补全)."""

OPENINGS: Mapping[Language, Sequence[str]] = {
    "zh": ("用户说“{topic}”。", "用户的问题是：{topic}。", "用户想了解“{topic}”。"),
    "en": (
        "The user says: {topic}.",
        "The user is asking about this: {topic}.",
        "Let me look at what the user wants: {topic}.",
    ),
}
MIDDLES: Mapping[Language, Sequence[str]] = {
    "zh": (
        "先弄清楚对方真正想要的是什么。",
        "我应该给出直接、清楚的回答。",
        "再检查一下有没有遗漏的条件。",
        "可以先说结论，再补充必要的说明。",
        "语气保持友好，篇幅不必太长。",
    ),
    "en": (
        "First, what do they really need?",
        "I should give a direct and clear answer.",
        "Let me check that no condition is missed.",
        "The conclusion can come first, with the necessary detail after it.",
        "The tone should be friendly and the answer short.",
    ),
}
CALLING: Mapping[Language, str] = {
    "zh": "可以调用 {names} 来完成，参数可以从用户的话里得到。",
    "en": "I can call {names} for this; the arguments follow from what the user said.",
}
USING: Mapping[Language, str] = {
    "zh": "工具已经返回了结果：{result}，据此回答即可。",
    "en": "The tools have returned: {result}. I can answer from that.",
}


def is_thinking(scene: Scene, model: Model) -> bool:
    """Whether the model thinks: as it always does, or as it is asked to."""
    if model.thinking != "optional":
        return model.thinking == "always"
    thinking = scene.chat.thinking
    if thinking is not None and thinking.type == "disabled":
        return False
    effort = scene.chat.reasoning_effort
    return not (effort in SILENT and effort in model.efforts)


def thought(scene: Scene, model: Model, ids: Ids, *, calls: Sequence[ToolCall] = ()) -> str:
    """The text of the thought, about the question, as long as the effort asks."""
    language = scene.language
    first = pick(OPENINGS[language], ids, "opening").format(topic=topic(scene.text, 80) or "…")
    middles = MIDDLES[language]
    start = int(ids.chance("middle") * len(middles))
    turned = (*middles[start:], *middles[:start])
    said = [first, *_step(scene, calls), *turned]
    return ("" if language == "zh" else " ").join(said[: _length(scene, model)])


def _step(scene: Scene, calls: Sequence[ToolCall]) -> list[str]:
    """The sentence on the tools, when there are calls to make or results to use."""
    if calls:
        names = ", ".join(dict.fromkeys(call.name for call in calls))
        return [CALLING[scene.language].format(names=names)]
    if scene.results:
        result = shorten(scene.results[-1].text, 60)
        return [USING[scene.language].format(result=result)]
    return []


def _length(scene: Scene, model: Model) -> int:
    effort = scene.chat.reasoning_effort
    if effort not in model.efforts:
        return LENGTHS["max"] if model.efforts else USUAL
    effort = ACTS_AS.get(model.family, {}).get(effort, effort)
    return LENGTHS.get(effort, 1)
