"""What arrived at a socket: head, body and whether the message is complete, read without mercy."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Arrived", "read"]


@dataclass(frozen=True, slots=True)
class Arrived:
    """An answer as far as it came.

    `body` is without its chunk framing as far as that is right, `is_whole` whether the message
    is complete, `end` how the connection ended: FIN, RST or open.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_whole: bool
    end: str

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def ending(self) -> str:
        """How it ended, as one word: whole, or else how the connection ended."""
        return "whole" if self.is_whole else self.end


def read(data: bytes, end: str) -> Arrived:
    """The first message of what arrived; a status of 0 is that none began."""
    head, blank, rest = data.partition(b"\r\n\r\n")
    if not blank:
        return Arrived(0, (), data, False, end)
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = tuple((name, value.strip()) for name, _, value in (x.partition(":") for x in lines))
    named = dict(headers)
    body, is_whole = rest, len(rest) == int(named.get("content-length", -1))
    if named.get("transfer-encoding") == "chunked":
        body, is_whole = _unchunked(rest)
    return Arrived(int(first.split()[1]), headers, body, is_whole, end)


def _unchunked(rest: bytes) -> tuple[bytes, bool]:
    body = b""
    while rest:
        size, _, after = rest.partition(b"\r\n")
        try:
            length = int(size, 16)
        except ValueError:
            return body, False
        if length == 0:
            return body, after == b"\r\n"
        body += after[:length]
        rest = after[length + 2 :]
    return body, False
