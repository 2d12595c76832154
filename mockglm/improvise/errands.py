"""What is asked on the side: a title for the conversation, a summary, a text word for word.

Seen in the wild: opencode's title agent, Claude Code's topic detection and compaction, the state
snapshot of Qwen Code, the task prompts of Open WebUI, the topic naming of Cherry Studio.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mockglm.improvise.scene import Scene, message_text
from mockglm.improvise.words import excerpt, sentences, shorten, topic

__all__ = ["errand", "opening", "quoted", "title"]

TITLE = re.compile(
    r"title generator|(?:thread|conversation|chat) title|title for th[ei]s? (?:conversation|chat)"
    r"|(?:generate|create|write|come up with|give(?: me| it)?|extract|suggest|provide)"
    r" (?:(?!with|and|for|of|that|page|file)[\w-]+,? ){0,5}title\b"
    r"|(?:生成|起|取|总结为|拟|写)[^。\n]{0,24}(?:标题|题目)|标题生成",
    re.I,
)
SUMMARY = re.compile(
    r"\bsummari[sz](?:e|ing)\b|compact the conversation|conversation summary"
    r"|\b(?:create|write|provide|generate)[^.\n]{0,40}\bsummary\b|总结|摘要|概括|归纳",
    re.I,
)
REPEAT = re.compile(
    r"(?:repeat|echo|reply|respond|answer|say|output|write|print)\b(?:(?!\n)[^:：]){0,60}"
    r"\b(?:exactly|only|verbatim|word for word|just)\b(?:(?!\n)[^:：]){0,60}[:：]\s*(?P<en>.+)"
    r"|(?:重复|复述|只回复|只输出|仅回复|原样输出|照抄)[^:：\n]{0,20}[:：]\s*(?P<zh>.+)",
    re.I | re.S,
)
QUOTING = re.compile(r"<(?:chat_history|conversation|session|content|user_message|text)>", re.I)
SPOKEN = re.compile(r"^[^\S\n]*+(?:USER|Human|用户|user)\s*+[:：]\s*+(.+)$", re.M)
SPEAKER = re.compile(r"^\s*(?:USER|Human|用户)\s*[:：]\s*", re.I)
WRAPPERS = re.compile(r"<(summary|state_snapshot|title)>")
Turn = tuple[str | None, str]
"""The role of who spoke, and what was said."""
READ = 4000
TITLE_LENGTH = 40
POINTS = 6


def errand(scene: Scene) -> str | None:
    """The answer to a request on the side; None when the text is an ordinary turn."""
    repeated = REPEAT.search(excerpt(scene.text, READ))
    if repeated:
        return (repeated["en"] or repeated["zh"]).strip()
    if is_title(scene):
        return _wrapped(title(scene), scene)
    if SUMMARY.search(_brief(scene)) or SUMMARY.search(excerpt(scene.text, READ)):
        return _wrapped(_summary(scene), scene)
    return None


def is_title(scene: Scene) -> bool:
    """Whether a title is asked for, by the system prompt or by the last message itself."""
    return bool(TITLE.search(_brief(scene)) or TITLE.search(excerpt(scene.text, READ)))


def title(scene: Scene) -> str:
    """A title of what the conversation is about, short and without a mark at its end."""
    return topic(opening(scene), TITLE_LENGTH).strip("“”\"'") or "New conversation"


def _brief(scene: Scene) -> str:
    """The system prompt, when it is short enough to be about this request only."""
    return scene.system if len(scene.system) <= READ else ""


def opening(scene: Scene) -> str:
    """What the conversation began with, without the name of who said it."""
    return SPEAKER.sub("", _beginning(scene))


def _beginning(scene: Scene) -> str:
    """What was said first: quoted in the request, or said before or in it."""
    said = quoted(scene.text)
    spoken = SPOKEN.search(said or scene.text)
    if spoken:
        return spoken[1]
    if said:
        return said
    others = (said for said in scene.says if not TITLE.search(said))
    return next(others, "") or _rest(scene.text)


def quoted(text: str) -> str:
    """The conversation that a text quotes in a tag; nothing when it quotes none."""
    tag = QUOTING.search(text)
    end = text.find("</", tag.end()) if tag else -1
    return text[tag.end() : end].strip() if tag and end >= 0 else ""


def _rest(text: str) -> str:
    """What follows the instruction: after its colon, or the lines after its first."""
    after = re.split(r"[:：]\s*", text, maxsplit=1)
    lines = text.strip().splitlines()
    rest = after[1] if len(after) > 1 else "\n".join(lines[1:])
    return rest.strip() or text.strip()


def _summary(scene: Scene) -> str:
    """The gist of the text that is given, else what was said so far."""
    given = _rest(scene.text)
    turns = ((message.role, message_text(message)) for message in scene.earlier)
    earlier = [(role, text) for role, text in turns if text]
    if not earlier or (given != scene.text.strip() and len(given) > len(scene.text) // 2):
        return _gist(given, scene)
    said = [f"- {_who(role, scene)}{shorten(text, 80)}" for role, text in _ends(earlier)]
    if len(said) < len(earlier):
        said.insert(POINTS // 2, "- …")
    opening = {
        "zh": "对话摘要（mockglm 示例）：",
        "en": "Summary of the conversation (mockglm sample):",
    }
    return "\n".join((opening[scene.language], *said))


def _gist(text: str, scene: Scene) -> str:
    first = " ".join(sentences(text)[:2])
    return {"zh": "要点：", "en": "In short: "}[scene.language] + shorten(first, 160)


def _who(role: str | None, scene: Scene) -> str:
    names = {"zh": {"user": "用户：", "assistant": "助手："}, "en": {"user": "User: "}}
    return names[scene.language].get(
        role or "", "Assistant: " if scene.language == "en" else "工具："
    )


def _ends(turns: Sequence[Turn]) -> Sequence[Turn]:
    """The first and the last of many turns."""
    if len(turns) <= POINTS:
        return turns
    return (*turns[: POINTS // 2], *turns[-POINTS // 2 :])


def _wrapped(text: str, scene: Scene) -> str:
    """In the tag that the instruction shows, if it shows one."""
    tag = WRAPPERS.search(excerpt(scene.text, READ)) or WRAPPERS.search(_brief(scene))
    return f"<{tag[1]}>\n{text}\n</{tag[1]}>" if tag else text
