"""The help of every verb: one style, no private words, and examples that can be parsed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mockglm.cli.verbs import VERBS, verb_group
from tests.cli.commands import run

PRIVATE = re.compile(r"\b(told|asked|laid|anew|beside|whose|somebody|nobody|who)\b", re.IGNORECASE)
"""Words of a private language, which users would have to guess."""

WIDEST = 58
"""Characters of a short help that click shows without cutting it."""

FILES = ("weather.yaml", "chat.yaml", "body.json", "saved.sse", "session.har")
FOLDERS = ("cassettes", "scenarios", "tests/cassettes", "gateway", "service")


def command(verb: str) -> click.Command:
    found = verb_group.get_command(click.Context(verb_group), verb)
    assert found is not None
    return found


def texts(verb: str) -> Iterator[str]:
    """The sentences of a verb that users read: about itself, and about its options."""
    found = command(verb)
    yield found.help or ""
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            yield parameter.help or ""


def example_lines(verb: str) -> list[str]:
    _, _, listed = (command(verb).epilog or "").partition("Examples:")
    return [line.strip() for line in listed.splitlines() if line.strip()]


@pytest.mark.parametrize("verb", VERBS)
def test_every_option_has_a_sentence(verb: str) -> None:
    for text in texts(verb):
        assert re.match(r"[A-Z].*\.(  \[default: \d+\])?$", text, re.DOTALL), text


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_no_private_words(verb: str) -> None:
    assert [text for text in texts(verb) if PRIVATE.search(text)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_short_help_is_one_whole_sentence(verb: str) -> None:
    short = VERBS[verb].about
    assert short.endswith(".")
    assert len(short) <= WIDEST


@pytest.mark.parametrize("verb", VERBS)
def test_examples_can_be_parsed(verb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in FOLDERS:
        Path(folder).mkdir(parents=True)
    for file in FILES:
        Path(file).touch()
    lines = example_lines(verb)
    assert lines
    for line in lines:
        program, name, *arguments = shlex.split(re.split(r" [<>]", line)[0])
        assert (program, name) == ("mockglm", verb)
        with command(verb).make_context(verb, arguments) as context:
            for value in context.params.values():
                if hasattr(value, "close"):
                    value.close()


def test_help_lists_all_verbs() -> None:
    listed = run("--help").stdout.split("Commands:\n")[1].split("\n\n")[0]
    assert [line.split(maxsplit=1) for line in listed.splitlines()] == [
        [name, verb.about] for name, verb in VERBS.items()
    ]


@pytest.mark.parametrize("arguments", [["--help"], ["serve", "--help"], ["explain", "--help"]])
def test_help_imports_only_the_command_line(arguments: list[str]) -> None:
    code = f"""if True:
        import atexit, sys
        from mockglm.cli import main
        atexit.register(lambda: print(*sys.modules, file=sys.stderr))
        main({arguments!r})"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = {name for name in done.stderr.split() if name.startswith("mockglm.")}
    assert {name for name in found if not name.startswith("mockglm.cli")} == {
        "mockglm._version",
        "mockglm.errors",
        *(["mockglm.urls"] if "serve" in arguments else []),
    }
    assert "asyncio" not in done.stderr.split()


def test_defaults_are_shown() -> None:
    for verb in VERBS:
        for parameter in command(verb).params:
            if isinstance(parameter, click.Option) and isinstance(parameter.default, str | float):
                is_shown = bool(parameter.show_default) or not parameter.default
                assert is_shown, (verb, parameter.name)
