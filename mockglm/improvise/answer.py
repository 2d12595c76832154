"""The improvised reply: calls of functions, or a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.exchange import Reply, ToolCall
from mockglm.improvise.conversation import Conversation, read_conversation
from mockglm.improvise.function_calls import call_functions
from mockglm.improvise.limits import TAG_TOKENS, limit_reply
from mockglm.improvise.planner import plan_reply
from mockglm.improvise.replies import is_thinking, report, speak, think
from mockglm.improvise.schema import WorkBudget
from mockglm.improvise.side_tasks import is_without_tools
from mockglm.improvise.structured import (
    find_given_values,
    is_json_asked,
    remove_instructions,
    write_json,
)
from mockglm.improvise.tables import patterns, phrase
from mockglm.improvise.text_edits import edit_in_text
from mockglm.improvise.tools import PlanStep, ToolOffer, ToolProject, is_agent, read_offers
from mockglm.models import Model
from mockglm.validation.types import Chat

FINISH_COMMAND = patterns("answer")["finish_command"]


def improvise_reply(chat: Chat, model: Model, ids: Ids) -> Reply:
    """Improvise a reply, with the thought in `reasoning` for every model."""
    conversation = read_conversation(chat)
    temperature = model.temperature if chat.temperature is None else chat.temperature
    if chat.do_sample is False or temperature == 0:
        # These disable sampling (docs.bigmodel.cn, 核心参数): only the last message counts.
        ids = Ids("greedy", chat.messages[-1].text if chat.messages else "", 0)
    reply = _call_or_speak(conversation, model, ids)
    if is_thinking(conversation, model):
        reply = replace(reply, reasoning=think(conversation, model, ids))
    limit = chat.max_tokens
    if limit is not None and reply.reasoning and model.thought == "tags":
        limit -= TAG_TOKENS
    return limit_reply(reply, chat.stop, limit)


def _call_or_speak(conversation: Conversation, model: Model, ids: Ids) -> Reply:
    """Call the functions that the request needs, else reply with a text.

    If the tools have one to finish with, the text is sent through that.
    """
    choice = conversation.chat.tool_choice
    functions = conversation.functions if choice != "none" else ()
    is_without = bool(functions) and choice is None and is_without_tools(conversation)
    offers = () if is_without else read_offers(functions)
    planned = _plan(conversation, offers, ids)
    if isinstance(planned, tuple):
        # None before a required call, as recorded (charmbracelet/fantasy, 2026-03).
        is_free = choice in (None, "auto")
        said = phrase("calling", conversation.language, ids) if is_free else ""
        return Reply(content=said, calls=planned, finish_reason="tool_calls")
    last = conversation.chat.messages[-1] if conversation.chat.messages else None
    # glm-4.6 and glm-4.7 continued `{` of the assistant in 5 of 5 recordings, 2025-12.
    is_continued = last is not None and last.role == "assistant" and not last.tool_calls
    prefix = "".join(last.text.split()) if last and is_continued else ""
    is_json = is_json_asked(conversation)
    about = remove_instructions(conversation) if is_json else conversation
    text = planned or _speak(about, model, ids)
    ending = _finish_through_tool(conversation, offers, text, ids=ids)
    if ending is not None:
        return ending
    is_json = is_json or prefix.startswith(("{", "["))
    content = write_json(conversation, text, ids) if is_json else text
    return Reply(content=content.removeprefix(prefix))


def _plan(
    conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids
) -> tuple[ToolCall, ...] | str:
    """Plan the calls to make now, or the text of a plan that is done, which may be empty."""
    if offers and is_agent(offers) and not isinstance(conversation.chat.tool_choice, Mapping):
        planned = plan_reply(conversation, ToolProject(conversation, offers, ids).answer, ids)
        others = [offer for offer in offers if offer.kind == "other"]
        if planned is not None or len(others) != 1:
            return (planned,) if isinstance(planned, ToolCall) else planned or ""
        offers = others
    return (call_functions(conversation, offers, ids) if offers else ()) or ""


def _speak(conversation: Conversation, model: Model, ids: Ids) -> str:
    if conversation.results:
        return report(conversation, ids)
    edited = None if conversation.functions else edit_in_text(conversation, ids)
    return edited or speak(conversation, model, ids)


def _finish_through_tool(
    conversation: Conversation, offers: Sequence[ToolOffer], text: str, *, ids: Ids
) -> Reply | None:
    """Send the text through the function or command by which a framework receives it.

    None unless something was done before, or nothing else may be called.
    """
    choice, results = conversation.chat.tool_choice, conversation.results
    called = {result.name for result in results}
    finishers = [offer for offer in offers if offer.kind == "finish" and offer.name not in called]
    is_due = bool(results) or choice in ("required", "any") or len(finishers) == len(offers)
    if finishers and is_due and not isinstance(choice, Mapping):
        given = find_given_values(finishers[0].schema, conversation, text)
        call = finishers[0].make_call(given, ids, WorkBudget())
        return Reply(content="", calls=(call,), finish_reason="tool_calls")
    prompts = (conversation.text, conversation.system) if is_agent(offers) else ()
    # A prompt may want a command at the end of the work.
    command = next(filter(None, map(FINISH_COMMAND.search, prompts)), None)
    if command and not any(command[1] in str(result.arguments) for result in results):
        project = ToolProject(conversation, offers, ids)
        step = project.make_call(PlanStep("run", {"command": command[1]}))
        return Reply(content=text, calls=(step,), finish_reason="tool_calls") if step else None
    return None
