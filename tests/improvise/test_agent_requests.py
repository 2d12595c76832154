"""Which function of a coding agent fits what it is told, and with which arguments it is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.improvise.asked import INTEGER, STRING, ask, function

PATH = {"type": "string", "description": "The absolute path to the file"}
FOLDER = {"type": "string", "description": "The directory to list"}
TODOS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"content": STRING, "status": {"enum": ["pending", "done"]}},
        "required": ["content", "status"],
        "additionalProperties": False,
    },
}
AGENT = [
    function("Read", "Reads a file", "file_path", file_path=PATH, limit=INTEGER),
    function(
        "Edit",
        "Performs exact string replacements in files",
        "file_path old_string new_string",
        file_path=PATH,
        old_string=STRING,
        new_string=STRING,
        replace_all={"type": "boolean"},
    ),
    function("Write", "Writes a file", "file_path content", file_path=PATH, content=STRING),
    function("Bash", "Executes a command in a shell", "command", command=STRING),
    function(
        "Grep",
        "Search file contents with a regular expression",
        "pattern",
        pattern={"type": "string", "description": "The regular expression"},
        path=STRING,
        **{"-i": {"type": "boolean"}},
    ),
    function(
        "Glob",
        "Fast file pattern matching",
        "pattern",
        pattern={"type": "string", "description": "The glob pattern"},
    ),
    function("LS", "Lists files and directories", "path", path=FOLDER),
    function("TodoWrite", "Create and manage a structured task list", "todos", todos=TODOS),
    function("WebFetch", "Fetches content from a URL", "url prompt", url=STRING, prompt=STRING),
    function("WebSearch", "Search the web", "query", query=STRING),
]

Called = tuple[str, dict[str, Any]]


def made(text: str) -> list[Called]:
    found = ask(text, tools=AGENT).calls
    return [(call.name, json.loads(call.arguments)) for call in found]


TOLD: list[tuple[str, str, dict[str, Any]]] = [
    ("Read /etc/hosts and tell me what is in it", "Read", {"file_path": "/etc/hosts"}),
    ("explain main.go", "Read", {"file_path": "main.go"}),
    ("fix the bug in utils.py", "Read", {"file_path": "utils.py"}),
    ("how many lines are in README.md?", "Read", {"file_path": "README.md"}),
    ("git status", "Bash", {"command": "git status"}),
    ("show me the git log", "Bash", {"command": "git log"}),
    ("运行 pytest -q tests/", "Bash", {"command": "pytest -q tests/"}),
    ("run ls -la", "Bash", {"command": "ls -la"}),
    ("list the files in src/", "LS", {"path": "src/"}),
    ("列出当前目录", "LS", {"path": "."}),
    ("search for TODO in the code base", "Grep", {"pattern": "TODO"}),
    ('grep "def main" in src', "Grep", {"pattern": "def main"}),
    ("search the web for the latest Python", "WebSearch", {"query": "latest Python"}),
]


@pytest.mark.parametrize(("text", "name", "arguments"), TOLD)
def test_an_agent_follows_commands(text: str, name: str, arguments: dict[str, Any]) -> None:
    assert made(text) == [(name, arguments)]


def test_content_that_the_user_did_not_give_is_not_written() -> None:
    assert "Write" not in [name for name, _ in made("Implement a fibonacci function in fib.py")]


def test_the_text_to_replace_is_not_invented() -> None:
    assert [name for name, _ in made("edit the file app.py so that it works")] == ["Read"]


@pytest.mark.parametrize("text", ["Thanks!", "为什么测试失败了？"])
def test_an_agent_answers_a_message_without_a_command(text: str) -> None:
    assert made(text) == []
