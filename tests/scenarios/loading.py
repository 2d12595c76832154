"""Short ways to load text, for the tests of this folder."""

from __future__ import annotations

from textwrap import dedent

import pytest

from mockglm.errors import FileError
from mockglm.exchange import Reply
from mockglm.scenarios import Interaction, Scenario, Step, parse

__all__ = ["load", "one", "problems", "reply", "step"]


def load(text: str) -> Scenario:
    """The scenario of a text, `format: 1` put before it."""
    return parse(b"format: 1\n" + dedent(text).encode(), "test.yaml")


def one(text: str) -> Interaction:
    """The only interaction of a text."""
    (interaction,) = load(text).interactions
    return interaction


def step(text: str) -> Step:
    """The only step of a text, which is what stands under `reply:`."""
    (only,) = one("interactions:\n- reply:\n" + _indented(text)).steps
    return only


def reply(text: str) -> Reply:
    """The Reply of what stands under `reply:`."""
    rendering = step(text).renderer
    assert rendering is not None
    return rendering.reply


def problems(text: str) -> list[str]:
    """The mistakes of a text, which stands as it is in `test.yaml`."""
    with pytest.raises(FileError) as caught:
        parse(dedent(text).encode(), "test.yaml")
    return [str(problem) for problem in caught.value.problems]


def _indented(text: str) -> str:
    return "".join(f"    {line}\n" for line in dedent(text).strip().splitlines())
