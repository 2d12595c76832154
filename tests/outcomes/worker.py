"""One Python client: takes jobs as lines of JSON, says what came of each as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from threading import Lock
from typing import Any

from tests.outcomes.heard import KNOWN_FINISHES, Heard
from tests.outcomes.messages import hold_conversation

AT_ONCE = 64
"""Jobs that run at the same time; more than are asked for, as some still wait when given up."""


MAKERS = {
    "openai": ("openai", "OpenAI"),
    "zai-sdk": ("zai", "ZaiClient"),
    "zhipuai": ("zhipuai", "ZhipuAI"),
    "anthropic": ("anthropic", "Anthropic"),
}


def client(name: str) -> Callable[..., Any]:
    """What makes a client of that name; only its package is imported."""
    module, maker = MAKERS[name]
    made: Callable[..., Any] = getattr(import_module(module), maker)
    return made


def conversation(client: Any, job: dict[str, Any], messages: list[Any]) -> list[Heard]:
    """Hold one conversation: what a client heard in each of its turns."""
    turns: list[Heard] = []
    history = list(messages)
    while len(turns) < job["turns"]:
        heard, message = _ask(client, job, history)
        turns.append(heard)
        if not heard.has_calls or message is None:
            break
        history.append(message)
        for call in message["tool_calls"]:
            result = job["results"].get(call["function"]["name"], "ok")
            history.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    return turns


def _ask(client: Any, job: dict[str, Any], messages: list[Any]) -> tuple[Heard, Any]:
    """Ask once: what was heard, and the message for the history; what it raises is an outcome."""
    heard = Heard()
    message = None
    try:
        answer = client.chat.completions.create(
            model="glm-4.6", messages=messages, tools=job["tools"], stream=job["stream"]
        )
        for choice in _choices(answer, job["stream"]):
            heard.hear(choice)
        if heard.has_calls:
            # As the guides of each package have it.
            message = heard.turn() if job["stream"] else answer.choices[0].message.model_dump()
    except BaseException as error:
        heard.error = type(error).__name__
    return heard, message


def outcomes(make: Callable[..., Any], job: dict[str, Any]) -> list[list[Heard]]:
    """Hold the conversations of a job, one after the other or all at once."""
    speak = hold_conversation if make.__name__ == "Anthropic" else conversation
    hold = partial(speak, make(base_url=job["base"], api_key=job["key"]), job)
    if job["parallel"]:
        with ThreadPoolExecutor(len(job["conversations"])) as threads:
            return list(threads.map(hold, job["conversations"]))
    held = []
    for messages in job["conversations"]:
        for _ in range(job["again"]):
            held.append(hold(messages))
            if held[-1][-1].error or held[-1][-1].finish in KNOWN_FINISHES:
                break
    return held


def _choices(answer: Any, stream: bool) -> Iterator[dict[str, Any]]:
    """The choices as plain values, each with its message or delta under `said`."""
    chunks: Iterable[Any] = answer if stream else (answer,)
    for chunk in chunks:
        for choice in chunk.choices if not stream else chunk.choices or ():
            said = choice.delta if stream else choice.message
            plain = said if said is None or isinstance(said, dict) else said.model_dump()
            yield {"finish": choice.finish_reason, "said": plain or {}}


def main(name: str) -> None:
    make, speaking = client(name), Lock()

    def work(line: str) -> None:
        job = json.loads(line)
        held = [[heard.told() for heard in turns] for turns in outcomes(make, job)]
        with speaking:
            sys.stdout.write(json.dumps({"id": job["id"], "conversations": held}) + "\n")
            sys.stdout.flush()

    sys.stdout.write('{"id": "ready", "conversations": []}\n')
    sys.stdout.flush()
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for line in sys.stdin:
            threads.submit(work, line)


if __name__ == "__main__":
    main(sys.argv[1])
