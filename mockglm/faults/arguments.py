"""Faults of the arguments of tool calls: cut, doubled, of another type, in unusual pieces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from mockglm.exchange import Response
from mockglm.faults.fault import BOTH, Fault
from mockglm.faults.frames import JSON, Document, calls, check_size, documents, messages, recast
from mockglm.faults.options import Option, Options, count
from mockglm.faults.position import Offset
from mockglm.faults.selectors import each, function, functions, map_key, set_key, string


def parsed(text: str) -> Any:
    """The value a JSON text says, the text itself where it says none."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text


def call_in_pieces(answer: Response, spot: Offset, options: Options) -> Response:
    found = [doc for doc in documents(answer, spot.start) if any(calls(doc.value))]
    return recast(answer, [(doc, list(_pieces(doc.value, options["size"]))) for doc in found])


def call_name_repeated(answer: Response, spot: Offset, options: Options) -> Response:
    changes: list[tuple[Document, list[JSON]]] = []
    openers: dict[str, JSON] = {}
    for doc in documents(answer, spot.start):
        for call in calls(doc.value):
            opener = openers.setdefault(_index(call), call)
            _repeat(call, opener)
        if any(calls(doc.value)):
            changes.append((doc, list(_halves(doc.value))))
    return recast(answer, changes)


def arguments_whole(answer: Response, spot: Offset, options: Options) -> Response:
    """Move all arguments into the call's first chunk and drop the others."""
    first: dict[str, JSON] = {}
    texts: dict[str, list[str]] = {}
    changes: list[tuple[Document, list[JSON]]] = []
    for doc in documents(answer, spot.start):
        found = list(calls(doc.value))
        for call in (call for call in found if _index(call) in first):
            texts.setdefault(_index(call), []).append(_text(call))
        opening = [call for call in found if _index(call) not in first]
        first |= {_index(call): call for call in opening if function(call)}
        if found:
            changes.append((doc, [doc.value] if opening else []))
    for index, more in texts.items():
        whole = function(first[index])
        whole["arguments"] = string(whole, "arguments") + "".join(more)
    return recast(answer, changes)


def _pieces(value: JSON, size: int) -> Iterator[JSON]:
    """The chunk with empty arguments, then a chunk for each piece of them."""
    for call in calls(value):
        text = _text(call)
        check_size("call-in-pieces", frames=len(text) // size)
        yield _carrying(value, _saying(call, "") if text else call)
        for low in range(0, len(text), size):
            piece = {"arguments": text[low : low + size]}
            yield _carrying(value, {"index": call.get("index"), "function": piece})


def _halves(value: JSON) -> Iterator[JSON]:
    for call in calls(value):
        text = _text(call)
        middle = len(text) // 2
        if not middle:
            yield _carrying(value, call)
            continue
        for part in (text[:middle], text[middle:]):
            yield _carrying(value, _saying(call, part))


def _repeat(call: JSON, opener: JSON) -> None:
    """Say again what only the first piece of a call said."""
    whole = opener | call
    if function(opener):
        whole["function"] = function(opener) | function(call)
    call.clear()
    call.update(whole)


def _carrying(value: JSON, call: JSON) -> JSON:
    """The chunk with that call as its only one."""
    delta = next(messages(value)) | {"tool_calls": [call]}
    one = value["choices"][0] | {"delta": delta}
    return value | {"choices": [one]}


def _saying(call: JSON, text: str) -> JSON:
    """The call with those arguments."""
    return call | {"function": function(call) | {"arguments": text}}


def _text(call: JSON) -> str:
    return string(function(call), "arguments")


def _index(call: JSON) -> str:
    """Return the key that assigns a delta to its call, whatever was recorded there."""
    return repr(call.get("index"))


ARGUMENTS = "a tool call with arguments"
LOST = ("CommandCodeAI/command-code#785", "mrwogu/factory-droid-openai#33")
TWICE = ("anomalyco/opencode#33064", "sgl-project/sglang#15405")

FAULTS = (
    Fault(
        name="call-in-pieces",
        kind="meaning",
        about="A call comes in pieces, as with tool_stream, even if it was not requested.",
        reports=("https://docs.z.ai/guides/tools/stream-tool", "anomalyco/opencode#25970"),
        breaks="zhipu-ai-provider, ChatZhipuAI (arguments {}), smolagents (a call for each piece)",
        change=call_in_pieces,
        why="pieces of a call are what OpenAI's clients expect",
        on="a stream",
        needs=ARGUMENTS,
        options={"size": Option(count, 4, "characters of the arguments in a piece")},
    ),
    Fault(
        name="call-name-repeated",
        kind="meaning",
        about="Each piece of a call repeats id, type and name.",
        reports=("BerriAI/litellm#9986", "epam/ai-dial-sdk#239"),
        breaks="six clients join the names: get_weatherget_weather",
        change=call_name_repeated,
        caught_by="TOL-01",
        on="a stream",
        needs=ARGUMENTS,
    ),
    Fault(
        name="arguments-whole",
        kind="meaning",
        about="The arguments come in one piece although tool_stream was requested.",
        reports=("sgl-project/sglang#11888", "weave-os/router#1099"),
        breaks="clients that show them as they come; proxies that time out in the silence",
        change=arguments_whole,
        caught_by="TOL-10",
        on="a stream",
        needs="a tool call in pieces",
    ),
    Fault(
        name="arguments-object",
        kind="meaning",
        surfaces=BOTH,
        about="The arguments are an object instead of a string.",
        reports=("zai-org/zai-coding-plugins#14", "ollama/ollama-python#667"),
        breaks="nine clients raise an error; openai-node makes [object Object] of it",
        change=each(functions, map_key("arguments", parsed)),
        caught_by="TOL-07",
        also=("TOL-03",),
        needs=ARGUMENTS,
    ),
    Fault(
        name="arguments-cut",
        kind="meaning",
        surfaces=BOTH,
        about="The second half of the arguments is missing.",
        reports=LOST,
        breaks="langchain treats the part as complete: the tool runs with wrong arguments",
        change=each(functions, map_key("arguments", lambda text: text[: len(text) // 2])),
        caught_by="TOL-03",
        also=("TOL-07",),
        needs=ARGUMENTS,
    ),
    Fault(
        name="arguments-twice",
        kind="meaning",
        surfaces=BOTH,
        about="The arguments are sent twice.",
        reports=TWICE,
        breaks="agents stop: the arguments are not JSON",
        change=each(functions, map_key("arguments", lambda text: text * 2)),
        caught_by="TOL-03",
        also=("TOL-07",),
        needs=ARGUMENTS,
    ),
    Fault(
        name="arguments-empty",
        kind="meaning",
        surfaces=BOTH,
        about="The arguments are an empty object, whatever the function requires.",
        reports=("anthropics/claude-code#67765", "sgl-project/sglang#15405"),
        breaks="tools that rely on their schema",
        change=each(functions, set_key("arguments", "{}")),
        caught_by="TOL-08",
        needs=ARGUMENTS,
    ),
)
