"""docs/performance.md: what is remembered between requests, and the figures with their machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill

from benchmarks.figures import Figure, table

# ruff: noqa: E501  tables do not wrap

__all__ = ["describe_machine", "render_page"]

PAGE = """\
# Performance

This page was written on {date} by

```sh
python -m benchmarks{names} --page docs/performance.md
```

Do not edit it; the text is in `benchmarks/page.py`, the method in
[benchmarks](../benchmarks/README.md).

## What is measured

The figure of most cases is the CPU time of the server's process for one response, user and kernel
together, as a multiple of a yardstick that is measured in turn with it: bare uvicorn that parses
the same body with `json.loads` and sends the same bytes. Every response is checked. `the floor` is
httptools without uvicorn and ASGI, which looks for the end of the request and writes fixed bytes:
no server in Python can do less. Instructions are counted by callgrind in user space; other load on
the machine does not change them. Rates and times to start are wall-clock times.

## The way of a plain answer

* The protocol class decides an ordinary POST in the turn of its last byte, and writes head and body
  of a response that is whole at once in one piece, without a scope, a cycle or a task. Any other
  response is played by a task, with the decision already made. `tests/test_fast_lane.py` compares
  both ways byte by byte.
* Handlers that pass on every request of a session are left out: no recordings, no accounts, no
  `validate: false`.
* Lines of the log are written together every 20 ms.

## What is remembered, and why that is fair

A mock that keeps the response of a request would be measured by its cache. mockglm keeps nothing by
body: each body is decoded, validated, counted, matched, answered with ids of its own and entered in
the journal. These are remembered, each within a bound:

| what | by | why it is fair |
|---|---|---|
| routes | the path | a client uses few paths |
| header fields as text | a field's bytes | a client repeats them with every request; `Expect` and `Origin` are looked at each time |
| keys that were accepted | the key | until the next load; a JWT, which expires, never |
| the checks that can fail | the parameters, the roles, and the fields that are there | the rules are functions of these alone; those of contents are evaluated each time |
| the bytes of a scripted reply | the reply | as any server keeps its templates: ids, times, models and usage are filled in for each response |
| heads of responses | status and header fields | date, log id and length are filled in |
| the times of frames | pace and lengths | without jitter they are the same for each stream |

## Figures

{machine}.

`met` and `missed` are by the goals of the project, which are for a quiet machine. On a busy one all
times are longer, and those of Python code grow more than those of the kernel; instructions do not
change.

{table}
"""


def render_page(figures: Sequence[Figure], machine: str, names: Sequence[str]) -> str:
    """Render the page with the figures of these cases."""
    cases = "".join(f" {name}" for name in names)
    date = f"{datetime.now(UTC):%Y-%m-%d}"
    wrapped = fill(machine, 100)
    return PAGE.format(names=cases, date=date, machine=wrapped, table=table(figures))


def describe_machine(before: float) -> str:
    """Describe the machine, with the load average before the run and at its end."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    parts = (
        f"CPython {platform.python_version()}",
        f"Linux {platform.release()}",
        f"{os.cpu_count()} cores",
        next(names, platform.machine()),
        f"load average {before:.1f} before and {os.getloadavg()[0]:.1f} after",
    )
    return ", ".join(parts)
