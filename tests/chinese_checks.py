"""docs/checks.zh.md: the generated list of checks, in English, with a Chinese text around it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from mockglm.conformance.abort_reasons import MOST_UNFINISHED
from mockglm.conformance.checks import CHECKS, MESSAGE_CHECKS
from mockglm.conformance.registry import CATEGORIES, MESSAGE_SET, SET, Check
from mockglm.conformance.report.listing import render_checks_page
from mockglm.conformance.transport import MAX_BYTES, MAX_LINES

__all__ = ["checks_in_chinese"]

INTRODUCTION = """\
# 一致性检查项

[English](checks.md)

检查集 `{set}`：{total} 项检查，其中 {must} 项 MUST，{should} 项 SHOULD，{note} 项 NOTE。
本页由 `scripts/write-pages` 根据检查生成，请勿手工修改；检查的列表直接取自代码，因此为英文。
检查集改变时会换用新的名称。

违反 MUST 使运行失败。违反 SHOULD 是警告，使用 `--strict` 时也使运行失败。NOTE 只提供信息。
没有对象可以判断的检查不算通过，而是*无法检验*（算作失败）、
*未触发*（模型没有做探测请求所要求的事）或*不适用*（模型不声明该能力）。

## 用法

{block}

选项属于 `mockglm check`；在 pytest 中以 `--glm-` 开头。API Key 不是选项：它来自 `ZAI_API_KEY`、
`ZHIPUAI_API_KEY`、`ZHIPU_API_KEY`、`GLM_API_KEY` 或 `.env`。

### 花费

`--plan` 列出各个请求及其最高花费，不发送任何请求。一次完整的运行最多依次发送 30 个请求，
最多生成 6,000 个 token，包括重试。其中约十个请求会被拒绝，不收费。默认模型 glm-4.5-flash 免费；
对于其他模型，6,000 个输出 token 只需几分钱。`--max-requests` 和 `--max-tokens` 可以提前结束运行，
`-k` 只发送所选检查的探测请求。以 429（1302、1305）拒绝的请求会在 `--pause` 秒
（10 秒，或响应中的 Retry-After）之后再发送一次，不超过上限。每个请求都有以 `mockglm-` 开头的
`request_id`。

故意超过限额的请求（标有 *disruptive*）只在使用 `--disruptive` 时发送：同时八个流、
超过模型上限的 `max_tokens`，以及超过上下文的提示；如果服务接受后者，可能会收费。
`--soak N` 把最便宜的流再发送 N 次，以发现偶发的错误；达到上限时结束。

### 没有结尾的响应

读取一个响应最多用 `--timeout` 秒（300）、{bytes} MiB 和 {lines:,} 行，从不解压缩。
有 {unfinished} 个响应超过上限之后，运行结束。如果其中一个超过大小，或者 chunk 数超过 `max_tokens`
所允许的数量，则是端点的错误（退出码 1）。只是缓慢的响应无法判断（退出码 6）。

### vLLM 和 SGLang

启动时使用该模型系列的解析器，`--reasoning-parser glm45 --tool-call-parser glm45`（GLM-4.7
及以后的工具使用 `glm47`），vLLM 还要加上 `--enable-auto-tool-choice`。
否则推理和工具调用会成为文本的一部分，由 RSN-04 和 TOL-04 报告。`--model`
是服务器给模型的名称。如果名称不在 GLM 的模型表中，则假定它具有所有能力，报告会注明。
这些服务器的错误码、密钥和用量与 GLM 不同：把可以接受的差异连同原因写入基线
（先用 `--write-baseline known.yaml`，再用 `--baseline known.yaml`）。

### 网关

分别检查网关和它后面的端点，各用 `--report`，再用
`mockglm matrix a/report.json b/report.json` 比较：在终端中是表格，在管道中是 Markdown，
加上 `--json` 是 JSON，加上 `--html table.html` 是页面。`--header NAME=VALUE`
随每个请求发送，`--ca FILE` 信任自己的证书。报告不包含带有秘密的头部。
URL 中的用户名或查询会被拒绝。

### 模拟服务器

`--deterministic` 声明端点对相同的提示给出相同的回复，因此检查工具还会比较流和 JSON 响应的文本。
`--failing` 声明端点会按照探测请求的要求中断流。场景 `conformance` 通过所有检查：

{block}

### 文件

`--report DIR` 写出 report.json、report.html、badge.json、junit.xml，并在 `exchanges/`
中把每次交换写成不含秘密的录制文件。`--record-to DIR` 只写出交换，`--replay-from DIR`
重新判断它们。[检查工具本身如何测试](conformance.zh.md)给出了它对 mockglm 和另一个模拟服务器的结果。

### 退出码

| 退出码 | 含义 |
|---|---|
| 0 | 端点合格 |
| 1 | 有违反，或者基线中的一项通过了 |
| 2 | 被中断 |
| 3 | 内部错误：检查工具的缺陷，与其他结果一起报告 |
| 4 | 用法错误 |
| 5 | 没有运行任何检查 |
| 6 | 无法判断：没有连接、密钥、模型、余额或预算，或者响应没有结尾 |
"""

MESSAGES = """\
## Anthropic 协议

检查集 `{set}`：{total} 项检查，其中 {must} 项 MUST，{should} 项 SHOULD，{note} 项 NOTE。以
`/anthropic` 结尾的 base URL 由它判断，其他的需要 `--set glm-anthropic`；对于录制，
如果其中能够判断的内容都属于 `/v1/messages`，也由它判断。

{block}

依据是 GLM 发送的内容，而不是 Anthropic 的 API：服务的文档没有描述这些字段。每个 MUST
都以服务的实录为依据，或者以官方的 `anthropic` SDK 为依据：不满足时它会出错或丢失内容。这个协议没有
`request_id`：`metadata.user_id` 以 `mockglm-` 开头。使用 `--failing`
时，端点还要以 1305 响应过载的探测请求（模拟服务器）。
"""

UNCHECKED = "## 不检查的内容"


def checks_in_chinese() -> str:
    """Render the page."""
    page = render_checks_page()
    first = page.index(f"## {next(iter(CATEGORIES))}: ")
    introduction = INTRODUCTION.format(
        set=SET,
        bytes=MAX_BYTES // 1024**2,
        lines=MAX_LINES,
        unfinished=MOST_UNFINISHED,
        block="{block}",
        **_count(CHECKS.values()),
    )
    messages = MESSAGES.format(set=MESSAGE_SET, block="{block}", **_count(MESSAGE_CHECKS.values()))
    start = page.index("## The Anthropic surface")
    rest = page.index("\n## ", start + 1) + 1
    parts = (
        _put_blocks(introduction, page[:first]),
        page[first:start].rstrip("\n") + "\n",
        _put_blocks(messages, page[start:rest]),
        page[rest:].replace("## Not checked", UNCHECKED),
    )
    return "\n".join(parts)


def _put_blocks(text: str, source: str) -> str:
    """Put the blocks of code of the English text in the places for them."""
    for block in re.findall(r"^```\w+\n.*?^```$", source, re.MULTILINE | re.DOTALL):
        text = text.replace("{block}", block, 1)
    return text


def _count(checks: Iterable[Check]) -> Mapping[str, int]:
    levels = [check.level for check in checks]
    counts = {level.lower(): levels.count(level) for level in ("MUST", "SHOULD", "NOTE")}
    return {**counts, "total": len(levels)}
