"""The grammar of an answer: what the renderer has to reproduce, and what it was asked with."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from tests.grammars.shape import shape
from tests.grammars.sources import Recording, read

__all__ = ["SOURCES", "derive", "grammar", "load", "write"]

SOURCES = {
    "fantasy": "charmbracelet/fantasy, providertests/testdata, glm-4.7-flash of 2026-03-13",
    "go-z-ai-cassettes": "SamyRai/go-z-ai, pkg/client/testdata/cassettes, of 2026-07-10",
    "pydantic-ai": "pydantic/pydantic-ai, tests/models/cassettes/test_zai, of 2026-06 to 2026-08",
    "loose": "RarogCmex/pi-bigmodel, and streams and errors pasted into public issues and tests",
}
"""The folders of recordings and where they were published."""

DONE = "[DONE]"
EDGE = frozenset(
    {
        "alt-svc",
        "connection",
        "content-length",
        "date",
        "keep-alive",
        "server",
        "set-cookie",
        "transfer-encoding",
    }
)
"""Headers of the connection and of the hosts' edges, none of which a server behind them sends."""


def derive(folder: Path) -> dict[str, Any]:
    """The grammars of the recordings below one folder, by name."""
    return {recording.name: grammar(recording) for recording in read(folder)}


def load(name: str) -> dict[str, Any]:
    """The committed grammars of one source."""
    text = (Path(__file__).parent / f"{name}.yaml").read_text("utf-8")
    grammars: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return grammars


def write(samples: Path) -> None:
    """Derive the grammars of every source below a folder and keep them beside this module."""
    for name, origin in SOURCES.items():
        text = yaml.dump(
            derive(samples / name),
            Dumper=_Plain,
            sort_keys=False,
            allow_unicode=True,
            width=100,
            default_flow_style=None,
        )
        head = f"# {origin}.\n# Made by scripts/derive-grammars: forms only, no text.\n"
        (Path(__file__).parent / f"{name}.yaml").write_text(head + text, "utf-8")


def grammar(recording: Recording) -> dict[str, Any]:
    """All that a recording says about form; a key is absent where its source says nothing."""
    facts: dict[str, Any] = {}
    if recording.request is not None:
        facts["request"] = shape(recording.request)
    if recording.status is not None:
        facts["status"] = recording.status
    if recording.headers is not None:
        facts["headers"] = _headers(recording.headers)
    if not recording.is_ordered:
        facts["ordered"] = False
    body = recording.body.strip()
    form = _stream(recording) if body.startswith(b"data:") else _plain(json.loads(body))
    return {"era": _era(form), **facts, **form}


def _headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in lower case, in order, each once; the value of the content type only."""
    names = dict.fromkeys(name.lower() for name, _ in headers)
    kind = next(value for name, value in headers if name.lower() == "content-type")
    kept = sorted(name for name in names if name not in EDGE)
    return {name: kind if name == "content-type" else "<text>" for name in kept}


def _stream(recording: Recording) -> dict[str, Any]:
    text = recording.body.decode()
    data = [line.removeprefix("data: ") for line in text.splitlines() if line]
    chunks = [json.loads(item) for item in data if item != DONE]
    kinds = [_kind(chunk["choices"][0]) for chunk in chunks]
    shapes: dict[str, list[Any]] = {}
    for kind, chunk in zip(kinds, chunks, strict=True):
        form = shape(chunk)
        if form not in shapes.setdefault(kind, []):
            shapes[kind].append(form)
    facts: dict[str, Any] = {
        "kinds": "".join(kind for kind, _ in groupby(kinds)),
        "created": _relation(chunks[0], upto=1),
        "constant": [key for key in ("id", "created", "model") if _is_constant(chunks, key)],
        "chunks": shapes,
    }
    if recording.is_whole:
        facts["framing"] = _framing(text, data)
    return facts


def _framing(text: str, data: list[str]) -> str:
    canonical = "".join(f"data: {item}\n\n" for item in data)
    ends = "then [DONE]" if data[-1:] == [DONE] else "without [DONE]"
    return f"{'data lines' if text.strip() == canonical.strip() else 'something else'}, {ends}"


def _kind(choice: Mapping[str, Any]) -> str:
    """Tool calls, Final, Reasoning or Content; 2025's tool chunks were final, too."""
    delta = choice["delta"]
    if "tool_calls" in delta:
        return "T"
    if "finish_reason" in choice:
        return "F"
    return "R" if "reasoning_content" in delta else "C"


def _plain(body: Mapping[str, Any]) -> dict[str, Any]:
    if "error" in body:
        return {"body": shape(body)}
    return {
        "created": _relation(body, upto=600),
        "request_id": "the id" if body["request_id"] == body["id"] else "its own",
        "body": shape(body),
    }


def _relation(body: Mapping[str, Any], *, upto: int) -> str:
    """How long after the local time its id begins with an answer says it was created."""
    if not re.match(r"\d{14}", body["id"]):
        return "unknown"
    began = datetime.strptime(body["id"][:14] + "+0800", "%Y%m%d%H%M%S%z").timestamp()
    after = body["created"] - began
    return f"0 to {upto} s after the id" if 0 <= after <= upto else f"{after:.0f} s after the id"


def _is_constant(chunks: list[dict[str, Any]], key: str) -> bool:
    return len({chunk[key] for chunk in chunks}) == 1


def _era(form: Mapping[str, Any]) -> str:
    """2026, 2025 (no `object` yet), or async: a result that was fetched later."""
    first = form["body"] if "body" in form else next(iter(form["chunks"].values()))[0]
    if "task_status" in first:
        return "async"
    return "2026" if "object" in first or "error" in first else "2025"


class _Plain(yaml.CSafeDumper):
    """Safe dumping without anchors."""

    def ignore_aliases(self, data: Any) -> bool:
        return True
