"""The models of GLM v4 and what each can do.

Sources: the model ids, defaults and limits of docs.bigmodel.cn (对话补全, 核心参数); the output
ceilings that 1210 names (RarogCmex/pi-bigmodel, 2026-10) where there is such a refusal; usage
details and the listing from recordings (charmbracelet/fantasy, pydantic/pydantic-ai,
SamyRai/go-z-ai) and live probes of 2026-10. The documentation's K are taken as 1,024 tokens.

Assumed: every pace in the table (MEASURED has those that were measured); that models older than glm-4.5 report no usage details, as
glm-4-flash-250414 does not; that the small models of 4.7 and 5.3 stream tool calls as their
large ones do; the dates of the 5.3 family in the listing; context and ceiling of the models of
2024, whose pages are gone; the ceiling of autoglm-phone. Embedding models are none of these: they do not chat.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockglm.clock import Pace

SLOW = Pace(first=1.4, every=0.022)
AVERAGE = Pace(first=0.8, every=0.016)
QUICK = Pace(first=0.45, every=0.009)
RAPID = Pace(first=0.3, every=0.005)

# 5.3 refuses others with 1210; 5.2 takes them all, some acting as their neighbour.
THREE = ("low", "high", "max")
ALL = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


DEFAULT_OUTPUT = 65_536
"""`max_tokens` of the large text models without one (docs.bigmodel.cn, 核心参数)."""

_RESERVED = 2 * 1024
_SPECIAL = 3


class Model(Struct, frozen=True, kw_only=True, cache_hash=True):
    """One model. `context` and `ceiling` (of the output) are tokens; `created` is in unix seconds.

    `thought` is where the thought goes: `field` reasoning_content, `tags` `<think>` in content.
    `efforts` are the values of reasoning_effort it accepts; empty when it ignores them all. A free
    one costs nothing (docs.bigmodel.cn, guide/models/free) and answers an account without balance
    (RarogCmex/pi-bigmodel, 2026-10). One of the Coding Plan base keeps the thought of earlier turns
    unless `clear_thinking` is true. `has_object` is False as of a day before answers had the key.
    `overflow` tells what becomes of a prompt beyond the context: it is refused, or cut at its front
    without a word.
    """

    id: str
    family: str
    context: int
    ceiling: int
    thinking: Literal["always", "optional", "none"] = "optional"
    thought: Literal["field", "tags"] = "field"
    efforts: tuple[str, ...] = ()
    temperature: float = 1.0
    is_vision: bool = False
    is_audio: bool = False
    is_sync: bool = True
    tool_stream: bool = False
    reports_cached: bool = True
    reports_reasoning: bool = True
    is_free: bool = False
    is_listed: bool = False
    created: int = 0
    pace: Pace = AVERAGE
    is_coding_plan: bool = False
    has_object: bool = True
    overflow: Literal["refuse", "truncate"] = "refuse"

    def truncate(self, prompt: int, max_tokens: int | None) -> int:
        """Return the tokens that are left of a prompt which gives way to the output.

        Both share the context but for 2,048 tokens, and three are lost: 194,557 + 8,192 + 3 is
        202,752, 198 times 1,024 (glm-4.7 on the Coding Plan base of open.bigmodel.cn, captured
        2025-12). Assumed for other models and for the output of a request without `max_tokens`.
        """
        output = min(self.ceiling, DEFAULT_OUTPUT) if max_tokens is None else max_tokens
        return min(prompt, max(self.context - _RESERVED - output - _SPECIAL, 1))


K = 1024
M = 1024 * K

# What the models before glm-4.5 have in common.
_OLD = Model(
    id="",
    family="glm-4",
    context=128 * K,
    ceiling=4095,
    thinking="none",
    temperature=0.75,
    reports_cached=False,
    reports_reasoning=False,
)
_Z1 = replace(_OLD, family="glm-z1", ceiling=32 * K, thinking="always", thought="tags")
_EYE = replace(_OLD, family="glm-4v", temperature=0.8, is_vision=True)
_CHARACTER = replace(_OLD, family="charglm", temperature=0.95)

# ruff: noqa: E501  a table: one row a model; the listed ones in the order GET /models has them
# fmt: off
TABLE = (
    Model(id="glm-4.5",              family="glm-4.5", context=128 * K, ceiling=128 * K, temperature=0.6, is_listed=True, created=1753632000),
    Model(id="glm-4.5-air",          family="glm-4.5", context=128 * K, ceiling=96 * K,  temperature=0.6, reports_reasoning=False, is_listed=True, created=1753632000, pace=QUICK),
    Model(id="glm-4.5-x",            family="glm-4.5", context=128 * K, ceiling=96 * K,  temperature=0.6, pace=QUICK),
    Model(id="glm-4.5-airx",         family="glm-4.5", context=128 * K, ceiling=96 * K,  temperature=0.6, reports_reasoning=False, pace=RAPID),
    Model(id="glm-4.5-flash",        family="glm-4.5", context=128 * K, ceiling=96 * K,  temperature=0.6, reports_reasoning=False, is_free=True, pace=QUICK),
    Model(id="glm-4.6",              family="glm-4.6", context=200 * K, ceiling=128 * K, tool_stream=True, is_listed=True, created=1759276800),
    Model(id="glm-4.7",              family="glm-4.7", context=200 * K, ceiling=128 * K, tool_stream=True, is_listed=True, created=1766332800),
    Model(id="glm-4.7-flash",        family="glm-4.7", context=200 * K, ceiling=128 * K, tool_stream=True, is_free=True, pace=QUICK),
    Model(id="glm-4.7-flashx",       family="glm-4.7", context=200 * K, ceiling=128 * K, tool_stream=True, pace=RAPID),
    Model(id="glm-5",                family="glm-5",   context=200 * K, ceiling=128 * K, tool_stream=True, reports_reasoning=False, is_listed=True, created=1770739200, pace=SLOW),
    Model(id="glm-5-turbo",          family="glm-5",   context=200 * K, ceiling=128 * K, tool_stream=True, is_listed=True, created=1773504000),
    Model(id="glm-5.1",              family="glm-5.1", context=200 * K, ceiling=128 * K, tool_stream=True, is_listed=True, created=1774620000, pace=SLOW),
    Model(id="glm-5.2",              family="glm-5.2", context=1 * M,   ceiling=128 * K, tool_stream=True, efforts=ALL, is_listed=True, created=1781625600, pace=SLOW),
    Model(id="glm-5.3",              family="glm-5.3", context=1 * M,   ceiling=128 * K, tool_stream=True, thinking="always", efforts=THREE, is_listed=True, created=1786636800, pace=SLOW),
    Model(id="glm-5.3-flash",        family="glm-5.3", context=1 * M,   ceiling=128 * K, tool_stream=True, thinking="always", efforts=THREE, is_vision=True, is_listed=True, created=1787673600, pace=QUICK),
    Model(id="glm-5.3-flashx",       family="glm-5.3", context=1 * M,   ceiling=128 * K, tool_stream=True, thinking="always", efforts=THREE, is_vision=True, is_listed=True, created=1789660800, pace=RAPID),

    # On the Coding Plan alone since 2026-11-24, low, high and max (incadawr/anycode v0.0.109);
    # that other bases refuse it, and how, is not known.
    Model(id="glm-5.4",              family="glm-5.4", context=1 * M,   ceiling=128 * K, tool_stream=True, thinking="always", efforts=THREE, is_vision=True),

    Model(id="glm-5v-turbo",         family="glm-5v",  context=200 * K, ceiling=128 * K, temperature=0.8, is_vision=True),
    Model(id="glm-4.6v",             family="glm-4.6v", context=128 * K, ceiling=32 * K, temperature=0.8, is_vision=True),
    Model(id="glm-4.6v-flash",       family="glm-4.6v", context=128 * K, ceiling=32 * K, temperature=0.8, is_vision=True, is_free=True, pace=QUICK),
    Model(id="glm-4.6v-flashx",      family="glm-4.6v", context=128 * K, ceiling=32 * K, temperature=0.8, is_vision=True, pace=RAPID),
    Model(id="glm-4.5v",             family="glm-4.5v", context=64 * K,  ceiling=16 * K, temperature=0.8, is_vision=True),
    replace(_EYE, id="glm-4.1v-thinking-flash",  family="glm-4.1v", context=64 * K, ceiling=16 * K, thinking="always", thought="tags", is_free=True, pace=QUICK),
    replace(_EYE, id="glm-4.1v-thinking-flashx", family="glm-4.1v", context=64 * K, ceiling=16 * K, thinking="always", thought="tags", pace=RAPID),
    replace(_EYE, id="glm-4v",                  context=2 * K,  ceiling=1 * K),
    replace(_EYE, id="glm-4v-plus",             context=16 * K, ceiling=1 * K),
    replace(_EYE, id="glm-4v-plus-0111",        context=16 * K, ceiling=8 * K),
    replace(_EYE, id="glm-4v-flash",            context=16 * K, ceiling=1 * K, is_free=True, pace=QUICK),
    # 20K documented, 25,480 in its refusal, which let max_tokens: 3000 pass where 2K is documented
    # (zai-org/Open-AutoGLM#195, whose client always asks for 3,000).
    replace(_EYE, id="autoglm-phone",              family="autoglm", context=25480, ceiling=4 * K, temperature=0.0),
    replace(_EYE, id="autoglm-phone-multilingual", family="autoglm", context=25480, ceiling=4 * K, temperature=0.0),

    replace(_OLD, id="glm-4-plus"),
    replace(_OLD, id="glm-4-plus-0111"),
    replace(_OLD, id="glm-4-long",           context=1 * M),
    replace(_OLD, id="glm-4"),
    replace(_OLD, id="glm-4-0520"),
    replace(_OLD, id="glm-4-air",            pace=QUICK),
    replace(_OLD, id="glm-4-air-0111",       pace=QUICK),
    replace(_OLD, id="glm-4-air-250414",     ceiling=16 * K, pace=QUICK),
    replace(_OLD, id="glm-4-airx",           context=8 * K, pace=RAPID),
    replace(_OLD, id="glm-4-flash",          pace=QUICK, is_free=True),
    replace(_OLD, id="glm-4-flash-250414",   ceiling=16 * K, is_free=True, pace=QUICK),
    replace(_OLD, id="glm-4-flashx",         pace=RAPID),
    replace(_OLD, id="glm-4-flashx-250414",  ceiling=16 * K, pace=RAPID),
    replace(_OLD, id="glm-4-32b-0414-128k",  ceiling=16 * K),
    replace(_OLD, id="glm-4-assistant",      is_sync=False),
    replace(_OLD, id="glm-4-alltools"),
    replace(_OLD, id="glm-4-voice",          context=8 * K, ceiling=4 * K, is_audio=True),
    replace(_OLD, id="glm-3-turbo",          family="glm-3", pace=QUICK),
    replace(_OLD, id="codegeex-4",           family="codegeex", ceiling=32 * K, pace=QUICK),
    replace(_Z1,  id="glm-z1-air",           pace=QUICK),
    replace(_Z1,  id="glm-z1-airx",          context=32 * K, ceiling=30 * K, pace=RAPID),
    replace(_Z1,  id="glm-z1-flash",         pace=QUICK, is_free=True),
    replace(_Z1,  id="glm-z1-flashx",        pace=RAPID),
    replace(_CHARACTER, id="charglm-3",      context=4 * K, ceiling=2 * K),
    replace(_CHARACTER, id="charglm-4",      context=8 * K, ceiling=4095),
    replace(_CHARACTER, id="emohaa",         context=8 * K, ceiling=4095),
)
# fmt: on

TEXT_ENUM = (
    *("glm-5.3", "glm-5.2", "glm-5.1", "glm-5-turbo", "glm-5", "glm-4.7", "glm-4.7-flash"),
    *("glm-4.7-flashx", "glm-4.6", "glm-4.5-air", "glm-4.5-airx", "glm-4.5-flash"),
    *("glm-4-flash-250414", "glm-4-flashx-250414"),
)
"""The text models of docs.bigmodel.cn (对话补全, 2026-10), the default first."""

VISION_ENUM = (
    *("glm-5.3-flashx", "glm-5.3-flash", "glm-5v-turbo", "glm-4.6v", "autoglm-phone"),
    *("glm-4.6v-flash", "glm-4.6v-flashx", "glm-4v-flash", "glm-4.1v-thinking-flashx"),
    "glm-4.1v-thinking-flash",
)
"""The vision models of the same page, the default first."""

SHUTDOWNS: Mapping[str, str] = MappingProxyType({"glm-4.5": "glm-4.7", "glm-4.5-x": "glm-4.7"})
"""Models announced for shutdown by 2026-10, with the one to use instead; both still answer."""

DOCUMENTED_CEILINGS: Mapping[str, int] = MappingProxyType(
    {
        "glm-4.5": 98_304,
        "glm-4.1v-thinking-flash": 32_768,
        "glm-4-flash-250414": 32_768,
        "glm-4v-plus-0111": 8_192,
        "glm-4-voice": 4_096,
        "autoglm-phone": 4_096,
    }
)
"""Output ceilings of the documentation of 2026-10. Those of the first three are contradicted by the
refusal of 1210, which counts here (131,072 and twice 16,384); its overview has 2,048 for
autoglm-phone."""

MEASURED: Mapping[str, Pace] = MappingProxyType(
    {
        "glm-4.5": Pace(first=1.6, every=0.031, prompt=0.15, spread=2),
        "glm-4.5-air": Pace(first=1.5, every=0.013, prompt=0.15, spread=2),
        "glm-4.5-flash": Pace(first=6.0, every=0.03, prompt=0.15, spread=2),
        "glm-4.5v": Pace(first=0.5, every=0.0175, prompt=0.15, spread=2),
        "glm-4.6": Pace(first=1.2, every=0.022, prompt=0.15, spread=2),
        "glm-4.7": Pace(first=3.0, every=0.021, prompt=0.15, spread=4.5),
        "glm-5.2": Pace(first=3.0, every=0.0085, prompt=0.15, spread=4.5),
        "glm-5.3-flash": Pace(first=0.76, every=0.009, prompt=0.15, spread=4.5, tools=3.4),
        "glm-5.3-flashx": Pace(first=0.76, every=0.005, prompt=0.15, spread=4.5),
    }
)
"""Latencies as they were measured: the time to the first token, between tokens, for a thousand
uncached tokens of the prompt, its ninetieth percentile by the median, and the time more for tools.

Sources: answers of api.z.ai, 2025-10 and 2025-11 (36 of each glm-4.5, 4.5-air, 4.5-flash, 4.5v and
4.6), 911 of glm-4.7 on the Chinese Coding Plan base, 2025-12, whose whole calls fit 3.0 s + 21 ms a
token + 0.15 s a thousand uncached tokens; glm-5.2, musistudio/claude-code-router, 2026-07: 90 to
129 tokens a second; glm-5.3-flash, zai-org/GLM-5#144, 2026-09: 0.76 s, and about 3.4 s more once
there are tools, one or sixty, with `tool_choice: none` or a cached prompt, too; glm-5.3-flashx: 200
tokens a second are claimed.

Assumed: the figure of the prompt and the spread of all models but glm-4.7; the start of glm-5.2 and
of glm-5.3-flashx; the rate of glm-5.3-flash."""

MODELS: Mapping[str, Model] = MappingProxyType({row.id: row for row in TABLE})
"""By id, matched exactly and in lower case, as clients send it."""


def measured_pace(model: Model) -> Pace:
    """Return the latency measured of a model; its plausible pace if there is none."""
    return MEASURED.get(model.id, model.pace)


@lru_cache(maxsize=256)
def on_coding_plan(model: Model) -> Model:
    """Return the model as the Coding Plan base serves it.

    There an effort that the model does not know acts as its neighbour instead of being refused, and
    preserved thinking is on by default (docs.bigmodel.cn, 2026-10).
    """
    efforts = ALL if model.efforts == THREE else model.efforts
    return replace(model, efforts=efforts, is_coding_plan=True)


def like(id: str, model: Model) -> Model:
    """A model of another id that is like one of the table, but not listed."""
    return replace(model, id=id, is_listed=False, created=0)
