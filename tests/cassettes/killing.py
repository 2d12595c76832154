"""A program that is killed: forks writers, ends each at a random moment, looks at what is left.

Run by itself, because forking wants a process without threads.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

from mockglm.cassettes import CassetteWriter
from mockglm.scenarios import load
from tests.cassettes.exchanges import exchange

TIMES_A_FILE = 4


def main(folder: Path, times: int) -> None:
    """Kill a writer so many times; AssertionError where something is lost or half there."""
    chance = random.Random(4)
    total, before = 0, 0
    for index in range(times):
        path = folder / f"killed-{index // TIMES_A_FILE}.yaml"
        before = before if index % TIMES_A_FILE else 0
        first = chance.randrange(1, 5)
        finished = _kill(path, first, chance.uniform(0, 0.01), size=chance.choice((1, 20, 300)))
        found = _count(path)
        assert before + finished <= found <= before + finished + 1, (before, finished, found)
        total, before = total + found - before, found
    sys.stdout.write(str(total))


def _kill(path: Path, first: int, after: float, *, size: int) -> int:
    """Kill a child some seconds after its first exchanges; return the number it has written."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        _write(path, writer, size)
    os.close(writer)
    for _ in range(first):
        os.read(reader, 1)
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    finished = first
    while said := os.read(reader, 65536):
        finished += len(said)
    os.close(reader)
    return finished


def _write(path: Path, writer: int, size: int) -> None:
    cassette = CassetteWriter(
        path, origin="https://api.z.ai/api/paas/v4", at="2026-11-22T08:00:00Z"
    )
    while True:
        cassette.append([exchange(f"问题{cassette.count}", size=size)])
        os.write(writer, b".")


def _count(path: Path) -> int:
    """Count the exchanges in a file, each of which is whole."""
    interactions = load(path).interactions
    for interaction in interactions:
        answer = interaction.steps[0].response
        assert answer is not None
        assert answer.body.endswith(b"data: [DONE]\n\n")
    return len(interactions)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
