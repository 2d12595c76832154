"""`POST /async/chat/completions`: a chat whose completion is asked for later.

The completion is the one that a chat would get; it is there when its pace has passed on the
session's clock. Captured (RarogCmex/pi-bigmodel, 2026-10): the form of both answers; the result has
the model's name as it is marketed. Assumed: the names of models other than glm-4.5-flash and
glm-4.7-flash; that the errors of the model (500, 1200, 1230, 1234, 1301 and `network_error`) let
the task fail, while all others refuse the submission; that `stream` is ignored, as documented.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from mockglm.completions import ParsedReply, Renderer
from mockglm.endpoints.call import Call
from mockglm.endpoints.tasks import Task, failure, submit
from mockglm.errors import StreamError
from mockglm.exchange import Response
from mockglm.journal import Source
from mockglm.server import DEFAULT_MODEL, Handler, RequestContext
from mockglm.server.misses import improvise_or_miss
from mockglm.server.pipeline import (
    check_limits,
    check_permission,
    match_unvalidated,
    match_validated,
    parse,
    resolve_model,
    run,
    validate,
)
from mockglm.server.responses import respond
from mockglm.surfaces import CHAT
from mockglm.validation import Refusal, decode_chat, decode_json

FAILING_CODES = frozenset(("500", "1200", "1230", "1234", "1301"))
FAILING_FINISH = "network_error"

_LETTERS = re.compile(r"[a-z]+")


def submit_chat(call: Call) -> Response:
    """Answer the chat as a task; a refusal of the chat refuses it."""
    context = call.context
    response = run(CHAT_WITHOUT_STREAM, context)
    assert response is not None, "the last handler of a chat has a response"
    parsed = _parse(response)
    if context.source in (Source.MISS, Source.REFUSED) or parsed is None:
        return response
    error = parsed.reply.error
    if error is not None and error.code not in FAILING_CODES:
        return response
    context.billed = response
    context.code = context.finish_reason = ""
    return submit(call, _task(call, response, parsed))


def take_queued(context: RequestContext) -> Response | None:
    """Answer with the next one-shot reply, whatever the chat is."""
    queue, chat = context.session.queue, decode_chat(context.request.body)
    if not queue:
        return None
    if not isinstance(chat, Refusal):
        context.chat, context.model_id = replace(chat, stream=None), chat.model or ""
        context.model = context.session.model(context.model_id)
    context.source = Source.QUEUED
    return respond(context, queue.popleft(), speed=context.session.settings.speed)


def ignore_stream(context: RequestContext) -> Response | None:
    """Take the chat for one without a stream."""
    if context.chat is not None:
        context.chat = replace(context.chat, stream=None)
    return None


CHAT_WITHOUT_STREAM: Sequence[Handler] = (
    take_queued,
    parse,
    ignore_stream,
    resolve_model,
    check_permission,
    match_unvalidated,
    validate,
    check_limits,
    match_validated,
    improvise_or_miss,
)
"""The handlers of a chat after authentication that answer by JSON."""


def _parse(response: Response) -> ParsedReply | None:
    """Parse a completion or an error; None for anything else, such as the form of a task."""
    try:
        return CHAT.parse(response) if response.end == "done" else None
    except StreamError:
        return None


def _task(call: Call, response: Response, parsed: ParsedReply) -> Task:
    context = call.context
    chat = context.chat
    model = context.model_id
    request_id = (chat.request_id if chat else None) or call.id
    if parsed.reply.error is not None or parsed.reply.finish_reason == FAILING_FINISH:
        result = dict(failure(call.id, model, request_id))
    else:
        result = _result(call, response, parsed)
    return Task(
        id=call.id,
        key=call.key,
        model=model,
        request_id=request_id,
        ready_at=call.now + response.chunks[-1][0],
        result=result,
        size=response.size + len(request_id),
    )


def _result(call: Call, response: Response, parsed: ParsedReply) -> dict[str, Any]:
    """The completion with the keys of a result."""
    context = call.context
    if response.is_stream:
        fields = context.response_fields(context.model or DEFAULT_MODEL)
        response = Renderer(parsed.reply).render_json(fields)
    result: dict[str, Any] = decode_json(response.body)
    result.pop("object", None)
    result["model"] = market_name(str(result.get("model", "")))
    result["task_status"] = "SUCCESS"
    return result


def market_name(model: str) -> str:
    """The name of a model as the service markets it: `GLM-4.5-Flash`."""
    first, *others = model.split("-")
    return "-".join((first.upper(), *(_LETTERS.sub(_capitalise, one) for one in others)))


def _capitalise(match: re.Match[str]) -> str:
    return match[0].capitalize()
