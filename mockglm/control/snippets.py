"""A request as code that sends it again: curl, and Python with the SDKs of the service."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from keyword import iskeyword
from shlex import quote
from typing import Any

from mockglm.exchange import Request
from mockglm.python_literals import write_imports, write_literal
from mockglm.surfaces import Surface
from mockglm.validation import decode_json

KEY_VARIABLE = "ZAI_API_KEY"

OPENAI_PARAMETERS = frozenset(
    {
        *("model", "messages", "stream", "temperature", "top_p", "max_tokens", "tools", "stop"),
        *("tool_choice", "response_format", "stream_options", "n", "seed", "user"),
    }
)
"""Parameters that openai's SDK knows; the others of GLM go into `extra_body`."""


def make_snippets(request: Request, surface: Surface, base: str) -> dict[str, str]:
    """Write a redacted request as code for a base URL; the key is left to the environment.

    Returns the code by the name of the tool: `curl`, and for a conversation the SDKs that speak
    its surface.
    """
    found = {"curl": _curl(request, surface, base)}
    body = decode_json(request.body)
    if request.path != surface.path or not isinstance(body, dict):
        return found
    if surface.name == "anthropic":
        return found | {"anthropic": _anthropic(body, base)}
    return found | {"zai": _zai(body, base), "openai": _openai(body, base)}


def _curl(request: Request, surface: Surface, base: str) -> str:
    query = f"?{request.query}" if request.query else ""
    words = [f"curl -N {quote(base + request.path + query)}"]
    if request.method not in ("GET", "POST"):
        words.append(f"-X {quote(request.method)}")
    elif request.method == "POST" and not request.body:
        words.append("-X POST")
    if surface.name == "anthropic":
        words.append(f'-H "x-api-key: ${KEY_VARIABLE}"')
        words.append("-H 'anthropic-version: 2023-06-01'")
    else:
        words.append(f'-H "Authorization: Bearer ${KEY_VARIABLE}"')
    if request.body:
        words.append("-H 'Content-Type: application/json'")
        words.append(f"-d {quote(request.body.decode(errors='replace'))}")
    return " \\\n  ".join(words) + "\n"


def _zai(body: Mapping[str, Any], base: str) -> str:
    client = _client("from zai import ZaiClient", base)
    return _python(client, "client.chat.completions.create", body)


def _openai(body: Mapping[str, Any], base: str) -> str:
    known = {name: value for name, value in body.items() if name in OPENAI_PARAMETERS}
    others = {name: value for name, value in body.items() if name not in OPENAI_PARAMETERS}
    given = known | ({"extra_body": others} if others else {})
    client = _client("from openai import OpenAI", base)
    return _python(client, "client.chat.completions.create", given)


def _anthropic(body: Mapping[str, Any], base: str) -> str:
    client = _client("from anthropic import Anthropic", base)
    return _python(client, "client.messages.create", body)


def _client(imported: str, base: str) -> str:
    """The lines that make a client of a class, by its import."""
    made = imported.rpartition(" ")[2]
    key = f'os.environ["{KEY_VARIABLE}"]'
    return f"import os\n\n{imported}\n\nclient = {made}(api_key={key}, base_url={base!r})"


def _python(client: str, call: str, body: Mapping[str, Any]) -> str:
    spelled = {name: value for name, value in body.items() if _is_keyword_argument(name)}
    others = {name: value for name, value in body.items() if not _is_keyword_argument(name)}
    lines = [write_imports((*spelled.values(), others)) + client, f"response = {call}("]
    lines += [f"    {name}={_argument(value)}," for name, value in spelled.items()]
    lines += [f"    **{_argument(others)},"] if others else []
    lines.append(")")
    if body.get("stream"):
        lines += ["for chunk in response:", "    print(chunk)"]
    else:
        lines.append("print(response)")
    return "\n".join((*lines, ""))


_argument = partial(write_literal, is_laid_out=True)


def _is_keyword_argument(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name)
