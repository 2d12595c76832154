"""The dispatcher: finds the endpoint of a request and answers it.

The order of the checks is that of chats: key, recordings, body, model, permission and balance,
limits; then the interactions of files, then the answer that is built in. A pattern answers at an
endpoint only if it has a `path`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from mockglm import validation
from mockglm.clock import Pace
from mockglm.completions import not_found
from mockglm.endpoints.call import Call, EndpointError
from mockglm.endpoints.storage import StorageBudget
from mockglm.endpoints.table import STATEFUL, TABLE, EndpointRow, index_by_shape
from mockglm.error_codes import message_for
from mockglm.errors import MockGLMError, UsageError
from mockglm.exchange import Response
from mockglm.journal import Source
from mockglm.scenarios import Interaction, Step
from mockglm.server import Handler, RequestContext, Route, Session
from mockglm.server.pipeline import authenticate, replay
from mockglm.server.responses import (
    apply_faults,
    mock_error,
    respond,
    respond_with_error,
)
from mockglm.validation import Chat

States = dict[type[Any], Any]

_ROWS = index_by_shape(TABLE)


class _Parameters(Struct):
    """The parameters that patterns, accounts and the journal know of any request."""

    model: Any = None
    stream: Any = None


class Endpoints:
    """The endpoints of one server, with the state that they keep for each session.

    Those of a trial give no built-in answer, which may depend on state that a trial does not have
    or change it: they note that there would be one.
    """

    def __init__(self, *, is_trial: bool = False) -> None:
        self._is_trial = is_trial
        self._states: WeakKeyDictionary[Session, States] = WeakKeyDictionary()
        self._storage = StorageBudget()

    def keeps_state(self, route: Route) -> bool:
        """True for the path of an endpoint whose answers depend on earlier requests."""
        return any(row.module in STATEFUL for row, _ in _find_rows(route))

    def find_handlers(self, route: Route, method: str) -> Sequence[Handler] | None:
        """Find the handlers of a request; None if its path is no endpoint."""
        found = _find_rows(route)
        if not found:
            return None
        allowed = [row.method for row, _ in found]
        for row, variables in found:
            if row.method == method or (row.method == "GET" and method == "HEAD"):
                return *_ACCESS[row.access], partial(self._answer_endpoint, row, variables)
        return authenticate, replay, partial(_refuse_method, ", ".join(allowed))

    def _answer_endpoint(
        self, row: EndpointRow, variables: Mapping[str, str], context: RequestContext
    ) -> Response | None:
        states = self._states.setdefault(context.session, {StorageBudget: self._storage})
        call = Call(context=context, row=row, variables=variables, states=states)
        try:
            if row.is_chat:
                return _build(call)
            _read(call)
            response = _answer_queued(call) or _check(call) or _answer_matched(call)
            if response is None and self._is_trial:
                context.source = Source.GATEWAY
                context.notes += (f"mockglm answers {row.method} {row.path} itself",)
                return None
            return response or _build(call)
        except EndpointError as refusal:
            context.source = Source.REFUSED
            if row.refuse:
                return _load(row, row.refuse)(call, refusal.error)
            return respond_with_error(context, refusal.error)
        except UsageError as error:
            return mock_error(context, str(error))


def _authenticate_monitor(context: RequestContext) -> Response | None:
    """Refuse a request without an accepted key by status 200, with a code that is a number.

    1001 is recorded (both hosts, 2026); assumed for the others.
    """
    refusal = authenticate(context)
    if refusal is None:
        return None
    language = "zh" if context.code == "1001" else context.language
    message = message_for(context.code, language)
    body = {"code": int(context.code), "msg": message, "success": False}
    return Response(200, refusal.headers, ((0.0, msgspec.json.encode(body)),))


_ACCESS: Mapping[str, Sequence[Handler]] = {
    "key": (authenticate, replay),
    "monitor": (_authenticate_monitor, replay),
    "open": (),
}


def _find_rows(route: Route) -> list[tuple[EndpointRow, Mapping[str, str]]]:
    """Find the rows of a path, of all methods, with its variables."""
    candidates = _ROWS.get(route.tail.count("/"), ())
    is_whole = not route.base
    matched = (
        (row, _match(row.path, route.tail)) for row in candidates if row.is_whole is is_whole
    )
    return [(row, variables) for row, variables in matched if variables is not None]


def _match(pattern: str, path: str) -> Mapping[str, str] | None:
    """Match a path with one of the table: its variables, None if it is another."""
    variables = {}
    for name, segment in zip(pattern.split("/"), path.split("/"), strict=True):
        if name.startswith("{") and segment:
            variables[name[1:-1]] = segment
        elif name != segment:
            return None
    return variables


def _refuse_method(allowed: str, context: RequestContext) -> Response:
    context.source = Source.GATEWAY
    return not_found(context.request.path, context.log_id, context.now, allowed=allowed)


def _read(call: Call) -> None:
    """Read the model of a request, and the fields of a form."""
    row, context = call.row, call.context
    parameters = _Parameters()
    if row.is_form:
        parameters = _read_form(call)
    elif row.request or row.models:
        parameters = call.decode(_Parameters)
    model = parameters.model if isinstance(parameters.model, str) else None
    if row.is_billed:
        context.chat = Chat(model=model, stream=parameters.stream is True)
        context.model_id = model or ""


def _read_form(call: Call) -> _Parameters:
    """Read a multipart body; patterns see its fields as the body."""
    from mockglm.endpoints.form import parse_form

    request = call.context.request
    try:
        call.form = parse_form(request.header("content-type"), request.body)
    except ValueError:
        call.refuse_by(validation.UNREADABLE)
    call.context.view.form = call.form.fields
    fields = call.form.fields
    return _Parameters(fields.get("model"), fields.get("stream") == "true")


def _answer_queued(call: Call) -> Response | None:
    """Answer with the next one-shot reply, unless it is one that only a chat can give."""
    context = call.context
    queue = context.session.queue
    if not queue or call.row.method != "POST":
        return None
    if not call.row.has_text and _is_described(queue[0]):
        return None
    context.source = Source.QUEUED
    return _play(call, queue.popleft(), speed=call.speed, count=1)


def _check(call: Call) -> Response | None:
    """Refuse a model that the endpoint or the host lacks, and an account beyond its limits."""
    row, context = call.row, call.context
    model = context.model_id
    if context.session.settings.profile == "zai" and not row.on_zai:
        call.refuse("1211")
    if row.models and model not in row.models and context.session.model(model) is None:
        call.refuse_by(validation.unknown_model(model))
    return call.enter_account() if row.is_billed else None


def _answer_matched(call: Call) -> Response | None:
    """Answer with the first interaction whose pattern has a path and matches."""
    session = call.context.session
    interaction = _find_interaction(call.context)
    if interaction is None:
        return None
    step, count = session.take_step(interaction)
    if step is None:
        return None
    call.context.source = interaction.short_location
    speed = call.speed * interaction.speed
    return _play(call, step, speed=speed, count=count)


def _find_interaction(context: RequestContext) -> Interaction | None:
    session, view = context.session, context.view
    for playlist in session.playlists:
        for one in playlist.interactions:
            when = one.when
            if when is None or when.path is None or session.peek(one) is None:
                continue
            if when.matches(view, partial(session.draw, one)):
                return one
    return None


def _play(call: Call, step: Step, *, speed: float, count: int) -> Response:
    """Play a step: a verbatim response, an error, or the text of a described reply."""
    context = call.context
    if not _is_described(step):
        return respond(context, step, speed=speed, count=count)
    if not call.row.has_text:
        path = context.request.path
        return mock_error(context, f"mockglm: {path} gives no text; answer it by `response`")
    try:
        call.reply = step.render(context.view, now=context.now, count=count).reply
    except MockGLMError as error:
        return mock_error(context, str(error))
    if call.reply.error is not None:
        return respond_with_error(context, call.reply.error)
    source = context.source
    response = _delay(_build(call), step.pace, speed)
    context.source = source
    return apply_faults(context, response, step.faults)


def _is_described(step: Step) -> bool:
    """True for a reply of the model, false for an error and a verbatim response."""
    if step.renderer is not None:
        return step.renderer.reply.error is None
    return step.template is not None


def _delay(response: Response, pace: Any, speed: float) -> Response:
    """Give a response the time to the first token of a pace."""
    from msgspec.structs import replace

    if not isinstance(pace, Pace):
        return response
    first = pace.scaled(speed).first
    return replace(response, head=first, chunks=tuple((first, one) for _, one in response.chunks))


def _build(call: Call) -> Response:
    """Give the built-in answer. The module of the endpoint is imported here."""
    row = call.row
    function = _load(row, row.answer)
    call.context.source = Source.GATEWAY
    if not row.request:
        return function(call)
    module = import_module(function.__module__)
    return function(call, call.decode(getattr(module, row.request)))


def _load(row: EndpointRow, name: str) -> Callable[..., Response]:
    function: Callable[..., Response] = getattr(
        import_module(f"mockglm.endpoints.{row.module}"), name
    )
    return function
