"""Faults of parts that only responses of the Anthropic surface have: the events and the start of a
message, the start of its blocks, signatures, the counts of its cache, and the listing of models."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from mockglm.exchange import Response
from mockglm.faults.blocks import counts, message_root, uses
from mockglm.faults.fault import Fault
from mockglm.faults.frames import JSON, Document, documents, objects, recast, rewrite_documents
from mockglm.faults.options import Option, Options, text
from mockglm.faults.position import NOWHERE, Offset
from mockglm.faults.selectors import delete_key, each, first, set_key
from mockglm.surfaces import SurfaceName

MESSAGES: tuple[SurfaceName, ...] = ("anthropic",)
_LISTED_KEYS = {"firstId", "hasMore", "lastId"}


def event_unknown(answer: Response, spot: Offset, options: Options) -> Response:
    """An event of another type follows the first one."""
    found = [doc for doc in documents(answer, spot.start) if "type" in doc.value][:1]
    return recast(answer, [(doc, [doc.value, {"type": options["type"]}]) for doc in found])


def start_with_input(answer: Response, spot: Offset, options: Options) -> Response:
    """The start of each call has its arguments, and no delta follows."""
    found = documents(answer, spot.start)
    changes: list[tuple[Document, list[JSON]]] = []
    for start in found:
        use = next(uses(start.value), None)
        if use is None or start.value.get("type") != "content_block_start":
            continue
        deltas = [doc for doc in found if _is_delta(doc.value, of=start.value)]
        pieces = [delta for doc in deltas for delta in objects([doc.value.get("delta")])]
        use["input"] = _decode("".join(str(piece.get("partial_json", "")) for piece in pieces))
        changes += [(start, [start.value]), *((doc, []) for doc in deltas)]
    return recast(answer, changes)


def signature_missing(answer: Response, spot: Offset, options: Options) -> Response:
    """No block of thought has a signature, at its start or as a delta."""
    changes: list[tuple[Document, list[JSON]]] = []
    for doc in documents(answer, spot.start):
        signed = [part for part in _parts(doc.value) if "signature" in part]
        if any(part.get("type") == "signature_delta" for part in signed):
            changes.append((doc, []))
        elif signed:
            for part in signed:
                del part["signature"]
            changes.append((doc, [doc.value]))
    return recast(answer, changes)


def usage_in_start(answer: Response, spot: Offset, options: Options) -> Response:
    """The usage of message_start has the input tokens that message_delta counts."""
    found = documents(answer, spot.start)
    counted = next((one for doc in found for one in counts(doc.value)), {})
    starts = [doc for doc in found if doc.value.get("type") == "message_start"]
    for doc in starts:
        for head in message_root(doc.value):
            for usage in objects([head.get("usage")]):
                usage["input_tokens"] = counted.get("prompt_tokens", usage.get("input_tokens"))
    return rewrite_documents(answer, starts)


def listing_openai(answer: Response, spot: Offset, options: Options) -> Response:
    """The listing is an object of type list, and its models have OpenAI's keys."""
    found = [doc for doc in documents(answer) if doc.value.keys() >= _LISTED_KEYS]
    for doc in found:
        models = [
            {"id": model.get("id"), "object": "model", "owned_by": "z-ai"}
            for model in objects(doc.value.get("data"))
        ]
        doc.value.clear()
        doc.value.update(object="list", data=models)
    return rewrite_documents(answer, found)


def _started(value: JSON) -> Iterator[JSON]:
    """Select the message of message_start."""
    if value.get("type") == "message_start":
        yield from message_root(value)


def _started_calls(value: JSON) -> Iterator[JSON]:
    """Select the calls that begin in a stream."""
    if value.get("type") == "content_block_start":
        yield from uses(value)


def _parts(value: JSON) -> Iterator[JSON]:
    """Select the blocks of a message; the block or the delta of an event."""
    yield from objects(value.get("content"))
    yield from objects([value.get("content_block"), value.get("delta")])


def _is_delta(value: JSON, *, of: JSON) -> bool:
    is_same = value.get("index") == of.get("index")
    return is_same and value.get("type") == "content_block_delta"


def _decode(arguments: str) -> JSON:
    try:
        return msgspec.json.decode(arguments or "{}", type=JSON)
    except msgspec.DecodeError:
        return {}


STREAM_OF_CALLS = "a call in a stream of the Anthropic surface"

FAULTS = (
    Fault(
        name="event-unknown",
        kind="meaning",
        surfaces=MESSAGES,
        about="An event of another type comes between two others.",
        reports=("vercel/ai#2463",),
        breaks="the AI SDK raises TypeValidationError for a type that it does not list",
        change=event_unknown,
        caught_by="EVT-08",
        also=("EVT-05",),
        on="a stream",
        needs="an event with a type",
        options={"type": Option(text, "content_block_progress", "the type of the event")},
    ),
    Fault(
        name="start-with-input",
        kind="meaning",
        surfaces=MESSAGES,
        about="A call has its arguments in content_block_start, and no delta.",
        reports=("earendil-works/pi#2593", "Yeachan-Heo/gajae-code#1895"),
        breaks="clients that parse the joined deltas call every tool with {}",
        change=start_with_input,
        caught_by="BLK-05",
        on="a stream",
        needs=STREAM_OF_CALLS,
    ),
    Fault(
        name="start-without-input",
        kind="meaning",
        surfaces=MESSAGES,
        about="The content_block_start of a call has no input.",
        reports=("ggml-org/llama.cpp#22960", "farion1231/cc-switch#2557"),
        breaks="clients with types, as those in Rust: missing field `input`",
        change=each(_started_calls, delete_key("input")),
        caught_by="BLK-05",
        on="a stream",
        needs=STREAM_OF_CALLS,
    ),
    Fault(
        name="signature-missing",
        kind="meaning",
        surfaces=MESSAGES,
        about="A thought has no signature.",
        reports=("ggml-org/llama.cpp#20090", "WordPress/ai-provider-for-anthropic#27"),
        breaks="clients that require it; the next request is refused where signatures are checked",
        change=signature_missing,
        caught_by="THK-01",
        also=("THK-02", "THK-03"),
        needs="a signature",
    ),
    Fault(
        name="start-stop-reason",
        kind="meaning",
        surfaces=MESSAGES,
        about="The message of message_start has an empty stop_reason instead of null.",
        reports=("Wei-Shaw/sub2api#4589",),
        breaks="Claude Code does not write the usage of a turn into its log",
        change=first(_started, set_key("stop_reason", "")),
        caught_by="STP-04",
        on="a stream",
        needs="message_start",
    ),
    Fault(
        name="usage-in-start",
        kind="meaning",
        surfaces=MESSAGES,
        about="The usage of message_start counts the prompt, as Anthropic's own does.",
        reports=("envoyproxy/ai-gateway#2241", "envoyproxy/ai-gateway#2239"),
        breaks="clients that add the usage of message_delta to it count the prompt twice",
        change=usage_in_start,
        caught_by="TOK-01",
        on="a stream",
        needs="message_start and a usage that counts",
    ),
    Fault(
        name="cache-creation",
        kind="meaning",
        surfaces=MESSAGES,
        about="Usage has cache_creation_input_tokens, which GLM never sends.",
        reports=("promptdriven/pdd#629", "envoyproxy/ai-gateway#2236"),
        breaks="clients that bill for it, or add it to the input",
        change=each(counts, set_key("cache_creation_input_tokens", 0)),
        caught_by="TOK-04",
        needs="usage",
    ),
    Fault(
        name="listing-openai",
        kind="meaning",
        surfaces=("chat", "anthropic"),
        about="The listing of models at `/api/anthropic/v1/models` has OpenAI's keys.",
        reports=("BerriAI/litellm#27180", "BerriAI/litellm#35455"),
        breaks="Claude Code finds no model for its /model picker",
        change=listing_openai,
        caught_by="PTH-03",
        on="a JSON response",
        needs="a listing of the Anthropic surface",
        positions=NOWHERE,
    ),
)
