"""The checks in words: as a list, one by one, and as a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby

from mockglm.conformance.abort_reasons import MOST_UNFINISHED
from mockglm.conformance.checks import ALL_CHECKS, CHECKS, MESSAGE_CHECKS
from mockglm.conformance.probes import PROBES
from mockglm.conformance.registry import CATEGORIES, MESSAGE_SET, RETIRED, SET, Check
from mockglm.conformance.report.advice import advise
from mockglm.conformance.sets import CHAT_SET, CheckSet
from mockglm.conformance.transport import MAX_BYTES, MAX_LINES
from mockglm.errors import UsageError, nearest

_INTRODUCTION = """\
# The checks of the conformance kit

[中文](checks.zh.md)

Set `{set}`: {total} checks, {must} MUST, {should} SHOULD, {note} NOTE. Generated from the checks by
`scripts/write-pages`; do not edit by hand. A changed set gets another name.

A broken MUST fails the run. A broken SHOULD is a warning, and fails the run with `--strict`. A NOTE
only informs. A check that had nothing to judge has not passed: it is *not testable* (which counts
as a failure), *not exercised* (the model did not do what the probe requested) or *not applicable*
(the model does not claim the capability).

## Usage

```sh
export ZAI_API_KEY=…
mockglm check https://open.bigmodel.cn/api/paas/v4 --model glm-4.5-flash --report out
mockglm check http://localhost:8000/v1 --model glm-4.7-fp8                 # vLLM, SGLang, a gateway
mockglm check cassettes/                                                   # recordings, at no cost
mockglm record chat.yaml --upstream https://api.z.ai/api/paas/v4 --check   # while recording
pytest --pyargs mockglm.conformance --glm-url URL --glm-model ID -k SSE    # in pytest
pytest glm-v4::SSE-05 --glm-url URL                                        # one check
```

The options are those of `mockglm check`; in pytest they begin with `--glm-`. The API key is not an
option: it comes from `ZAI_API_KEY`, `ZHIPUAI_API_KEY`, `ZHIPU_API_KEY`, `GLM_API_KEY` or `.env`.

### Cost

`--plan` lists the requests and the most they can cost, and sends nothing. A full run sends at most
30 requests, one after the other, and generates at most 6,000 tokens, second attempts included.
About ten of the requests are refused, which is free. The default model, glm-4.5-flash, is free of
charge; for the other models, 6,000 output tokens cost cents. `--max-requests` and `--max-tokens`
end a run earlier, and `-k` sends only the probes of the selected checks. A request that is refused
with 429 (1302, 1305) is sent once more after `--pause` seconds (10, or the Retry-After of the
response), within the limits. Every request has a `request_id` that begins with `mockglm-`.

Requests that exceed limits on purpose (marked *disruptive*) are sent only with `--disruptive`:
eight streams at once, more `max_tokens` than the model allows, and a prompt beyond the context,
which a service may bill if it accepts it. `--soak N` sends the cheapest stream N times more, to
find intermittent failures; it ends at a limit.

### Responses without an end

A response is read for at most `--timeout` seconds (300), {bytes} MiB and {lines:,} lines, and never
decompressed. A run ends after {unfinished} responses that exceed a limit. If one of them was larger
than that, or had more chunks than `max_tokens` allows, the endpoint is at fault (exit status 1). A
response that was only slow cannot be judged (exit status 6).

### vLLM and SGLang

Start them with the parsers of the model's family,
`--reasoning-parser glm45 --tool-call-parser glm45` (`glm47` for the tools of GLM-4.7 and later),
and vLLM also with `--enable-auto-tool-choice`. Without them, reasoning and calls are part of the
text, which RSN-04 and TOL-04 report. `--model` is the name that the server gives the model. A name
that is not in the table of GLM's models is assumed to have every capability, and the report says
so. Codes, keys and usage of these servers differ from GLM's: write the differences that you accept
to a baseline, each with a reason (`--write-baseline known.yaml`, then `--baseline known.yaml`).

### Gateways

Check the gateway and the endpoint behind it, each with `--report`, and compare them with
`mockglm matrix a/report.json b/report.json`: a table on a terminal, Markdown in a pipe, JSON with
`--json`, a page with `--html table.html`. `--header NAME=VALUE` is sent with every request, `--ca
FILE` trusts a certificate of your own. Reports contain no headers with secrets. A user name or a
query in the URL is refused.

### Mocks

`--deterministic` states that the endpoint gives the same reply to the same prompt, so the kit also
compares the texts of a stream and of a JSON response. `--failing` states that the endpoint breaks
off the stream of the probe that asks for it. All checks pass for the scenario `conformance`:

```sh
mockglm serve --strict --accept 0123456789abcdef0123456789abcdef.SecretSecret1234
export ZAI_API_KEY=0123456789abcdef0123456789abcdef.SecretSecret1234
mockglm check http://127.0.0.1:8600/s/conformance/api/paas/v4 --deterministic --failing
```

### Files

`--report DIR` writes report.json, report.html, badge.json, junit.xml and, in `exchanges/`, every
exchange as a cassette without secrets. `--record-to DIR` writes the exchanges alone, and
`--replay-from DIR` judges them again. [How the kit is tested](conformance.md) has its results for
mockglm and for another mock.

### Exit status

| status | meaning |
|---|---|
| 0 | the endpoint conforms |
| 1 | a violation, or a baseline entry that passes |
| 2 | interrupted |
| 3 | internal error: a bug in the kit, reported beside the other results |
| 4 | wrong usage |
| 5 | nothing ran |
| 6 | could not judge: no connection, key, model, balance or budget, or responses without an end |
"""

_MESSAGES = """\
## The Anthropic surface

Set `{set}`: {total} checks, {must} MUST, {should} SHOULD, {note} NOTE. A base URL that ends in
`/anthropic` is judged by it, any other with `--set glm-anthropic`; recordings, if all that can be
judged in them is of `/v1/messages`.

```sh
mockglm check https://open.bigmodel.cn/api/anthropic --model glm-4.6 --report out
pytest glm-anthropic::EVT-03 --glm-url URL                              # one check
```

The reference is what GLM sends, not Anthropic's API: no page of the service describes the fields.
A MUST has a capture of the service behind it, or an official `anthropic` SDK that fails or loses
content without it. This surface has no `request_id`: `metadata.user_id` begins with `mockglm-`.
With `--failing` the endpoint also answers the probe for an overload with 1305 (a mock).
"""


def list_checks(check_set: CheckSet = CHAT_SET) -> list[tuple[str, str, str]]:
    """Id, level and requirement of each check of a set."""
    return [(check.id, check.level, check.title) for check in check_set.checks.values()]


def explain_check(id: str) -> str:
    """All about one check. Raises UsageError for an unknown id."""
    check = ALL_CHECKS.get(id.upper())
    if check is None:
        raise UsageError(f"there is no check {id}{_hint(id.upper())}")
    probes = (f"{name}: {PROBES[name].purpose}" for name in check.probes)
    lines = [
        f"{check.id}  {check.level}  (since {check.since}, {CATEGORIES[check.category]})",
        check.title,
        *(f"probe   {probe}" for probe in probes),
        *(f"source  {source}" for source in check.sources),
        f"next    {advise(check.id)}",
    ]
    if check.capability:
        lines.append(f"only    for models with the capability {check.capability}")
    return "\n".join(lines)


def render_checks_page() -> str:
    """The text of docs/checks.md."""
    parts = [
        _INTRODUCTION.format(
            set=SET,
            total=len(CHECKS),
            bytes=MAX_BYTES // 1024**2,
            lines=MAX_LINES,
            unfinished=MOST_UNFINISHED,
            **_count_levels(CHECKS.values()),
        ),
        *_sections(CHECKS.values()),
        _MESSAGES.format(
            set=MESSAGE_SET, total=len(MESSAGE_CHECKS), **_count_levels(MESSAGE_CHECKS.values())
        ),
        *_sections(MESSAGE_CHECKS.values()),
    ]
    retired = "".join(f"* `{id}`: {reason}.\n" for id, reason in RETIRED.items())
    return "\n".join((*parts, f"## Not checked\n\n{retired}"))


def _count_levels(checks: Iterable[Check]) -> Mapping[str, int]:
    levels = [check.level for check in checks]
    return {level.lower(): levels.count(level) for level in ("MUST", "SHOULD", "NOTE")}


def _sections(checks: Iterable[Check]) -> Iterator[str]:
    for category, found in groupby(checks, key=lambda check: check.category):
        yield _section(category, found)


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
    near = nearest(id, ALL_CHECKS)
    return f"; did you mean {near}?" if near else ""
