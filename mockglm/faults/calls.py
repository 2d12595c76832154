"""Faults of tool calls: their ids, names and indexes, and whether they are calls at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mockglm.exchange import Response
from mockglm.faults.blocks import uses
from mockglm.faults.fault import BOTH, CHAT, Fault
from mockglm.faults.frames import (
    JSON,
    Document,
    calls,
    check_size,
    documents,
    messages,
    objects,
    recast,
    rewrite_documents,
)
from mockglm.faults.options import Option, Options, choice, text
from mockglm.faults.position import Offset
from mockglm.faults.selectors import delete_key, each, finishes, function, set_key, string, suffix

PIECE = 12
"""Characters of a chunk of the text that stands for a call."""


def call_twice(answer: Response, spot: Offset, options: Options) -> Response:
    found = _calling(answer, spot)
    if answer.is_stream:
        return recast(answer, [(doc, [doc.value, doc.value]) for doc in found])
    for message in (message for doc in found for message in _callers(doc.value)):
        message["tool_calls"] = [call for call in message["tool_calls"] for _ in range(2)]
    return rewrite_documents(answer, found)


def call_id_same(answer: Response, spot: Offset, options: Options) -> Response:
    found = _calling(answer, spot)
    named = [call for doc in found for call in _opening(doc.value)]
    for call in named:
        call["id"] = named[0]["id"]
    return rewrite_documents(answer, found)


def calls_in_one_chunk(answer: Response, spot: Offset, options: Options) -> Response:
    found = _calling(answer, spot)
    if len(found) < 2:
        return answer
    first = next(_callers(found[0].value))
    first["tool_calls"] = [call for doc in found for call in calls(doc.value)]
    return recast(answer, [(found[0], [found[0].value]), *((doc, []) for doc in found[1:])])


def calls_missing(answer: Response, spot: Offset, options: Options) -> Response:
    found = _calling(answer, spot)
    for message in (message for doc in found for message in messages(doc.value)):
        message.pop("tool_calls", None)
    return recast(answer, [(doc, [doc.value] if any(finishes(doc.value)) else []) for doc in found])


def call_text(answer: Response, spot: Offset, options: Options) -> Response:
    """The call in the markup of GLM's chat template, cut into chunks; the answer stops."""
    key = KEYS[options["in"]]
    found = _calling(answer, spot)
    ends = [doc for doc in documents(answer, spot.start) if any(finishes(doc.value))]
    if not found or not ends:
        return answer
    for ended in (end for doc in ends for end in finishes(doc.value)):
        ended["finish_reason"] = "stop"
    if answer.is_stream:
        told = [(doc, list(_told(doc.value, key))) for doc in found]
        return recast(answer, [*told, *((doc, [doc.value]) for doc in ends)])
    for message in _callers(ends[0].value):
        markup = "".join(map(_markup, objects(message.pop("tool_calls"))))
        message[key] = string(message, key) + markup
    return rewrite_documents(answer, ends)


def _calling(answer: Response, spot: Offset) -> list[Document]:
    return [doc for doc in documents(answer, spot.start) if any(calls(doc.value))]


def _callers(value: JSON) -> Iterator[JSON]:
    """The deltas or messages that have a list for calls."""
    return (part for part in messages(value) if isinstance(part.get("tool_calls"), list))


def _opening(value: JSON) -> Iterator[JSON]:
    yield from (call for call in (*calls(value), *uses(value)) if "id" in call)


def _typed(value: JSON) -> Iterator[JSON]:
    return (call for call in calls(value) if "type" in call)


def _indexed(value: JSON) -> Iterator[JSON]:
    return (call for call in calls(value) if "index" in call)


def _named(value: JSON) -> Iterator[JSON]:
    found = map(function, calls(value))
    yield from (part for part in (*found, *uses(value)) if isinstance(part.get("name"), str))


def _name_command(part: JSON, options: Options) -> None:
    """Four of 942 calls of glm-4.7 had a command of up to 14,160 characters as a name, and `{}` or
    a key that was left over as arguments (official endpoint, 2025-12)."""
    part["name"] = options["text"]
    if part.get("arguments"):
        part["arguments"] = "{}"


def _told(value: JSON, key: str) -> Iterator[JSON]:
    """The chunk again for each piece of the text of its calls."""
    text = "".join(map(_markup, calls(value)))
    check_size("call-text", frames=len(text) // PIECE)
    for low in range(0, len(text), PIECE):
        delta = {"role": "assistant", key: text[low : low + PIECE]}
        yield value | {"choices": [{"index": 0, "delta": delta}]}


def _markup(call: JSON) -> str:
    """Source: the chat template of zai-org/GLM-4.5 and later, huggingface.co/zai-org."""
    lines = [f"<tool_call>{string(function(call), 'name')}"]
    for name, value in _arguments(function(call).get("arguments")).items():
        shown = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        lines += [f"<arg_key>{name}</arg_key>", f"<arg_value>{shown}</arg_value>"]
    return "\n".join([*lines, "</tool_call>"])


def _arguments(written: Any) -> Mapping[str, Any]:
    """Arguments by name, of a text as of an object; none of what is neither."""
    if not isinstance(written, str):
        return written if isinstance(written, dict) else {}
    try:
        return msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


KEYS = {"content": "content", "reasoning": "reasoning_content"}
CALL = "a tool call"
NO_ID = ("CherryHQ/cherry-studio#16000", "anomalyco/opencode#25970", "sigoden/aichat#1495")
PROSE = ("sgl-project/sglang#30925", "izaart95-jpg/GLM-Free-API#27")

FAULTS = (
    Fault(
        name="call-twice",
        kind="meaning",
        about="A call is sent twice.",
        reports=("vllm-project/vllm-ascend#8327",),
        breaks="the tool runs twice, or its arguments are not JSON",
        change=call_twice,
        caught_by="TOL-01",
        also=("TOL-05",),
        needs=CALL,
    ),
    Fault(
        name="call-without-index",
        kind="meaning",
        about="A call has no index.",
        reports=(CHAT,),
        breaks="openai-python's .stream() raises TypeError, haystack ValueError",
        change=each(_indexed, delete_key("index")),
        caught_by="TOL-02",
        on="a stream",
        needs=CALL,
    ),
    Fault(
        name="call-without-id",
        kind="meaning",
        surfaces=BOTH,
        about="A call has no id.",
        reports=("anomalyco/opencode#2557", *NO_ID),
        breaks="zhipu-ai-provider, openai-agents; a result cannot name its call",
        change=each(_opening, delete_key("id")),
        caught_by="TOL-01",
        also=("TOL-05",),
        needs=CALL,
    ),
    Fault(
        name="call-without-type",
        kind="meaning",
        about="A call has no type.",
        reports=("vercel/ai#19178",),
        breaks="zhipu-ai-provider raises TypeValidationError",
        change=each(_typed, delete_key("type")),
        caught_by="TOL-01",
        needs=CALL,
    ),
    Fault(
        name="call-without-name",
        kind="meaning",
        surfaces=BOTH,
        about="A call has no function name.",
        reports=("vllm-project/vllm#39757",),
        breaks="agents run no tool, or crash",
        change=each(_named, delete_key("name")),
        caught_by="TOL-01",
        also=("TOL-06",),
        needs=CALL,
    ),
    Fault(
        name="call-id-null",
        kind="meaning",
        surfaces=BOTH,
        about="The id of a call is null.",
        reports=NO_ID,
        breaks="pydantic-ai, zhipu-ai-provider, openai-agents and @langchain/openai",
        change=each(_opening, set_key("id", None)),
        caught_by="TOL-05",
        also=("TOL-01",),
        needs=CALL,
    ),
    Fault(
        name="call-id-empty",
        kind="meaning",
        surfaces=BOTH,
        about="The id of a call is empty.",
        reports=("run-llama/llama_index#20207", *NO_ID),
        breaks="the next request is refused with 1214",
        change=each(_opening, set_key("id", "")),
        caught_by="TOL-05",
        needs=CALL,
    ),
    Fault(
        name="call-id-same",
        kind="meaning",
        about="Parallel calls share an id.",
        reports=(CHAT,),
        breaks="one result is used for both calls",
        change=call_id_same,
        caught_by="TOL-05",
        needs="two tool calls",
    ),
    Fault(
        name="call-index-minus-one",
        kind="meaning",
        about="The index of a call is -1, as glm-4.5-flash's was in 2025.",
        reports=("https://github.com/charmbracelet/fantasy",),
        breaks="clients that store the calls in a list",
        change=each(_indexed, set_key("index", -1)),
        caught_by="TOL-02",
        needs=CALL,
    ),
    Fault(
        name="calls-same-index",
        kind="meaning",
        about="Parallel calls share the index 0.",
        reports=("sgl-project/sglang#16371", "sgl-project/sglang#15405"),
        breaks="arguments run together: {}{}",
        change=each(_indexed, set_key("index", 0)),
        caught_by="TOL-01",
        also=("TOL-03",),
        needs="a tool call whose index is not 0",
    ),
    Fault(
        name="calls-in-one-chunk",
        kind="meaning",
        about="Parallel calls come in one chunk.",
        reports=("sgl-project/sglang#16371",),
        breaks="crewai loses both calls, llama-index-llms-openai-like the second",
        change=calls_in_one_chunk,
        why="a delta may hold several calls",
        on="a stream",
        needs="two tool calls",
    ),
    Fault(
        name="calls-missing",
        kind="meaning",
        about="The finish reason is `tool_calls`, but there is no call.",
        reports=("earendil-works/pi#6357",),
        breaks="agents wait for a call, or retry endlessly",
        change=calls_missing,
        caught_by="TOL-04",
        needs=CALL,
    ),
    Fault(
        name="call-text",
        kind="meaning",
        about="A call is part of the text or the reasoning, in the markup of GLM's template.",
        reports=(*PROSE, "vllm-project/vllm-ascend#12398"),
        breaks="every client treats it as text; agents stop",
        change=call_text,
        why="a model may choose to write text instead of a call",
        needs="a tool call and a finish reason",
        options={"in": Option(choice(*KEYS), "content", "where the call is")},
    ),
    Fault(
        name="name-is-command",
        kind="meaning",
        about="The name of the function is a whole shell command, and its arguments are empty.",
        reports=(CHAT,),
        breaks="the tool is unknown; clients that allow 64 characters raise an error",
        change=each(_named, _name_command),
        caught_by="TOL-06",
        needs=CALL,
        options={"text": Option(text, "cd /srv/app && ls -la | head -n 20", "the command")},
    ),
    Fault(
        name="name-leak",
        kind="meaning",
        surfaces=BOTH,
        about="The name of the function ends with a tag of GLM's template.",
        reports=("fw-ai-external/python-sdk#119", "vllm-project/vllm#39757"),
        breaks="the tool is unknown: agents retry or stop",
        change=each(_named, suffix("name", "</arg_value>")),
        caught_by="TOL-06",
        needs=CALL,
    ),
)
