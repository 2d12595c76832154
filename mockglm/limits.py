"""Bounds of a server: how much a client may send, how long it may take, and what of it is held."""

from __future__ import annotations

from msgspec import Struct

KIB = 1024
MIB = 1024 * KIB


class Limits(Struct, frozen=True, kw_only=True):
    """The bounds of one server, in bytes and seconds unless told otherwise.

    Of a request: `target` bounds its path and query (414), `head` its request line and header
    fields together, `fields` their number (431), `body` its body (413); so much of a body as
    `discarded` is read and thrown away, because a client that still sends reads no answer.

    Of a server: `in_flight` bounds the bodies of all requests that are not answered yet, and their
    answers (503); bodies up to `small_body` and answers up to `small_answer` are not counted.

    Of a connection: `silence` bounds a pause in the middle of a request, and the time of a whole
    head; `pause` the time in which a client reads nothing of its answer; `linger` is how long a
    connection is read after a refusal; `idle` is how long one is kept that has no request. Every
    `look` seconds the server closes those beyond.

    Of a response of the live service, which is forwarded and recorded: `response` bounds its body,
    as it comes and without its content coding, `frames` its events, and the pieces that it comes
    in, `response_time` the time to its end. `in_flight` bounds those of all open requests together.
    """

    target: int = 8 * KIB
    head: int = 64 * KIB
    fields: int = 200
    # The service takes at least 3.9 MB.
    body: int = 16 * MIB
    discarded: int = 256 * MIB
    in_flight: int = 512 * MIB
    small_body: int = 64 * KIB
    small_answer: int = MIB
    silence: float = 75.0
    pause: float = 3600.0
    linger: float = 2.0
    # As nginx does; uvicorn's 5 race with clients' pools.
    idle: float = 75.0
    look: float = 10.0
    # 131,072 tokens, the most that a model gives, are some 40 MB in frames of one token.
    response: int = 64 * MIB
    frames: int = 300_000
    response_time: float = 3600.0


DEFAULT = Limits()
"""The bounds of a server for which no others are given."""
