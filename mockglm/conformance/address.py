"""The base URL, the key and the headers of an endpoint, refused where they do not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from mockglm.errors import UsageError
from mockglm.exchange import Headers

__all__ = ["base", "headers", "secret"]

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""
_OWN = ("authorization", "content-length", "host", "transfer-encoding")


def base(url: str) -> str:
    """The base URL; it stands in reports, so that a user in it is refused. Raises UsageError."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"{url!r} is not a URL: {error}") from error
    if parts.username is not None:
        raise UsageError("the URL has a user in it; the key comes from the environment")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise UsageError(f"{url!r} is not a base URL such as https://open.bigmodel.cn/api/paas/v4")
    return url


def secret(key: str) -> str:
    """The key, as a header can carry it. Raises UsageError."""
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError("the key of the environment has characters that no key has")
    return key


def headers(pairs: Iterable[str]) -> Headers:
    """Headers that were written NAME=VALUE. Raises UsageError."""
    return tuple(_header(pair) for pair in pairs)


def _header(pair: str) -> tuple[str, str]:
    name, mark, value = pair.partition("=")
    is_sound = _NAME.fullmatch(name) and value.isascii() and value.isprintable()
    if not mark or not is_sound:
        raise UsageError(f"a header is written NAME=VALUE, not {pair!r}")
    if name.lower() in _OWN:
        raise UsageError(f"the header {name} is the kit's own")
    return name.lower(), value
