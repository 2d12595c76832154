"""Texts of replies: small talk, sample answers, and reports of results."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.conversation import Conversation, ToolResult
from mockglm.improvise.exact_answers import answer_exactly
from mockglm.improvise.language import Language, excerpt, shorten, subject, topic
from mockglm.improvise.side_tasks import do_side_task
from mockglm.improvise.tables import pattern, table
from mockglm.models import Model
from mockglm.validation.types import decode_json

SMALL_TALK = {
    name: pattern("small_talk", name) for name in ("greeting", "thanks", "farewell", "identity")
}
ASKING = pattern("replies", "asking")
NAME_ASKED = pattern("replies", "name_asked")
NAME_GIVEN = pattern("replies", "name_given")
ROLE_PLAY = ("charglm", "emohaa")
SHORT_BESIDE_MEDIA = 60
MAX_QUOTE = 200
MARKS: Mapping[Language, tuple[str, str, str, str]] = {
    "zh": ("（", "，", "）", "："),
    "en": (" (", ", ", ")", ": "),
}
EFFORTS = {"minimal": 1, "low": 2, "medium": 3, "high": 4, "xhigh": 6, "max": 6}
"""Sentences of a thought by `reasoning_effort`."""
USUAL_EFFORT = 4
NO_THOUGHT_EFFORTS = ("none", "minimal")
"""Values of `reasoning_effort` that skip the thought (docs.bigmodel.cn, 对话补全)."""
EQUIVALENT_EFFORTS: Mapping[str, Mapping[str, str]] = {
    "glm-5.2": {"low": "high", "medium": "high", "xhigh": "max"},
    # On the Coding Plan base; the general base refuses these.
    "glm-5.3": {"none": "low", "minimal": "low", "medium": "high", "xhigh": "max"},
    "glm-5.4": {"none": "low", "minimal": "low", "medium": "high", "xhigh": "max"},
}
"""Efforts that a family treats as others (docs.bigmodel.cn, 对话补全)."""


def phrase(name: str, conversation: Conversation, ids: Ids, **values: object) -> str:
    """Pick a sentence from the table, in the language of the conversation."""
    held: Any = table("phrases")
    for part in name.split("."):
        held = held[part]
    text: str = ids.pick(held[conversation.language], name)
    return text.format(**values)


def speak(conversation: Conversation, model: Model, ids: Ids) -> str:
    """Answer the last text of the user, and acknowledge its media."""
    seen = _acknowledge(conversation, ids)
    if not conversation.text:
        return seen or phrase("silence", conversation, ids)
    said = _find_answer(conversation, model, ids)
    return f"{seen}{'' if conversation.language == 'zh' else ' '}{said}" if seen else said


def announce(conversation: Conversation, ids: Ids) -> str:
    """The text before a call; none before a required call, as recorded (charmbracelet/fantasy,
    2026-03)."""
    is_free = conversation.chat.tool_choice in (None, "auto")
    return phrase("calling", conversation, ids) if is_free else ""


def report(conversation: Conversation, ids: Ids) -> str:
    """Report the results of tools."""
    results = conversation.results
    texts = [_format_result(result.text) for result in results]
    if len(texts) == 1:
        kind = "failed" if results[0].is_error else "one" if texts[0] else "empty"
        return phrase(f"results.{kind}", conversation, ids, result=texts[0])
    failed = {one.is_error for one in results}
    kind = "several" if failed == {False} else "none" if failed == {True} else "mixed"
    lines = map(_report_line, results, texts, [conversation.language] * len(texts))
    return "\n".join((phrase(f"results.{kind}", conversation, ids), *lines))


def remove_prefix(text: str, prefix: str) -> str:
    """Remove the part of a text that a conversation ends with, but for white space."""
    at = 0
    for mark in filter(str.strip, prefix):
        while text[at : at + 1].isspace():
            at += 1
        if text[at : at + 1] != mark:
            return text
        at += 1
    return text[at:]


def is_thinking(conversation: Conversation, model: Model) -> bool:
    """True if the model thinks, always or by the request."""
    if model.thinking != "optional":
        return model.thinking == "always"
    thinking = conversation.chat.thinking
    if thinking is not None and thinking.type == "disabled":
        return False
    effort = conversation.chat.reasoning_effort
    return not (effort in NO_THOUGHT_EFFORTS and effort in model.efforts)


def think(
    conversation: Conversation, model: Model, ids: Ids, *, calls: Sequence[ToolCall] = ()
) -> str:
    """The thought about the question, as long as `reasoning_effort` sets."""
    held = table("phrases")["thought"]["middle"][conversation.language]
    start = int(ids.chance("middle") * len(held))
    about = topic(conversation.request, 80) or "…"
    said = [phrase("thought.opening", conversation, ids, topic=about)]
    if calls:
        names = ", ".join(dict.fromkeys(call.name for call in calls))
        said.append(phrase("thought.calling", conversation, ids, names=names))
    elif conversation.results:
        last = shorten(conversation.results[-1].text, 60)
        said.append(phrase("thought.using", conversation, ids, result=last))
    said += [*held[start:], *held[:start]]
    between = "" if conversation.language == "zh" else " "
    return between.join(said[: _thought_length(conversation, model)])


def _thought_length(conversation: Conversation, model: Model) -> int:
    effort = conversation.chat.reasoning_effort
    if effort not in model.efforts:
        return EFFORTS["max"] if model.efforts else USUAL_EFFORT
    return EFFORTS.get(EQUIVALENT_EFFORTS.get(model.family, {}).get(effort, effort), 1)


def _find_answer(conversation: Conversation, model: Model, ids: Ids) -> str:
    about = subject(conversation.request)
    if model.id.startswith(ROLE_PLAY) or model.family in ROLE_PLAY:
        return phrase("character", conversation, ids, topic=about)
    text = excerpt(conversation.request)
    is_beside = conversation.media and len(text) < SHORT_BESIDE_MEDIA
    side = None if is_beside else do_side_task(conversation)
    if side is not None:
        return side
    talk = next((name for name, form in SMALL_TALK.items() if form.search(text)), None)
    if talk is not None:
        return phrase(talk, conversation, ids, model=model.id)
    name = _remembered_name(conversation)
    if name:
        return phrase("recalled", conversation, ids, topic=name)
    exact = answer_exactly(text, conversation.language, ids)
    if exact is not None:
        return exact
    kind = "seen" if conversation.media else "question" if ASKING.search(text) else "statement"
    return phrase(kind, conversation, ids, topic=about)


def _remembered_name(conversation: Conversation) -> str:
    """The name that the user gave before, if the user asks for it now."""
    if not NAME_ASKED.search(conversation.text):
        return ""
    given = (NAME_GIVEN.search(text) for text in reversed(conversation.user_texts))
    return next((match[1] or match[2] for match in given if match), "")


def _acknowledge(conversation: Conversation, ids: Ids) -> str:
    """Acknowledge media, as in `收到 2 张图片。`."""
    counted = [
        phrase(f"counted.{kind}", conversation, ids, count=count, s="" if count == 1 else "s")
        for kind, count in conversation.media.items()
    ]
    if not counted:
        return ""
    if conversation.language == "zh":
        return f"收到 {'、'.join(counted)}。"
    return f"I received {' and '.join(counted)}."


def _report_line(result: ToolResult, text: str, language: Language) -> str:
    """Report one of several results, with the arguments of its call."""
    values = [str(v) for v in result.sent_arguments.values() if isinstance(v, (str, int, float))]
    values = [value for value in values if 0 < len(value) <= 40]
    before, between, after, colon = MARKS[language]
    about = f"{before}{between.join(values[:2])}{after}" if values else ""
    return f"- {result.name or 'tool'}{about}{colon}{text or '—'}"


def _format_result(text: str) -> str:
    """Format a result as a line: a JSON object as `key: value`, a list by its items."""
    value = decode_json(text.encode())
    return shorten(text if value is None else _flatten(value), MAX_QUOTE)


def _flatten(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_as_text(sub)}" for key, sub in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(_as_text, value[:10]))
    return _as_text(value)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
