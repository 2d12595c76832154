"""The goals in a message to a coding agent, read by rules for both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from mockglm.improvise.language import any_of
from mockglm.improvise.tables import pattern, table
from mockglm.improvise.values import find_values

GoalKind = Literal[
    "change", "create", "delete", "run", "fix", "search", "list", "read", "fetch", "project"
]
MAX_GOALS = 5
QUOTED = re.compile(r"```.*?```|`[^`]*`|\"[^\"]*\"|“[^”]*”|「[^」]*」", re.S)
"""Quoted texts, which are kept whole and whose words are no commands."""
FENCE = re.compile(r"```[^\n`]*\n(.*?)```", re.S)
CONTENT = pattern("goals", "content")
QUESTION = pattern("goals", "question")
FILE_NAME = re.compile(r"\.\w{1,5}$")
NEEDS_PATH = ("change", "create", "delete", "fix", "read")
"""Kinds of goals whose file may be named in another part of the message."""


class Goal(Struct, frozen=True, kw_only=True):
    """One goal: its kind, and the values that the message has for it.

    `text` is the shell command to run, the text to search for, or the address to fetch. `is_said`
    is False for the reading of a file that a part without a verb names.
    """

    kind: GoalKind
    path: str = ""
    old: str = ""
    new: str = ""
    content: str = ""
    text: str = ""
    is_everywhere: bool = False
    is_said: bool = True


def read_goals(text: str) -> tuple[Goal, ...]:
    """Read the goals of a message in order; none if it needs no tools."""
    found = [goal for part in _split_parts(text) if (goal := _read_goal(part, text)) is not None]
    said = [goal for goal in found if goal.is_said] or found
    path = find_values(text).first("path")
    filled = (
        goal if goal.path or goal.kind not in NEEDS_PATH else replace(goal, path=path)
        for goal in said
    )
    return tuple(dict.fromkeys(filled))[:MAX_GOALS]


@lru_cache(maxsize=32)
def words_pattern(section: str, name: str) -> re.Pattern[str]:
    return re.compile(any_of(table("requests")[section][name]), re.I)


@lru_cache(maxsize=1)
def _split_pattern() -> re.Pattern[str]:
    verbs = any_of(verb for listed in table("requests")["verbs"].values() for verb in listed)
    marks = table("requests")["split"]["marks"]
    return re.compile(rf"(?:{marks})\s*(?:(?:please|then|also|请)\s*)*(?={verbs})", re.I)


def _split_parts(text: str) -> Iterator[str]:
    """Split a message into parts that begin with a verb; quotes are kept whole."""
    quoted = [span.span() for span in QUOTED.finditer(text)]
    start = 0
    for mark in _split_pattern().finditer(text):
        if not any(low <= mark.start() < high for low, high in quoted):
            yield text[start : mark.start()]
            start = mark.end()
    yield text[start:]


def _read_goal(part: str, text: str) -> Goal | None:
    values, bare = find_values(part), QUOTED.sub(" ", part)
    path = values.first("path")

    def says(name: str, section: str = "verbs") -> bool:
        return words_pattern(section, name).search(bare) is not None

    if values.of("old") and values.of("new"):
        old, new, is_all = values.first("old"), values.first("new"), says("everywhere", "things")
        return Goal(kind="change", path=path, old=old, new=new, is_everywhere=is_all)
    content = find_content(part) or find_content(text[text.find(part) :])
    is_created = says("create") and (content or not QUESTION.search(part))
    if is_created and (path or find_values(text).of("path")):
        return Goal(kind="create", path=path, content=content)
    if says("delete") and path:
        return Goal(kind="delete", path=path)
    spans = (*values.of("code"), *values.of("fence"), *values.of("quote"))
    command = spans[0] if spans and says("run") else values.first("command")
    if command:
        return Goal(kind="run", text=command)
    if says("fix"):
        return Goal(kind="fix", path=path)
    url, sought = values.first("url"), values.first("sought")
    if url:
        return Goal(kind="fetch", text=url)
    if sought and says("search") and not says("web", "things"):
        return Goal(kind="search", text=sought, path=path)
    if says("list") and says("files", "things") and not FILE_NAME.search(path):
        return Goal(kind="list", path=path)
    if path:
        is_said = says("read") or QUESTION.search(part) is not None
        return Goal(kind="read", path=path, is_said=is_said)
    return Goal(kind="project") if says("project", "things") else None


def find_content(part: str) -> str:
    """Find the content of a file that a text contains; empty if there is none."""
    match = FENCE.search(part) or CONTENT.search(part)
    content = next(filter(None, match.groups()), "") if match else ""
    return content.rstrip(".。") if match and match.lastgroup == "rest" else content
