"""Errors of usage, and the version."""

from __future__ import annotations

import pytest

from mockglm import __version__
from tests.cli.commands import run


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serv"], "there is no verb 'serv'; did you mean serve?"),
        (["serve", "--sped", "2"], "there is no option '--sped'; did you mean"),
        (["serve", "--profile", "zia"], "Invalid value for '--profile': 'zia' is not one of"),
        (["serve", "--speed", "-1"], "Invalid value for '--speed': -1.0 is not in the range"),
        (["serve", "--model", "a=b"], "--model a=b: expected ID=LIKE with a known model"),
        (["serve", "--as-of", "2025-13"], "--as-of 2025-13: expected a day as 2025-11-03"),
        (["serve", "/nowhere.yaml"], "/nowhere.yaml does not exist"),
        (["serve", "--port", "65536"], "Invalid value for '--port': 65536 is not in the range"),
        (["scenarios", "--copy", "helo"], "there is no scenario 'helo'; did you mean hello?"),
        (["faults", "--jsn"], "there is no option '--jsn'; did you mean --json?"),
    ],
    ids=" ".join,
)
def test_wrong_usage_exits_with_2_and_one_sentence(arguments: list[str], sentence: str) -> None:
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"mockglm: {sentence}")
    assert done.stderr.count("\n") == 1


def test_version_and_help_are_printed() -> None:
    assert run("--version").stdout == f"mockglm, version {__version__}\n"
    helped = run("serve", "-h")
    assert (helped.returncode, helped.stderr) == (0, "")
    assert helped.stdout.startswith("Usage: mockglm serve [OPTIONS] [PATH...]\n")
