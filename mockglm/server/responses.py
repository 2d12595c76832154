"""A chosen right side made into the answer to one request."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from mockglm import faults
from mockglm.clock import Pace
from mockglm.completions import ParsedReply, Renderer, render_error
from mockglm.errors import FaultError, MockGLMError
from mockglm.exchange import APIError, Headers, Response
from mockglm.improvise import tagged
from mockglm.journal import Source
from mockglm.models import MODELS
from mockglm.scenarios import Step
from mockglm.server.context import Asked

__all__ = [
    "Played",
    "apply_url_faults",
    "mock_error",
    "respond",
    "respond_with_error",
    "respond_with_reply",
]

DEFAULT_MODEL = MODELS["glm-4.6"]
"""Whose habits an answer has when the request names no model that is known."""

REFUSED = 400
"""The lowest status of an error."""

MISS_HEADER = "X-MockGLM-Miss"
MOCK_ERROR_STATUS = 422
"""The status of what mockglm itself has to say: no client retries it, GLM never sends it."""


class Played(Struct, frozen=True):
    """What was decided: the answer, where it comes from, how it ends.

    `source` is a Source, or the place of the interaction that answers.
    """

    response: Response
    source: Source | str
    finish: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()


def respond(
    step: Step, asked: Asked, *, source: Source | str, speed: float = 1.0, count: int = 1
) -> Played:
    """The answer of a step, described or verbatim, at so many times its speed, faults laid over.

    `count` says which match of its interaction this is, for templates.
    """
    speed = speed if step.speed is None else step.speed
    try:
        played = _play(step, asked, source=source, speed=speed, count=count)
    except MockGLMError as error:
        return mock_error(str(error), asked)
    return apply_faults(played, step.faults, asked)


def respond_with_reply(
    rendering: Renderer,
    asked: Asked,
    *,
    source: Source | str,
    speed: float,
    pace: Pace | None = None,
) -> Played:
    """A described reply in the mode that was asked for; paced like the model unless told."""
    reply = rendering.reply
    if reply.error is not None:
        return respond_with_error(reply.error, asked, source=source, headers=rendering.headers)
    profile = asked.model or DEFAULT_MODEL
    if profile.thought == "tags" and reply.reasoning:
        rendering = replace(rendering, reply=tagged(reply))
    stamp = asked.stamp(profile)
    due = (pace or profile.pace).scaled(speed)
    if not asked.is_stream:
        return Played(rendering.render_json(stamp, due), source, finish=reply.finish_reason)
    in_pieces = bool(asked.chat and asked.chat.tool_stream and profile.tool_stream)
    answer = rendering.render_stream(stamp, due, tool_stream=in_pieces)
    return Played(answer, source, finish=reply.finish_reason)


def respond_with_error(
    failure: APIError, asked: Asked, *, source: Source | str, headers: Headers = ()
) -> Played:
    """An error in GLM's envelope, in the language the client gets."""
    answer = render_error(failure, asked.log_id, asked.language, headers)
    return Played(answer, source, code=failure.code)


def mock_error(message: str, asked: Asked) -> Played:
    """What mockglm itself has to say: in GLM's envelope, so that clients show it, but marked."""
    failure = APIError(str(MOCK_ERROR_STATUS), status=MOCK_ERROR_STATUS, message=message)
    return respond_with_error(failure, asked, source=Source.MISS, headers=((MISS_HEADER, "1"),))


def apply_url_faults(played: Played, laid: Sequence[faults.FaultSpec], asked: Asked) -> Played:
    """The answer with the faults over it that the URL names.

    Errors, and what the gateway answers, go without those that cannot be laid over them, for who
    names a fault of streams meets errors too; what mockglm itself has to say stays whole.
    """
    if not laid or played.source is Source.MISS:
        return played
    if not (played.code or played.response.status >= REFUSED or played.source is Source.GATEWAY):
        return apply_faults(played, laid, asked)
    for one in laid:
        changed = apply_faults(played, (one,), asked)
        left = f"left out: {one.fault.name}"
        missed = changed.source is Source.MISS
        played = replace(played, notes=(*played.notes, left)) if missed else changed
    return played


def apply_faults(played: Played, laid: Sequence[faults.FaultSpec], asked: Asked) -> Played:
    """The answer with faults laid over it, those with a chance only when it is drawn."""
    if not laid:
        return played
    struck = tuple(one for one in laid if one.chance > asked.chance())
    if not struck:
        return played
    try:
        answer = faults.apply(played.response, struck, key=asked.key)
    except FaultError as error:
        return mock_error(str(error), asked)
    names = ", ".join(one.fault.name for one in struck)
    return replace(played, response=answer, notes=(*played.notes, f"faults: {names}"))


def _play(step: Step, asked: Asked, *, source: Source | str, speed: float, count: int) -> Played:
    if step.response is not None:
        return _verbatim(step, step.response, asked, source=source, speed=speed)
    rendering = step.render(asked.view, now=asked.now, count=count)
    pace = step.pace if isinstance(step.pace, Pace) else None
    return respond_with_reply(rendering, asked, source=source, speed=speed, pace=pace)


def _verbatim(
    step: Step, answer: Response, asked: Asked, *, source: Source | str, speed: float
) -> Played:
    """A recorded answer; in the other mode than it was recorded in, its meaning."""
    joined = step.parsed
    if joined is None or joined.reply.error is not None:
        return Played(_scaled(answer, speed), source, code=_code(joined))
    finish = joined.reply.finish_reason
    if asked.chat is None or answer.is_stream == asked.is_stream:
        return Played(_scaled(answer, speed), source, finish=finish)
    rendering = Renderer(joined.reply)
    stamp = replace(
        asked.stamp(asked.model or DEFAULT_MODEL),
        id=joined.id,
        created=joined.created,
        model=joined.model,
        request_id=joined.request_id or joined.id,
    )
    if asked.is_stream:
        cut = rendering.render_stream(stamp, _pace(answer, rendering).scaled(speed))
        return Played(cut, source, finish=finish, notes=("a recorded JSON answer, cut",))
    plain = rendering.render_json(stamp, Pace(first=answer.chunks[-1][0]).scaled(speed))
    return Played(plain, source, finish=finish, notes=("a recorded stream, joined",))


def _pace(answer: Response, rendering: Renderer) -> Pace:
    """The recorded time of a JSON answer spread over the frames it is cut into."""
    total = answer.chunks[-1][0] if answer.chunks else 0.0
    return Pace(first=total / 2, every=total / 2 / max(rendering.frame_count, 1))


def _code(joined: ParsedReply | None) -> str:
    return joined.reply.error.code if joined and joined.reply.error else ""


def _scaled(answer: Response, speed: float) -> Response:
    """The answer at so many times its speed; at speed 0 all its pieces are one."""
    if speed == 1:
        return answer
    if speed == 0:
        return replace(answer, head=0.0, chunks=((0.0, answer.body),))
    head = None if answer.head is None else answer.head / speed
    pieces = tuple((at / speed, piece) for at, piece in answer.chunks)
    return replace(answer, head=head, chunks=pieces)
