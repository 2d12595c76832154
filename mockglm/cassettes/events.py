"""The pieces of a response in a file: lines of events, or chunks.

They are read back as the same pieces if their times are whole milliseconds.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable

from mockglm.cassettes.yaml_layout import FlowStyle, quote_text

_FRAMES = re.compile(rb"(?:data: [^\r\n]*\n\n)+")
# Characters that a block of YAML can contain as they are: no control characters, no byte order
# mark, and no line break of YAML 1.1 (U+0085, U+2028, U+2029).
_PRINTABLE = re.compile(
    "[\t\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]*"
)


def dump_events(pieces: Iterable[tuple[float, bytes]]) -> str | None:
    """Write pieces as a block of event lines; None if they are not whole `data:` frames of
    printable text and have to be written as chunks."""
    written: list[str] = []
    for at, data in pieces:
        try:
            texts = data.decode().split("\n\n")[:-1]
        except UnicodeDecodeError:
            return None
        if not _FRAMES.fullmatch(data) or not all(map(_PRINTABLE.fullmatch, texts)):
            return None
        written.extend(f"{at:.3f} {text.removeprefix('data: ')}\n" for text in texts)
    return "".join(written)


def dump_chunk(at: float, data: bytes) -> FlowStyle:
    """Write one piece as an item of `chunks`: as text if it is one."""
    try:
        return FlowStyle(f"[{at:.3f}, {quote_text(data.decode())}]")
    except UnicodeDecodeError:
        return dump_base64(at, data)


def dump_base64(at: float, data: bytes) -> FlowStyle:
    """Write one piece as an item of `chunks`, as base64."""
    return FlowStyle(f"{{at: {at:.3f}, base64: {b64encode(data).decode()}}}")
