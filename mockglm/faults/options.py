"""The options of faults, and their readers for files and URLs."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from mockglm.http1 import BODILESS

Options: TypeAlias = Mapping[str, Any]

LARGEST = 64 * 2**20
"""The largest count there is, and bytes of the largest body: anybody can write one in a URL."""

DAY = 86400.0
"""Seconds of the longest wait."""

_UNITS: Mapping[str, float] = {
    "ms": 0.001,
    "s": 1,
    "": 1,
    "m": 60,
    "h": 3600,
    "d": DAY,
    "w": 7 * DAY,
}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w|)")
_WHOLE = re.compile(r"0*[1-9][0-9]*")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")


class Option(Struct, frozen=True):
    """A parameter of a fault. `read` makes a value of what was written, or raises ValueError."""

    read: Callable[[Any], Any]
    default: Any
    about: str


def duration(value: Any, most: float) -> float:
    """A duration in seconds: a number of them, or text as 500ms, 30s, 5m, 5h, 7d or 2w.

    Raises ValueError for what is none, and for one longer than `most` seconds.
    """
    match = _DURATION.fullmatch(str(value).strip())
    if match is None:
        raise ValueError(f"`{value!s:.40}` is not a duration; expected 30s, 5m, 5h or 7d")
    found = float(match[1]) * _UNITS[match[2]]
    if found > most:
        raise ValueError(f"`{value!s:.40}` is too long; {most / DAY:g} d is the most")
    return found


def seconds(value: Any) -> float:
    """A duration of a day at most, in seconds."""
    return duration(value, DAY)


def whole(most: int) -> Callable[[Any], int]:
    """A whole number of at least one, and so many at most."""

    def read(value: Any) -> int:
        written = str(value)
        if isinstance(value, bool) or not _WHOLE.fullmatch(written):
            raise ValueError(f"{value!r:.40} is not a whole number above 0")
        if len(written) > len(str(most)) or int(written) > most:
            raise ValueError(f"{value!r:.40} is more than {most}")
        return int(written)

    return read


count = whole(LARGEST)


def status_code(value: Any) -> int:
    """A status that an answer with a body can have."""
    written = str(value)
    if len(written) == 3 and written.isdecimal():
        code = int(written)
        if 200 <= code <= 599 and code not in BODILESS:
            return code
    raise ValueError(f"{value!r:.40} is not a status from 200 to 599 of a response with a body")


def text(value: Any) -> str:
    """A piece of text."""
    written = str(value)
    written.encode()  # a UnicodeEncodeError is a ValueError
    return written


def header_value(value: Any) -> str:
    """The value of a header."""
    written = str(value)
    if not fits_header(written):
        raise ValueError(f"{value!r:.40} has an invalid character for a header")
    return written


def fits_header(text: str) -> bool:
    """True if a text can be the value of a header (RFC 9110, section 5.5)."""
    return _VALUE.fullmatch(text) is not None


def choice(*names: str) -> Callable[[Any], str]:
    """One of these words."""

    def read(value: Any) -> str:
        if value not in names:
            raise ValueError(f"{value!r} is not one of {', '.join(names)}")
        return str(value)

    return read
