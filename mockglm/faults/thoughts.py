"""Faults of reasoning: thought that is missing, misplaced, or leaks into the text."""

from __future__ import annotations

from mockglm.exchange import Response
from mockglm.faults.fault import CHAT, Fault
from mockglm.faults.frames import (
    JSON,
    Document,
    calls,
    documents,
    messages,
    recast,
    rewrite_documents,
)
from mockglm.faults.options import Option, Options, choice
from mockglm.faults.position import Offset
from mockglm.faults.selectors import contents, each, finishes, first, prefix, string, thoughts


def thinking_only(answer: Response, spot: Offset, options: Options) -> Response:
    """Move the content into the reasoning and drop the calls."""
    changes: list[tuple[Document, list[JSON]]] = []
    for doc in documents(answer, spot.start):
        called, ended = any(calls(doc.value)), list(finishes(doc.value))
        if called or ended or any(contents(doc.value)):
            changes.append((doc, [] if called and not ended else [doc.value]))
        for message in messages(doc.value):
            message.pop("tool_calls", None)
            _think(message, is_whole=not answer.is_stream)
        for end in ended:
            end["finish_reason"] = options["finish"]
    return recast(answer, changes)


def reasoning_missing(answer: Response, spot: Offset, options: Options) -> Response:
    thinking = [doc for doc in documents(answer, spot.start) if any(thoughts(doc.value))]
    for message in (message for doc in thinking for message in messages(doc.value)):
        message.pop("reasoning_content", None)
    return recast(
        answer, [(doc, [doc.value] if any(contents(doc.value)) else []) for doc in thinking]
    )


def reasoning_unasked(answer: Response, spot: Offset, options: Options) -> Response:
    if not answer.is_stream:
        return each(contents, think_as_said)(answer, spot, options)
    spoken = _spoken(answer, spot)
    return recast(answer, [(doc, [_aside(doc), doc.value]) for doc in spoken[:1]])


def reasoning_late(answer: Response, spot: Offset, options: Options) -> Response:
    spoken = _spoken(answer, spot)
    return recast(answer, [(doc, [doc.value, _aside(doc)]) for doc in spoken[:1]])


def think_as_said(message: JSON, options: Options) -> None:
    message["reasoning_content"] = message["content"]


def think_leak(answer: Response, spot: Offset, options: Options) -> Response:
    if options["as"] == "orphan":
        return first(contents, prefix("content", "</think>"))(answer, spot, options)
    if not answer.is_stream:
        return each(thoughts, _leak)(answer, spot, options)
    found = documents(answer, spot.start)
    thinking = [message for doc in found for message in thoughts(doc.value)]
    speaking = [message for doc in found for message in contents(doc.value)]
    if not thinking or not speaking:
        return answer
    for message in thinking:
        message["content"] = message.pop("reasoning_content")
    closing = ("</thi", "nk>") if options["as"] == "split" else ("", "</think>")
    thinking[0]["content"] = "<think>" + thinking[0]["content"]
    thinking[-1]["content"] += closing[0]
    speaking[0]["content"] = closing[1] + speaking[0]["content"]
    return rewrite_documents(answer, (doc for doc in found if any(contents(doc.value))))


def _leak(message: JSON, options: Options) -> None:
    thought, text = message.pop("reasoning_content"), string(message, "content")
    message["content"] = f"<think>{thought}</think>{text}"


def _think(message: JSON, *, is_whole: bool) -> None:
    """Text becomes thought, after what was thought before."""
    text = string(message, "content")
    if text:
        message["content"] = ""
        message["reasoning_content"] = string(message, "reasoning_content") + text
    if text and not is_whole:
        del message["content"]


def _spoken(answer: Response, spot: Offset) -> list[Document]:
    return [doc for doc in documents(answer, spot.start) if any(contents(doc.value))]


def _aside(document: Document) -> JSON:
    """A chunk that thinks what the document says."""
    text = next(contents(document.value))["content"]
    delta = {"role": "assistant", "reasoning_content": text}
    head = {key: value for key, value in document.value.items() if key != "usage"}
    return head | {"choices": [{"index": 0, "delta": delta}]}


TEXT = "text"
THOUGHT = "thought"
LEAKED = ("QwenLM/qwen-code#6033", "openclaw/openclaw#131286", "stacklok/mecatl#240")

FAULTS = (
    Fault(
        name="thinking-only",
        kind="meaning",
        about="The response has reasoning and no text.",
        reports=("sgl-project/sglang#37645", "mistralai/client-python#628"),
        breaks="pydantic-ai retries and gives up; frameworks return an empty text",
        change=thinking_only,
        caught_by="RSN-05",
        also=("CHK-10",),
        needs="text or a call",
        options={"finish": Option(choice("stop", "length"), "stop", "the finish reason")},
    ),
    Fault(
        name="think-leak",
        kind="meaning",
        about="Reasoning is part of the text, between or after tags.",
        reports=LEAKED,
        breaks="user interfaces, history and JSON mode; only pydantic-ai removes it",
        change=think_leak,
        caught_by="RSN-04",
        needs="thought and text (`as: orphan` needs only text)",
        options={
            "as": Option(
                choice("whole", "orphan", "split"),
                "whole",
                "both tags, only the closing one, or the closing one cut in two by two chunks",
            )
        },
    ),
    Fault(
        name="reasoning-missing",
        kind="meaning",
        about="The reasoning is missing.",
        reports=(CHAT, "vllm-project/vllm-ascend#12398"),
        breaks="preserved thinking: the next turn has no reasoning to send back",
        change=reasoning_missing,
        caught_by="RSN-01",
        also=("RSN-08",),
        needs=THOUGHT,
    ),
    Fault(
        name="reasoning-unasked",
        kind="meaning",
        about="The response has reasoning although it may not have been requested.",
        reports=("Kilo-Org/kilocode#2725",),
        breaks="clients that show it, or rely on its absence",
        change=reasoning_unasked,
        caught_by="RSN-06",
        also=("EQV-01",),
        needs=TEXT,
    ),
    Fault(
        name="reasoning-late",
        kind="meaning",
        about="Reasoning comes after the text has begun.",
        reports=("danny-avila/LibreChat#9954",),
        breaks="clients that close the thinking block at the first text",
        change=reasoning_late,
        caught_by="RSN-02",
        on="a stream",
        needs=TEXT,
    ),
    Fault(
        name="reasoning-beside",
        kind="meaning",
        about="A delta has both text and reasoning.",
        reports=("https://github.com/charmbracelet/crush",),
        breaks="clients that expect one or the other lose half of the delta",
        change=each(contents, think_as_said),
        caught_by="RSN-03",
        on="a stream",
        needs=TEXT,
    ),
)
