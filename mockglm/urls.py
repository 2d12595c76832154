"""Addresses: the one a server is bound to, the one for its clients, and whether both are local."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address


def format_origin(host: str, port: int, scheme: str = "http") -> str:
    """Format an origin, as `http://127.0.0.1:8600`; an IPv6 address is in brackets."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}"


def reachable_host(host: str) -> str:
    """Return a host that clients can use: loopback for 0.0.0.0 and ::, which mean all addresses."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def is_loopback(host: str) -> bool:
    """True if only this machine can reach a server bound to the host."""
    try:
        return host.casefold() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


# Nothing but a host and a port: `[::1].evil.com`, `localhost:80.evil.com` and user parts fail.
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<name>[A-Za-z0-9.-]+))(?::\d{1,5})?")


def is_local_authority(authority: str) -> bool:
    """True for the `Host` of this machine: `localhost`, `127.0.0.1:8600`, `[::1]:8600`."""
    match = _AUTHORITY.fullmatch(authority.strip())
    return match is not None and is_loopback(match["v6"] or match["name"])


def is_local_origin(origin: str) -> bool:
    """True for the `Origin` of a page of this machine."""
    scheme, separator, authority = origin.strip().partition("://")
    return bool(separator) and scheme in ("http", "https") and is_local_authority(authority)


def is_cross_site(headers: Iterable[tuple[str, str]]) -> bool:
    """True for a request that a page of another site made, or a page under another name.

    Header names are in lower case. A page of any site can send requests to this machine, and one
    whose name was pointed at this machine (DNS rebinding) can read the responses, too.
    """
    for name, value in headers:
        if name == "host" and not is_local_authority(value):
            return True
        if name == "origin" and not is_local_origin(value):
            return True
        if name == "sec-fetch-site" and value.strip().lower() == "cross-site":
            return True
    return False
