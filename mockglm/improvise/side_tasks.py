"""Side tasks of agents, recognized by their form: a title, a summary, a text word for word.

Agents send such requests beside the conversation, for titles, topic detection, compaction, memory
extraction, file lists and suggestions. They never need tools.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from mockglm.improvise.conversation import Conversation, message_text
from mockglm.improvise.language import excerpt, has_any, sentences, shorten, topic
from mockglm.improvise.tables import pattern, table

TITLE = pattern("side_tasks", "title")
SUMMARY = pattern("side_tasks", "summary")
MEMORY = pattern("side_tasks", "memory")
REPEAT = pattern("side_tasks", "repeat")
HINTS: Mapping[re.Pattern[str], tuple[str, ...]] = {
    TITLE: ("title", "naming", "标题", "题目"),
    SUMMARY: ("summar", "compact", "总结", "摘要", "概括", "归纳"),
    MEMORY: ("memor", "saved"),
    REPEAT: (":", "："),
}
"""Texts of which a task has one, for a look that costs less than the pattern."""
QUOTING = pattern("side_tasks", "quoting")
SPEAKER = pattern("side_tasks", "speaker")
NAME_BEFORE = pattern("side_tasks", "name_before")
WRAPPERS = re.compile(r"<(analysis|summary|state_snapshot|title)>")
MAX_READ = 4000
LONG = MAX_READ // 8
"""Characters above which a text is the instruction of an agent."""
TITLE_LENGTH = 40
MAX_POINTS = 6


def is_side_task(conversation: Conversation) -> bool:
    """True for a side task, which needs no tools."""
    text = excerpt(conversation.text, MAX_READ)
    if is_title(conversation) or _has(MEMORY, text):
        return True
    is_summary = bool(conversation.earlier) or _has(SUMMARY, _short_system_prompt(conversation))
    is_compaction = len(text) > LONG and is_summary and _has(SUMMARY, text)
    return is_compaction or "do not call any tools" in text.lower()


def do_side_task(conversation: Conversation) -> str | None:
    """Answer a side task; None for an ordinary turn."""
    text = excerpt(conversation.text, MAX_READ)
    if is_title(conversation):
        return _wrap_in_tags(make_title(conversation), conversation)
    repeated = REPEAT.search(text) if has_any(text, HINTS[REPEAT]) else None
    if repeated:
        return (repeated["en"] or repeated["zh"]).strip()
    if len(text) > LONG and _has(MEMORY, text):
        return "—"
    if _has(SUMMARY, text) or _has(SUMMARY, _short_system_prompt(conversation)):
        return _wrap_in_tags(_summarize(conversation), conversation)
    return None


def _has(pattern: re.Pattern[str], text: str) -> bool:
    return has_any(text, HINTS[pattern]) and pattern.search(text) is not None


def is_title(conversation: Conversation) -> bool:
    """True if the system prompt or the last message requests a title."""
    text = excerpt(conversation.text, MAX_READ)
    return _has(TITLE, text) or _has(TITLE, _short_system_prompt(conversation))


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
    others = (text for text in conversation.user_texts if not TITLE.search(text))
    first = given or next(others, "").strip('"“”')
    return first or NAME_BEFORE.sub("", _text_after_instruction(conversation.text))


def quoted_conversation(text: str) -> str:
    """The conversation that a text quotes in a tag, or an empty text."""
    tag = QUOTING.search(text)
    end = text.find("</", tag.end()) if tag else -1
    return text[tag.end() : end].strip() if tag and end >= 0 else ""


def _text_after_instruction(text: str) -> str:
    """The text after an instruction: after its colon, or after its first line."""
    after = re.split(r"[:：]\s*", text, maxsplit=1)
    rest = after[1] if len(after) > 1 else text.strip().partition("\n")[2]
    return rest.strip() or text.strip()


def _summarize(conversation: Conversation) -> str:
    """Summarize the given text, else the conversation so far."""
    text = conversation.text
    given = _text_after_instruction(text)
    words = table("phrases")["side"][conversation.language]
    turns = [(one.role or "", message_text(one)) for one in conversation.earlier]
    turns = [(role, said) for role, said in turns if said]
    is_given = given != text.strip() and len(given) > len(text) // 2
    if not turns or (is_given and not WRAPPERS.search(text)):
        return str(words["gist"]) + shorten(" ".join(sentences(given)[:2]), 160)
    lines = [f"- {words.get(role, words['tool'])}{shorten(said, 80)}" for role, said in turns]
    if len(lines) > MAX_POINTS:
        lines = [*lines[: MAX_POINTS // 2], "- …", *lines[-MAX_POINTS // 2 :]]
    return "\n".join((words["summary"], *lines))


def _wrap_in_tags(text: str, conversation: Conversation) -> str:
    """Put a text into the tags that the instruction shows."""
    shown = excerpt(conversation.text, 3 * MAX_READ) + _short_system_prompt(conversation)
    tags = list(dict.fromkeys(WRAPPERS.findall(shown)))
    # The analysis comes before the summary.
    tags = sorted(tags, key=lambda tag: tag != "analysis")[:2] if "analysis" in tags else tags[:1]
    return "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag in tags) or text
