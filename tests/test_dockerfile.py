"""The Dockerfile is read as Docker reads it; `scripts/try-dockerfile` runs its steps."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.dockerfile import PROJECT, Instruction, Step, parse, plan

HEAD = "FROM python:3.13-slim\n"
END = 'HEALTHCHECK --interval=1s CMD ["check"]\nENTRYPOINT ["serve"]\nCMD ["--port", "1"]\n'


def test_lines_are_joined_and_comments_left_out() -> None:
    text = "# a\nRUN one \\\n# b\n    && two\n\nCMD []\n"
    assert list(parse(text)) == [Instruction("RUN", "one && two"), Instruction("CMD", "[]")]


def test_steps_run_in_their_folder_as_their_user() -> None:
    text = f"{HEAD}WORKDIR /a\nCOPY x y ./\nCOPY z z\nUSER 7\nRUN do it\n{END}"
    image = plan(tuple(parse(text)))
    assert image.steps == (
        Step("/", command="mkdir -p /a"),
        Step("/a/", copied=("x", "y")),
        Step("/a/z", copied=("z",)),
        Step("/a", user="7", command="do it"),
    )
    assert (image.command, image.health) == (("serve", "--port", "1"), ("check",))
    assert (image.user, image.folder) == ("7", "/a")


@pytest.mark.parametrize("line", ["ADD a b", "FROM alpine", "VOLUME /x", "SHELL []"])
def test_an_instruction_that_is_not_known_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="cannot be run without Docker"):
        plan(tuple(parse(f"{HEAD}{line}\n{END}")))


def test_the_dockerfile_of_the_project_can_be_run() -> None:
    image = plan(tuple(parse((PROJECT / "Dockerfile").read_text("utf-8"))))
    assert image.command[:2] == ("mockglm", "serve")
    assert image.health[0] == "python"
    assert [step.command for step in image.steps if step.user != "0"] == []


def test_missing_tools_are_named() -> None:
    command = [sys.executable, "-m", "tests.dockerfile"]
    env = {**os.environ, "PATH": ""}
    done = subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == "not tried: debootstrap, chroot, unshare, ip not installed\n"
