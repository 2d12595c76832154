"""One Python client: takes jobs as lines of JSON, says what came of each as lines of JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from threading import Lock
from typing import Any

from tests.outcomes.heard import QUESTION, TOOLS, Heard

AT_ONCE = 64
"""Jobs that run at the same time; more than are asked for, as some still wait when given up."""


MAKERS = {
    "openai": ("openai", "OpenAI"),
    "zai-sdk": ("zai", "ZaiClient"),
    "zhipuai": ("zhipuai", "ZhipuAI"),
}


def client(name: str) -> Callable[..., Any]:
    """What makes a client of that name; only its package is imported."""
    module, maker = MAKERS[name]
    made: Callable[..., Any] = getattr(import_module(module), maker)
    return made


def outcome(make: Callable[..., Any], job: dict[str, Any]) -> Heard:
    """What a client makes of one scenario; whatever it raises is what came of it."""
    heard = Heard()
    try:
        asked = make(base_url=job["base"], api_key=job["key"])
        answer = asked.chat.completions.create(
            model="glm-4.6", messages=QUESTION, tools=TOOLS, stream=job["stream"]
        )
        for choice in _choices(answer, job["stream"]):
            heard.hear(choice)
    except BaseException as error:
        heard.error = type(error).__name__
    return heard


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
        heard = outcome(make, job)
        with speaking:
            sys.stdout.write(json.dumps({"id": job["id"], **heard.told()}) + "\n")
            sys.stdout.flush()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        for line in sys.stdin:
            threads.submit(work, line)


if __name__ == "__main__":
    main(sys.argv[1])
