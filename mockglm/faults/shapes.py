"""Faults of the shape around the words: choices, deltas, messages and roles."""

from __future__ import annotations

from collections.abc import Iterator

from mockglm.exchange import Response
from mockglm.faults.blocks import message_root
from mockglm.faults.fault import BOTH, CHAT, OPENAI, Change, Fault
from mockglm.faults.frames import JSON, choices, documents, messages, recast
from mockglm.faults.options import Options
from mockglm.faults.position import Offset
from mockglm.faults.selectors import after_first, delete_key, each, root, set_key


def rename(old: str, new: str) -> Change:
    """Say something by another key, in its place."""

    def mend(part: JSON, options: Options) -> None:
        renamed = {new if key == old else key: value for key, value in part.items()}
        part.clear()
        part.update(renamed)

    return each(lambda value: (one for one in choices(value) if old in one), mend)


def opener(answer: Response, spot: Offset, options: Options) -> Response:
    """A chunk before all others, with a role and no text."""
    found = [doc for doc in documents(answer, spot.start) if any(messages(doc.value))][:1]
    delta = {"role": "assistant", "content": ""}
    return recast(
        answer,
        [
            (doc, [doc.value | {"choices": [{"index": 0, "delta": delta}]}, doc.value])
            for doc in found
        ],
    )


def _numbered(value: JSON) -> Iterator[JSON]:
    return (choice for choice in choices(value) if "index" in choice)


def _cast(value: JSON) -> Iterator[JSON]:
    parts = (*messages(value), *message_root(value))
    return (message for message in parts if "role" in message)


def _deltas(value: JSON) -> Iterator[JSON]:
    return (choice for choice in choices(value) if "delta" in choice)


FAULTS = (
    Fault(
        name="choices-empty",
        kind="meaning",
        about="The list of choices is empty.",
        reports=("spring-projects/spring-ai#6933",),
        breaks="clients that read the first choice raise IndexError",
        change=each(root, set_key("choices", [])),
        caught_by="CHK-04",
        also=("RSN-01", "RSN-08"),
    ),
    Fault(
        name="choices-null",
        kind="meaning",
        about="Choices are null.",
        reports=("diegosouzapw/OmniRoute#8210",),
        breaks="both AI SDK providers, ChatZhipuAI, llama-index",
        change=each(root, set_key("choices", None)),
        caught_by="CHK-01",
        also=("JSN-01",),
    ),
    Fault(
        name="index-missing",
        kind="meaning",
        about="A choice has no index.",
        reports=(CHAT,),
        breaks="clients that sort the choices",
        change=each(_numbered, delete_key("index")),
        caught_by="CHK-04",
        on="a stream",
        needs="an index",
    ),
    Fault(
        name="index-one",
        kind="meaning",
        about="The index of every choice is 1, although there is one choice.",
        reports=(CHAT,),
        breaks="the stream helpers of openai (Python and Node) raise IndexError and TypeError, "
        "that of litellm loses the content",
        change=each(_numbered, set_key("index", 1)),
        caught_by="CHK-04",
        on="a stream",
        needs="an index",
    ),
    Fault(
        name="delta-null",
        kind="meaning",
        about="A delta is null.",
        reports=(CHAT,),
        breaks="openai-python's .stream(), ChatZhipuAI, zhipu-ai-provider",
        change=each(_deltas, set_key("delta", None)),
        caught_by="CHK-07",
        also=("CHK-10",),
        on="a stream",
        needs="a delta",
    ),
    Fault(
        name="delta-as-message",
        kind="meaning",
        about="A chunk has `message` instead of `delta`.",
        reports=("microsoft/foundry-local#144",),
        breaks="all streaming clients find no text",
        change=rename("delta", "message"),
        caught_by="CHK-07",
        on="a stream",
        needs="a delta",
    ),
    Fault(
        name="message-as-delta",
        kind="meaning",
        about="A JSON response has `delta` instead of `message`.",
        reports=("diegosouzapw/OmniRoute#5305",),
        breaks="every client raises an error",
        change=rename("message", "delta"),
        caught_by="JSN-06",
        also=("JSN-02",),
        on="a JSON response",
        needs="a message",
    ),
    Fault(
        name="role-missing",
        kind="meaning",
        surfaces=BOTH,
        about="The role is missing.",
        reports=("ollama/ollama#17166",),
        breaks="llama-index-llms-zhipuai raises ValidationError",
        change=each(_cast, delete_key("role")),
        caught_by="CHK-06",
        also=("JSN-02",),
        needs="a role",
    ),
    Fault(
        name="role-once",
        kind="meaning",
        about="Only the first delta has a role, as OpenAI's does.",
        reports=(OPENAI,),
        breaks="llama-index-llms-zhipuai raises ValidationError",
        change=after_first(_cast, delete_key("role")),
        why="later deltas need no role",
        on="a stream",
        needs="two roles",
    ),
    Fault(
        name="role-empty",
        kind="meaning",
        surfaces=BOTH,
        about="The role is an empty string.",
        reports=("ollama/ollama#17166",),
        breaks="clients with an enum raise an error",
        change=each(_cast, set_key("role", "")),
        caught_by="CHK-06",
        also=("JSN-02",),
        needs="a role",
    ),
    Fault(
        name="role-user",
        kind="meaning",
        surfaces=BOTH,
        about="The role is `user`, as the safety page shows it.",
        reports=("https://open.bigmodel.cn/dev/howuse/securityaudit",),
        breaks="clients with an enum raise an error; others attribute the text to the user",
        change=each(_cast, set_key("role", "user")),
        caught_by="CHK-06",
        also=("JSN-02",),
        needs="a role",
    ),
    Fault(
        name="opener",
        kind="meaning",
        about="The first chunk has a role and no text, as OpenAI's does.",
        reports=(OPENAI,),
        breaks="timeouts and measurements of the first token",
        change=opener,
        why="a delta may be empty",
        on="a stream",
        needs="a delta",
    ),
)
