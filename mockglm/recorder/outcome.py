"""The outcome of a forwarded request: the exchange without secrets, on disk if possible."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from mockglm.cassettes import CassetteWriter, normalise, redact
from mockglm.errors import FileError
from mockglm.exchange import Exchange, Request
from mockglm.recorder.content_coding import CODING
from mockglm.redaction import Redactor


class RecordedExchange(Struct, frozen=True):
    """An exchange as the client saw it, without secrets, and notes on its recording."""

    exchange: Exchange
    notes: tuple[str, ...] = ()


def record_exchange(
    exchange: Exchange, redactor: Redactor, cassette: CassetteWriter | None, *, excess: str = ""
) -> tuple[RecordedExchange, str]:
    """Redact an exchange that has a response and append it to a cassette, if there is one.

    `excess` is the bound that the response exceeded, for which it is not recorded. Returns the
    exchange with its notes, and the reason if it is not recorded.
    """
    if excess:
        # Redacting all of it would cost seconds, and a part of it may end within a secret.
        exchange = _without_body(exchange)
    try:
        # Redacted first: among what a file does not keep are the cookies, which are secret.
        clean = _normalised(redact(exchange, redactor))
    # Nothing is kept or shown of what cannot be redacted, and the recorder goes on.
    except Exception as error:
        reason = f"its secrets cannot be replaced ({type(error).__name__})"
        return RecordedExchange(_emptied(exchange), ("not recorded",)), reason
    cut = ("cut",) if clean.response is not None and clean.response.end != "done" else ()
    if excess:
        return RecordedExchange(clean, ("not recorded", excess, *cut)), excess
    if cassette is None:
        return RecordedExchange(clean, cut), ""
    reason, note = _append(exchange, clean, cassette)
    if reason:
        return RecordedExchange(clean, ("not recorded", *cut)), reason
    notes = ("recorded", f"as bytes: {note}") if note else ("recorded",)
    return RecordedExchange(clean, notes + cut), ""


def _append(exchange: Exchange, clean: Exchange, cassette: CassetteWriter) -> tuple[str, str]:
    """Append an exchange; return the reason if that fails, and a note on its form."""
    coding = exchange.response.header(CODING) if exchange.response is not None else ""
    if coding:
        return f"the response is {coding}-encoded, though it was asked not to be", ""
    try:
        (note,) = cassette.append([clean])
    except OSError as error:
        return f"{cassette.path}: {error.strerror or error}", ""
    except FileError as error:
        return str(error), ""
    return "", note


def _normalised(exchange: Exchange) -> Exchange:
    response = exchange.response
    return replace(exchange, response=normalise(response) if response is not None else None)


def _without_body(exchange: Exchange) -> Exchange:
    response = exchange.response
    return replace(exchange, response=replace(response, chunks=()) if response else None)


def _emptied(exchange: Exchange) -> Exchange:
    """The exchange without anything that could be a secret."""
    response = exchange.response
    return Exchange(
        Request(exchange.request.method, ""),
        replace(response, headers=(), chunks=()) if response else None,
        exchange.started,
    )
