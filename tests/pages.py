"""The pages of docs/ that are made from what there is: the checks, the faults, the scenarios."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from mockglm.conformance.report.listing import render_checks_page
from mockglm.faults import CATALOGUE, Fault
from mockglm.scenarios import load, shipped_scenarios

__all__ = ["PAGES", "faults", "scenarios"]

DOCS = Path(__file__).parents[1] / "docs"

FAULTS = """\
# Faults

Made from the catalogue by `scripts/write-pages`, not edited by hand.

A fault is laid over an answer, scripted, improvised or recorded: in a file by `fault:`, in the
control API by the same words, in the base URL after a plus.

```yaml
format: 1
interactions:
  - reply: {content: 北京今天晴。, fault: {at: 3 frames, do: reset}}
  - reply:
      content: 北京今天晴。
      fault: [usage-missing, {do: stall, at: done, for: 30s}, {do: close, chance: 0.1}]
```

`/s/hello+crlf+reset.3-frames@me/api/paas/v4` names scenario, faults and session: what stands in
the mapping comes after dots, blanks as hyphens (`stall.done.for-30s`, `close.chance-0.1`).

* `at` is a place: `N frames`, `N bytes` or `N s`, `headers`, `content`, `tool_call`, `finish` or
  `done`; all before it arrives whole and at its time. `0 frames` is after the headers, `headers`
  before them. Without it: where the row says, or where there is something to break.
* `chance` is the share of answers it is laid over, drawn from seed, session and request.
* A list is laid in its order. Times are never scaled by `speed`.
* What cannot be done, or would change nothing, is refused: 422 and why. Faults of the URL leave
  errors as they are where they do not fit them; the journal says so.

Exactly what was named arrives before the connection is ended: on Linux the server asks the kernel
until the peer has every byte, elsewhere until its own buffers are empty, so that a reset may
overtake the last bytes there. Ends and framing need the server of mockglm: under another ASGI
server they are refused. {count} faults:
"""

KINDS = {"wire": "On the wire", "stream": "In the stream", "meaning": "In the meaning"}

SCENARIOS = """\
# Scenarios

Made from the files in `scenarios/` by `scripts/write-pages`, not edited by hand. Each plays at
`/s/NAME/api/paas/v4`, asked for a stream or not; `mockglm scenarios --copy NAME` copies one here.
What the known clients make of them is in [clients.md](clients.md). There are {count}:
"""

_ISSUE = re.compile(r"(?<![\w./-])([\w.-]+/[\w.-]+)#(\d+)")


def faults() -> str:
    """docs/faults.md."""
    parts = [FAULTS.replace("{count}", str(len(CATALOGUE)))]
    for kind, title in KINDS.items():
        rows = [fault for fault in CATALOGUE.values() if fault.kind == kind]
        parts.append("\n".join([f"## {title}\n", *_table(rows)]) + "\n")
    return "\n".join(parts)


def scenarios() -> str:
    """docs/scenarios.md."""
    paths = shipped_scenarios()
    lines = [SCENARIOS.format(count=len(paths)), "| scenario | what it is |", "|---|---|"]
    lines += (f"| `{name}` | {_linked(load(path).about)} |" for name, path in paths.items())
    return "\n".join(lines) + "\n"


def _table(rows: list[Fault]) -> Iterator[str]:
    yield "| fault | what happens | laid over | what it breaks | options | seen | check |"
    yield "|---|---|---|---|---|---|---|"
    for fault in rows:
        options = "; ".join(f"`{name}`: {option.about}" for name, option in fault.options.items())
        check = fault.caught_by or f"none: {fault.why}"
        seen = ", ".join(f"[{_short(link)}]({link})" for link in fault.links)
        cells = (f"`{fault.name}`", fault.about, fault.on, fault.breaks, options, seen, check)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _short(link: str) -> str:
    """An issue as owner/repository#number, another page by its host and the last of its path."""
    issue = re.fullmatch(r"https://github\.com/([^/]+/[^/]+)/issues/(\d+)", link)
    if issue:
        return f"{issue[1]}#{issue[2]}"
    return link.removeprefix("https://").partition("/")[0]


def _linked(about: str) -> str:
    return _ISSUE.sub(r"[\1#\2](https://github.com/\1/issues/\2)", about).replace("|", r"\|")


PAGES: Mapping[str, Callable[[], str]] = {
    "checks.md": render_checks_page,
    "faults.md": faults,
    "scenarios.md": scenarios,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), "utf-8")
