"""The checks told: as a list, one by one, and as the page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import groupby

from mockglm.conformance.catalogue import CATEGORIES, RETIRED, SET, Check
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.probes import PROBES
from mockglm.conformance.report.advice import advise
from mockglm.errors import UsageError

__all__ = ["explain", "listing", "page"]

_INTRODUCTION = """\
# The checks of the conformance kit

Set `{set}`: {total} checks, {must} MUST, {should} SHOULD, {note} NOTE. Made from the checks
themselves; a change of the set changes its name.

A MUST that is broken fails the run. A SHOULD warns, and fails with `--glm-strict`. A NOTE tells.
A check that had nothing to judge has not passed: it is *not testable* (which counts as a failure),
*not exercised* (the model did not do what was asked of it) or *not applicable* (the model does not
claim to do this).

## Running it

```
export ZAI_API_KEY=…                    # never a flag; ZHIPUAI_API_KEY, GLM_API_KEY or .env will do
mockglm check https://open.bigmodel.cn/api/paas/v4 --model glm-4.5-flash
mockglm check http://localhost:8000/v1 --model my-glm --report out     # vLLM, SGLang, a gateway
mockglm check cassettes/                                               # recordings, at no cost
pytest --pyargs mockglm.conformance --glm-url URL --glm-model ID -k SSE
```

`--plan` says what would be sent and the most it can cost, without opening a socket: a full run
sends at most 30 requests and generates at most 6,000 tokens, second attempts included. Requests
that exceed limits (marked *disruptive*) are sent only with `--disruptive`. vLLM and SGLang need
the reasoning and the tool parser of the model's family switched on.

It ends with 0 (conformant), 1 (a violation, or an entry of the baseline that passes), 2
(interrupted), 3 (internal error), 4 (wrong usage), 5 (nothing ran) or 6 (could not judge: no
connection, no valid key, no balance, or the budget spent).
"""


def listing() -> str:
    """A line a check: id, level, requirement."""
    return "\n".join(f"{c.id}  {c.level:6}  {c.title}" for c in CHECKS.values())


def explain(id: str) -> str:
    """All there is to say of one check. Raises UsageError for an id that there is not."""
    check = CHECKS.get(id.upper())
    if check is None:
        raise UsageError(f"no check is called {id}{_hint(id.upper())}")
    probes = (f"{name}: {PROBES[name].why}" for name in check.probes)
    lines = [
        f"{check.id}  {check.level}  (since {check.since}, {CATEGORIES[check.category]})",
        check.title,
        *(f"probe   {probe}" for probe in probes),
        *(f"source  {source}" for source in check.sources),
        f"next    {advise(check.id)}",
    ]
    if check.capability:
        lines.append(f"only    where the model has: {check.capability}")
    return "\n".join(lines)


def page() -> str:
    """docs/checks.md."""
    levels = [check.level for check in CHECKS.values()]
    counts = {level.lower(): levels.count(level) for level in ("MUST", "SHOULD", "NOTE")}
    parts = [_INTRODUCTION.format(set=SET, total=len(CHECKS), **counts)]
    for category, checks in groupby(CHECKS.values(), key=lambda check: check.category):
        parts.append(_section(category, checks))
    retired = "".join(f"* `{id}`: {reason}.\n" for id, reason in RETIRED.items())
    return "\n".join((*parts, f"## Not checked\n\n{retired}"))


def _section(category: str, checks: Iterable[Check]) -> str:
    rows = "".join(_row(check) for check in checks)
    head = "| id | level | requirement | probe | sources |\n|---|---|---|---|---|\n"
    return f"## {category}: {CATEGORIES[category]}\n\n{head}{rows}"


def _row(check: Check) -> str:
    cells = (
        f'<a id="{check.id}"></a>{check.id}',
        check.level,
        check.title.replace("<", "&lt;"),
        ", ".join(_probes(check)),
        "<br>".join(str(source) for source in check.sources),
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _probes(check: Check) -> Iterator[str]:
    for name in check.probes:
        yield f"{name} *(disruptive)*" if PROBES[name].disruptive else name


def _hint(id: str) -> str:
    if id in RETIRED:
        return f": {RETIRED[id]}"
    near = get_close_matches(id, CHECKS, n=1)
    return f", {near[0]} was meant?" if near else ""
