"""The start of the command line: the help, which imports no verb."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from statistics import median

from benchmarks.cases import Size
from benchmarks.figures import Figure
from benchmarks.load import Load
from benchmarks.servers import ENVIRONMENT

__all__ = ["commands"]

COMMANDS = (
    (("--help",), 70),
    (("serve", "--help"), 70),
    (("scenarios",), None),
    (("--version",), None),
)


def commands(load: Load, size: Size) -> Iterator[Figure]:
    """Time commands in turn with a Python that does nothing."""
    times: dict[tuple[str, ...], list[float]] = {}
    lines = {arguments: ("-m", "mockglm", *arguments) for arguments, _ in COMMANDS}
    for _ in range(4 * size.runs):
        for arguments, line in {(): ("-c", "pass"), **lines}.items():
            before = time.monotonic()
            subprocess.run(
                [sys.executable, *line], env=ENVIRONMENT, capture_output=True, check=True
            )
            times.setdefault(arguments, []).append((time.monotonic() - before) * 1e3)
    nothing = median(times[()])
    for arguments, target in COMMANDS:
        about = f"median; least {min(times[arguments]):.0f}, `python -c pass` {nothing:.0f} ms"
        name = f"mockglm {' '.join(arguments)}"
        value = median(times[arguments])
        yield Figure(case="commands", name=name, value=value, unit="ms", target=target, about=about)
