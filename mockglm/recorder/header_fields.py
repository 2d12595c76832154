"""Header fields on their way through the recorder: those that are forwarded, and their bytes.

Fields keep their order, their repetitions and every byte beyond ASCII.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from mockglm.exchange import Headers
from mockglm.http1 import encode_value

Fields = tuple[tuple[bytes, bytes], ...]

HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""The headers of one connection, which are not forwarded (RFC 9110, section 7.6.1)."""

# A tab is the one control character that a value may have.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f]")


def end_to_end(headers: Iterable[tuple[str, str]]) -> Headers:
    """Return the headers that are forwarded: not those of one connection, nor those it names."""
    lines = tuple(headers)
    named = {
        word.strip().lower()
        for name, value in lines
        if name.lower() == "connection"
        for word in value.split(",")
    }
    return tuple(line for line in lines if line[0].lower() not in HOP_BY_HOP | named)


def decode_fields(fields: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Decode received fields as latin-1, which keeps every byte."""
    return tuple(
        (name.decode("latin-1"), replace_controls(value.decode("latin-1")))
        for name, value in fields
    )


def encode_fields(headers: Iterable[tuple[str, str]]) -> Fields:
    """Encode headers as the bytes they were received as; names are in lower case, as in ASGI."""
    return tuple(
        (name.lower().encode("latin-1"), encode_value(replace_controls(value)))
        for name, value in headers
    )


def replace_controls(value: str) -> str:
    """Replace control characters by spaces (RFC 9110, section 5.5): neither h11 nor uvicorn sends
    them, and no file can contain them."""
    return _CONTROLS.sub(" ", value).strip(" \t")
