"""`POST /rerank`: documents in the order of their relevance for a query.

Limits and form are those of docs.bigmodel.cn. Assumed: the order of the keys; that results are
sorted by their score, and that `document` is there only with `return_documents`; the scores, which
are from 0 to 1, with `return_raw_scores` from -10 to 10.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from mockglm.endpoints.call import Call
from mockglm.endpoints.similarity import compare
from mockglm.exchange import Response, count_tokens

MAX_CHARACTERS = 4096
MAX_DOCUMENTS = 128
# Beyond these the documented limits are refused in any session, for the answer would take long.
MOST_DOCUMENTS = 1000
MAX_TOTAL = 1_000_000
_RAW_SCALE = 20
_RAW_SHIFT = 10


class RerankRequest(Struct):
    """The body of the request; a `top_n` of 0 is all."""

    query: str = ""
    documents: list[str] = []
    top_n: int = 0
    return_documents: bool = False
    return_raw_scores: bool = False
    request_id: str | None = None


def rank_documents(call: Call, request: RerankRequest) -> Response:
    """Answer with the documents by falling relevance; equal ones stay in their order."""
    _check(call, request)
    scores = compare(request.query, request.documents)
    order = sorted(range(len(scores)), key=lambda index: -scores[index])
    chosen = order[: request.top_n or None]
    tokens = count_tokens(request.query) + sum(map(count_tokens, request.documents))
    body = {
        "created": int(call.now),
        "id": call.id,
        "request_id": request.request_id or call.id,
        "results": [_result(request, index, scores) for index in chosen],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }
    return call.render(body)


def _check(call: Call, request: RerankRequest) -> None:
    call.require(request.query, "query")
    call.require(request.documents, "documents")
    call.check_documented("query", holds=len(request.query) <= MAX_CHARACTERS)
    longest = max(map(len, request.documents))
    total = sum(map(len, request.documents))
    call.check("documents", holds=len(request.documents) <= MOST_DOCUMENTS and total <= MAX_TOTAL)
    call.check_documented("documents", holds=len(request.documents) <= MAX_DOCUMENTS)
    call.check_documented("documents", holds=longest <= MAX_CHARACTERS)
    call.check("top_n", holds=request.top_n >= 0)


def _result(request: RerankRequest, index: int, scores: Sequence[float]) -> dict[str, Any]:
    score = scores[index]
    if request.return_raw_scores:
        score = score * _RAW_SCALE - _RAW_SHIFT
    result: dict[str, Any] = {"index": index, "relevance_score": round(score, 6)}
    if request.return_documents:
        result["document"] = request.documents[index]
    return result
