"""The environments of the clients: the locked versions, or the newest ones in scratch folders."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.outcomes.run import Client

__all__ = ["Environment", "InstallError", "install_locked", "install_newest"]

PINS = {"openai": "6", "ai": "6", "zhipu-ai-provider": "0.2", "@anthropic-ai/sdk": "1"}
"""The major versions of the packages of npm that docs/clients.md is about between its runs."""

VERSION = "import sys; from importlib.metadata import version; print(version(sys.argv[1]))"


class InstallError(Exception):
    """Packages could not be installed."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The Python of a client, or the folder that has its `node_modules`."""

    python: Path
    node: Path | None = None

    def command(self, client: Client) -> tuple[str, ...]:
        """The command of the worker that is the client."""
        here = Path(__file__).parent
        if client.is_node:
            return "node", str(here / "worker.mjs"), client.word, str(self.node)
        return str(self.python), "-m", "tests.outcomes.worker", client.word

    def versions(self, client: Client) -> str:
        """List the packages of the client with their versions, such as `openai 3.54.0`."""
        found = ", ".join(f"{name} {self._version(name)}" for name in client.packages)
        added = (f"{name} {self._version(name)}" for name in client.undeclared)
        if self.node is not None:
            found += f" on Node {_print('node', '--version').removeprefix('v')}"
        return found + "".join(f", with {one}, which it imports undeclared" for one in added)

    def _version(self, name: str) -> str:
        if self.node is not None:
            package = self.node / "node_modules" / name / "package.json"
            return str(json.loads(package.read_text("utf-8"))["version"])
        return _print(str(self.python), "-c", VERSION, name)


def _print(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout.strip()


async def install_locked(clients: Sequence[Client], folder: Path) -> Mapping[str, Environment]:
    """The environment of each client: this one, and one folder for those of Node.

    Those of Node are left out where npm cannot install them.
    """
    here = Path(sys.executable)
    found = {client.name: Environment(here) for client in clients if not client.is_node}
    if shutil.which("npm") is None:
        return found
    try:
        await _install_node(folder, [f"{name}@{pin}" for name, pin in PINS.items()])
    except InstallError:
        return found
    return {
        client.name: Environment(here, folder if client.is_node else None) for client in clients
    }


async def install_newest(clients: Sequence[Client], folder: Path) -> Mapping[str, Environment]:
    """An environment for each client with the newest versions of its packages, below a folder.

    Raises InstallError with what a package manager prints.
    """
    made = await asyncio.gather(
        *(_install(client, folder / str(number)) for number, client in enumerate(clients))
    )
    return {client.name: one for client, one in zip(clients, made, strict=True)}


async def _install(client: Client, folder: Path) -> Environment:
    folder.mkdir(parents=True)
    if client.is_node:
        await _install_node(folder, [f"{name}@latest" for name in client.packages])
        return Environment(Path(sys.executable), folder)
    await _run(sys.executable, "-m", "venv", str(folder))
    python = folder / "bin" / "python"
    pip = (str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    await _run(*pip, *client.packages, *client.undeclared)
    return Environment(python)


async def _install_node(folder: Path, packages: Sequence[str]) -> None:
    (folder / "package.json").write_text('{"private": true}\n', "utf-8")
    command = ("npm", "install", "--silent", "--no-audit", "--no-fund", *packages)
    await _run(*command, folder=folder)


async def _run(*command: str, folder: Path | None = None) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise InstallError(f"{' '.join(command)}\n{printed.decode(errors='replace')}")
