"""Forms: multipart bodies, read piece by piece within bounds. Nothing is written to disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

MAX_PARTS = 200
MAX_NAME = 1024
"""Bytes of the longest header of a part."""
MAX_VALUE = 1024 * 1024
"""Bytes of the longest field that is no file."""
PIECE = 64 * 1024


class UploadedFile(Struct, frozen=True):
    """A part with a file name."""

    name: str
    filename: str
    content: bytes


class Form(Struct, frozen=True):
    """The parts of a multipart body: fields by name, the last of a repeated name, and files."""

    fields: Mapping[str, str]
    files: Sequence[UploadedFile]

    def file(self, name: str) -> UploadedFile | None:
        """The first file of a name."""
        return next((one for one in self.files if one.name == name), None)


class _Part:
    """A part while it is read."""

    def __init__(self) -> None:
        self.header = bytearray()
        self.value = bytearray()
        self.options: dict[str, str] = {}
        self.data = bytearray()


class _Reader:
    """Collects the parts that python-multipart finds. Raises ValueError beyond the bounds."""

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.files: list[UploadedFile] = []
        self.is_complete = False
        self._part = _Part()
        self._count = 0

    def callbacks(self) -> dict[str, Any]:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._add_header,
            "on_header_value": self._add_value,
            "on_header_end": self._end_header,
            "on_part_data": self._add_data,
            "on_part_end": self._end,
            "on_end": self._complete,
        }

    def _begin(self) -> None:
        self._part = _Part()
        self._count += 1
        if self._count > MAX_PARTS:
            raise ValueError("too many parts")

    def _add_header(self, data: bytes, start: int, end: int) -> None:
        _extend(self._part.header, data[start:end], MAX_NAME)

    def _add_value(self, data: bytes, start: int, end: int) -> None:
        _extend(self._part.value, data[start:end], MAX_NAME)

    def _end_header(self) -> None:
        from python_multipart.multipart import parse_options_header

        part = self._part
        if part.header.lower() == b"content-disposition":
            _, options = parse_options_header(bytes(part.value))
            part.options = {_text(name): _text(value) for name, value in options.items()}
        part.header, part.value = bytearray(), bytearray()

    def _add_data(self, data: bytes, start: int, end: int) -> None:
        if "filename" in self._part.options:
            self._part.data += data[start:end]
        else:
            _extend(self._part.data, data[start:end], MAX_VALUE)

    def _end(self) -> None:
        part = self._part
        name = part.options.get("name", "")
        if "filename" in part.options:
            file = UploadedFile(name, part.options["filename"], bytes(part.data))
            self.files.append(file)
        else:
            self.fields[name] = _text(bytes(part.data))
        self._part = _Part()

    def _complete(self) -> None:
        self.is_complete = True


def parse_form(content_type: str, body: bytes) -> Form:
    """Parse a multipart body. Raises ValueError if it is none, is cut off, or is out of bounds."""
    from python_multipart.multipart import MultipartParser, parse_options_header

    kind, options = parse_options_header(content_type)
    boundary = options.get(b"boundary", b"")
    if kind != b"multipart/form-data" or not boundary:
        raise ValueError("no multipart form")
    reader = _Reader()
    parser = MultipartParser(boundary, reader.callbacks())  # type: ignore[arg-type]
    view = memoryview(body)
    for start in range(0, len(body), PIECE):
        parser.write(bytes(view[start : start + PIECE]))
    parser.finalize()
    if not reader.is_complete:
        raise ValueError("cut off")
    return Form(reader.fields, reader.files)


def _extend(target: bytearray, piece: bytes, most: int) -> None:
    target += piece
    if len(target) > most:
        raise ValueError("too long")


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")
