"""The commands in a message to a coding agent, read by rules for both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.language import any_of
from mockglm.improvise.tables import table
from mockglm.improvise.values import QUOTES, TextValues, find_values

CommandKind = Literal[
    "change", "create", "delete", "run", "fix", "search", "list", "read", "fetch", "project"
]
MAX_COMMANDS = 5
QUOTED_TEXT = re.compile(r"`[^`]*`|\"[^\"]*\"|“[^”]*”|「[^」]*」")
"""Quoted texts, whose words are no commands."""
QUESTION = re.compile(r"[?？]\s*$|什么|怎么|哪|\bwhat\b|\bhow\b", re.I)


class Command(Struct, frozen=True, kw_only=True):
    """One command: its kind, and the values that the message has for it."""

    kind: CommandKind
    path: str = ""
    old: str = ""
    new: str = ""
    content: str = ""
    text: str = ""
    """The shell command to run, the text to search for, or the address to fetch."""
    is_everywhere: bool = False


def read_commands(text: str) -> tuple[Command, ...]:
    """Read the commands of a message in order; none if it needs no tools."""
    whole = find_values(text)
    found = [
        one for clause in _split_clauses(text) if (one := _read_command(clause, text)) is not None
    ]
    path = next(iter(whole.of("path")), "")
    filled = (
        one if one.path or one.kind not in NEEDS_PATH else replace(one, path=path) for one in found
    )
    return tuple(dict.fromkeys(filled))[:MAX_COMMANDS]


NEEDS_PATH = ("change", "create", "delete", "fix", "read")
"""Kinds of commands whose file may be named in another part of the message."""


@lru_cache(maxsize=32)
def words_pattern(section: str, name: str) -> re.Pattern[str]:
    return re.compile(any_of(table("requests")[section][name]), re.I)


@lru_cache(maxsize=1)
def _split_pattern() -> re.Pattern[str]:
    verbs = [verb for listed in table("requests")["verbs"].values() for verb in listed]
    marks = table("requests")["split"]["marks"]
    return re.compile(rf"(?:{marks})\s*(?:(?:please|then|also|请)\s*)*(?={any_of(verbs)})", re.I)


@lru_cache(maxsize=1)
def _content_patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(mark, re.I) for mark in table("requests")["content"]["marks"])


def _split_clauses(text: str) -> Iterator[str]:
    """Split a message into parts that begin with a verb; quotes are kept whole."""
    quoted = [
        span.span() for span in re.finditer(r"```.*?```|`[^`]*`|\"[^\"]*\"|“[^”]*”", text, re.S)
    ]
    start = 0
    for mark in _split_pattern().finditer(text):
        if any(low <= mark.start() < high for low, high in quoted):
            continue
        yield text[start : mark.start()]
        start = mark.end()
    yield text[start:]


def _has_verb(verb: str, clause: str) -> bool:
    return words_pattern("verbs", verb).search(QUOTED_TEXT.sub(" ", clause)) is not None


def _read_command(clause: str, text: str) -> Command | None:
    values = find_values(clause)
    path = next(iter(values.of("path")), "")
    if values.of("old") and values.of("new"):
        (old,), (new,) = values.of("old"), values.of("new")
        is_all = words_pattern("things", "everywhere").search(clause) is not None
        return Command(kind="change", path=path, old=old, new=new, is_everywhere=is_all)
    content = find_content(clause) or find_content(text[text.find(clause) :])
    is_created = _has_verb("create", clause) and (content or not QUESTION.search(clause))
    if is_created and (path or find_values(text).of("path")):
        return Command(kind="create", path=path, content=content)
    if _has_verb("delete", clause) and path:
        return Command(kind="delete", path=path)
    command = _find_command(clause, values)
    if command:
        return Command(kind="run", text=command)
    if _has_verb("fix", clause):
        return Command(kind="fix", path=path)
    return _read_lookup(clause, values, path)


def _read_lookup(clause: str, values: TextValues, path: str) -> Command | None:
    """Read a command that changes nothing."""
    url = next(iter(values.of("url")), "")
    if url:
        return Command(kind="fetch", text=url)
    is_web = words_pattern("things", "web").search(clause) is not None
    if values.of("glob"):
        return Command(kind="list", text=values.of("glob")[0], path="")
    if values.of("sought") and _has_verb("search", clause) and not is_web:
        return Command(kind="search", text=values.of("sought")[0], path=path)
    is_files = words_pattern("things", "files").search(clause) is not None
    if _has_verb("list", clause) and is_files and not re.search(r"\.\w{1,5}$", path):
        return Command(kind="list", path=path)
    if path:
        return Command(kind="read", path=path)
    is_project = words_pattern("things", "project").search(clause) is not None
    return Command(kind="project") if is_project else None


def _find_command(clause: str, values: TextValues) -> str:
    """Find the shell command in a clause; one in backticks only after a verb such as `run`."""
    spans = (*values.of("code"), *values.of("fence"), *values.of("quote"))
    if _has_verb("run", clause) and spans:
        return spans[0]
    return next(iter(values.of("command")), "")


def find_content(clause: str) -> str:
    """Find the content of a file that a text contains; empty if there is none."""
    fence = re.search(r"```[^\n`]*\n(.*?)```", clause, re.S)
    if fence:
        return fence[1]
    for pattern in _content_patterns():
        mark = pattern.search(clause)
        rest = clause[mark.end() :].strip() if mark else ""
        quoted = re.match(r"`([^`]+)`|\"([^\"]+)\"|“([^”]+)”|「([^」]+)」|'([^']+)'", rest)
        if quoted:
            return next(part for part in quoted.groups() if part)
        if rest and rest.strip(QUOTES):
            return rest.splitlines()[0].rstrip(".。")
    return ""
