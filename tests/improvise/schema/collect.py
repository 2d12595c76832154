"""Collect the schemas of the tools that a server of the Model Context Protocol offers.

    python -m tests.improvise.schema.collect "npm @playwright/mcp 0.0.75" -- npx @playwright/mcp

starts the server, asks for its tools over standard input and output, and writes their names and the
shapes of their parameters, without any descriptions, to `published/`. Run it where the server can
reach nothing (`unshare -n`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

__all__ = ["shape", "write"]

FOLDER = Path(__file__).parent / "published"
PROTOCOL = "2025-06-18"
PROSE = frozenset(("description", "title", "examples", "example", "$comment", "$id", "$schema"))
"""Keywords that say something to people, and nothing about the shape."""
PROPERTIES = ("properties", "patternProperties", "$defs", "definitions")
"""Keywords whose keys are names, not keywords."""


def shape(schema: Any) -> Any:
    """Return a schema without prose."""
    if isinstance(schema, list):
        return [shape(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {}
    for key, value in schema.items():
        if key in PROPERTIES and isinstance(value, dict):
            found[key] = {name: shape(one) for name, one in value.items()}
        elif key in ("default", "enum", "const", "required"):
            found[key] = value
        elif key not in PROSE:
            found[key] = shape(value)
    return found


def ask(command: Sequence[str]) -> dict[str, Any]:
    """Start a server and return the schemas of its tools by name."""
    hello = {
        "protocolVersion": PROTOCOL,
        "capabilities": {},
        "clientInfo": {"name": "collect", "version": "1"},
    }
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        stdin, stdout = server.stdin, server.stdout
        assert stdin is not None
        assert stdout is not None

        def send(method: str, params: Any = None, id: int | None = None) -> None:
            message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
            text = json.dumps(message if id is None else {**message, "id": id})
            stdin.write(text + "\n")
            stdin.flush()

        def receive(id: int) -> Any:
            for line in stdout:
                if line.startswith("{") and json.loads(line).get("id") == id:
                    return json.loads(line)["result"]
            raise EOFError(command)

        try:
            send("initialize", hello, 1)
            receive(1)
            send("notifications/initialized")
            tools: dict[str, Any] = {}
            cursor: dict[str, Any] = {}
            for id in range(2, 50):
                send("tools/list", cursor, id)
                page = receive(id)
                tools |= {one["name"]: shape(one["inputSchema"]) for one in page["tools"]}
                if not page.get("nextCursor"):
                    return tools
                cursor = {"cursor": page["nextCursor"]}
            return tools
        finally:
            server.kill()


def write(source: str, tools: Mapping[str, Any]) -> None:
    """Write the tools of a source, `registry name version`."""
    _, package, version = source.split()
    name = re.sub(r"[^a-z0-9.]+", "-", f"{package} {version}".lower()).strip("-")
    rows = ",\n".join(
        f"    {json.dumps(tool)}: {json.dumps(schema, ensure_ascii=False)}"
        for tool, schema in sorted(tools.items())
    )
    text = f'{{\n  "source": {json.dumps(source)},\n  "tools": {{\n{rows}\n  }}\n}}\n'
    (FOLDER / f"{name}.json").write_text(text, "utf-8")


if __name__ == "__main__":
    mark = sys.argv.index("--")
    write(sys.argv[1], ask(sys.argv[mark + 1 :]))
