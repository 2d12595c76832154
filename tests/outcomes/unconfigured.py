"""The clients without configuration: a program of each under `mockglm run`, and what it prints."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.outcomes.environments import Environment
from tests.outcomes.run import Client

__all__ = ["PROGRAMS", "run_unconfigured"]

PATIENCE = 120
MESSAGES = '[{"role": "user", "content": "hi"}]'
CHAT_OF_PYTHON = (
    f"done = client.chat.completions.create(model='glm-4.6', messages={MESSAGES})\n"
    "print(done.choices[0].message.content)"
)
PROGRAMS: Mapping[str, str] = {
    "zai-sdk": f"import zai\nclient = zai.ZaiClient()\n{CHAT_OF_PYTHON}",
    "zhipuai": f"import zhipuai\nclient = zhipuai.ZhipuAI()\n{CHAT_OF_PYTHON}",
    "openai (Python)": f"import openai\nclient = openai.OpenAI()\n{CHAT_OF_PYTHON}",
    "anthropic (Python)": "import anthropic\n"
    "client = anthropic.Anthropic()\n"
    f"done = client.messages.create(model='glm-4.6', max_tokens=99, messages={MESSAGES})\n"
    "print(done.content[0].text)",
    "openai (Node)": 'import OpenAI from "openai";\n'
    "const client = new OpenAI();\n"
    f'const asked = {{ model: "glm-4.6", messages: {MESSAGES} }};\n'
    "const done = await client.chat.completions.create(asked);\n"
    "console.log(done.choices[0].message.content);",
    # The provider reads its key from the environment, but no base URL.
    "AI SDK": 'import { generateText } from "ai";\n'
    'import { createZhipu } from "zhipu-ai-provider";\n'
    "const glm = createZhipu({ baseURL: process.env.ZHIPUAI_BASE_URL });\n"
    'const done = await generateText({ model: glm("glm-4.6"), prompt: "hi" });\n'
    "console.log(done.text);",
    "anthropic (Node)": 'import Anthropic from "@anthropic-ai/sdk";\n'
    "const client = new Anthropic();\n"
    f'const asked = {{ model: "glm-4.6", max_tokens: 99, messages: {MESSAGES} }};\n'
    "const done = await client.messages.create(asked);\n"
    "console.log(done.content[0].text);",
}
"""A program for each client of the table; none names a key, and only one a base URL."""


async def run_unconfigured(
    clients: Sequence[Client], environments: Mapping[str, Environment]
) -> Mapping[str, str]:
    """The line that each client prints under `mockglm run hello`, or its last line of an error."""
    printed = await asyncio.gather(*(_run(one, environments[one.name]) for one in clients))
    return {client.name: line for client, line in zip(clients, printed, strict=True)}


async def _run(client: Client, environment: Environment) -> str:
    program = PROGRAMS[client.name]
    words: tuple[str, ...] = (str(environment.python), "-c", program)
    if client.is_node:
        words = ("node", "--input-type=module", "--eval", program)
    mockglm = str(Path(sys.executable).with_name("mockglm"))
    process = await asyncio.create_subprocess_exec(
        *(mockglm, "run", "hello", "--", *words),
        cwd=environment.node,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    async with asyncio.timeout(PATIENCE):
        printed, errors = await process.communicate()
    lines = (printed or errors).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
