"""Responses made of steps, replies and errors, with faults applied."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from msgspec.structs import replace

from mockglm import faults
from mockglm.clock import Pace
from mockglm.completions import (
    MISS_HEADER,
    MOCK_ERROR_STATUS,
    ParsedReply,
    Renderer,
)
from mockglm.error_codes import CODES
from mockglm.errors import FaultError, MockGLMError
from mockglm.exchange import APIError, Headers, Response
from mockglm.generations import headers_on, model_on
from mockglm.http1 import LOG_ID
from mockglm.improvise import move_thought_to_content
from mockglm.journal import Source
from mockglm.models import MODELS, Model, measured_pace
from mockglm.scenarios import Step
from mockglm.scenarios.values import NamedPace
from mockglm.server.context import RequestContext, find_finish_reason

DEFAULT_MODEL = MODELS["glm-4.6"]
"""The model whose behaviour a response has when the request names no known model."""

_MIN_ERROR_STATUS = 400


def respond(context: RequestContext, step: Step, *, speed: float = 1.0, count: int = 1) -> Response:
    """Make the response of a step, scripted or recorded, and apply the step's faults.

    The step's own speed takes precedence. `count` numbers the uses of the interaction, for
    templates.
    """
    speed = speed if step.speed is None else step.speed
    try:
        if step.response is None:
            renderer = step.renderer or step.render(context.view, now=context.now, count=count)
            pace = None if step.pace is None else _find_pace(context, step.pace)
            response = respond_with_reply(context, renderer, speed=speed, pace=pace)
        else:
            response = _replay(context, step, step.response, speed=speed)
    except MockGLMError as error:
        return mock_error(context, str(error))
    return apply_faults(context, response, step.faults) if step.faults else response


def respond_with_reply(
    context: RequestContext, renderer: Renderer, *, speed: float, pace: Pace | None = None
) -> Response:
    """Render a reply as JSON or as a stream, as requested; without a pace, at the model's."""
    reply = renderer.reply
    if reply.error is not None:
        return respond_with_error(context, reply.error, renderer.headers)
    profile = context.model or _default_model(context)
    if profile.thought == "tags" and reply.reasoning:
        renderer = replace(renderer, reply=move_thought_to_content(reply))
    fields = context.response_fields(profile)
    pace = (pace or _default_pace(context, profile)).scaled(speed)
    if pace.prompt or pace.spread or pace.tools:
        has_tools = bool(context.chat and context.chat.tools)
        pace = pace.draw(fields.prompt - fields.cached, fields.ids, has_tools=has_tools)
    context.finish_reason = reply.finish_reason
    if not context.is_stream:
        return context.surface.render_json(renderer, fields, pace)
    tool_stream = bool(context.chat and context.chat.tool_stream and profile.tool_stream)
    return context.surface.render_stream(renderer, fields, pace, tool_stream=tool_stream)


def _default_model(context: RequestContext) -> Model:
    session = context.session
    if session.as_of is None:
        return DEFAULT_MODEL
    return model_on(session.as_of, DEFAULT_MODEL, session.settings.profile)


def _default_pace(context: RequestContext, profile: Model) -> Pace:
    is_measured = context.session.settings.latency == "measured"
    return measured_pace(profile) if is_measured else profile.pace


def _find_pace(context: RequestContext, pace: Pace | NamedPace) -> Pace | None:
    if pace == "measured":
        return measured_pace(context.model or DEFAULT_MODEL)
    return pace if isinstance(pace, Pace) else None


def respond_with_error(context: RequestContext, error: APIError, headers: Headers = ()) -> Response:
    """Render an API error in the client's language."""
    context.code = error.code
    return context.surface.render_error(
        error,
        context.log_id,
        language=context.language,
        headers=headers,
        request=context.request,
    )


def mock_error(context: RequestContext, message: str) -> Response:
    """Report a condition of mockglm itself, marked by a header and a status GLM never sends."""
    context.source, context.finish_reason, context.notes = Source.MISS, "", ()
    error = APIError(str(MOCK_ERROR_STATUS), status=MOCK_ERROR_STATUS, message=message)
    return respond_with_error(context, error, ((MISS_HEADER, "1"),))


def apply_faults(
    context: RequestContext, response: Response, specs: Sequence[faults.FaultSpec]
) -> Response:
    """Apply faults, those with a chance only if it is drawn; a fault that cannot be is an error."""
    drawn = tuple(spec for spec in specs if spec.chance > context.draw()) if specs else ()
    if not drawn:
        return response
    try:
        changed = faults.apply(response, drawn, key=context.key)
    except FaultError as error:
        return mock_error(context, str(error))
    names = ", ".join(spec.fault.name for spec in drawn)
    context.notes += (f"faults: {names}",)
    if context.finish_reason and not changed.header("content-encoding"):
        context.finish_reason = find_finish_reason(changed.body)
    return changed


def apply_where_possible(
    context: RequestContext, response: Response, specs: Sequence[faults.FaultSpec]
) -> Response:
    """Apply faults to whatever response there is; to errors only those that fit.

    Faults of a URL and of a session meet errors and responses of the gateway, too, most of which
    lack what a fault of streams changes: such a fault is skipped, which the journal notes. Reports
    of mockglm itself are left alone.
    """
    if not specs or context.source is Source.MISS:
        return response
    is_error = context.code or response.status >= _MIN_ERROR_STATUS
    if not is_error and context.source is not Source.GATEWAY:
        return apply_faults(context, response, specs)
    for spec in specs:
        before = context.source, context.code, context.finish_reason, context.notes
        changed = apply_faults(context, response, (spec,))
        if context.source is Source.MISS:
            context.source, context.code, context.finish_reason, notes = before
            context.notes = (*notes, f"left out: {spec.fault.name}")
        else:
            response = changed
    return response


def apply_session_faults(context: RequestContext, response: Response) -> Response:
    """Apply the session's standing faults, and its next queued faults unless they do not fit."""
    session = context.session
    response = apply_where_possible(context, response, session.standing_faults)
    if not session.queued_faults or context.source is Source.MISS:
        return response
    notes = context.notes
    changed = apply_where_possible(context, response, session.queued_faults[0].faults)
    # Only faults that were all skipped wait for the next response; a chance not drawn is used up.
    if changed is not response or context.notes == notes:
        session.queued_faults.popleft()
    return changed


def _replay(context: RequestContext, step: Step, response: Response, *, speed: float) -> Response:
    """Replay a recorded response as it stands, or its meaning in the other mode, or on another
    surface than it was recorded on."""
    parsed, is_same = step.parsed, step.surface is context.surface
    if parsed is None:
        return scale_times(response, speed)
    if context.chat is not None and not is_same:
        context.notes += (f"recorded on the {step.surface.name} surface",)
    if parsed.reply.error is not None:
        context.code = parsed.reply.error.code
        if context.chat is None or is_same:
            return scale_times(response, speed)
        return respond_with_error(context, _translate(parsed.reply.error))
    context.finish_reason = parsed.reply.finish_reason
    if context.chat is None or (is_same and response.is_stream == context.is_stream):
        return scale_times(response, speed)
    return _convert(context, response, parsed, speed=speed)


def _translate(error: APIError) -> APIError:
    """An error of one surface for another: its code decides the status there, if it is known."""
    if error.code in CODES:
        return replace(error, status=None)
    message = error.message or str(dict(error.extra))
    return APIError(error.code or str(error.status), status=error.status, message=message)


def _convert(
    context: RequestContext, response: Response, parsed: ParsedReply, *, speed: float
) -> Response:
    """Render a recorded reply as a stream or as JSON, as the request wants."""
    renderer = Renderer(parsed.reply)
    fields = replace(
        context.response_fields(context.model or _default_model(context)),
        id=parsed.id,
        created=parsed.created,
        model=parsed.model,
        request_id=parsed.request_id or parsed.id,
    )
    if context.is_stream:
        if not response.is_stream:
            context.notes += ("a recorded JSON answer, cut",)
        pace = _spread(response, renderer).scaled(speed)
        return context.surface.render_stream(renderer, fields, pace)
    if response.is_stream:
        context.notes += ("a recorded stream, joined",)
    pace = Pace(first=response.chunks[-1][0]).scaled(speed)
    return context.surface.render_json(renderer, fields, pace)


def _spread(response: Response, renderer: Renderer) -> Pace:
    """Spread the time of a recorded response over the frames it is cut into: a stream keeps the
    time of its first chunk, a JSON response has half of its time before."""
    total = response.chunks[-1][0] if response.chunks else 0.0
    first = response.chunks[0][0] if response.is_stream and response.chunks else total / 2
    return Pace(first=first, every=(total - first) / max(renderer.frame_count, 1))


def add_dated_headers(context: RequestContext, response: Response, day: date) -> Response:
    """Add the headers that the service had on a day to a response that was rendered now.

    Recorded and verbatim responses, and reports of mockglm itself, stay as they are; a header that
    a reply has of its own counts.
    """
    # The id of this very request: no recording has it.
    if (LOG_ID, context.log_id) not in response.headers or response.header(MISS_HEADER):
        return response
    dated = headers_on(day, context.session.settings.profile, context.ids)
    new = tuple(pair for pair in dated if not response.header(pair[0]))
    return replace(response, headers=(*new, *response.headers))


def scale_times(response: Response, speed: float) -> Response:
    """Scale a response's times; at speed 0 all its chunks become one."""
    if speed == 1:
        return response
    if speed == 0:
        return replace(response, head=0.0, chunks=((0.0, response.body),))
    head = None if response.head is None else response.head / speed
    chunks = tuple((at / speed, chunk) for at, chunk in response.chunks)
    return replace(response, head=head, chunks=chunks)
