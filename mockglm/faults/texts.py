"""Faults of what is said: text missing, mangled, fenced, endless or of another type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mockglm.exchange import Response
from mockglm.faults.fault import BOTH, Change, Fault
from mockglm.faults.frames import JSON, check_size, documents, messages, recast, rewrite_documents
from mockglm.faults.options import Option, Options, choice, count, text
from mockglm.faults.position import Offset
from mockglm.faults.selectors import (
    Mutation,
    contents,
    each,
    finishes,
    first,
    functions,
    map_key,
    prefix,
    set_key,
    thoughts,
)

LONG = "长"


def text_missing(answer: Response, spot: Offset, options: Options) -> Response:
    """Chunks that bear anything go, but for the one that ends the answer."""
    found = [doc for doc in documents(answer, spot.start) if any(messages(doc.value))]
    for message in (message for doc in found for message in messages(doc.value)):
        message.pop("reasoning_content", None)
        message.pop("tool_calls", None)
        message["content"] = ""
    return recast(answer, [(doc, [doc.value] if any(finishes(doc.value)) else []) for doc in found])


def text_after(answer: Response, spot: Offset, options: Options) -> Response:
    spoken = [doc for doc in documents(answer, spot.start) if any(contents(doc.value))][-1:]
    for message in (message for doc in spoken for message in contents(doc.value)):
        message["content"] += options["text"]
    return rewrite_documents(answer, spoken)


def json_fence(answer: Response, spot: Offset, options: Options) -> Response:
    spoken = [doc for doc in documents(answer, spot.start) if any(contents(doc.value))]
    if not spoken:
        return answer
    opening, closing = next(contents(spoken[0].value)), next(contents(spoken[-1].value))
    opening["content"] = "```json\n" + opening["content"]
    closing["content"] += "\n```"
    return rewrite_documents(answer, (spoken[0], spoken[-1]))


def repetition(answer: Response, spot: Offset, options: Options) -> Response:
    """The first text again and again in place of all the others, then `length`."""
    found = documents(answer, spot.start)
    spoken = [doc for doc in found if any(contents(doc.value))]
    ends = [doc for doc in found if any(finishes(doc.value))]
    if not spoken:
        return answer
    for ended in (end for doc in ends for end in finishes(doc.value)):
        ended["finish_reason"] = "length"
    frame = spoken[0].frame
    check_size("repetition", size=(frame.end - frame.start) * options["times"])
    if answer.is_stream:
        check_size("repetition", frames=options["times"])
    else:
        next(contents(spoken[0].value))["content"] *= options["times"]
    again = (spoken[0], [spoken[0].value] * options["times"])
    others = [(doc, list[JSON]()) for doc in spoken[1:]]
    return recast(answer, [again, *others, *((doc, [doc.value]) for doc in ends)])


def huge_line(answer: Response, spot: Offset, options: Options) -> Response:
    check_size("huge-line", size=options["size"])
    return LARGE[options["in"]](answer, spot, options)


def mojibake(message: JSON, options: Options) -> None:
    """UTF-8 read as Latin-1 and written again."""
    message["content"] = message["content"].encode().decode("latin-1")


def widen(key: str) -> Mutation:
    """Add text until the line has about the size asked for."""

    def mend(part: JSON, options: Options) -> None:
        part[key] += LONG * (options["size"] // len(LONG.encode()))

    return mend


def widen_arguments(function: JSON, options: Options) -> None:
    """Blanks after the opening brace, so that the arguments mean what they did."""
    blanks = "{" + " " * options["size"]
    function["arguments"] = function["arguments"].replace("{", blanks, 1)


def worded(value: JSON) -> Iterator[JSON]:
    """The deltas or messages that have content, empty or not."""
    yield from (part for part in messages(value) if isinstance(part.get("content"), str))
    yield from contents(value)


LARGE: Mapping[str, Change] = {
    "content": first(contents, widen("content")),
    "reasoning": first(thoughts, widen("reasoning_content")),
    "arguments": first(functions, widen_arguments),
}
TEXT = "text"
FENCED = ("zai-org/GLM-4.5#52",)

FAULTS = (
    Fault(
        name="text-missing",
        kind="meaning",
        about="The response ends normally and is empty: no text, no reasoning, no call.",
        reports=("earendil-works/pi#2313", "NousResearch/hermes-agent#92161"),
        breaks="agents stop with an empty result, or retry endlessly",
        change=text_missing,
        caught_by="CHK-10",
        also=("RSN-01", "TOL-04"),
        needs="text, thought or a call",
    ),
    Fault(
        name="text-after",
        kind="meaning",
        surfaces=BOTH,
        about="The text continues after the stop sequence.",
        reports=("lmstudio-ai/lmstudio-bug-tracker#1992",),
        breaks="the stop sequence and more is shown",
        change=text_after,
        caught_by="FIN-05",
        trial="text-after.text-seven",
        needs=TEXT,
        options={"text": Option(text, "<|user|>", "the text that is added")},
    ),
    Fault(
        name="content-null",
        kind="meaning",
        surfaces=BOTH,
        about="Content is null.",
        reports=("AgentEra/Agently#74", "lifemate-ai/familiar-ai#53"),
        breaks="ChatZhipuAI raises ValidationError",
        change=each(worded, set_key("content", None)),
        caught_by="JSN-03",
        also=("CHK-10",),
        needs="content",
    ),
    Fault(
        name="content-list",
        kind="meaning",
        surfaces=BOTH,
        about="Content is a list of parts instead of a string.",
        reports=("mistralai/mistral-vibe#1119",),
        breaks="clients that join the pieces raise TypeError",
        change=each(contents, map_key("content", lambda text: [{"type": "text", "text": text}])),
        caught_by="CHK-05",
        also=("JSN-03",),
        needs=TEXT,
    ),
    Fault(
        name="content-newline",
        kind="meaning",
        surfaces=BOTH,
        about="The text begins with a line feed, as glm-4.6's did until 2026.",
        reports=("https://github.com/charmbracelet/crush",),
        breaks="clients that compare the history, or refuse blank content",
        change=first(contents, prefix("content", "\n")),
        caught_by="EQV-07",
        needs=TEXT,
    ),
    Fault(
        name="mojibake",
        kind="meaning",
        surfaces=BOTH,
        about="The text is UTF-8 that was decoded as Latin-1.",
        reports=("https://www.rfc-editor.org/rfc/rfc8259#section-8.1",),
        breaks="the text is unreadable, and nothing reports it",
        change=each(contents, mojibake),
        caught_by="TRN-08",
        needs="text that is not ASCII",
    ),
    Fault(
        name="json-fence",
        kind="meaning",
        surfaces=BOTH,
        about="The text is wrapped in a Markdown fence although JSON was requested.",
        reports=FENCED,
        breaks="instructor, dspy, crewai and others that parse the text",
        change=json_fence,
        caught_by="EQV-07",
        needs=TEXT,
    ),
    Fault(
        name="json-newline",
        kind="meaning",
        surfaces=BOTH,
        about="The JSON in the text has unescaped line feeds in its strings.",
        reports=FENCED,
        breaks="strict JSON parsers of the text",
        change=each(contents, map_key("content", lambda text: text.replace("\\n", "\n"))),
        why="no check asks for JSON",
        needs="text with an escaped line feed",
    ),
    Fault(
        name="repetition",
        kind="meaning",
        surfaces=BOTH,
        about="The text repeats the same words until the limit.",
        reports=("ollama/ollama#16892", "vllm-project/vllm#47504"),
        breaks="budgets, and clients without protection against loops",
        change=repetition,
        caught_by="FIN-04",
        needs=TEXT,
        options={"times": Option(count, 100, "number of repetitions")},
    ),
    Fault(
        name="huge-line",
        kind="meaning",
        surfaces=BOTH,
        about="One line of the stream is very long.",
        reports=("infiniflow/ragflow#15381", "openai/openai-go#368", "SamSaffron/term-llm#298"),
        breaks="Go clients with bufio.Scanner end the stream silently, at 64 KB or 1 MB",
        change=huge_line,
        caught_by="EQV-07",
        needs="what should be long",
        options={
            "in": Option(choice(*LARGE), "content", "which part is long"),
            "size": Option(count, 70_000, "length in bytes, about"),
        },
    ),
)
