"""Requests that one worker answers for all, as it alone has the files and tasks of endpoints."""

from __future__ import annotations

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from mockglm.errors import StoreError
from mockglm.exchange import Request, Response
from mockglm.journal import Source
from mockglm.server.context import RequestContext
from mockglm.server.routes import Route
from mockglm.server.sessions import Session

KEEPER = 0
"""The index of the worker that has the files, batches and tasks of all."""


class ForwardedRequest(Struct, frozen=True, tag="request"):
    """A request and its whole path, as another worker got it."""

    path: str
    request: Request


class ForwardedResponse(Struct, frozen=True):
    """The response of the worker that has decided a request, and what its log line says."""

    response: Response
    source: str
    model: str
    code: str
    notes: tuple[str, ...]


_DECODER = msgspec.msgpack.Decoder(ForwardedResponse)


def encode_response(context: RequestContext) -> bytes:
    """Encode the response of a request that was decided for another worker."""
    response = context.response
    assert response is not None, "sessions that record are not shared"
    plain = replace(response, chunks=tuple(response.chunks))
    source, notes = str(context.source), context.notes
    return msgspec.msgpack.encode(
        ForwardedResponse(plain, source, context.model_id, context.code, notes)
    )


def accept_response(
    answer: bytes | None, session: Session, route: Route, *, request: Request, started: float
) -> RequestContext:
    """Make the context by which a response of the other worker is sent.

    Its journal has the exchange already. Raises StoreError if it did not answer.
    """
    if answer is None:
        raise StoreError(f"worker {KEEPER}, which has the files and tasks, does not answer")
    found = _DECODER.decode(answer)
    own = session.copy()
    context = RequestContext(
        request=request,
        session=own,
        ids=own.ids(),
        now=own.clock.now(),
        started=started,
        surface=route.surface,
        base=route.base,
    )
    context.response = replace(found.response, chunks=tuple(found.response.chunks))
    context.model_id, context.code = found.model, found.code
    context.source, context.notes = _source(found.source), found.notes
    return context


def _source(text: str) -> Source | str:
    return Source(text) if text in frozenset(Source) else text
