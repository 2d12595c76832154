"""The pipeline: the handlers of a request, in the order of the service's own checks.

That order is not documented; what is known of it is in the cassettes of SamyRai/go-z-ai (2026-07):
an unknown path without a key is 401, an unknown model is 1211 and a known one 1113 where there is
no balance.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic

from mockglm import auth, surfaces, validation
from mockglm.completions import Renderer
from mockglm.errors import nearest
from mockglm.exchange import APIError, Request, Response
from mockglm.faults import FaultSpec
from mockglm.generations import model_on
from mockglm.journal import Source
from mockglm.matching.difference import shorten
from mockglm.models import MODELS, Model, on_coding_plan
from mockglm.scenarios import Interaction
from mockglm.server.context import RequestContext
from mockglm.server.misses import improvise_or_miss
from mockglm.server.responses import (
    DEFAULT_MODEL,
    add_dated_headers,
    apply_session_faults,
    apply_where_possible,
    mock_error,
    respond,
    respond_with_error,
    respond_with_reply,
    scale_times,
)
from mockglm.server.sessions import Session
from mockglm.surfaces import Surface
from mockglm.validation import Refusal

Handler = Callable[[RequestContext], Response | None]
"""Returns the response to a request, or None to pass it on to the next handler."""

CODING_PLAN_BASE = "/api/coding/"

log = logging.getLogger(__name__)


def handle(
    session: Session,
    request: Request,
    handlers: Sequence[Handler] = (),
    *,
    surface: Surface = surfaces.CHAT,
    base: str = "",
    url_faults: Sequence[FaultSpec] = (),
    started: float | None = None,
) -> RequestContext:
    """Decide the response to a request and enter both in the session's journal.

    `handlers` and `surface` are those of the request's path below `base`, by default of a chat.
    `started` is when the request began to arrive, in seconds of time.monotonic(). The response is
    None if no handler has one: the live service is to answer.
    """
    context = RequestContext(
        request=request,
        session=session,
        ids=session.ids(),
        now=session.clock.now(),
        started=monotonic() if started is None else started,
        surface=surface,
        base=base,
        url_faults=url_faults,
    )
    try:
        response = run(_find_applicable(session, handlers or CHAT), context)
        if response is not None:
            if session.as_of is not None:
                response = add_dated_headers(context, response, session.as_of)
            if url_faults or session.standing_faults or session.queued_faults:
                response = apply_where_possible(context, response, url_faults)
                response = apply_session_faults(context, response)
            if not session.ledger.is_open:
                charge(context, context.billed or response)
                response = stretch(context, response)
    except Exception as error:
        # The request fails, not the server: the client gets an answer, the journal an entry, and
        # the log the traceback.
        log.exception("a request could not be answered")
        response = mock_error(context, f"mockglm failed at this request: {error!r}")
    except BaseException:
        context.release()
        raise
    context.response = response
    _ = context.entry  # written down before any of the response is sent
    return context


def run(handlers: Iterable[Handler], context: RequestContext) -> Response | None:
    """Return the response of the first handler that has one."""
    for handler in handlers:
        response = handler(context)
        if response is not None:
            return response
    return None


def charge(context: RequestContext, response: Response) -> None:
    """Take the response's cost from the account's balance and note the rest."""
    ledger = context.session.ledger
    if context.chat is not None and not ledger.is_open:
        context.notes += ledger.charge(context.key, context.model_id, response, now=context.now)


def stretch(context: RequestContext, response: Response) -> Response:
    """Slow a reply down by the requests in flight, if a file says so."""
    factor = context.session.ledger.stretch
    if factor == 1 or context.chat is None or context.code:
        return response
    context.notes += (f"{factor:g} times slower: {context.session.ledger.in_flight} in flight",)
    return scale_times(response, 1 / factor)


def authenticate(context: RequestContext) -> Response | None:
    """Refuse a request without an accepted key."""
    session = context.session
    credential = context.surface.credential(context.request)
    if credential in session.accepted:
        context.key = credential
        return None
    keys, known = session.keys, session.ledger.keys
    session.journal.learn(credential, is_listed=keys is not None and credential in keys)
    context.key, error = auth.authenticate(credential, now=context.now, listed=keys, known=known)
    error = error or session.ledger.account_error(context.key)
    # The key of a JWT is another text, and a JWT expires.
    if error is None and context.key == credential:
        session.accept(credential)
    return _refuse(context, error)


def authenticate_if_given(context: RequestContext) -> Response | None:
    """Refuse a key that is not accepted; pass on a request without one."""
    return authenticate(context) if context.surface.credential(context.request) else None


def record_key(context: RequestContext) -> Response | None:
    """Remember the key for the journal; the live service will judge it."""
    context.key = context.surface.credential(context.request)
    context.session.journal.learn(context.key)
    return None


def queued_reply(context: RequestContext) -> Response | None:
    """Answer with the next one-shot reply, whatever the request is."""
    session = context.session
    if not session.queue:
        return None
    _parse_leniently(context)
    context.source = Source.QUEUED
    return respond(context, session.queue.popleft(), speed=session.settings.speed)


def replay(context: RequestContext) -> Response | None:
    """Replay the next recording of this very request; when all are used, the last one again.

    If there is none, a recording of the same conversation on another surface answers.
    """
    session = context.session
    if not session.has_recordings:
        return None
    found = find_recordings(session, context.request) or _find_equivalents(context)
    playable = [one for one in found if session.peek(one)]
    if not playable:
        return None
    _parse_leniently(context)
    chosen = _of_mode(playable, context) or playable
    fresh = next((one for one in chosen if not session.is_exhausted(one)), chosen[-1])
    return _respond_with(context, fresh)


def replay_new(context: RequestContext) -> Response | None:
    """Replay a recording of this very request, in its mode, only if it was not used before."""
    session = context.session
    _parse_leniently(context)
    found = [one for one in find_recordings(session, context.request) if session.peek(one)]
    fresh = (one for one in _of_mode(found, context) if not session.is_exhausted(one))
    interaction = next(fresh, None)
    return None if interaction is None else _respond_with(context, interaction)


def parse(context: RequestContext) -> Response | None:
    """Decode the body; refuse one that is no chat."""
    chat = context.surface.decode(context.request.body)
    if isinstance(chat, Refusal):
        return _refuse(context, chat.to_error(context.language))
    context.chat, context.model_id = chat, chat.model or ""
    return None


def resolve_model(context: RequestContext) -> Response | None:
    """Refuse an unknown model."""
    context.model = _find_model(context)
    if context.model is not None:
        return None
    if context.model_id:
        context.notes += (_hint_at_models(context),)
    return _refuse(context, validation.unknown_model(context.model_id).to_error(context.language))


def _hint_at_models(context: RequestContext) -> str:
    """Say how to add the model; a name that is nearly one of the table is probably a mistake."""
    name = shorten(context.model_id)
    like = nearest(name, MODELS) or DEFAULT_MODEL.id
    return f"unknown model; add it with --model {name}={like}, or under models: in a file"


def check_permission(context: RequestContext) -> Response | None:
    """Refuse a model that the account may not use or cannot pay."""
    ledger = context.session.ledger
    if ledger.is_open:
        return None
    chat = context.chat
    if chat and context.surface.needs_plan(chat) and not ledger.has_plan(context.key):
        context.notes += ("[1m] needs an account with `plan` or `models`",)
        refusal = validation.unknown_model(context.model_id)
        return _refuse(context, refusal.to_error(context.language))
    return _refuse(context, ledger.permission_error(context.key, context.model_id))


def validate(context: RequestContext) -> Response | None:
    """Refuse a request that breaks a validation rule enforced by the session's policy."""
    if context.chat is None:
        return None
    policy = context.session.settings.policy
    result = context.surface.validate(
        context.chat, context.model, policy, prompt=context.prompt_tokens
    )
    context.waived = result.waived
    if result.refusal is not None:
        return _refuse(context, result.refusal.to_error(context.language))
    if result.reply is None:
        return None
    context.source = Source.REFUSED
    return respond_with_reply(context, Renderer(result.reply), speed=context.session.settings.speed)


def check_limits(context: RequestContext) -> Response | None:
    """Refuse a request beyond a limit of its account; else take a slot until it is finished."""
    ledger = context.session.ledger
    if ledger.is_open:
        return None
    entered = ledger.enter(context.key, context.model_id, context.now)
    if isinstance(entered, APIError):
        return _refuse(context, entered)
    context.release = entered
    return None


def match_unvalidated(context: RequestContext) -> Response | None:
    """Answer with the first matching interaction of those with `validate: false`."""
    return _match(context, validated=False)


def match_validated(context: RequestContext) -> Response | None:
    """Answer with the first matching interaction of the others."""
    return _match(context, validated=True)


CHAT: Sequence[Handler] = (
    authenticate,
    queued_reply,
    replay,
    parse,
    resolve_model,
    check_permission,
    match_unvalidated,
    validate,
    check_limits,
    match_validated,
    improvise_or_miss,
)
"""The handlers of a chat."""

CONDITIONS: Mapping[Handler, Callable[[Session], bool]] = {
    replay: lambda session: session.has_recordings,
    check_permission: lambda session: not session.ledger.is_open,
    match_unvalidated: lambda session: any(one.has_unvalidated for one in session.playlists),
    check_limits: lambda session: not session.ledger.is_open,
}
"""The handlers that pass on every request of a session, unless a condition holds."""


def _find_applicable(session: Session, handlers: Sequence[Handler]) -> Sequence[Handler]:
    """Return the handlers, those of a chat without any that pass on every request of a session."""
    if handlers is not CHAT:
        return handlers
    found: Sequence[Handler] | None = session.chat_handlers
    if found is None:
        found = tuple(one for one in CHAT if one not in CONDITIONS or CONDITIONS[one](session))
        session.chat_handlers = found
    return found


RECORDING_CHAT: Sequence[Handler] = (
    record_key,
    queued_reply,
    replay_new,
    match_unvalidated,
    match_validated,
)
"""The handlers of a chat that is recorded: the live service has rules and limits of its own."""


def find_recordings(session: Session, request: Request) -> Sequence[Interaction]:
    """Find the recordings of a request as it came, else as a recorder would have redacted it."""
    found = _find_recordings(session, request)
    if found:
        return found
    forms = (form for form in session.journal.redacted_forms(request) if form is not request)
    return next(filter(None, (_find_recordings(session, form) for form in forms)), ())


def _find_recordings(session: Session, request: Request) -> Sequence[Interaction]:
    return [one for playlist in session.playlists for one in playlist.find_recordings(request)]


def _find_equivalents(context: RequestContext) -> Sequence[Interaction]:
    """Find the recordings of a conversation on other surfaces, as it came or as redacted."""
    session, surface = context.session, context.surface
    if context.request.path != surface.path or not any(
        playlist.has_other_surfaces(surface) for playlist in session.playlists
    ):
        return ()
    forms = (context.request, *session.journal.redacted_forms(context.request))
    chats = (surface.decode(form.body) for form in dict.fromkeys(forms))
    found = (
        [one for playlist in session.playlists for one in playlist.find_equivalents(chat, surface)]
        for chat in chats
        if not isinstance(chat, Refusal)
    )
    return next(filter(None, found), ())


def _of_mode(found: Iterable[Interaction], context: RequestContext) -> list[Interaction]:
    return [one for one in found if one.request and one.request.is_stream == context.is_stream]


def _parse_leniently(context: RequestContext) -> None:
    """Decode the body if it is a chat, and refuse nothing."""
    chat = context.surface.decode(context.request.body)
    if not isinstance(chat, Refusal):
        context.chat, context.model_id = chat, chat.model or ""
        context.model = _find_model(context)


def _find_model(context: RequestContext) -> Model | None:
    session = context.session
    model = session.model(context.model_id)
    if model is not None and context.base.startswith(CODING_PLAN_BASE):
        model = on_coding_plan(model)
    if model is None or session.as_of is None:
        return model
    return model_on(session.as_of, model, session.settings.profile)


def _match(context: RequestContext, *, validated: bool) -> Response | None:
    """Answer with the first interaction that matches and is not used up."""
    session = context.session
    for playlist in session.playlists:
        if not validated and not playlist.has_unvalidated:
            continue
        view = context.view
        for one in playlist.candidates(view, validated=validated):
            when = one.when
            if when is None or (one.always or session.peek(one)) is None:
                continue
            draw = 0.0 if when.chance is None else partial(session.draw, one)
            if when.matches(view, draw):
                return _respond_with(context, one)
    return None


def _respond_with(context: RequestContext, interaction: Interaction) -> Response | None:
    session = context.session
    step, count = session.take_step(interaction)
    if step is None:
        return None
    context.source = interaction.short_location
    speed = session.settings.speed * interaction.speed
    return respond(context, step, speed=speed, count=count)


def _refuse(context: RequestContext, error: APIError | None) -> Response | None:
    if error is None:
        return None
    context.source = Source.REFUSED
    return respond_with_error(context, error)
