"""Values that are secret because of their names: of headers, cookies and query parameters."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, unquote_plus

REDACTED = "REDACTED"

SECRET_HEADERS = frozenset(
    (
        "api-key",
        "authorization",
        "cookie",
        "proxy-authorization",
        "set-cookie",
        "x-access-token",
        "x-api-key",
        "x-auth-token",
        "x-goog-api-key",
        "x-token",
    )
)
"""Headers, in lower case, with a value that is a secret; others have a word in their name."""

_SECRET_WORD = re.compile(
    r"(?:^|[-_])(?:auth|authorization|authentication|cookies?|credentials?|passw(?:or)?d|secret"
    r"|token|apikey|(?:api|access|auth|secret|subscription)[-_]key)(?=$|[-_])"
)
# The service's limits and the headers of browsers are no secrets.
_PUBLIC_PREFIXES = ("x-ratelimit-", "access-control-")

_PARAMETERS = SECRET_HEADERS | {
    "access-key",
    "access-token",
    "api-token",
    "apikey",
    "auth",
    "auth-token",
    "client-secret",
    "id-token",
    "key",
    "password",
    "refresh-token",
    "secret",
    "secret-key",
    "session-token",
    "sig",
    "signature",
    "token",
}
"""Query parameters, in lower case and with dashes, with a value that is a secret."""

_COOKIES = frozenset(("cookie", "set-cookie"))
_SCHEME = re.compile(r"([A-Za-z][\w.+-]*)\s+(\S.*)", re.DOTALL)
_CREDENTIAL_PART = re.compile(r"""[\w-]+=(?:"([^"]*)"|([^\s,"]+))""")
_ARRAY = re.compile(r"\[[^\]]*\]\Z")


def is_secret_header(name: str) -> bool:
    """True if the value of a header is a secret, given its name in any case."""
    name = name.lower()
    if name in SECRET_HEADERS:
        return True
    return not name.startswith(_PUBLIC_PREFIXES) and _SECRET_WORD.search(name) is not None


def header_credentials(headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Return the secrets in headers: credentials without their scheme, each cookie's value."""
    for name, value in headers:
        if name.lower() in _COOKIES:
            yield from _cookies(value, is_set=name.lower() == "set-cookie")
        elif is_secret_header(name):
            yield from _credentials(value.strip())


def secret_parameters(query: str) -> Iterator[str]:
    """Return the values of a query that are secret because of their names and not redacted yet."""
    for part in re.split("[&;]", query):
        name, _, value = part.partition("=")
        if _is_secret(name) and value not in ("", REDACTED):
            yield unquote_plus(value)


def redact_query(query: str) -> str:
    """Replace those values in a query; everything else stays as it was written."""
    return "&".join(map(_blanked, query.split("&"))) if query else query


def _cookies(value: str, *, is_set: bool) -> Iterator[str]:
    """The values of the cookies in a header; Set-Cookie has one cookie and attributes."""
    for pair in value.split(";")[: 1 if is_set else None]:
        name, mark, text = pair.strip().partition("=")
        text = (text if mark else name).strip('"')
        yield text
        if unquote(text) != text:
            yield unquote(text)


def _credentials(value: str) -> Iterator[str]:
    scheme = _SCHEME.fullmatch(value)
    if scheme is None:
        yield value
        return
    yield scheme[2]
    if scheme[1].lower() == "basic":
        yield from _basic(scheme[2])
    # For example `Digest username="…", response="…"`, or `Token token=…`.
    yield from (part[1] or part[2] for part in _CREDENTIAL_PART.finditer(scheme[2]))


def _basic(value: str) -> Iterator[str]:
    """User and password of Basic authentication; either may be the service's key."""
    try:
        text = b64decode(value + "==").decode()
    except ValueError:
        return
    yield from filter(None, (text, *text.split(":", 1)))


def _blanked(pair: str) -> str:
    """A parameter without its secret. A `;` may begin another one, or belong to the value."""
    parts: list[str] = []
    was_secret = False
    for part in pair.split(";"):
        name, mark, value = part.partition("=")
        if was_secret and not mark:
            continue
        was_secret = bool(mark and value) and _is_secret(name)
        parts.append(f"{name}={REDACTED}" if was_secret else part)
    return ";".join(parts)


def _is_secret(name: str) -> bool:
    plain = _ARRAY.sub("", unquote_plus(name).strip())
    return plain.lower().replace("_", "-") in _PARAMETERS
