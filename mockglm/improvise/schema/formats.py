"""The formats of strings in JSON Schema: samples of each, and a pattern to test texts by.

Sources: JSON Schema 2020-12 Validation §7.3, RFC 3339, and the registry of OpenAPI formats.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from ipaddress import IPv6Address
from typing import Any

from msgspec import Struct

from mockglm.improvise.schema.patterns import is_readable


class StringFormat(Struct, frozen=True):
    """One format: `sample` makes a different text for each number, `pattern` tests texts."""

    sample: Callable[[int], str]
    pattern: str = r"[\s\S]*"
    test: Callable[[str], object] = str
    """A function that raises ValueError, or returns False, for texts that a pattern accepts."""

    def accepts(self, text: str) -> bool:
        if re.fullmatch(self.pattern, text) is None:
            return False
        with suppress(ValueError):
            return self.test(text) is not False
        return False


def _day(number: int) -> str:
    return f"2026-{number // 28 % 12 + 1:02}-{number % 28 + 1:02}"


def _clock(number: int) -> str:
    return f"{(9 + number) % 24:02}:{number // 24 % 60:02}:00Z"


def _base64(number: int) -> str:
    return base64.b64encode(f"example {number}".encode()).decode()


def _uri(number: int) -> str:
    return f"https://example.com/{number}" if number else "https://example.com"


_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_HOST = rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)"
_DURATION = r"P(?=.)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+S)?)?)"
_EMAIL = StringFormat(lambda n: f"user{n or ''}@example.com", rf"[^@\s]{{1,64}}@{_HOST}")
_HOSTNAME = StringFormat(lambda n: f"host{n or ''}.example.com", _HOST)
_URI = StringFormat(_uri, r"[A-Za-z][A-Za-z0-9+.-]*:(?=[!-~]+$)[^\s\"<>\\^`{|}]+")
_REFERENCE = StringFormat(lambda n: f"/example/{n}", r"(?=[!-~]*$)[^\s\"<>\\^`{|}]*")
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_BYTE = r"(25[0-5]|2[0-4]\d|1?\d?\d)"


def _is_day(text: str) -> Any:
    return date.fromisoformat(text[:10])


FORMATS: Mapping[str, StringFormat] = {
    "date": StringFormat(_day, _DATE, _is_day),
    "date-time": StringFormat(lambda n: f"{_day(n)}T{_clock(n)}", f"{_DATE}[Tt]{_TIME}", _is_day),
    "time": StringFormat(_clock, _TIME),
    "duration": StringFormat(lambda n: f"PT{n + 1}H", _DURATION),
    **dict.fromkeys(("email", "idn-email"), _EMAIL),
    **dict.fromkeys(("hostname", "idn-hostname"), _HOSTNAME),
    "ipv4": StringFormat(lambda n: f"192.0.2.{n % 254 + 1}", rf"{_BYTE}(\.{_BYTE}){{3}}"),
    "ipv6": StringFormat(lambda n: f"2001:db8::{n % 65535 + 1:x}", test=IPv6Address),
    **dict.fromkeys(("uri", "url", "iri"), _URI),
    **dict.fromkeys(("uri-reference", "iri-reference"), _REFERENCE),
    "uri-template": StringFormat(lambda n: f"https://example.com/{n}/{{id}}"),
    "uuid": StringFormat(lambda n: f"3f2504e0-4f89-41d3-9a0c-{n:012x}", _UUID),
    "json-pointer": StringFormat(lambda n: f"/items/{n}", r"(/([^~/]|~[01])*)*"),
    "relative-json-pointer": StringFormat(lambda n: f"{n}/items", r"(0|[1-9]\d*)(#|(/.*)?)"),
    "regex": StringFormat(lambda n: f"^example{n or ''}$", test=is_readable),
    "byte": StringFormat(_base64, r"[A-Za-z0-9+/]*={0,2}"),
    "binary": StringFormat(_base64),
    "phone": StringFormat(lambda n: f"+861000000{n % 10000:04}"),
    "color": StringFormat(lambda n: f"#{n * 4099 % 0xFFFFFF:06x}"),
    "password": StringFormat(lambda n: f"Example-Passw0rd-{n}"),
}
