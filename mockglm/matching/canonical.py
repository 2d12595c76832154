"""The canonical form of a request and its key: the one function of recording and of replay.

What two requests that mean the same may differ in does not count. Anywhere: the order of keys and
of the query, white space, escapes, nulls in mappings, 1 against 1.0, the boundary of a multipart
body. In a chat completion, where clients put back what they were answered in their own way
(openai, zai-sdk, langchain-openai, AI SDK, pydantic-ai and agno all differ), also:

* `content` of one text part is its text; "", null, white space and absent are one beside calls;
* `arguments` are parsed, ids of calls become their ordinal, a call's `index` does not count;
* `reasoning_content` of the history, and the fields of `UNCOUNTED`, do not count;
* a picture in base64 is the same with its `data:` and without;
* a field with the value that its absence means (`DEFAULTS`) does not count.

Requests of the Anthropic surface have rules of their own, in `message_form`.

Form and key raise nothing but TimeoutError for a request, whatever it holds: what cannot be read
as JSON counts as it stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from mockglm.matching import paths
from mockglm.matching.difference import shorten
from mockglm.matching.expression import Expression, SearchBudget, parse_expression
from mockglm.matching.message_form import normalise_messages
from mockglm.redaction import redact_query
from mockglm.surfaces import ANTHROPIC, CHAT

UNCOUNTED = frozenset({"request_id", "stream", "stream_options", "user_id"})
"""Fields of a chat completion that do not change what is said."""

DEFAULTS: Mapping[str, Any] = {"tool_choice": "auto", "tool_stream": False, "tools": []}
"""The values that absent fields stand for (docs.bigmodel.cn, 对话补全); some clients send them."""

_DATA = re.compile(r"\Adata:image/[\w.+-]+;base64,")
_MULTIPART = re.compile(rb"--([^\r\n]{1,70})\r\n.*\r\n--\1--\s*", re.DOTALL)


def key(
    method: str,
    path: str,
    *,
    query: str,
    body: bytes,
    ignore: Iterable[str] = (),
    replace: Iterable[tuple[str, str]] = (),
) -> bytes:
    """Compute the key of a request, 20 bytes: equal if and only if their forms are equal.

    Takes and raises the same as `form`.
    """
    return digest(form(method, path, query=query, body=body, ignore=ignore, replace=replace))


def digest(value: Any) -> bytes:
    """Hash a value of JSON, whatever the order of its keys."""
    # ASCII, so that half of a surrogate pair, which JSON can hold and UTF-8 cannot, has a key too.
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode("ascii"), digest_size=20).digest()


def form(
    method: str,
    path: str,
    *,
    query: str,
    body: bytes,
    ignore: Iterable[str] = (),
    replace: Iterable[tuple[str, str]] = (),
) -> dict[str, Any]:
    """Return the canonical form of a request: `method`, `path`, `query` (name to values), body.

    The body is in `json`, in `parts` if it is multipart, in `text`, or as `bytes` (size and digest)
    if it is no text; an empty body is absent. `ignore` are JSON paths into `json`; `replace` are
    (pattern, text) pairs applied to every text value, path and query included. Raises ValueError
    for an invalid path or pattern, TimeoutError if the patterns take too long.
    """
    value = {
        "method": method.upper(),
        "path": path,
        "query": _query(path, query),
        **_body(path, body),
    }
    return apply_options(value, ignore, replace)


def apply_options(
    value: dict[str, Any], ignore: Iterable[str], replace: Iterable[tuple[str, str]]
) -> dict[str, Any]:
    """Remove what is ignored from `json`, and replace in every text. Raises the same as `form`."""
    paths.remove(value.get("json"), map(paths.parse, ignore))
    budget = SearchBudget()
    for expression, text in replace:
        swap = _swap(expression, text, budget)
        value = {name: _mapped(part, swap) for name, part in value.items()}
    return value


def decode(body: bytes) -> Any:
    """A JSON body. Raises ValueError for any other, RecursionError for one nested too deep."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # Half of a surrogate pair is what JavaScript makes of an emoji cut in two.
        return json.loads(body.decode())


def pattern(expression: str) -> Expression:
    """A compiled pattern of `replace`. Raises ValueError for one that is not."""
    try:
        return parse_expression(expression)
    except ValueError as error:
        raise ValueError(f"{shorten(expression)} is not a regular expression: {error}") from None


def _query(path: str, query: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for name, value in parse_qsl(redact_query(query), keep_blank_values=True):
        values.setdefault(name, []).append(value)
    if path == ANTHROPIC.path:
        values.pop("beta", None)
    return values


def _body(path: str, body: bytes) -> dict[str, Any]:
    if not body:
        return {}
    try:
        value = _plain(decode(body))
        return {"json": _conversation(path, value)}
    except (ValueError, RecursionError):
        return _parts(body) if _MULTIPART.fullmatch(body) else _content(body)


def _plain(value: Any) -> Any:
    """A JSON value without nulls in mappings, with whole numbers as such."""
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _conversation(path: str, value: Any) -> Any:
    if path.endswith(CHAT.path):
        return _chat(value)
    return normalise_messages(value) if path == ANTHROPIC.path else value


def _chat(body: Any) -> Any:
    if not isinstance(body, dict):
        return body
    kept = {
        name: value
        for name, value in body.items()
        if name not in UNCOUNTED and not (name in DEFAULTS and value == DEFAULTS[name])
    }
    if isinstance(kept.get("messages"), list):
        ids: dict[str, int] = {}
        kept["messages"] = [_message(message, ids) for message in kept["messages"]]
    return kept


def _message(message: Any, ids: dict[str, int]) -> Any:
    if not isinstance(message, dict):
        return message
    kept = {name: value for name, value in message.items() if name != "reasoning_content"}
    if "content" in kept:
        kept["content"] = _text(kept["content"])
    if "tool_call_id" in kept:
        kept["tool_call_id"] = _ordinal(kept["tool_call_id"], ids)
    calls = kept.pop("tool_calls", None)
    if not calls or not isinstance(calls, list):
        return kept | ({"tool_calls": calls} if calls else {})
    if _is_blank(kept.get("content")):
        kept.pop("content", None)
    return kept | {"tool_calls": [_call(call, ids) for call in calls]}


def _text(content: Any) -> Any:
    """The content of a message; that of one part of text is the text."""
    match content:
        case [{"type": "text", "text": str(text), **others}] if not others:
            return text
        case [*parts]:
            return [_bare(part) for part in parts]
    return content


def _bare(part: Any) -> Any:
    """A part of a message; a picture without the `data:` that zai-sdk takes off before it asks."""
    match part:
        case {"image_url": {"url": str(url), **others}, **rest}:
            return {**rest, "image_url": {**others, "url": bare_image(url)}}
    return part


def bare_image(url: str) -> str:
    """The URL of a picture; of one in base64 its data alone."""
    return _DATA.sub("", url)


def _is_blank(content: Any) -> bool:
    return not content or (isinstance(content, str) and content.isspace())


def _call(call: Any, ids: dict[str, int]) -> Any:
    if not isinstance(call, dict):
        return call
    # agno keeps the `index` of the answer; the place in the list says the same.
    kept = {"type": "function"} | {name: value for name, value in call.items() if name != "index"}
    if "id" in kept:
        kept["id"] = _ordinal(kept["id"], ids)
    function = kept.get("function")
    if isinstance(function, dict):
        kept["function"] = function | {"arguments": parse_arguments(function.get("arguments"))}
    return kept


def _ordinal(identity: Any, ids: dict[str, int]) -> Any:
    return ids.setdefault(identity, len(ids)) if isinstance(identity, str) else identity


def parse_arguments(arguments: Any) -> Any:
    """The arguments of a call: parsed where they are a JSON object or list, else as they stand."""
    if _is_blank(arguments):
        return {}
    if not isinstance(arguments, str):
        return arguments
    try:
        value = _plain(decode(arguments.encode()))
    except (ValueError, RecursionError):
        return arguments
    return value if isinstance(value, dict | list) else arguments


def _parts(body: bytes) -> dict[str, Any]:
    """A multipart body as its parts; the boundary, drawn anew by every client, does not count."""
    boundary = body[: body.index(b"\r\n")]
    parts = (b"\r\n" + body).split(b"\r\n" + boundary)[1:-1]
    return {"parts": [_part(part.removeprefix(b"\r\n")) for part in parts]}


def _part(part: bytes) -> dict[str, Any]:
    head, _, content = part.partition(b"\r\n\r\n")
    lines = (line.partition(":") for line in head.decode("utf-8", "replace").splitlines())
    return {name.strip().lower(): value.strip() for name, _, value in lines} | _content(content)


def _content(content: bytes) -> dict[str, Any]:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        digest = blake2b(content, digest_size=20).hexdigest()
        return {"bytes": {"size": len(content), "digest": digest}}


def _swap(source: str, replacement: str, budget: SearchBudget) -> Callable[[str], str]:
    expression = pattern(source)

    def swap(text: str) -> str:
        try:
            return budget.spend(partial(expression.substitute, replacement, text))
        except TimeoutError:
            raise TimeoutError(f"{expression.text} takes too long here") from None

    return swap


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _mapped(item, change) for name, item in value.items()}
    return value
