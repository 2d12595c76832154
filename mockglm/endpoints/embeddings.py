"""`POST /embeddings`: unit vectors of texts.

Limits and dimensions are those of docs.bigmodel.cn; the refusal of 65 items is captured (public
reports, 2026). Assumed: the order of the keys; the refusals of texts that are empty or too long;
that `encoding_format` and unknown keys are ignored. Vectors are not those of the service.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

from mockglm.endpoints.call import Call
from mockglm.endpoints.similarity import embed
from mockglm.exchange import Response, count_tokens

MAX_ITEMS = 64
TOO_MANY = "input数组最大不得超过64条"
FIXED = 1024
"""The dimensions of embedding-2."""
DIMENSIONS = (256, 512, 1024, 2048)
MAX_TOKENS = {"embedding-2": 512}
MAX_TOKENS_OF_OTHERS = 3072
MAX_CACHED = 2000
"""Characters of the longest text whose vector is kept."""
MAX_TOTAL = {"embedding-2": 8192}


class EmbeddingsRequest(Struct):
    """The body of the request."""

    input: str | list[str] | None = None
    model: str = ""
    dimensions: int | None = None


def create_embeddings(call: Call, request: EmbeddingsRequest) -> Response:
    """Answer with a vector for each text."""
    texts = [request.input] if isinstance(request.input, str) else request.input or []
    _check(call, texts, request)
    dimensions = request.dimensions or DIMENSIONS[-1]
    if request.model == "embedding-2":
        dimensions = FIXED
    data = [
        {"embedding": _embed(text, dimensions), "index": index, "object": "embedding"}
        for index, text in enumerate(texts)
    ]
    tokens = sum(map(count_tokens, texts))
    usage = {"completion_tokens": 0, "prompt_tokens": tokens, "total_tokens": tokens}
    return call.render({"data": data, "model": request.model, "object": "list", "usage": usage})


def _check(call: Call, texts: Sequence[str], request: EmbeddingsRequest) -> None:
    if not texts:
        call.refuse("1213", field="input")
    if len(texts) > MAX_ITEMS:
        call.refuse("1214", TOO_MANY)
    call.check("input", holds=all(texts))
    counts = list(map(count_tokens, texts))
    longest = MAX_TOKENS.get(request.model, MAX_TOKENS_OF_OTHERS)
    is_short = max(counts) <= longest and sum(counts) <= MAX_TOTAL.get(request.model, sum(counts))
    call.check_documented("input", holds=is_short)
    if request.dimensions is not None and request.model != "embedding-2":
        call.check("dimensions", holds=1 <= request.dimensions <= DIMENSIONS[-1])
        call.check_documented("dimensions", holds=request.dimensions in DIMENSIONS)


def _embed(text: str, dimensions: int) -> list[float]:
    return _embed_again(text, dimensions) if len(text) <= MAX_CACHED else embed(text, dimensions)


@lru_cache(maxsize=64)
def _embed_again(text: str, dimensions: int) -> list[float]:
    """The vector of a short text, which a test sends again and again."""
    return embed(text, dimensions)
