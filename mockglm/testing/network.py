"""A block on the real service: its hosts are not looked up, and no TLS handshake names them.

Most clients begin with a look-up. The server name of the TLS handshake gives away those that do
without Python's: behind a proxy, with a cached address, in a loop with a resolver of its own. Code
that does not go through Python at all, such as pycurl, is not blocked.
"""

from __future__ import annotations

import os
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

HOSTS = frozenset(("open.bigmodel.cn", "api.z.ai", "bigmodel.cn", "www.bigmodel.cn", "z.ai"))

ADVICE = "create the client with base_url=glm.base_url, or call glm.env() before creating it"

PatchedFunction = tuple[Any, str, int, str]
"""The owner and name of a function, and the position and keyword of the host it is given."""

PATCHED_FUNCTIONS: tuple[PatchedFunction, ...] = (
    (socket, "getaddrinfo", 0, "host"),
    (socket, "gethostbyname", 0, "hostname"),
    (socket, "gethostbyname_ex", 0, "hostname"),
    (ssl.SSLContext, "wrap_socket", 5, "server_hostname"),
    (ssl.SSLContext, "wrap_bio", 4, "server_hostname"),
)

UVLOOP_METHODS = (("getaddrinfo", 1, "host"), ("create_connection", 2, "host"))
"""Methods of uvloop's loop, which resolves names without Python's `socket`."""


class BlockedHosts(AbstractContextManager["BlockedHosts"]):
    """Raises an OSError in code of this process that turns to a host of GLM, until the block ends.

    `refused` has the names of the hosts that were tried.
    """

    def __init__(self) -> None:
        self.refused: list[str] = []
        self._is_active = False
        self._patched: list[tuple[Any, str, Any, Any]] = []

    def __enter__(self) -> BlockedHosts:
        self._is_active = True
        for owner, name, position, keyword in _patched_functions():
            original, own = getattr(owner, name), vars(owner).get(name)
            replacement = self._wrap(original, position, keyword)
            setattr(owner, name, replacement)
            self._patched.append((owner, name, replacement, own))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.lift()

    def lift(self) -> None:
        """Let connections through again, before the block ends."""
        self._is_active = False
        for owner, name, replacement, own in self._patched:
            # Where other code has patched the function since, ours stays below it, inactive.
            if vars(owner).get(name) is not replacement:
                continue
            if own is None:
                delattr(owner, name)
            else:
                setattr(owner, name, own)
        self._patched.clear()

    def _wrap(
        self, original: Callable[..., Any], position: int, keyword: str
    ) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            host = _host(args[position] if len(args) > position else kwargs.get(keyword))
            if self._is_active and host in HOSTS:
                self.refused.append(host)
                problem = f"{_current_test()} may not call {host}: {ADVICE}"
                raise socket.gaierror(socket.EAI_NONAME, problem)
            return original(*args, **kwargs)

        return wrapper


def _patched_functions() -> Iterator[PatchedFunction]:
    yield from PATCHED_FUNCTIONS
    uvloop = sys.modules.get("uvloop")
    if uvloop is not None:
        yield from ((uvloop.Loop, *method) for method in UVLOOP_METHODS)


def _current_test() -> str:
    """The running test as pytest names it: `tests/test_a.py::test_it`."""
    return os.environ.get("PYTEST_CURRENT_TEST", "this test").rpartition(" (")[0] or "this test"


def _host(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        value = value.decode("ascii", "replace")
    return value.lower().rstrip(".") if isinstance(value, str) else ""
