"""Run every client under every shipped scenario and write docs/clients.md."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mockglm.scenarios import Scenario, load, shipped_scenarios
from tests.outcomes.environments import InstallError, install_locked, install_newest
from tests.outcomes.page import Run, page
from tests.outcomes.run import CLIENTS, Outcome, StartError, run
from tests.outcomes.unconfigured import run_unconfigured
from tests.serving import Served, serving

NEWEST = "--newest"
"""Install the newest versions of all clients, instead of the locked ones."""

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


async def make_page(
    scenarios: Sequence[Scenario], served: Served, folder: Path, *, newest: bool
) -> str:
    """The page; the clients run side by side, those that can be installed and started."""
    install = install_newest if newest else install_locked
    environments = await install(CLIENTS, folder)
    clients = [client for client in CLIENTS if client.name in environments]
    missing = {one.name: "npm cannot install it" for one in CLIENTS if one not in clients}
    commands = (environments[client.name].command(client) for client in clients)
    runs = (
        run(client, scenarios, served, command)
        for client, command in zip(clients, commands, strict=True)
    )
    table: dict[str, Mapping[tuple[str, bool], Outcome]] = {}
    for client, came in zip(
        clients, await asyncio.gather(*runs, return_exceptions=True), strict=True
    ):
        if isinstance(came, StartError):
            missing[client.name] = f"{environments[client.name].versions(client)}: {came}"
        elif isinstance(came, BaseException):
            raise came
        else:
            table[client.name] = came
    versions = {
        client.name: environments[client.name].versions(client)
        for client in clients
        if client.name in table
    }
    printed = await run_unconfigured(clients, environments)
    return page(table, CLIENTS, Run(versions, datetime.now(UTC).date(), missing, printed))


def main(arguments: Sequence[str]) -> None:
    names = [name for name in arguments if name != NEWEST]
    paths = shipped_scenarios()
    scenarios = [load(paths[name]) for name in names or sorted(paths)]
    with TemporaryDirectory() as folder, serving() as served:
        made = make_page(scenarios, served, Path(folder), newest=NEWEST in arguments)
        try:
            text = asyncio.run(made)
        except InstallError as error:
            sys.exit(f"not installed: {error}")
    if names:
        sys.stdout.write(text)
        return
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
