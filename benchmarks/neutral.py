"""Rates measured by wrk, a client from another project."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from benchmarks import asking
from benchmarks.cases import Size
from benchmarks.figures import Figure, skipped
from benchmarks.load import Load, fetch
from benchmarks.peer import install, serve_aimock
from benchmarks.servers import Server, mockglm, yardstick

__all__ = ["neutral"]

CONNECTIONS = 8

# Lua's strings take the same escapes as JSON's, but for \u.
SCRIPT = """\
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer 0123456789abcdef0123456789abcdef.SecretSecret1234"
wrk.body = %s
"""

RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
FAILED = re.compile(r"Non-2xx or 3xx responses|Socket errors")


def neutral(load: Load, size: Size) -> Iterator[Figure]:
    """Plain answers a second of mockglm, bare uvicorn, bare httptools and aimock, in turn."""
    if not shutil.which("wrk"):
        yield skipped("wrk", "no wrk here")
        return
    request = asking.http(asking.SMALL)
    with ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        script = home / "ask.lua"
        body = json.dumps(asking.SMALL.decode(), ensure_ascii=False)
        script.write_text(SCRIPT % body, "utf-8")
        servers = {"mockglm": stack.enter_context(mockglm(asking.plain(), request, "--speed", "0"))}
        answer = fetch(servers["mockglm"].port, request)
        servers["bare"] = stack.enter_context(yardstick("plain", request, answer=answer))
        servers["raw httptools"] = stack.enter_context(yardstick("raw", request, answer=answer))
        if not install(home):
            reply = {"content": asking.HELLO}
            servers["aimock"] = stack.enter_context(serve_aimock(home, reply))
        rates: dict[str, list[float]] = {name: [] for name in servers}
        for _ in range(size.runs):
            for name, server in servers.items():
                rates[name].append(_rate(server, script, 3 if size.runs > 1 else 1))
    ours = median(rates["mockglm"])
    yield Figure(case="wrk", name="mockglm", value=ours, unit="requests a second")
    targets = {"bare": 1 / 1.3, "aimock": 2.0}
    for name in list(servers)[1:]:
        theirs = median(rates[name])
        yield Figure(
            case="wrk",
            name=f"rate by that of {name}",
            value=ours / theirs,
            unit="×",
            target=targets.get(name),
            is_least=True,
            about=f"{theirs:,.0f} requests a second",
        )


def _rate(server: Server, script: Path, seconds: int) -> float:
    """Measure the answers a second. Raises ValueError if one is refused or lost."""
    url = f"http://127.0.0.1:{server.port}{asking.PATH}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = RATE.search(done.stdout)
    if found is None or FAILED.search(done.stdout):
        raise ValueError(done.stdout)
    return float(found[1])
