"""`/api/v1/agents` and its results and conversations.

Failures are recorded (SamyRai/go-z-ai cassettes, api.z.ai, 2026-07): status 200 with `status:
failed` and an error. The rest is documented. Assumed: the texts, for an agent answers with the
content of a described reply or with the text that it was given; that no agent answers
asynchronously, so that every `async_id` fails; that a conversation is known only by the answer that
began it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, json

from mockglm.completions.gateway import SPRING_TYPE
from mockglm.endpoints.call import Call, split
from mockglm.error_codes import message_for
from mockglm.exchange import APIError, Response, count_tokens
from mockglm.validation import decode_json

NO_BALANCE = {
    "en": "Your account balance is insufficient. Please recharge and try again.",
    "zh": "您的账户余额不足，请充值后重试。",
}
NO_VARIABLES = "custom_variables is required"
MAX_CONVERSATIONS = 1000
MAX_TEXT = 10_000
"""Characters of a message that an agent repeats, and of an answer that is kept."""
MAX_ID = 256


class AgentRequest(Struct):
    """The body of a call of an agent."""

    agent_id: str = ""
    messages: list[dict[str, Any]] = []
    stream: bool | None = None
    request_id: str | None = None
    conversation_id: str | None = None


class AgentResultRequest(Struct):
    """The body of a request for a result or a conversation."""

    agent_id: str = ""
    async_id: str | None = None
    conversation_id: str | None = None
    custom_variables: dict[str, Any] | None = None


class Conversations:
    """The last answer of each conversation of a session, with its key."""

    def __init__(self) -> None:
        self.answers: OrderedDict[str, tuple[str, str]] = OrderedDict()


def invoke_agent(call: Call, request: AgentRequest) -> Response:
    """Answer with a text, as JSON or as a stream."""
    call.require(request.agent_id, "agent_id")
    call.check("messages", holds=bool(request.messages))
    given = _read_text(request.messages)[:MAX_TEXT]
    text = call.text if call.text is not None else given
    conversation = request.conversation_id or call.id
    call.check("conversation_id", holds=len(conversation) <= MAX_ID)
    answers = call.state(Conversations).answers
    answers[conversation] = call.key, text[:MAX_TEXT]
    if len(answers) > MAX_CONVERSATIONS:
        answers.popitem(last=False)
    prompt, completion = count_tokens(given), count_tokens(text)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }
    shown = {"id": call.id, "agent_id": request.agent_id, "conversation_id": conversation}
    if request.stream:
        return call.render_events(_events(shown, text, usage))
    choice = {"index": 0, "finish_reason": "stop", "messages": [_say(text)]}
    return _render(call, {**shown, "status": "success", "choices": [choice], "usage": usage})


def get_agent_result(call: Call, request: AgentResultRequest) -> Response:
    """Answer that an asynchronous task failed, for there is none."""
    shown = {"agent_id": request.agent_id, "async_id": request.async_id or ""}
    message = "async_id does not exist" if request.custom_variables is not None else NO_VARIABLES
    return _render(call, {**shown, **_fail(None, "400", message)})


def get_conversation(call: Call, request: AgentResultRequest) -> Response:
    """Answer with the last answer of a conversation."""
    conversation = request.conversation_id or ""
    key, text = call.state(Conversations).answers.get(conversation, ("", ""))
    shown = {"agent_id": request.agent_id, "conversation_id": conversation}
    if key != call.key:
        return _render(call, {**shown, **_fail(None, "400", "conversation does not exist")})
    choice = {"index": 0, "messages": [_say(text)]}
    return _render(call, {**shown, "choices": [choice]})


def render_failure(call: Call, error: APIError) -> Response:
    """Answer with a refusal in the form of a failed agent."""
    language = call.context.language
    if error.code == "1113":
        message = NO_BALANCE[language]
    else:
        message = error.message or message_for(error.code, language, error.fields)
    call.context.code = error.code
    body = decode_json(call.context.request.body)
    agent = body.get("agent_id") if isinstance(body, dict) else ""
    failed = _fail(agent if isinstance(agent, str) else "", error.code, message)
    return _render(call, {"id": call.id, **failed})


def _fail(agent: str | None, code: str, message: str) -> dict[str, Any]:
    shown = {} if agent is None else {"agent_id": agent}
    return {**shown, "status": "failed", "error": {"code": code, "message": message}}


def _render(call: Call, body: dict[str, Any]) -> Response:
    return call.render_bytes(json.encode(body), SPRING_TYPE)


def _say(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": {"type": "text", "text": text}}


def _read_text(messages: list[dict[str, Any]]) -> str:
    """The text of the last message, whose content is a text or a list of parts."""
    content = messages[-1].get("content")
    if isinstance(content, list):
        parts = (part.get("text") for part in content if isinstance(part, dict))
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _events(shown: dict[str, Any], text: str, usage: dict[str, int]) -> Iterator[dict[str, Any]]:
    pieces = split(text) or [""]
    for piece in pieces[:-1]:
        yield {**shown, "choices": [{"index": 0, "messages": [_say(piece)]}]}
    choice = {"index": 0, "finish_reason": "stop", "messages": [_say(pieces[-1])]}
    yield {**shown, "choices": [choice], "usage": usage}
