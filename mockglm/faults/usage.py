"""Faults of usage: where it stands, whether it is there, and what it counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mockglm.exchange import Response
from mockglm.faults.blocks import counted
from mockglm.faults.fault import BOTH, CHAT, Fault
from mockglm.faults.frames import JSON, Document, documents, recast, rewrite_documents
from mockglm.faults.options import Option, Options, count
from mockglm.faults.position import Offset
from mockglm.faults.selectors import Mutation, delete_key, each, root, set_key, usages


def usage_early(answer: Response, spot: Offset, options: Options) -> Response:
    found = documents(answer, spot.start)
    final = _counted(found)
    if final is None or found.index(final) == 0:
        return answer
    earlier = found[found.index(final) - 1]
    earlier.value["usage"] = final.value.pop("usage")
    return rewrite_documents(answer, (earlier, final))


def usage_tail(answer: Response, spot: Offset, options: Options) -> Response:
    final = _counted(documents(answer, spot.start))
    if final is None:
        return answer
    usage = final.value.pop("usage")
    tail = final.value | {"choices": [], "usage": usage}
    return recast(answer, [(final, [final.value, tail])])


def usage_every_chunk(answer: Response, spot: Offset, options: Options) -> Response:
    found = documents(answer, spot.start)
    final = _counted(found)
    if final is None:
        return answer
    bare = [doc for doc in found if "usage" not in doc.value]
    for doc in bare:
        doc.value["usage"] = final.value["usage"]
    return rewrite_documents(answer, bare)


def count_as(key: str, value: int) -> Mutation:
    """Set a count and the total with it, so that they still add up."""

    def mend(usage: JSON, options: Options) -> None:
        usage[key] = value
        parts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
        usage["total_tokens"] = sum(part for part in parts if isinstance(part, int))

    return mend


def detail(group: str, key: str, of: str) -> Mutation:
    """Let a detail count one more than what it is a part of."""

    def mend(usage: JSON, options: Options) -> None:
        usage[group] = {key: _number(usage.get(of)) + 1}

    return mend


def miscount(usage: JSON, options: Options) -> None:
    usage["total_tokens"] = _number(usage.get("total_tokens")) + options["by"]


def _counted(found: list[Document]) -> Document | None:
    return next((doc for doc in found if any(usages(doc.value))), None)


def _counting(value: JSON) -> Iterator[JSON]:
    yield from (part for part in root(value) if "choices" in part and "usage" in part)
    yield from counted(value)


def _number(value: Any) -> int:
    return value if isinstance(value, int) else 0


USAGE = "usage"

STREAMED = ("xorbitsai/inference#5510", "iflytek/astron-agent#1568")
MISTRAL = "mistralai/client-python#628"


FAULTS = (
    Fault(
        name="usage-missing",
        kind="meaning",
        surfaces=BOTH,
        about="Usage is missing.",
        reports=(MISTRAL,),
        breaks="zhipu-ai-provider: Invalid JSON response; smolagents raises AttributeError",
        change=each(_counting, delete_key("usage")),
        caught_by="USE-01",
        also=("JSN-01",),
        needs=USAGE,
    ),
    Fault(
        name="usage-null",
        kind="meaning",
        surfaces=BOTH,
        about="Usage is null.",
        reports=("microsoft/foundry-local#144", MISTRAL),
        breaks="clients that add up usage",
        change=each(_counting, set_key("usage", None)),
        caught_by="USE-01",
        also=("JSN-01",),
        needs=USAGE,
    ),
    Fault(
        name="usage-early",
        kind="meaning",
        about="Usage comes one chunk before the finish reason.",
        reports=STREAMED,
        breaks="clients that look for it on the last chunk",
        change=usage_early,
        caught_by="USE-01",
        on="a stream",
        needs="usage and a chunk before it",
    ),
    Fault(
        name="usage-tail",
        kind="meaning",
        about="Usage comes in a chunk of its own without choices, as OpenAI's does.",
        reports=STREAMED,
        breaks="llama-index-llms-zhipuai raises IndexError, ChatZhipuAI loses it",
        change=usage_tail,
        caught_by="USE-01",
        on="a stream",
        needs=USAGE,
    ),
    Fault(
        name="usage-every-chunk",
        kind="meaning",
        about="Every chunk has usage.",
        reports=("bytedance/deer-flow#4537", "sgl-project/sglang#12241"),
        breaks="crewai returns an empty text; clients that add it up count too much",
        change=usage_every_chunk,
        caught_by="USE-01",
        on="a stream",
        needs="usage and a chunk without it",
    ),
    Fault(
        name="usage-total",
        kind="meaning",
        about="The total of usage is not the sum of its parts.",
        reports=(CHAT,),
        breaks="costs and budgets that are based on the total",
        change=each(usages, miscount),
        caught_by="USE-02",
        needs=USAGE,
        options={"by": Option(count, 7, "number of additional tokens")},
    ),
    Fault(
        name="usage-zero",
        kind="meaning",
        surfaces=BOTH,
        about="Usage counts no completion tokens.",
        reports=(MISTRAL,),
        breaks="limits and costs that are based on the count",
        change=each(usages, count_as("completion_tokens", 0)),
        caught_by="USE-03",
        needs=USAGE,
    ),
    Fault(
        name="usage-cached",
        kind="meaning",
        surfaces=BOTH,
        about="Usage counts more cached tokens than the prompt has.",
        reports=(CHAT,),
        breaks="costs become negative",
        change=each(usages, detail("prompt_tokens_details", "cached_tokens", "prompt_tokens")),
        caught_by="USE-04",
        needs=USAGE,
    ),
    Fault(
        name="usage-reasoning",
        kind="meaning",
        about="Usage counts more reasoning tokens than completion tokens.",
        reports=(CHAT,),
        breaks="lengths of texts become negative",
        change=each(
            usages, detail("completion_tokens_details", "reasoning_tokens", "completion_tokens")
        ),
        caught_by="USE-05",
        needs=USAGE,
    ),
    Fault(
        name="usage-over",
        kind="meaning",
        surfaces=BOTH,
        about="Usage counts more tokens than any max_tokens allows.",
        reports=(CHAT,),
        breaks="budgets that rely on max_tokens",
        change=each(usages, count_as("completion_tokens", 1_000_000)),
        caught_by="USE-06",
        needs=USAGE,
    ),
    Fault(
        name="usage-prompt",
        kind="meaning",
        surfaces=BOTH,
        about="Usage counts one token for the prompt, whatever its length.",
        reports=("zai-org/GLM-5#139", CHAT),
        breaks="agents that shorten their history by this count never do so",
        change=each(usages, count_as("prompt_tokens", 1)),
        caught_by="EQV-02",
        also=("USE-07",),
        needs=USAGE,
    ),
    Fault(
        name="usage-key",
        kind="meaning",
        surfaces=BOTH,
        about="Usage has an unknown key.",
        reports=("https://platform.openai.com/docs/api-reference/chat/object",),
        breaks="clients that are strict in one form only",
        change=each(usages, set_key("prompt_cache_hit_tokens", 0)),
        caught_by="EQV-04",
        needs=USAGE,
    ),
)
