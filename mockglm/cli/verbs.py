"""The verbs of the command line, and the exit codes for errors."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from typing import NamedTuple

import click

from mockglm._version import __version__
from mockglm.errors import FileError, MockGLMError, nearest


class Verb(NamedTuple):
    """A verb: the module in which its command is called `<verb>_command`, and its short help."""

    module: str
    about: str


VERBS: Mapping[str, Verb] = {
    "serve": Verb("serve", "Play scenarios and cassettes, or improvise."),
    "scenarios": Verb("files", "List the scenarios that come with mockglm."),
    "run": Verb("run", "Serve while a command runs."),
    "record": Verb("record", "Record the live service into a cassette."),
    "convert": Verb("convert", "Convert recordings of other tools into cassettes."),
    "verify": Verb("verify", "Compare cassettes with the live service."),
    "check": Verb("check", "Judge whether an endpoint conforms to the GLM API."),
    "measure": Verb("measure", "Measure the times, rates and limits of an endpoint."),
    "matrix": Verb("matrix", "Compare reports of `mockglm check` or `mockglm measure`."),
    "lint": Verb("lint", "Find mistakes, API keys and stale recordings in files."),
    "explain": Verb("files", "Explain which interaction answers a request."),
    "schema": Verb("files", "Print the JSON Schema of the file format."),
    "faults": Verb("files", "List the faults, and what each of them does."),
    "init": Verb("init", "Write a first scenario and a first test."),
    "doctor": Verb("doctor", "Find what is wrong with a set-up."),
}
"""The verbs in the order of the help, which imports none of their modules."""

WRONG_FILE = 1
WRONG_USE = 2
INTERRUPTED = 130
"""The exit code of a process that SIGINT ended."""

CONTEXT_SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "MOCKGLM"}


class Verbs(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"mockglm.cli.{VERBS[cmd_name].module}")
        command: click.Command = getattr(module, f"{cmd_name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, verb.about) for name, verb in VERBS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = nearest(args[0], VERBS)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(VERBS)}"
            raise click.UsageError(f"there is no verb {args[0]!r}; {hint}")
        return super().resolve_command(ctx, args)


@click.command(
    cls=Verbs,
    context_settings=CONTEXT_SETTINGS,
    subcommand_metavar="VERB ...",
    epilog="`mockglm VERB --help` shows the options of a verb with examples. Environment variables "
    "set options, too: MOCKGLM_SERVE_PORT=8700 is `mockglm serve --port 8700`.",
)
@click.version_option(__version__, prog_name="mockglm")
def verb_group() -> None:
    """Play, record, break and judge the Zhipu / Z.ai GLM API."""


def describe_error(error: click.ClickException) -> str:
    """Describe wrong usage in one sentence; that of an unknown option differs between clicks."""
    if not isinstance(error, click.NoSuchOption):
        return error.format_message()
    near = " or ".join(sorted(error.possibilities or ()))
    return f"there is no option {error.option_name!r}" + (f"; did you mean {near}?" if near else "")


def main(argv: list[str] | None = None) -> None:
    """Run the command line; errors of mockglm are printed without a traceback."""
    try:
        sys.exit(verb_group.main(argv, prog_name="mockglm", standalone_mode=False))
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(WRONG_USE)
    except click.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        click.echo(f"mockglm: {describe_error(error)}", err=True)
        sys.exit(error.exit_code)
    except FileError as error:
        click.echo(str(error), err=True)
        sys.exit(WRONG_FILE)
    except MockGLMError as error:
        click.echo(f"mockglm: {error}", err=True)
        sys.exit(WRONG_USE)
