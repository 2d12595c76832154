"""Run every client under every shipped scenario and write docs/clients.md."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from mockglm.scenarios import Scenario, load, shipped_scenarios
from tests.outcomes.page import page
from tests.outcomes.run import CLIENTS, installed, run
from tests.serving import Served, serving

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"


async def table(scenarios: Sequence[Scenario], served: Served, node: Path) -> str:
    """The page; the clients run side by side, those of Node only where npm has them."""
    has_node = await installed(node)
    clients = [client for client in CLIENTS if has_node or not client.is_node]
    came = await asyncio.gather(*(run(client, scenarios, served, node) for client in clients))
    names = [client.name for client in clients]
    versions = {client.name: client.versions(node) for client in clients}
    today = datetime.now(UTC).date()
    return page(dict(zip(names, came, strict=True)), CLIENTS, versions, today)


def main(names: Sequence[str]) -> None:
    paths = shipped_scenarios()
    scenarios = [load(paths[name]) for name in names or sorted(paths)]
    with TemporaryDirectory() as folder, serving() as served:
        text = asyncio.run(table(scenarios, served, Path(folder)))
    if names:
        sys.stdout.write(text)
        return
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
