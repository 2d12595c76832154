"""Nothing is written, deleted or sent that the user's words do not ask for and spell out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockglm.improvise.schema.scalars import split_name
from tests.improvise.asked import STRING, Body, ask, function, work

DATA = Path(__file__).parent / "data"
AGENTS = json.loads((DATA / "tools.json").read_text())
"""The tools that agents offered: names, and the types of their parameters."""
_CHANGING = (
    "write edit save replace insert append patch delete remove send broadcast notebook kill "
    "shutdown cancel cleanup editor"
)
CHANGING = frozenset(_CHANGING.split())


def offered(agent: str) -> list[Body]:
    """The tools of an agent as they go into a request."""
    return [_tool(name, held) for name, held in AGENTS[agent].items()]


def _tool(name: str, parameters: Any) -> Body:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


PROMPTS = [
    "fix the typo in main.py",
    "List the files and fix the typo in main.py",
    "There is a typo in README.md. Find it and fix it.",
    "What does the README say?",
    "improve main.py",
    "write some documentation",
    "create a test file",
    "clean up the project",
    "update the changelog",
    "send a summary to the team",
    "修复 main.py 里的拼写错误",
    "找出 README.md 里的错别字并改正",
    "README 里写了什么？",
    "写一个快速排序程序",
    "帮我完善一下 main.py",
    "创建一个测试文件",
    "清理一下项目",
    "更新一下文档",
    "给团队发一份总结",
]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("text", PROMPTS)
@pytest.mark.parametrize("choice", ["auto", None])
def test_a_vague_request_changes_nothing(agent: str, text: str, choice: str | None) -> None:
    reply = ask(text, tools=offered(agent), tool_choice=choice)
    changing = [call for call in reply.calls if CHANGING & {*split_name(call.name)}]
    assert changing == []


WRITE = function("write_file", "", "path content", path=STRING, content=STRING)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ('Create hello.txt with the content "hi there"', "hi there"),
        ("创建文件 hello.txt，内容为“你好”", "你好"),
        ('Create hello.txt with the content "do not enter"', "do not enter"),
    ],
)
def test_a_content_that_is_spelled_out_is_written(text: str, content: str) -> None:
    (call,) = ask(text, tools=[WRITE]).calls
    assert json.loads(call.arguments) == {"path": "hello.txt", "content": content}


def test_a_file_is_deleted_only_when_its_name_is_given() -> None:
    delete = function("delete_file", "", "path", path=STRING)
    (call,) = ask("delete old.txt", tools=[delete]).calls
    assert json.loads(call.arguments) == {"path": "old.txt"}
    assert ask("delete the old file", tools=[delete]).calls == ()
    assert ask("is old.txt a file?", tools=[delete]).calls == ()


def test_a_pattern_with_a_large_class_costs_bounded_work() -> None:
    letters = "".join(map(chr, range(0x4E00, 0x4E00 + 1900)))
    slow = {"type": "string", "pattern": f"[^{letters}]{{4000}}"}
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}, "x": slow},
        "required": ["city", "x"],
    }
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": parameters}}
    cities = "weather in Paris, London, Tokyo, Rome and Berlin"
    assert work(lambda: ask(cities, tools=[tool])) < 400_000
    form = {"type": "json_schema", "json_schema": {"schema": slow}}
    assert work(lambda: ask("hi", response_format=form)) < 400_000


MAIL = {"to": STRING, "subject": STRING, "body": STRING}
FILES = [
    function("read_file", "Read a file", "path", path=STRING),
    function("write_file", "Write a file", "path content", path=STRING, content=STRING),
    function("delete_file", "Delete a file", "path", path=STRING),
    function("list_files", "List files in a folder", "path", path=STRING),
    function("send_email", "Send an email", "to subject body", **MAIL),
]
SHELL = [function("bash", "Run a shell command", "command", command=STRING)]
DELETE = [function("delete_file", "Delete a file", "path", path=STRING)]
WRITE_ALONE = [function("write_file", "Write a file", "path content", path=STRING, content=STRING)]


@pytest.mark.parametrize(
    "text",
    [
        "Do not delete a.txt, just read it",
        "Don't remove a.txt",
        "Should I delete build/?",
        "Is it safe to delete a.txt?",
        "不要删除 a.txt，只读取它",
        "先别删除 a.txt",
        "要不要删除 a.txt？",
        'Do not write "x" to a.txt',
        "Never run rm. Show the current directory",
        "Should I run git push --force?",
        "Don't replace `a` with `b` in a.txt",
        "不要运行 `rm -rf build`",
    ],
)
@pytest.mark.parametrize("tools", [FILES, SHELL, DELETE, WRITE_ALONE])
def test_actions_that_are_forbidden_or_only_considered_are_not_done(
    text: str, tools: list[Body]
) -> None:
    calls = ask(text, tools=tools).calls
    assert all(call.name in ("read_file", "list_files", "bash") for call in calls)
    commands = [json.loads(call.arguments)["command"] for call in calls if call.name == "bash"]
    assert all(command.split()[0] in ("cat", "ls") for command in commands)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Don't worry, delete a.txt", "a.txt"),
        ("Never touch b.txt. Delete a.txt", "a.txt"),
        ("特别麻烦你删除 a.txt", "a.txt"),
        ("Can you delete a.txt?", "a.txt"),
        ("Delete a.txt, do not ask again", "a.txt"),
    ],
)
@pytest.mark.parametrize("tools", [FILES, DELETE])
def test_a_request_beside_a_forbidden_action_is_done(
    text: str, path: str, tools: list[Body]
) -> None:
    (call,) = ask(text, tools=tools).calls
    assert (call.name, json.loads(call.arguments)) == ("delete_file", {"path": path})
