"""Clients run in processes of their own against a running server, many scenarios at a time."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from mockglm import surfaces
from mockglm.client_audit import audit_client
from mockglm.scenarios import Scenario
from mockglm.surfaces import SurfaceName
from tests.outcomes.plans import RESULTS, plan
from tests.serving import KEY, Served

__all__ = ["CLIENTS", "WAITS", "Client", "Outcome", "StartError", "jobs", "run"]

LONGEST = 20.0
"""Seconds a client may take for one scenario; then it is said to wait."""

WAITS = "waits"
"""The outcome of a client that is still at it; nothing can be said against it yet."""

GIVEN_UP = [[{"outcome": WAITS, "finish": ""}]]

READY = "ready"
"""The id of the line that a worker writes when it can be asked."""

AT_ONCE = 8
"""Scenarios that one client is asked for at the same time."""

HERE = Path(__file__).parent
MODES = (False, True)

ANTHROPIC_ONLY = "anthropic-"
"""The names of scenarios of what only that surface sends."""

SURFACES_BY_NAME = {one.name: one for one in surfaces.SURFACES}


class StartError(Exception):
    """A client does not start, for the reason that is the message."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the table: its packages, the word that makes the worker be it, its surface.

    `undeclared` are packages that it imports without declaring them.
    """

    name: str
    packages: tuple[str, ...]
    word: str
    is_node: bool = False
    undeclared: tuple[str, ...] = ()
    surface: SurfaceName = "chat"


CLIENTS = (
    Client("zai-sdk", ("zai-sdk",), "zai-sdk"),
    # Version 2.1.5 imports sniffio, which httpx and anyio brought until 2026.
    Client("zhipuai", ("zhipuai",), "zhipuai", undeclared=("sniffio",)),
    Client("openai (Python)", ("openai",), "openai"),
    Client("openai (Node)", ("openai",), "openai", is_node=True),
    Client("AI SDK", ("ai", "zhipu-ai-provider"), "vercel", is_node=True),
    Client("anthropic (Python)", ("anthropic",), "anthropic", surface="anthropic"),
    Client(
        "anthropic (Node)", ("@anthropic-ai/sdk",), "anthropic", is_node=True, surface="anthropic"
    ),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one call: a word or an exception's name, the finish reason that was heard, how
    many requests the server saw, whether one of them failed, and the names of what the
    client audit finds in them."""

    outcome: str
    finish: str
    requests: int
    failed: bool = False
    verdict: tuple[str, ...] = ()


def jobs(client: Client, scenarios: Sequence[Scenario], served: Served) -> Iterator[dict[str, Any]]:
    """What a client is to do: each scenario, plain and streamed, each in a session of its own."""
    label = re.sub(r"[^a-z0-9]+", "-", client.name.lower()).strip("-")
    for scenario in scenarios:
        if client.surface == "chat" and scenario.name.startswith(ANTHROPIC_ONLY):
            continue
        asked = plan(scenario)
        key = scenario.accounts[0].key if scenario.accounts else KEY
        for stream in MODES:
            name = f"{label}-{'stream' if stream else 'plain'}"
            yield {
                "base": served.base(f"{scenario.name}@{name}").replace(
                    surfaces.CHAT.base, SURFACES_BY_NAME[client.surface].base
                ),
                "key": key,
                "stream": stream,
                "scenario": scenario.name,
                "label": name,
                "conversations": asked.conversations,
                "parallel": asked.is_parallel,
                "turns": asked.turns,
                "again": asked.again,
                "tools": asked.tools,
                "results": RESULTS,
            }


async def run(
    client: Client, scenarios: Sequence[Scenario], served: Served, command: Sequence[str]
) -> dict[tuple[str, bool], Outcome]:
    """Every scenario by one client: (scenario, stream) to what came of it.

    `command` starts the worker that is the client. Raises StartError.
    """
    limit = asyncio.Semaphore(AT_ONCE)
    async with _worker(command) as ask:

        async def one(job: Mapping[str, Any]) -> tuple[tuple[str, bool], Outcome]:
            for label in (job["label"], f"{job['label']}-again"):
                # A busy machine makes clients wait, too; those that wait twice do so by themselves.
                job = {**job, "label": label, "base": job["base"].replace(job["label"], label)}
                async with limit:
                    told = await ask({**job, "id": job["base"]})
                if told != GIVEN_UP:
                    break
            session = served.session(job["scenario"], job["label"])
            entries = tuple(session.journal)
            outcome, finish = describe(told)
            found = audit_client(entries) if outcome != WAITS else ()
            return (job["scenario"], job["stream"]), Outcome(
                outcome,
                finish,
                session.requests,
                any(entry.code or entry.outcome == "cut" for entry in entries),
                tuple(finding.name for finding in found),
            )

        return dict(await asyncio.gather(*map(one, jobs(client, scenarios, served))))


def describe(conversations: Sequence[Sequence[Mapping[str, str]]]) -> tuple[str, str]:
    """Describe conversations by an outcome, and by the finish reason if there is only one turn."""
    if len(conversations) == 1 and len(conversations[0]) == 1:
        (turn,) = conversations[0]
        return turn["outcome"], turn["finish"] or ""
    return _joined(map(_described, conversations), "; "), ""


def _described(turns: Sequence[Mapping[str, str]]) -> str:
    *before, last = turns
    finish = f", {last['finish']}" if last["finish"] else ""
    return _joined([*(turn["outcome"] for turn in before), last["outcome"] + finish], " → ")


def _joined(parts: Iterable[str], link: str) -> str:
    """Join parts; equal ones in a row are counted."""
    counted = ((part, len(list(group))) for part, group in groupby(parts))
    return link.join(part if count == 1 else f"{part} ×{count}" for part, count in counted)


@asynccontextmanager
async def _worker(command: Sequence[str]) -> AsyncIterator[Any]:
    """A process that is the client, and a function that asks it."""
    with TemporaryFile() as errors:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            cwd=HERE.parents[1],
            env={**os.environ, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"},
        )
        assert process.stdin is not None
        stdin, told = process.stdin, dict[str, asyncio.Future[Any]]()
        ready = told[READY] = asyncio.get_running_loop().create_future()
        reading = asyncio.ensure_future(_read(process, told))

        async def ask(job: Mapping[str, Any]) -> Any:
            told[job["id"]] = asyncio.get_running_loop().create_future()
            stdin.write(json.dumps(job).encode() + b"\n")
            try:
                return await asyncio.wait_for(told[job["id"]], LONGEST)
            except TimeoutError:
                return GIVEN_UP

        try:
            await asyncio.wait((ready, reading), return_when=asyncio.FIRST_COMPLETED)
            if not ready.done():
                raise StartError(_last_line(errors))
            yield ask
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            await reading


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode(errors="replace").split("\n")
    # Node writes its version behind the error.
    found = [line for line in lines if line.strip() and not line.startswith("Node.js v")]
    named = [line for line in found if re.match(r"\w*Error\b", line)]
    return (named or found or ["it ended"])[-1].strip()


async def _read(process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        if not line.startswith(b'{"id"'):
            continue  # what a package prints of itself
        said = json.loads(line)
        future = told[said["id"]]
        if not future.done():
            future.set_result(said["conversations"])
