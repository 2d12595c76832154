"""The improvised reply: calls of functions, or a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.exchange import Reply, ToolCall
from mockglm.improvise.capabilities import ToolOffer, is_agent, read_offers
from mockglm.improvise.conversation import Conversation, read_conversation
from mockglm.improvise.function_calls import call_functions
from mockglm.improvise.language import subject
from mockglm.improvise.limits import limit_reply
from mockglm.improvise.planner import PlannedReply, find_finish_command, plan_reply
from mockglm.improvise.replies import announce, is_thinking, phrase, report, speak, think
from mockglm.improvise.sampling import choose_source
from mockglm.improvise.schema import make_arguments
from mockglm.improvise.side_tasks import is_side_task
from mockglm.improvise.steps import PlanStep, StepCaller, encode_compact
from mockglm.improvise.structured import (
    find_given_values,
    is_json_asked,
    remove_instructions,
    write_json,
)
from mockglm.improvise.text_edits import edit_in_text
from mockglm.improvise.web_search import search_results
from mockglm.models import Model
from mockglm.validation.types import Chat


def improvise_reply(chat: Chat, model: Model, ids: Ids) -> Reply:
    """Improvise a reply, with the thought in `reasoning` for every model."""
    source = choose_source(chat, model, ids)
    conversation = read_conversation(chat)
    reply = _call_or_speak(conversation, model, source)
    if is_thinking(conversation, model):
        thought = think(conversation, model, source, calls=reply.calls)
        reply = replace(reply, reasoning=thought)
    return limit_reply(reply, chat.stop, chat.max_tokens)


def _call_or_speak(conversation: Conversation, model: Model, ids: Ids) -> Reply:
    """Call the functions that the request needs, else reply with a text.

    If the tools have one to finish with, the text is sent through that.
    """
    choice = conversation.chat.tool_choice
    is_offered = choice != "none" and not (choice is None and is_side_task(conversation))
    offers = read_offers(conversation.functions) if is_offered else ()
    planned = _plan(conversation, offers, ids)
    if planned.calls:
        return _reply_with_calls(announce(conversation, ids), planned.calls)
    searched = search_results(conversation, ids)
    is_json = is_json_asked(conversation)
    text = planned.text or _speak(
        conversation, model, ids, is_json=is_json, searched=bool(searched)
    )
    ending = _finish_through_tool(conversation, offers, text, ids=ids)
    if ending is not None:
        return ending
    return Reply(
        content=write_json(conversation, text, ids) if is_json else text, web_search=searched
    )


def _plan(conversation: Conversation, offers: Sequence[ToolOffer], ids: Ids) -> PlannedReply:
    """Plan the calls to make now, or the text of a plan that is done."""
    is_forced = isinstance(conversation.chat.tool_choice, Mapping)
    if offers and is_agent(offers) and not is_forced:
        planned = plan_reply(conversation, offers, ids)
        others = [offer for offer in offers if offer.kind == "other"]
        if planned is not None or len(others) != 1:
            return planned or PlannedReply()
        offers = others
    return PlannedReply(calls=call_functions(conversation, offers, ids) if offers else ())


def _speak(
    conversation: Conversation, model: Model, ids: Ids, *, is_json: bool, searched: bool
) -> str:
    if conversation.results:
        return report(conversation, ids)
    if searched:
        return phrase("searched", conversation, ids, topic=subject(conversation.text))
    edited = None if conversation.functions else edit_in_text(conversation)
    about = remove_instructions(conversation) if is_json else conversation
    return edited or speak(about, model, ids)


def _finish_through_tool(
    conversation: Conversation, offers: Sequence[ToolOffer], text: str, *, ids: Ids
) -> Reply | None:
    """Send the text through the function or command by which a framework receives it.

    None unless something was done before, or nothing else may be called.
    """
    choice = conversation.chat.tool_choice
    called = {result.name for result in conversation.results}
    finishers = [offer for offer in offers if offer.kind == "finish" and offer.name not in called]
    is_due = bool(conversation.results) or choice in ("required", "any")
    is_due = is_due or all(offer.kind == "finish" for offer in offers)
    if finishers and is_due and not isinstance(choice, Mapping):
        last = finishers[0].function
        given = find_given_values(last.parameters or {}, conversation, text)
        sent = encode_compact(make_arguments(last.parameters, ids, given))
        return _reply_with_calls("", (ToolCall(last.name or "", sent),))
    command = find_finish_command(conversation) if offers and is_agent(offers) else ""
    if command and not any(command in str(result.arguments) for result in conversation.results):
        call = StepCaller(conversation, offers, ids).make(PlanStep("run", {"command": command}))
        return _reply_with_calls(text, (call,)) if call else None
    return None


def _reply_with_calls(text: str, made: tuple[ToolCall, ...]) -> Reply:
    return Reply(content=text, calls=made, finish_reason="tool_calls")
