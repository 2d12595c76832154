"""Chat recordings as others keep them: go-vcr and vcrpy cassettes, pasted streams and bodies."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Recording", "read"]

CHAT = "/chat/completions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recorded answer and as much of its surroundings as the source kept.

    A recording that is not `ordered` was parsed and dumped again by its recorder, so the order of
    its keys is nobody's evidence; one that is not `whole` is an excerpt.
    """

    name: str
    body: bytes
    request: Mapping[str, Any] | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] | None = None
    is_ordered: bool = True
    is_whole: bool = True


def read(folder: Path) -> Iterator[Recording]:
    """Every chat recording below a folder, by path; what is no evidence is passed over."""
    readers = {".yaml": _cassette, ".sse": _stream, ".json": _body, ".jsonl": _errors}
    for path in sorted(folder.rglob("*")):
        if path.suffix in readers and "RECONSTRUCTED" not in path.name:
            yield from readers[path.suffix](path, path.relative_to(folder).as_posix())


def _cassette(path: Path, name: str) -> Iterator[Recording]:
    """Source: dnaeon/go-vcr, kevin1024/vcrpy; `parsed_body` is of pydantic-ai's serializer."""
    file = yaml.load(path.read_text("utf-8"), yaml.CSafeLoader)
    for ordinal, interaction in enumerate(file["interactions"]):
        request, response = interaction["request"], interaction["response"]
        if not (request.get("url") or request["uri"]).endswith(CHAT):
            continue
        sent = request["parsed_body"] if "parsed_body" in request else json.loads(request["body"])
        yield Recording(
            name=f"{name}#{ordinal}",
            body=_bytes(response),
            request=sent,
            status=response.get("code") or response["status"]["code"],
            headers=tuple(
                (key, value) for key, row in response["headers"].items() for value in row
            ),
            is_ordered="parsed_body" not in response,
        )


def _bytes(response: Mapping[str, Any]) -> bytes:
    if "parsed_body" in response:
        return json.dumps(response["parsed_body"]).encode()
    body = response["body"]
    text = body["string"] if isinstance(body, dict) else body
    return text if isinstance(text, bytes) else text.encode()


def _stream(path: Path, name: str) -> Iterator[Recording]:
    yield Recording(name=name, body=path.read_bytes(), is_whole="excerpt" not in path.name)


def _body(path: Path, name: str) -> Iterator[Recording]:
    body = path.read_bytes()
    if "choices" in json.loads(body):
        yield Recording(name=name, body=body)


def _errors(path: Path, name: str) -> Iterator[Recording]:
    for ordinal, line in enumerate(path.read_text("utf-8").splitlines()):
        row = json.loads(line)
        yield Recording(
            name=f"{name}#{ordinal}", body=row["body"].encode(), status=row["http_status"]
        )
