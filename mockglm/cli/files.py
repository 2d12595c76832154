"""The verbs `scenarios`, `faults`, `schema` and `explain`, which show contents of files."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from mockglm.cli.display import align_columns, is_terminal, print_table, show_loading
from mockglm.cli.options import examples, json_option, paths_argument
from mockglm.errors import UsageError, nearest

if TYPE_CHECKING:
    from mockglm.faults import Fault


def _find_chat_path() -> str:
    from mockglm.surfaces import CHAT

    return CHAT.path


@click.command(
    epilog=examples("mockglm scenarios", "mockglm scenarios --copy rate-limit"),
)
@json_option
@click.option("--copy", metavar="NAME", help="Copy this scenario into the current folder.")
def scenarios_command(*, as_json: bool, copy: str | None) -> None:
    """List the scenarios that come with mockglm. `mockglm serve` plays each of them at the base
    URL http://127.0.0.1:8600/s/NAME/api/paas/v4."""
    if copy is not None:
        click.echo(f"copied to {_copy_scenario(copy)}")
        return
    from mockglm.scenario_library import read_about, shipped_scenarios

    rows = [
        {"name": name, "about": read_about(path), "path": str(path)}
        for name, path in shipped_scenarios().items()
    ]
    if as_json:
        _print_json(rows)
        return
    print_table(("scenario", "about"), [[row["name"], row["about"]] for row in rows])


@click.command(
    epilog=examples("mockglm faults", "mockglm faults --json"),
)
@json_option
def faults_command(*, as_json: bool) -> None:
    """List the faults, each with what it breaks, the conformance check that notices it, and where
    it was seen. A reply in a file names one with `fault:`, a base URL after a plus, as
    http://127.0.0.1:8600/s/hello+glue/api/paas/v4."""
    from mockglm.faults import CATALOGUE

    rows = [
        {
            "name": fault.name,
            "kind": fault.kind,
            "surfaces": list(fault.surfaces),
            "about": fault.about,
            "breaks": fault.breaks,
            "caught_by": fault.caught_by or "",
            "seen": list(fault.links),
            "options": {name: option.about for name, option in fault.options.items()},
        }
        for fault in CATALOGUE.values()
    ]
    if as_json:
        _print_json(rows)
        return
    if is_terminal():
        cells = [[one.name, one.kind, _describe_fault(one)] for one in CATALOGUE.values()]
        print_table(("fault", "kind", "effect"), cells)
        return
    lines = align_columns([[fault.name, fault.kind, fault.about] for fault in CATALOGUE.values()])
    for line, fault in zip(lines, CATALOGUE.values(), strict=True):
        click.echo("\n".join((line, *(f"    {line}" for line in _fault_lines(fault)))))


@click.command(
    epilog=examples("mockglm schema > mockglm.schema.json"),
)
def schema_command() -> None:
    """Print the JSON Schema of scenarios and cassettes, for editors."""
    from mockglm.scenarios import build_json_schema

    click.echo(json.dumps(build_json_schema(), ensure_ascii=False, indent=2))


@click.command(
    epilog=examples(
        "mockglm explain weather.yaml --request body.json",
        "mockglm explain weather.yaml --request - <body.json",
    ),
)
@paths_argument
@click.option(
    "--request",
    "file",
    type=click.File("rb"),
    metavar="FILE",
    help="Read the body of the request from this file; - is standard input. A POST needs one.",
)
@click.option(
    "--path",
    default=_find_chat_path,
    show_default="that of chat completions",
    metavar="PATH",
    help="Send the request to this path below the base URL, as /embeddings.",
)
@click.option(
    "--method",
    type=click.Choice(["POST", "GET", "DELETE"]),
    default="POST",
    show_default=True,
    help="Send the request by this method.",
)
@click.option("--lenient", is_flag=True, help="Skip the validation rules.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="'NAME: VALUE'",
    help="Send this header (repeatable). Without Authorization, an accepted API key is sent.",
)
@json_option
def explain_command(
    *,
    paths: tuple[Path, ...],
    file: Any,
    path: str,
    method: str,
    lenient: bool,
    headers: tuple[str, ...],
    as_json: bool,
) -> None:
    """Explain which interaction answers a request, and why the others do not match. A PATH is a
    file or a folder of files.

    Exits with 1 if no interaction answers the request."""
    from mockglm.endpoints import Endpoints
    from mockglm.exchange import Request
    from mockglm.scenarios import load_all
    from mockglm.server import Sessions, Settings, explain
    from mockglm.server.comparisons import explain_request

    if file is None and method == "POST":
        raise UsageError("a POST has a body: give --request FILE")
    settings = Settings(policy="lenient" if lenient else "default", on_miss="error")
    with show_loading() as on_file:
        loaded = load_all(paths, on_file)
    session = Sessions(settings, loaded).get()
    key = min(session.keys or {"explain"})
    sent = (*map(_parse_header, headers), ("authorization", f"Bearer {key}"))
    request = Request(method, path, headers=sent, body=file.read() if file else b"")
    find_handlers = Endpoints().find_handlers
    if as_json:
        found = explain_request(session, request, find_handlers)
        text = msgspec.json.format(msgspec.json.encode(found)).decode()
        is_answered = any(one.verdict == "answers" for one in found.interactions)
    else:
        lines, is_answered = explain(session, request, find_handlers)
        text = "\n".join(lines)
    click.echo(text)
    sys.exit(0 if is_answered else 1)


def _describe_fault(fault: Fault) -> str:
    return "\n".join((fault.about, *_fault_lines(fault)))


def _fault_lines(fault: Fault) -> Iterable[str]:
    """Yield what a fault breaks, the checks that notice it, and its links, one a line."""
    checks = ", ".join(filter(None, (fault.caught_by, *fault.also)))
    yield f"breaks: {fault.breaks}"
    yield f"caught by: {checks}" if checks else f"caught by no check: {fault.why}"
    yield from (f"seen: {link}" for link in fault.links)


def _parse_header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        raise UsageError(f"{line!r} is not a header; expected 'NAME: VALUE'")
    return name.strip().lower(), value.strip()


def _copy_scenario(name: str) -> Path:
    from mockglm.scenario_library import shipped_scenarios

    paths = shipped_scenarios()
    if name not in paths:
        near = nearest(name, paths)
        hint = f"did you mean {near}?" if near else "`mockglm scenarios` lists them"
        raise UsageError(f"there is no scenario {name!r}; {hint}")
    target = Path(paths[name].name)
    if target.exists():
        raise UsageError(f"{target} already exists")
    target.write_bytes(paths[name].read_bytes())
    return target


def _print_json(rows: list[dict[str, Any]]) -> None:
    click.echo(json.dumps(rows, ensure_ascii=False, indent=2))
