"""Side tasks of agents, recognized by their form: a title, a summary, a note for the memory.

Agents send such requests beside the conversation, for titles, topic detection, compaction, memory
extraction and suggestions. They never need tools.
"""

from __future__ import annotations

import re
from typing import Literal

from mockglm.improvise.conversation import Conversation, message_text
from mockglm.improvise.language import excerpt, shorten, topic
from mockglm.improvise.tables import hinted_patterns, patterns, table

PATTERNS = patterns("side_tasks")
HINTED = hinted_patterns("side_tasks")
MAX_READ = 4000
LONG = MAX_READ // 8
"""Characters above which a text is the instruction of an agent."""
TITLE_LENGTH = 40
MAX_POINTS = 6


def _find_side_task(conversation: Conversation) -> Literal["title", "memory", "summary"] | None:
    """Find the side task that the last message or a short system prompt requests."""
    text = excerpt(conversation.text, MAX_READ)
    asked = f"{conversation.short_system}\n{text}"
    if HINTED["title"].search(asked):
        return "title"
    if len(text) > LONG and HINTED["memory"].search(text):
        return "memory"
    return "summary" if HINTED["summary"].search(asked) else None


def is_without_tools(conversation: Conversation) -> bool:
    """True for a side task; a short request for a summary may need tools to read the text."""
    task, text = _find_side_task(conversation), conversation.text
    is_late = conversation.earlier or HINTED["summary"].search(conversation.short_system)
    is_compaction = task == "summary" and len(text) > LONG and bool(is_late)
    return task in ("title", "memory") or is_compaction or "not call any tools" in text.lower()


def do_side_task(conversation: Conversation) -> str | None:
    """Answer a side task; None for an ordinary turn."""
    task = _find_side_task(conversation)
    if task in (None, "memory"):
        return "—" if task else None
    text = make_title(conversation) if task == "title" else _summarize(conversation)
    return _wrap_in_tags(text, conversation)


def make_title(conversation: Conversation) -> str:
    """Make a short title of the conversation, without punctuation at its end."""
    return topic(find_opening(conversation), TITLE_LENGTH).strip("“”\"'") or "New conversation"


def find_opening(conversation: Conversation) -> str:
    """Find the first words of the conversation, which the request may quote."""
    given = quoted_conversation(conversation.text)
    spoken = PATTERNS["speaker"].search(given or conversation.text)
    if spoken:
        return spoken[1] or spoken[2]
    users = (message_text(one) for one in conversation.earlier if one.role == "user")
    texts = filter(None, (*users, conversation.text))
    first = given or next((text for text in texts if not HINTED["title"].search(text)), "")
    return first.strip('"“”') or _text_after_instruction(conversation.text)


def quoted_conversation(text: str) -> str:
    """The conversation that a text quotes in a tag, or an empty text."""
    tag = PATTERNS["quoting"].search(text)
    end = text.find("</", tag.end()) if tag else -1
    return text[tag.end() : end].strip() if tag and end >= 0 else ""


def _text_after_instruction(text: str) -> str:
    """The text after an instruction: after its colon, or after its first line."""
    colon = re.search(r"[:：]", text)
    rest = text[colon.end() :] if colon else text.strip().partition("\n")[2]
    return rest.strip() or text.strip()


def _summarize(conversation: Conversation) -> str:
    """Summarize the given text, else the conversation so far."""
    text = conversation.text
    given = _text_after_instruction(text)
    words = table("phrases")["side"][conversation.language]
    turns = [(one.role, message_text(one)) for one in conversation.earlier]
    lines = [
        f"- {words.get(role, words['tool'])}{shorten(said, 80)}" for role, said in turns if said
    ]
    is_given = len(text) > len(given) > len(text) // 2 and not PATTERNS["wrapper"].search(text)
    if is_given or not lines:
        return str(words["gist"]) + shorten(given, 160)
    if len(lines) > MAX_POINTS:
        lines = [*lines[: MAX_POINTS // 2], "- …", *lines[-MAX_POINTS // 2 :]]
    return "\n".join((words["summary"], *lines))


def _wrap_in_tags(text: str, conversation: Conversation) -> str:
    """Put a text into the tags that the instruction shows."""
    shown = excerpt(conversation.text, 3 * MAX_READ) + conversation.short_system
    tags = list(dict.fromkeys(PATTERNS["wrapper"].findall(shown)))
    tags = tags[: 2 if "analysis" in tags else 1]
    return "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag in tags) or text
