"""Where a server is: the address that is bound, and the one a client on this machine asks."""

from __future__ import annotations

from ipaddress import ip_address


def format_origin(host: str, port: int, scheme: str = "http") -> str:
    """The beginning of a URL, as `http://127.0.0.1:8600`; an IPv6 address is in brackets."""
    name = f"[{host}]" if ":" in host else host
    return f"{scheme}://{name}:{port}"


def reachable_host(host: str) -> str:
    """The host to ask where this one is bound: loopback for 0.0.0.0 and ::, which mean every
    address and are none."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what is bound there."""
    try:
        return host.casefold() == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
