"""The pages of docs/ that are generated: checks, endpoints, faults and scenarios, and the tables of
the page on the control API."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from mockglm.conformance.report.listing import render_checks_page
from mockglm.control.openapi import describe_api
from mockglm.control.operations import BASE
from mockglm.endpoints import TABLE, EndpointRow
from mockglm.faults import CATALOGUE, Fault
from mockglm.faults.options import Option
from mockglm.scenarios import load, shipped_scenarios
from tests.chinese_checks import checks_in_chinese

__all__ = ["PAGES", "control", "endpoints", "faults", "scenarios"]

DOCS = Path(__file__).parents[1] / "docs"

FAULTS = """\
# Faults

[中文](faults.zh.md)

Generated from the catalogue by `scripts/write-pages`; do not edit by hand.

A fault breaks a response in one way, whether the response is scripted, improvised or recorded. A
reply in a file or in the control API names it with `fault:`, a base URL after a plus.
`mockglm faults` prints this list.

```yaml
format: 1
interactions:
  - reply: {content: 北京今天晴。, fault: {at: 3 frames, do: reset}}
  - reply:
      content: 北京今天晴。
      fault: [usage-missing, {do: stall, at: done, for: 30s}, {do: close, chance: 0.1}]
```

The base URL path `/s/hello+crlf+reset.3-frames@me/api/paas/v4` names a scenario, two faults and a
session. The keys of the mapping follow the name after dots, with hyphens for spaces:
`stall.done.for-30s`, `close.chance-0.1`.

* `at` is a position: `N frames`, `N bytes`, `N s`, `headers`, `content`, `tool_call`, `finish` or
  `done`. Everything before it arrives complete and on time. `headers` is before the headers,
  `0 frames` after them. The default is the start, or after the first frame of a stream (in the
  middle of a JSON response); the list says which.
* `chance` is the share of responses that break, drawn from seed, session and request.
* Faults apply on both surfaces, except those marked *chat only*, which a message of the Anthropic
  surface has no place for, and those marked *Anthropic only*; a file that combines one with the
  other `surface` is refused. The positions are found in the named events of that surface, too:
  `done` is `message_stop`.
* The faults of a list apply in their order. `speed` does not scale their times.
* A fault that does not fit a response, or would not change it, is refused with status 422 and the
  reason. A fault of the base URL leaves an error response unchanged if it does not fit; the journal
  notes this.

Before a connection is reset or closed, all bytes up to the position arrive. On Linux the server
waits until the kernel has delivered them; on other systems until its own buffers are empty, so a
reset may overtake the last bytes. Faults that end or misframe a response need a server of mockglm
(`mockglm serve`, the fixture); under another ASGI server they are refused.

An option has its default in parentheses. The last column names the conformance check that finds the
fault. There are {count} faults:
"""

FAULTS_IN_CHINESE = """\
# 故障

[English](faults.md)

本页由 `scripts/write-pages` 根据故障目录生成，请勿手工修改。表格内容直接取自目录，因此为英文。

一个故障以一种方式破坏响应，无论响应来自场景、自动生成还是录制。文件或控制 API 中的回复用 `fault:`
指定故障，base URL 则在加号之后指定。`mockglm faults` 打印这个列表。

```yaml
{example}```

base URL 路径 `/s/hello+crlf+reset.3-frames@me/api/paas/v4` 指定一个场景、两个故障和一个会话。
映射中的键写在名称之后，以点分隔，空格写作连字符：
`stall.done.for-30s`、`close.chance-0.1`。

* `at` 是位置：`N frames`、`N bytes`、`N s`、`headers`、`content`、`tool_call`、`finish` 或
  `done`。它之前的一切都完整并按时到达。`headers` 位于响应头之前，`0 frames` 位于响应头之后。
  默认为开头，或者流的第一帧之后（JSON 响应的中间）；列表中有说明。
* `chance` 是被破坏的响应所占的份额，由种子、会话和请求决定。
* 故障适用于两种协议；标有 *chat only* 的除外，Anthropic 协议的 Messages 没有对应的位置；标有
  *Anthropic only* 的也除外。文件如果把它们与另一种 `surface` 组合，会被拒绝。
  位置同样可以在该协议的具名事件中找到：`done` 即 `message_stop`。
* 列表中的故障按顺序作用。`speed` 不改变它们的时间。
* 不适合某个响应或者不会改变它的故障，以状态码 422 和原因拒绝。base URL 中的故障如果不适合错误响应，
  则错误响应保持不变，日志会注明。

在连接重置或关闭之前，该位置之前的所有字节都会到达。在 Linux 上，服务器等待内核把它们送达；
在其他系统上，只等待自己的缓冲区清空，因此重置可能先于最后的字节到达。
结束响应或破坏其分帧的故障需要 mockglm 的服务器（`mockglm serve` 或 fixture）；
在其他 ASGI 服务器下会被拒绝。

选项的默认值在括号中。最后一列是能够发现该故障的一致性检查。共有 {count} 个故障：
"""

KINDS = {
    "wire": "In the transport",
    "stream": "In the frames of a stream",
    "meaning": "In the meaning of a reply",
}

KINDS_IN_CHINESE = {"wire": "传输", "stream": "流的帧", "meaning": "回复的含义"}

SCENARIOS = """\
# Scenarios

[中文](scenarios.zh.md)

Generated from the files in `scenarios/` by `scripts/write-pages`; do not edit by hand.
`mockglm serve` plays each of them at `/s/NAME/api/paas/v4` and `/s/NAME/api/anthropic`, as a stream
or as JSON. Those named `anthropic-…` are about what only the latter sends.
`mockglm scenarios --copy NAME` copies one into the current folder, to edit it.
[Clients](clients.md) shows how known clients handle them. There are {count} scenarios:
"""

SCENARIOS_IN_CHINESE = """\
# 场景

[English](scenarios.md)

本页由 `scripts/write-pages` 根据 `scenarios/` 中的文件生成，请勿手工修改。
描述直接取自文件，因此为英文。`mockglm serve` 在 `/s/NAME/api/paas/v4` 和
`/s/NAME/api/anthropic` 播放每个场景，以流或 JSON 的形式。名称以 `anthropic-…`
开头的场景，内容只有后者会发送。
`mockglm scenarios --copy NAME` 把一个场景复制到当前文件夹，以便修改。
[客户端](clients.md)一页展示已知的客户端如何处理它们。共有 {count} 个场景：
"""

ENDPOINTS = """\
# Endpoints

[中文](endpoints.zh.md)

Generated from the table of endpoints by `scripts/write-pages`; do not edit by hand.

Beside chats and messages, `mockglm serve` and the fixture answer the other paths of the service, so
that a whole application runs against it: retrieval with embeddings, batches, searches, documents,
pictures, sounds, and displays of the use of a Coding Plan. Nothing has to be configured:

* Texts that share words have near vectors, and are ranked first: a test of retrieval finds the
  right passage. The same text has the same vector every time.
* Asynchronous chats and the lines of batches are chats: files, queued replies and improvisation
  answer them as they answer others. Their results are there when their pace has passed on the
  session's clock, which a test can advance.
* Files are kept in memory, each at most 16 MiB, all together at most 256 MiB.
* Pictures, videos and parsed texts have URLs of mockglm, below `/media/`, that need no key.
* `/api/monitor/usage/quota/limit` shows the windows of the account's plan, and `model-usage` and
  `tool-usage` what the journal has of the key.
* Files, tasks, batches and voices belong to a session of one process. Replicas that
  [share their state](scale.md) do not share these.

## Scenarios

An interaction whose `when` has a `path` answers at an endpoint before the built-in answer does. Its
`reply` is an error, or, at the endpoints marked *text*, the text of the answer; `response` is
verbatim. `body` sees the fields of a form, too. Without `path`, a pattern is for chats alone.

```yaml
format: 1
interactions:
  - when: {path: /embeddings, body: {input: too much}}
    reply: {error: 1302}
  - when: {path: /web_search}
    response:
      json: {search_result: [{title: GLM, content: A page, link: "", refer: ref_1}]}
  - when: {path: /audio/transcriptions}
    reply: {content: 北京今天天气怎么样}
  - when: {path: "/async-result/*"}
    response: {json: {task_status: FAIL}}
```

Accounts limit endpoints as they limit chats. Queued errors and verbatim responses answer the next
POST of any path, while other queued replies wait for a chat or an endpoint marked *text*. Faults of
a base URL or a session break the answers that they fit. With `--profile zai`, the endpoints that
only open.bigmodel.cn has answer 1211, as api.z.ai does.

## Table

Paths are below a base URL, except those that begin with `/api/` or `/media/`. The evidence is about
the form of the answer: *captured* is recorded, *reported* described by users of the service,
*documented* its documentation alone, *assumed* none of these. Each module names what it assumes.

| endpoint | answer | evidence | hosts | source |
|---|---|---|---|---|
"""

EVIDENCE = {"captured": "实录", "reported": "报告", "documented": "文档", "assumed": "假设"}

FORMS = {
    "text": "文本",
    "integer": "整数",
    "number": "数字",
    "from": "最小",
    "to": "最大",
    "by": "",
    "default": "默认",
    "or": "或",
}
"""The words of the forms of parameters."""

_ISSUE = re.compile(r"(?<![\w./-])([\w.-]+/[\w.-]+)#(\d+)")


def faults() -> str:
    """docs/faults.md."""
    return _list_faults(FAULTS, KINDS)


def faults_in_chinese() -> str:
    """docs/faults.zh.md: the same list with a Chinese text around it."""
    example = FAULTS.partition("```yaml\n")[2].partition("```")[0]
    return _list_faults(FAULTS_IN_CHINESE.replace("{example}", example), KINDS_IN_CHINESE)


def _list_faults(text: str, kinds: Mapping[str, str]) -> str:
    parts = [text.replace("{count}", str(len(CATALOGUE)))]
    for kind, title in kinds.items():
        rows = [fault for fault in CATALOGUE.values() if fault.kind == kind]
        parts.append("\n".join([f"## {title}\n", *_table(rows)]) + "\n")
    return "\n".join(parts)


def scenarios() -> str:
    """docs/scenarios.md."""
    return _list_scenarios(SCENARIOS)


def scenarios_in_chinese() -> str:
    """docs/scenarios.zh.md: the same list with a Chinese text around it."""
    return _list_scenarios(SCENARIOS_IN_CHINESE)


def _list_scenarios(text: str) -> str:
    paths = shipped_scenarios()
    lines = [text.format(count=len(paths)), "| scenario | description |", "|---|---|"]
    lines += (f"| `{name}` | {_linked(load(path).about)} |" for name, path in paths.items())
    return "\n".join(lines) + "\n"


_ONLY: Mapping[tuple[str, ...], tuple[str]] = {
    ("chat",): ("chat only",),
    ("anthropic",): ("Anthropic only",),
}


def endpoints() -> str:
    """docs/endpoints.md."""
    return ENDPOINTS + "".join(map(_endpoint, TABLE))


def _endpoint(row: EndpointRow) -> str:
    function = getattr(import_module(f"mockglm.endpoints.{row.module}"), row.answer)
    about = (function.__doc__ or "").partition("\n")[0]
    marks = [about, "*text*"] if row.has_text else [about]
    hosts = "both" if row.on_zai else "open.bigmodel.cn"
    cells = (f"`{row.method} {row.path}`", " ".join(marks), row.mark, hosts, row.source)
    return f"| {' | '.join(cells)} |\n"


def control() -> str:
    """docs/control.md: the page as it is, with its tables written again from the description."""
    page = (DOCS / "control.md").read_text("utf-8")
    head = ("operation", "does", "query", "body", "result")
    page = _put_table(page, "operations", [head, *_operations()])
    return _put_table(page, "parameters", [("parameter", "form", "meaning"), *_parameters()])


def control_in_chinese() -> str:
    """docs/control.zh.md: the same tables, with the Chinese texts that the page has."""
    page = (DOCS / "control.zh.md").read_text("utf-8")
    head = ("操作", "作用", "查询参数", "请求体", "结果")
    page = _translate(page, "operations", [head, *_operations()], kept=(1, 3, 4))
    rows = [(name, _translate_form(form), about) for name, form, about in _parameters()]
    return _translate(page, "parameters", [("参数", "形式", "含义"), *rows], kept=(2,))


def _translate_form(form: str) -> str:
    return " ".join(filter(None, (FORMS.get(word, word) for word in form.split())))


def endpoints_in_chinese() -> str:
    """docs/endpoints.zh.md: the table with the Chinese texts that the page has."""
    page = (DOCS / "endpoints.zh.md").read_text("utf-8")
    rows = [("接口", "响应", "依据", "站点")]
    for row in TABLE:
        hosts = "两者" if row.on_zai else "open.bigmodel.cn"
        rows.append((f"`{row.method} {row.path}`", "", EVIDENCE[row.mark], hosts))
    return _translate(page, "endpoints", rows, kept=(1,))


def _translate(page: str, name: str, rows: Sequence[Sequence[str]], *, kept: Sequence[int]) -> str:
    """Put a table in a page; the columns that are kept have the texts of the page."""
    table = page.partition(f"<!-- begin {name} -->")[2].partition(f"<!-- end {name} -->")[0]
    lines = [re.split(r" ?\| ?", line)[1:-1] for line in table.splitlines() if line[:3] == "| `"]
    texts = {cells[0]: cells for cells in lines}
    head, *others = rows
    found = [
        [texts[row[0]][n] if n in kept and row[0] in texts else cell for n, cell in enumerate(row)]
        for row in others
    ]
    return _put_table(page, name, [head, *found])


def _put_table(page: str, name: str, rows: Sequence[Sequence[str]]) -> str:
    """Put a table between the marks of its name."""
    head, *others = rows
    table = "".join((_row(*head), f"{'|---' * len(head)}|\n", *(_row(*row) for row in others)))
    begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"


def _operations() -> Iterator[Sequence[str]]:
    for path, operations in describe_api()["paths"].items():
        for method, one in operations.items():
            name = path.removeprefix(BASE).replace("{ordinal}", "N")
            query = (row["name"] for row in one["parameters"] if row["in"] == "query")
            yield (
                f"`{method.upper()} {name}`",
                one["summary"],
                ", ".join(f"`{parameter}`" for parameter in query),
                one.get("requestBody", {}).get("description", ""),
                one["responses"]["200"]["description"],
            )


def _parameters() -> Iterator[Sequence[str]]:
    rows: dict[str, Mapping[str, Any]] = {}
    for operations in describe_api()["paths"].values():
        for one in operations.values():
            rows |= {row["name"]: row for row in one["parameters"] if row["in"] == "query"}
    for name, row in rows.items():
        yield f"`{name}`", _form(row["schema"]), row["description"]


def _form(schema: Mapping[str, Any]) -> str:
    """A schema of a parameter in words."""
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "oneOf" in schema:
        return " or ".join(map(_form, schema["oneOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    bounds = [
        f"{word} {schema[key]}"
        for key, word in (("minimum", "from"), ("maximum", "to"), ("default", "by default"))
        if key in schema
    ]
    return " ".join(("text" if schema["type"] == "string" else schema["type"], *bounds))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n".replace("|  |", "| |").replace("|  |", "| |")


def _table(rows: list[Fault]) -> Iterator[str]:
    yield "| fault | effect | applies to | breaks | options | reports | check |"
    yield "|---|---|---|---|---|---|---|"
    for fault in rows:
        options = "; ".join(_options(fault))
        check = fault.caught_by or f"none: {fault.why}"
        seen = ", ".join(f"[{_short(link)}]({link})" for link in fault.links)
        on = ", ".join((fault.on, *_ONLY.get(fault.surfaces, ())))
        cells = (f"`{fault.name}`", fault.about, on, fault.breaks, options, seen, check)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _options(fault: Fault) -> Iterator[str]:
    if fault.positions:
        yield f"`at` ({'1 frames' if fault.position is None else 'start'})"
    for name, option in fault.options.items():
        yield _option(name, option)


def _option(name: str, option: Option) -> str:
    default = f"{option.default:g} s" if isinstance(option.default, float) else option.default
    default = "" if default in (None, "") else f" ({default})"
    return f"`{name}`{default}: {option.about}"


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
    "checks.zh.md": checks_in_chinese,
    "control.md": control,
    "control.zh.md": control_in_chinese,
    "endpoints.md": endpoints,
    "endpoints.zh.md": endpoints_in_chinese,
    "faults.md": faults,
    "faults.zh.md": faults_in_chinese,
    "scenarios.md": scenarios,
    "scenarios.zh.md": scenarios_in_chinese,
}

if __name__ == "__main__":
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), "utf-8")
