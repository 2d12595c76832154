"""The checks told: as a list, one by one, and as the page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from mockglm.conformance.catalogue import CATEGORIES, RETIRED, SET, Check
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.probes import PROBES
from mockglm.conformance.report.advice import advise
from mockglm.errors import UsageError, nearest

__all__ = ["explain", "listing", "page"]

_INTRODUCTION = """\
# The checks of the conformance kit

Set `{set}`: {total} checks, {must} MUST, {should} SHOULD, {note} NOTE. Made from the checks
themselves; a change of the set changes its name.

A MUST that is broken fails the run. A SHOULD warns, and fails with `--strict`. A NOTE only informs.
A check that had nothing to judge has not passed: it is *not testable* (which counts as a failure),
*not exercised* (the model did not do what was asked of it) or *not applicable* (the model does not
claim to do this).

## Running it

```
export ZAI_API_KEY=…                    # never a flag; ZHIPUAI_API_KEY, GLM_API_KEY or .env will do
mockglm check https://open.bigmodel.cn/api/paas/v4 --model glm-4.5-flash --report out
mockglm check http://localhost:8000/v1 --model glm-4.7-fp8                 # vLLM, SGLang, a gateway
mockglm check cassettes/                                                   # recordings, at no cost
mockglm record chat.yaml --upstream https://api.z.ai/api/paas/v4 --check   # traffic, as it passes
pytest --pyargs mockglm.conformance --glm-url URL --glm-model ID -k SSE
```

Options are written here as `mockglm check` has them; for pytest they begin with `--glm-`.

**The live service.** `--plan` says what would be sent and the most it can cost, without opening a
socket: a full run sends at most 30 requests, one after the other, and generates at most 6,000
tokens, second attempts included; about ten of them are refused, which is free. The default model,
glm-4.5-flash, is free of charge altogether; with any other, 6,000 output tokens are cents.
`--max-requests` and `--max-tokens` stop a run before it costs more, `-k` sends only what the checks
selected need. A request that came too often (429 with 1302 or 1305) is sent once more after
`--pause` seconds (10, or what Retry-After says), if the limits allow. Every request has a
`request_id` that begins with `mockglm-`, to find it on the bill. Requests that exceed limits on
purpose (marked *disruptive*) are sent only with `--disruptive`: eight streams at once, more
`max_tokens` than there are, and a prompt beyond the context, which a service may bill if it takes
it. `--soak N` sends the cheapest stream N times more, to catch what happens now and then; it stops
at a limit.

**vLLM and SGLang.** Start them with the parsers of the model's family, `--reasoning-parser glm45
--tool-call-parser glm45` (`glm47` for the tools of GLM-4.7 and later), vLLM also with
`--enable-auto-tool-choice`: without them thought and calls stand in the text, which RSN-04 and
TOL-04 report. The model is what the server calls it (`--model`); one that no table of GLM's models
has may do everything, and a line says so. They have codes, keys and usage of their own: keep what
you accept in a baseline (`--write-baseline known.yaml`, then `--baseline known.yaml`), each with
its reason.

**A gateway.** Point the kit at the gateway and at what stands behind it, each with `--report`, and
`mockglm matrix a/report.json b/report.json` shows what the gateway changes. `--header NAME=VALUE`
goes with every request, `--ca FILE` trusts a certificate of its own. Of headers, reports show only
those that carry no secret; a user or a query in the URL is refused.

**A mock.** `--deterministic` says that the endpoint repeats itself, so that the words of stream and
plain reply are compared, `--failing` that it breaks off the stream that asks for it. The scenario
`conformance` answers everything so that every check passes:

```
mockglm serve --strict --accept 0123456789abcdef0123456789abcdef.SecretSecret1234
export ZAI_API_KEY=0123456789abcdef0123456789abcdef.SecretSecret1234
mockglm check http://127.0.0.1:8600/s/conformance/api/paas/v4 --deterministic --failing
```

`--record-to DIR` keeps the exchanges of a run as cassettes, `--replay-from DIR` judges them again.
How the kit fares itself, and another mock before it, is in [conformance.md](conformance.md).

It ends with 0 (conformant), 1 (a violation, or an entry of the baseline that passes), 2
(interrupted), 3 (internal error: a bug of the kit, named beside the other results), 4 (wrong
usage), 5 (nothing ran) or 6 (could not judge: no connection, no valid key, no such model, no
balance, or the budget spent).
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
    near = nearest(id, CHECKS)
    return f", {near} was meant?" if near else ""
