"""Side tasks of agents, recognized by their form: a title, a summary, a text word for word.

Agents send such requests beside the conversation, for titles, topic detection, compaction, memory
extraction, file lists and suggestions. They never need tools.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mockglm.improvise.conversation import Conversation, message_text
from mockglm.improvise.language import excerpt, sentences, shorten, topic
from mockglm.improvise.tables import table

TITLE = re.compile(
    r"title generator|(?:thread|conversation|chat|session) titles?\b"
    r"|titles? for th[ei]s? (?:conversation|chat|session)|naming a \w+ ?session"
    r"|(?:generate|create|write|come up with|give(?: me| it)?|extract|suggest|provide)"
    r" (?:(?!with|and|for|of|that|page|file)[\w-]+,? ){0,5}titles?\b"
    r"|(?:生成|起|取|总结为|拟|写)[^。\n]{0,24}(?:标题|题目)|标题生成",
    re.I,
)
SUMMARY = re.compile(
    r"\bsummari[sz](?:e|ing)\b|compact the conversation|conversation summary"
    r"|\b(?:create|write|provide|generate)[^.\n]{0,40}\bsummary\b|总结|摘要|概括|归纳",
    re.I,
)
MEMORY = re.compile(
    r"(?:extract|save|update|managed)[^.\n]{0,60}\bmemor(?:y|ies)\b|if nothing[^.\n]{0,40}be saved",
    re.I,
)
REPEAT = re.compile(
    r"(?:repeat|echo|reply|respond|answer|say|output|write|print)\b(?:(?!\n)[^:：]){0,60}"
    r"\b(?:exactly|only|verbatim|word for word|just)\b(?:(?!\n)[^:：]){0,60}[:：]\s*(?P<en>.+)"
    r"|(?:重复|复述|只回复|只输出|仅回复|原样输出|照抄)[^:：\n]{0,20}[:：]\s*(?P<zh>.+)",
    re.I | re.S,
)
QUOTING = re.compile(r"<(?:chat_history|conversation|session|content|user_message|text)>", re.I)
SPEAKER = re.compile(
    r"^[^\S\n]*+(?:\d+\.\s*)?(?:(?:USER|Human|用户|user)\s*+[:：]\s*+(.+)|\"(.+)\")$", re.M
)
NAME_BEFORE = re.compile(r"^\s*(?:USER|Human|用户)\s*[:：]\s*", re.I)
WRAPPERS = re.compile(r"<(analysis|summary|state_snapshot|title)>")
MAX_READ = 4000
TITLE_LENGTH = 40
MAX_POINTS = 6


def is_side_task(conversation: Conversation) -> bool:
    """True for a side task, which needs no tools."""
    text, brief = excerpt(conversation.text, MAX_READ), _short_system_prompt(conversation)
    if is_title(conversation) or MEMORY.search(text):
        return True
    is_compaction = SUMMARY.search(text) and (conversation.earlier or SUMMARY.search(brief))
    return (
        bool(is_compaction and len(text) > MAX_READ // 8) or "do not call any tools" in text.lower()
    )


def do_side_task(conversation: Conversation) -> str | None:
    """Answer a side task; None for an ordinary turn."""
    text = excerpt(conversation.text, MAX_READ)
    repeated = REPEAT.search(text)
    if repeated and not is_title(conversation):
        return (repeated["en"] or repeated["zh"]).strip()
    if is_title(conversation):
        return _wrap_in_tags(make_title(conversation), conversation)
    if MEMORY.search(text) and len(text) > MAX_READ // 8:
        return "—"
    if SUMMARY.search(_short_system_prompt(conversation)) or SUMMARY.search(text):
        return _wrap_in_tags(_summarize(conversation), conversation)
    return None


def is_title(conversation: Conversation) -> bool:
    """True if the system prompt or the last message requests a title."""
    text = excerpt(conversation.text, MAX_READ)
    return bool(TITLE.search(_short_system_prompt(conversation)) or TITLE.search(text))


def make_title(conversation: Conversation) -> str:
    """Make a short title of the conversation, without punctuation at its end."""
    return topic(find_opening(conversation), TITLE_LENGTH).strip("“”\"'") or "New conversation"


def _short_system_prompt(conversation: Conversation) -> str:
    # A long one is that of an agent, whose titles and summaries are no request.
    system = conversation.system
    return system if len(system) <= MAX_READ else ""


def find_opening(conversation: Conversation) -> str:
    """Find the first words of the conversation, which the request may quote."""
    given = quoted_conversation(conversation.text)
    spoken = SPEAKER.search(given or conversation.text)
    if spoken:
        return spoken[1] or spoken[2]
    if given:
        return given
    others = (text for text in conversation.user_texts if not TITLE.search(text))
    return next(others, "").strip('"“”') or NAME_BEFORE.sub(
        "", _text_after_instruction(conversation.text)
    )


def quoted_conversation(text: str) -> str:
    """The conversation that a text quotes in a tag, or an empty text."""
    tag = QUOTING.search(text)
    end = text.find("</", tag.end()) if tag else -1
    return text[tag.end() : end].strip() if tag and end >= 0 else ""


def _text_after_instruction(text: str) -> str:
    """The text after an instruction: after its colon, or after its first line."""
    after = re.split(r"[:：]\s*", text, maxsplit=1)
    lines = text.strip().splitlines()
    rest = after[1] if len(after) > 1 else "\n".join(lines[1:])
    return rest.strip() or text.strip()


def _summarize(conversation: Conversation) -> str:
    """Summarize the given text, else the conversation so far."""
    given = _text_after_instruction(conversation.text)
    words = table("phrases")["side"][conversation.language]
    turns = ((message.role, message_text(message)) for message in conversation.earlier)
    earlier = [(role, text) for role, text in turns if text]
    is_given = given != conversation.text.strip() and len(given) > len(conversation.text) // 2
    if not earlier or (is_given and not WRAPPERS.search(conversation.text)):
        return str(words["gist"]) + shorten(" ".join(sentences(given)[:2]), 160)
    said = [
        f"- {_speaker(role, words)}{shorten(text, 80)}" for role, text in _first_and_last(earlier)
    ]
    if len(said) < len(earlier):
        said.insert(MAX_POINTS // 2, "- …")
    return "\n".join((words["summary"], *said))


def _speaker(role: str | None, words: dict[str, str]) -> str:
    return words.get(role or "", words["tool"])


def _first_and_last(turns: Sequence[tuple[str | None, str]]) -> Sequence[tuple[str | None, str]]:
    """The first and the last turns, if there are many."""
    if len(turns) <= MAX_POINTS:
        return turns
    return (*turns[: MAX_POINTS // 2], *turns[-MAX_POINTS // 2 :])


def _wrap_in_tags(text: str, conversation: Conversation) -> str:
    """Put a text into the tags that the instruction shows."""
    shown = excerpt(conversation.text, 3 * MAX_READ) + _short_system_prompt(conversation)
    tags = list(dict.fromkeys(WRAPPERS.findall(shown)))
    # The analysis comes before the summary.
    tags = sorted(tags, key=lambda tag: tag != "analysis")[:2] if "analysis" in tags else tags[:1]
    return "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag in tags) or text
