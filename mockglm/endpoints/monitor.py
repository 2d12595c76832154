"""`/api/monitor/usage/…`: the use of a Coding Plan, from the accounts and the journal of a session.

Captured (public fixtures of 2026-08 to 2026-10, both hosts): the answers to `quota/limit` for plans
in tokens and in credits, and 1001 without a key. Reported (SamyRai/go-z-ai, steipete/CodexBar): the
forms of `model-usage` and `tool-usage`; that a window has no `nextResetTime` while it is unused.
Assumed: the answer for a wrong key, and for an account without a plan (no limits); a session
without accounts has an unused lite plan; a plan counted in requests is shown as one in tokens with
the tools of the month; the keys within `toolDataList` and `totalUsage` of tools.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import floor
from typing import Any

from mockglm.accounts import LEVELS, PlanUsage, WindowUse
from mockglm.endpoints.call import Call
from mockglm.endpoints.usage_log import (
    DAY,
    HOUR,
    TOOL_PATHS,
    Period,
    Use,
    count_models,
    count_tools,
    read_period,
    sum_steps,
)
from mockglm.exchange import Response

MONTH = 30 * DAY
UNITS = ((MONTH, 5), (7 * DAY, 6), (DAY, 4), (HOUR, 3))
"""Seconds of a unit and its number in `unit`; that of a day is assumed."""
TOOLS = {"lite": 100, "pro": 1000, "max": 4000}
"""Calls of tools in a month (docs.bigmodel.cn, Coding Plan)."""
DEFAULT_LEVEL = "pro"
UNUSED = PlanUsage("lite", tuple(WindowUse(window, 0, None) for window in LEVELS["lite"]))

_TOOL_KEYS = {"networkSearchCount": "search-prime", "webReadMcpCount": "web-reader"}


def get_quota(call: Call) -> Response:
    """Answer with the limits of the key's plan."""
    if call.query("type") == "2" and not call.context.request.header("bigmodel-organization"):
        return _render(call, {})
    ledger = call.context.session.ledger
    plan = UNUSED if ledger.is_open else ledger.plan_usage(call.key, call.now)
    if plan is None:
        return _render(call, {"limits": []})
    level = plan.level or DEFAULT_LEVEL
    counts_credits = any(use.window.counts == "credits" for use in plan.windows)
    tools = [] if counts_credits else [_describe_tools(call, TOOLS[level])]
    limits = [*tools, *map(_describe_window, plan.windows)]
    return _render(call, {"limits": limits, "level": level})


def get_model_usage(call: Call) -> Response:
    """Answer with the calls and tokens of each model by the hour or the day."""
    period = _read_period(call)
    uses = count_models(call, period)
    calls, tokens = sum_steps(uses, period)
    names = Counter(use.name for use in uses)
    models = [
        _describe_model(name, order, uses=[use for use in uses if use.name == name], period=period)
        for order, name in enumerate(names, 1)
    ]
    summary = [
        {key: model[key] for key in ("modelName", "totalTokens", "sortOrder")} for model in models
    ]
    data = {
        "x_time": period.times,
        "modelCallCount": calls,
        "tokensUsage": tokens,
        "totalUsage": {
            "totalModelCallCount": len(uses),
            "totalTokensUsage": sum(use.tokens for use in uses),
            "modelSummaryList": summary,
        },
        "modelDataList": models,
        "modelSummaryList": summary,
        "granularity": period.granularity,
    }
    return _render(call, data)


def get_tool_usage(call: Call) -> Response:
    """Answer with the calls of each tool by the hour or the day."""
    period = _read_period(call)
    uses = count_tools(call, period)
    counts = Counter(use.name for use in uses)
    steps = {
        key: sum_steps([use for use in uses if use.name == name], period)[0]
        for key, name in _TOOL_KEYS.items()
    }
    summary = [
        {"toolName": name, "totalUsageCount": count, "sortOrder": order}
        for order, (name, count) in enumerate(counts.items(), 1)
    ]
    data = {
        "x_time": period.times,
        **steps,
        "zreadMcpCount": [None] * period.count,
        "totalUsage": {
            "totalNetworkSearchCount": counts["search-prime"],
            "totalWebReadMcpCount": counts["web-reader"],
            "totalZreadMcpCount": 0,
            "toolSummaryList": summary,
        },
        "toolDataList": summary,
        "toolSummaryList": summary,
        "granularity": period.granularity,
    }
    return _render(call, data)


def _render(call: Call, data: Mapping[str, Any]) -> Response:
    message = "操作成功" if call.context.language == "zh" else "Operation successful"
    return call.render(
        {"code": 200, "msg": message, "data": data, "success": True}, is_sorted=False
    )


def _read_period(call: Call) -> Period:
    try:
        return read_period(call)
    except ValueError:
        call.refuse("1210")


def _describe_window(use: WindowUse) -> dict[str, Any]:
    seconds, unit = next(
        (row for row in UNITS if use.window.seconds % row[0] == 0), (use.window.seconds, 3)
    )
    limit: dict[str, Any] = {"unit": unit, "number": int(use.window.seconds // seconds)}
    if use.window.counts == "credits":
        limit = {
            "type": "CREDIT_LIMIT",
            **limit,
            "usage": int(use.window.limit),
            "currentValue": floor(use.used),
            "remaining": floor(use.remaining),
        }
    else:
        limit = {"type": "TOKENS_LIMIT", **limit}
    limit["percentage"] = use.percentage
    if use.resets is not None:
        limit["nextResetTime"] = int(use.resets * 1000)
    return limit


def _describe_tools(call: Call, limit: int) -> dict[str, Any]:
    """The tools of a month, which is the last thirty days."""
    period = Period(int(call.now - MONTH), DAY, MONTH // DAY + 1)
    counts = Counter(use.name for use in count_tools(call, period))
    used = sum(counts.values())
    described: dict[str, Any] = {
        "type": "TIME_LIMIT",
        "unit": 5,
        "number": 1,
        "usage": limit,
        "currentValue": used,
        "remaining": max(limit - used, 0),
        "percentage": min(used * 100 // limit, 100),
    }
    if used:
        described["nextResetTime"] = int((call.now + MONTH) * 1000)
    names = TOOL_PATHS.values()
    described["usageDetails"] = [{"modelCode": name, "usage": counts[name]} for name in names]
    return described


def _describe_model(
    name: str, order: int, *, uses: Sequence[Use], period: Period
) -> dict[str, Any]:
    return {
        "modelName": name,
        "sortOrder": order,
        "tokensUsage": sum_steps(uses, period)[1],
        "totalTokens": sum(use.tokens for use in uses),
    }
