"""Which function of a coding agent fits what it is told, and with which arguments it is called."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.improvise.plan import calls
from tests.improvise.asked import IDS, INTEGER, STRING, function, scene

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
    found = calls(scene(text, tools=AGENT), IDS)
    return [(call.name, json.loads(call.arguments)) for call in found]


TOLD: list[tuple[str, str, dict[str, Any]]] = [
    ("Read /etc/hosts and tell me what is in it", "Read", {"file_path": "/etc/hosts"}),
    ("explain main.go", "Read", {"file_path": "main.go"}),
    ("fix the bug in utils.py", "Read", {"file_path": "utils.py"}),
    ("how many lines are in README.md?", "Read", {"file_path": "README.md"}),
    ("Add a section to the README", "Read", {"file_path": "README"}),
    ("git status", "Bash", {"command": "git status"}),
    ("show me the git log", "Bash", {"command": "git log"}),
    ("运行 pytest -q tests/", "Bash", {"command": "pytest -q tests/"}),
    ("run ls -la", "Bash", {"command": "ls -la"}),
    ("list the files in src/", "LS", {"path": "src/"}),
    ("列出当前目录", "LS", {"path": "."}),
    ("find all python files", "Glob", {"pattern": "**/*.py"}),
    ("search for TODO in the code base", "Grep", {"pattern": "TODO"}),
    ('grep "def main" in src', "Grep", {"pattern": "def main"}),
    ("search the web for the latest Python", "WebSearch", {"query": "latest Python"}),
    (
        "把 config.yaml 里的 debug: true 改成 debug: false",
        "Edit",
        {"file_path": "config.yaml", "old_string": "debug: true", "new_string": "debug: false"},
    ),
    (
        "In src/app.py replace `foo()` with `bar()`",
        "Edit",
        {"file_path": "src/app.py", "old_string": "foo()", "new_string": "bar()"},
    ),
    (
        'create a file hello.txt with the content "Hello World"',
        "Write",
        {"file_path": "hello.txt", "content": "Hello World"},
    ),
    (
        "写一个 hello.py，内容是 print('hi')",
        "Write",
        {"file_path": "hello.py", "content": "print('hi')"},
    ),
]


@pytest.mark.parametrize(("text", "name", "arguments"), TOLD)
def test_an_agent_does_what_it_is_told(text: str, name: str, arguments: dict[str, Any]) -> None:
    assert made(text) == [(name, arguments)]


def test_a_program_is_written_as_code() -> None:
    ((name, arguments),) = made("Implement a fibonacci function in fib.py")
    assert (name, arguments["file_path"]) == ("Write", "fib.py")
    assert arguments["content"].startswith("def fibonacci(")
    compile(arguments["content"], "fib.py", "exec")


def test_what_to_replace_is_not_made_up() -> None:
    assert [name for name, _ in made("edit the file app.py so that it works")] == ["Read"]


@pytest.mark.parametrize("text", ["Thanks!", "为什么测试失败了？", "what does this project do?"])
def test_an_agent_answers_what_tells_it_nothing(text: str) -> None:
    assert made(text) == []


def test_a_switch_is_set_by_all_the_words_of_its_name() -> None:
    ((_, arguments),) = made("replace all `a` with `b` in x.py")
    assert arguments["replace_all"] is True


def test_items_of_a_list_are_filled_from_the_text() -> None:
    ((name, arguments),) = made("Create a todo list: buy milk")
    assert name == "TodoWrite"
    assert arguments["todos"][0]["content"] == "Create a todo list: buy milk"
