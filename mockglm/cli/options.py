"""Options that several verbs share, and the examples below the help of a verb."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8600
LIVE = "https://open.bigmodel.cn/api/paas/v4"
"""The base URL in examples."""

Decorator = Callable[[Any], Any]

OUTPUT_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)

paths_argument = click.argument(
    "paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH..."
)
host_option = click.option(
    "--host",
    default=DEFAULT_HOST,
    show_default=True,
    metavar="HOST",
    help="Listen on this address.",
)
port_option = click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=DEFAULT_PORT,
    show_default=True,
    metavar="PORT",
    help="Listen on this port; 0 picks a free one.",
)
allow_upstream_option = click.option(
    "--allow-upstream",
    multiple=True,
    metavar="HOST",
    help="Allow this host besides those of GLM (repeatable).",
)
ca_option = click.option(
    "--ca",
    type=click.Path(exists=True),
    metavar="FILE",
    help="Trust these certificates of the service, too (PEM).",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def upstream_option(*, is_required: bool, purpose: str) -> Decorator:
    """The option that names the service."""
    return click.option("--upstream", required=is_required, metavar="URL", help=purpose)


def speed_option(purpose: str) -> Decorator:
    """The option that scales times."""
    return click.option(
        "--speed",
        type=click.FloatRange(min=0),
        default=1.0,
        show_default=True,
        metavar="FACTOR",
        help=purpose,
    )


def examples(*lines: str) -> str:
    """The end of a verb's help: one command a line."""
    return "\n".join(("\b", "Examples:", *(f"  {line}" for line in lines)))
