"""Clients run in processes of their own against a running server, many scenarios at a time."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any

from mockglm import surfaces
from mockglm.client_audit import audit_client
from mockglm.scenarios import Scenario
from mockglm.surfaces import SurfaceName
from tests.outcomes.plans import RESULTS, plan
from tests.serving import KEY, Served

__all__ = ["CLIENTS", "WAITS", "Client", "Outcome", "installed", "jobs", "run"]

LONGEST = 20.0
"""Seconds a client may take for one scenario; then it is said to wait."""

WAITS = "waits"
"""The outcome of a client that is still at it; nothing can be said against it yet."""

GIVEN_UP = [[{"outcome": WAITS, "finish": ""}]]

READY = "ready"
"""The id of the line that a worker writes when it can be asked."""

AT_ONCE = 8
"""Scenarios that one client is asked for at the same time."""

PACKAGES = ("openai@6", "ai@6", "zhipu-ai-provider@0.2", "@anthropic-ai/sdk@1")
HERE = Path(__file__).parent
MODES = (False, True)

ANTHROPIC_ONLY = "anthropic-"
"""The names of scenarios of what only that surface sends."""

SURFACES_BY_NAME = {one.name: one for one in surfaces.SURFACES}


@dataclass(frozen=True, slots=True)
class Client:
    """A client of the table: its packages, the word that makes the worker be it, its surface."""

    name: str
    packages: tuple[str, ...]
    word: str
    is_node: bool = False
    surface: SurfaceName = "chat"

    def command(self, node: Path) -> tuple[str, ...]:
        if self.is_node:
            return "node", str(HERE / "worker.mjs"), self.word, str(node)
        return sys.executable, "-m", "tests.outcomes.worker", self.word

    def versions(self, node: Path) -> str:
        """Its packages with their versions, as `openai 3.54.0`."""
        return ", ".join(f"{name} {self._version(name, node)}" for name in self.packages)

    def _version(self, name: str, node: Path) -> str:
        if not self.is_node:
            return version(name)
        package = json.loads((node / "node_modules" / name / "package.json").read_text("utf-8"))
        return str(package["version"])


CLIENTS = (
    Client("zai-sdk", ("zai-sdk",), "zai-sdk"),
    Client("zhipuai", ("zhipuai",), "zhipuai"),
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


async def installed(node: Path) -> bool:
    """Have the packages of npm in a folder; whether that could be done."""
    if shutil.which("npm") is None:
        return False
    (node / "package.json").write_text('{"private": true}\n', "utf-8")
    command = ("npm", "install", "--silent", "--no-audit", "--no-fund", *PACKAGES)
    npm = await asyncio.create_subprocess_exec(*command, cwd=node)
    return await npm.wait() == 0


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
    client: Client, scenarios: Sequence[Scenario], served: Served, node: Path
) -> dict[tuple[str, bool], Outcome]:
    """Every scenario by one client: (scenario, stream) to what came of it."""
    limit = asyncio.Semaphore(AT_ONCE)
    async with _worker(client, node) as ask:

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
async def _worker(client: Client, node: Path) -> AsyncIterator[Any]:
    """A process that is the client, and a function that asks it."""
    process = await asyncio.create_subprocess_exec(
        *client.command(node),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
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
        await ready
        yield ask
    finally:
        process.kill()
        await process.wait()
        await reading


async def _read(process: asyncio.subprocess.Process, told: dict[str, Any]) -> None:
    assert process.stdout is not None
    async for line in process.stdout:
        if not line.startswith(b'{"id"'):
            continue  # what a package prints of itself
        said = json.loads(line)
        future = told[said["id"]]
        if not future.done():
            future.set_result(said["conversations"])
