"""Content codings that a service applied against the request, undone in small slices.

A few kilobytes can decode to gigabytes. What is decoded is therefore handed over slice by slice,
so that a reader that has enough stops in time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

CODING = "content-encoding"

SLICE = 64 * 1024
"""Bytes that are decoded at once."""

GZIP = zlib.MAX_WBITS | 16
RAW_DEFLATE = -zlib.MAX_WBITS

KNOWN = ("", "identity", "gzip", "x-gzip", "deflate")
"""Codings that are undone: what clients read, and what is recorded, is what was meant. Others, and
several codings at once, are left to the client (RFC 9110, section 8.4)."""


class Decoder:
    """Undoes no coding at all."""

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Decode the next bytes of a body. Raises ValueError for bytes of another coding."""
        yield data


class ZlibDecoder(Decoder):
    """Undoes gzip, also of several members, or deflate."""

    def __init__(self, *, is_gzip: bool) -> None:
        self._is_gzip = is_gzip
        self._inflate = zlib.decompressobj(GZIP) if is_gzip else None
        self._first = b""

    def decode(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            data = self._first = self._first + data
            if len(data) < 2:
                return
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if _has_header(data) else RAW_DEFLATE)
        while data:
            if self._inflate.eof:
                if not self._is_gzip or not data.strip(b"\0"):
                    return  # padding
                self._inflate = zlib.decompressobj(GZIP)
            yield from _decompress(self._inflate, data)
            data = self._inflate.unused_data


def find_decoder(coding: str) -> Decoder:
    """Return the decoder of a content coding; of one that is not KNOWN, that of no coding."""
    if coding in ("gzip", "x-gzip"):
        return ZlibDecoder(is_gzip=True)
    return ZlibDecoder(is_gzip=False) if coding == "deflate" else Decoder()


def _decompress(inflate: zlib._Decompress, data: bytes) -> Iterator[bytes]:
    """Decompress to the end of the data, or to that of a member."""
    while True:
        try:
            decoded = inflate.decompress(data, SLICE)
        except zlib.error as error:
            raise ValueError(str(error)) from error
        if decoded:
            yield decoded
        data = inflate.unconsumed_tail
        if not data and len(decoded) < SLICE:
            return


def _has_header(data: bytes) -> bool:
    """True if deflate has the header of zlib (RFC 1950, section 2.2), which some servers omit."""
    return data[0] & 0x0F == 8 and int.from_bytes(data[:2]) % 31 == 0
