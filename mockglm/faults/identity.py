"""Faults of what identifies an answer: ids, time, model, and keys nobody knows."""

from __future__ import annotations

from mockglm.exchange import Response
from mockglm.faults.fault import BOTH, CHAT, OPENAI, Fault
from mockglm.faults.frames import messages
from mockglm.faults.options import Option, Options, text
from mockglm.faults.position import Offset
from mockglm.faults.selectors import Selector, after_first, delete_key, each, map_key, root, set_key


def model_other(answer: Response, spot: Offset, options: Options) -> Response:
    return each(_with("model"), set_key("model", options["model"]))(answer, spot, options)


def other(id: str) -> str:
    """An id like that one, with another last character."""
    return id[:-1] + ("1" if id.endswith("0") else "0")


def _with(key: str) -> Selector:
    return lambda value: (part for part in root(value) if part.get(key))


IDS = ("ggml-org/llama.cpp#5876", "BerriAI/litellm#1571", "microsoft/foundry-local#144")
NO_ID = ("spring-projects/spring-ai#6928", "BerriAI/litellm#23931")

FAULTS = (
    Fault(
        name="id-missing",
        kind="meaning",
        surfaces=BOTH,
        about="The response has no id.",
        reports=NO_ID,
        breaks="Spring AI raises OpenAIInvalidDataException, litellm KeyError",
        change=each(_with("id"), delete_key("id")),
        caught_by="CHK-01",
        also=("JSN-01",),
        needs="an id",
    ),
    Fault(
        name="id-changes",
        kind="meaning",
        about="The id changes in the middle of a stream.",
        reports=IDS,
        breaks="openai-go's accumulator refuses the chunks",
        change=after_first(_with("id"), map_key("id", other)),
        caught_by="CHK-02",
        on="a stream",
        needs="two chunks with an id",
    ),
    Fault(
        name="id-openai",
        kind="meaning",
        surfaces=BOTH,
        about="The id has OpenAI's form.",
        reports=(OPENAI,),
        breaks="clients that read the time from the id",
        change=each(_with("id"), set_key("id", "chatcmpl-9cbd2a8f1e")),
        caught_by="EQV-05",
        needs="an id",
    ),
    Fault(
        name="created-text",
        kind="meaning",
        about="`created` is a string.",
        reports=(CHAT,),
        breaks="typed clients raise an error",
        change=each(_with("created"), map_key("created", str, int | float)),
        caught_by="CHK-01",
        also=("JSN-01",),
        needs="a time",
    ),
    Fault(
        name="created-milliseconds",
        kind="meaning",
        about="`created` is in milliseconds.",
        reports=(CHAT,),
        breaks="dates in the year 50000, or an overflow",
        change=each(_with("created"), map_key("created", lambda at: at * 1000, int | float)),
        caught_by="CHK-09",
        needs="a time",
    ),
    Fault(
        name="object-missing",
        kind="meaning",
        about="The response has no `object`.",
        reports=("https://github.com/charmbracelet/crush",),
        breaks="pydantic-ai raises UnexpectedModelBehavior",
        change=each(_with("object"), delete_key("object")),
        caught_by="CHK-03",
        needs="`object`",
    ),
    Fault(
        name="model-missing",
        kind="meaning",
        surfaces=BOTH,
        about="The response has no `model`.",
        reports=NO_ID,
        breaks="Spring AI raises OpenAIInvalidDataException",
        change=each(_with("model"), delete_key("model")),
        caught_by="CHK-01",
        also=("JSN-01",),
        needs="a model",
    ),
    Fault(
        name="model-other",
        kind="meaning",
        surfaces=BOTH,
        about="The response names another model than the one that was requested.",
        reports=(CHAT,),
        breaks="costs and logs by model",
        change=model_other,
        caught_by="CHK-12",
        also=("CHK-08", "JSN-07", "EQV-05"),
        needs="a model",
        options={"model": Option(text, "gpt-4o", "the model named")},
    ),
    Fault(
        name="request-id-missing",
        kind="meaning",
        about="The response has no request_id.",
        reports=(CHAT,),
        breaks="the client cannot find its request by the id that it chose",
        change=each(_with("request_id"), delete_key("request_id")),
        caught_by="JSN-05",
        on="a JSON response",
        needs="a request_id",
    ),
    Fault(
        name="delta-key",
        kind="meaning",
        about="A delta has an unknown key.",
        reports=("microsoft/foundry-local#144",),
        breaks="clients with a strict schema of chunks",
        change=each(messages, set_key("annotations", [])),
        why="a delta may have new keys",
        needs="a message",
    ),
    Fault(
        name="unknown-key",
        kind="meaning",
        surfaces=BOTH,
        about="The response has an unknown key.",
        reports=("microsoft/foundry-local#144",),
        breaks="clients with a strict schema",
        change=each(root, set_key("service_tier", None)),
        caught_by="CHK-11",
    ),
)
