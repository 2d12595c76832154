"""An answer when nobody wrote one: what a model would plausibly say or call."""

from __future__ import annotations

from msgspec.structs import replace

from mockglm.clock import Ids
from mockglm.exchange import Reply, ToolCall
from mockglm.improvise import objects
from mockglm.improvise.arguments import arguments
from mockglm.improvise.budget import bound
from mockglm.improvise.luck import pick, source
from mockglm.improvise.phrases import PHRASES
from mockglm.improvise.plan import calls, dump, finisher, is_finisher
from mockglm.improvise.scene import Scene, look
from mockglm.improvise.search import found
from mockglm.improvise.speech import announce, report, speak
from mockglm.improvise.thought import is_thinking, thought
from mockglm.improvise.words import subject
from mockglm.models import Model
from mockglm.validation.types import Chat

__all__ = ["answer"]


def answer(chat: Chat, model: Model, ids: Ids) -> Reply:
    """The reply to a request, its thought in `reasoning` whatever the model."""
    luck = source(chat, model, ids)
    scene = look(chat)
    reply = _act(scene, model, luck)
    if is_thinking(scene, model):
        reply = replace(reply, reasoning=thought(scene, model, luck, calls=reply.calls))
    return bound(reply, chat.stop, chat.max_tokens)


def _act(scene: Scene, model: Model, ids: Ids) -> Reply:
    """Call what is called for, else answer; through the function for answers if there is one."""
    made = calls(scene, ids)
    if made:
        return _calling(announce(scene, ids), made)
    searched = found(scene, ids)
    is_object = objects.asked(scene)
    about = objects.plain(scene) if is_object else scene
    text = _refer(scene, ids) if searched else speak(about, model, ids)
    text = report(scene, ids) if scene.results else text
    last = finisher(scene)
    if last is not None and _is_due(scene):
        given = objects.given(last.parameters or {}, scene, text)
        sent = dump(arguments(last.parameters, ids, given))
        return _calling("", (ToolCall(last.name or "", sent),))
    if is_object:
        text = objects.written(scene, text, ids)
    return Reply(content=text, web_search=searched)


def _calling(text: str, made: tuple[ToolCall, ...]) -> Reply:
    return Reply(content=text, calls=made, finish_reason="tool_calls")


def _refer(scene: Scene, ids: Ids) -> str:
    """The answer that refers to what a web search found."""
    phrase = pick(PHRASES["searched"][scene.language], ids, "searched")
    return phrase.format(topic=subject(scene.text))


def _is_due(scene: Scene) -> bool:
    """Whether the answer goes through the function for it: something was done, or nothing else
    may be called."""
    if scene.results or scene.chat.tool_choice in ("required", "any"):
        return True
    return all(map(is_finisher, scene.functions))
