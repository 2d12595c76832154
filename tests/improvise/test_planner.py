"""Plans of coding agents, run over the tools that real agents offer and a project in memory."""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath
from typing import Any

import msgspec
import pytest

from mockglm.clock import Ids
from mockglm.exchange import ToolCall
from mockglm.improvise.files import read_file_text
from mockglm.improvise.planner import read_goals
from mockglm.improvise.tools import is_agent, read_offers
from mockglm.validation.types import Tool
from tests.improvise.asked import Body, ask, called, function, result, system, user
from tests.improvise.test_conduct import AGENTS, offered

FILES = {
    "README.md": "# Parcel\n\nParcel counts letters.\n",
    "main.py": 'def main():\n    pritn("hello")\n\n\nmain()\n',
    "notes.txt": "The sky is blue today.\nRoses are red.\n",
    "guide.md": "# Guide\n\nHow to recieve a parcel.\n",
}
HOME = "/home/dev/project"
MAX_TURNS = 8


class Project:
    """A project in memory that tools of any names work on."""

    def __init__(self, tools: list[Body]) -> None:
        functions = [msgspec.json.decode(msgspec.json.encode(one), type=Tool) for one in tools]
        self.offers = read_offers([one.function for one in functions if one.function is not None])
        self.files = dict(FILES)
        self.turns = 0

    def run(self, call: ToolCall) -> str:
        sent = _flatten(json.loads(call.arguments))
        (offer,) = [one for one in self.offers if one.name == call.name]
        if offer.kind == "run":
            return self.shell(_command(json.loads(call.arguments)))
        path = next((value for key, value in sent.items() if "path" in key or "file" in key), ".")
        return self.act(offer.kind, path.removeprefix(f"{HOME}/"), sent)

    def act(self, kind: str, path: str, sent: dict[str, str]) -> str:
        if kind == "list":
            return "\n".join(self.files)
        if kind == "search":
            return "main.py:2: found"
        if kind == "write":
            assert path not in self.files
            self.files[path] = sent["content"]
            return "ok"
        if path not in self.files:
            return f"File not found: {path}"
        if kind == "read":
            lines = self.files[path].splitlines()
            return "\n".join(f"{number:6}→{line}" for number, line in enumerate(lines, 1))
        assert kind == "edit"
        old = next(value for key, value in sent.items() if "old" in key)
        new = next(value for key, value in sent.items() if "new" in key)
        assert self.files[path].count(old) == 1
        self.files[path] = self.files[path].replace(old, new)
        return "edited"

    def shell(self, command: str) -> str:
        made = re.fullmatch(r"sed -i s/(.*)/(.*)/ (.*)|sed -i '?s/(.*)/(.*)/'? (.*)", command)
        if made:
            old, new, path = [part for part in made.groups() if part]
            self.files[path] = self.files[path].replace(old.replace("\\", ""), new, 1)
            return ""
        created = re.fullmatch(r"test -e (\S+) \|\| printf '%s\\n' '?(.*?)'? > \S+", command)
        if created:
            self.files.setdefault(created[1], f"{created[2]}\n")
            return ""
        if command.startswith("cat "):
            return self.files.get(command[4:], f"cat: {command[4:]}: No such file or directory")
        return "\n".join(self.files) if command == "ls" else command.removeprefix("echo ")


def _command(sent: dict[str, Any]) -> str:
    held: Any = sent.get("command", sent.get("commands"))
    return str(held if isinstance(held, str) else held[-1])


def _flatten(value: Any) -> dict[str, str]:
    """The texts of arguments by the last name above them."""
    found: dict[str, str] = {}
    for key, held in value.items():
        inner = held[0] if isinstance(held, list) and held else held
        found |= _flatten(inner) if isinstance(inner, dict) else {key: str(inner)}
    return found


def work_on(agent: str, text: str) -> tuple[Project, str]:
    """The project after an agent's loop, and the last words."""
    project = Project(offered(agent))
    history: list[Body | str] = [system(f"Working directory: {HOME}"), user(text)]
    for turn in range(MAX_TURNS):
        reply = ask(*history, tools=offered(agent), ids=Ids("seed", "loop", turn))
        if not reply.calls:
            project.turns = turn
            return project, reply.content or ""
        results = [result(project.run(call), at) for at, call in enumerate(reply.calls)]
        history += [called(*reply.calls), *results]
    raise AssertionError("the loop did not end")


CHANGES = [
    ("In notes.txt, change the word blue to green", "notes.txt", "blue", "green"),
    ("把 notes.txt 里的 blue 改成 green", "notes.txt", "blue", "green"),
    ("Find and fix the typo in main.py", "main.py", "pritn", "print"),
    ("List the files and fix the typo in main.py", "main.py", "pritn", "print"),
    ("找出 guide.md 里的拼写错误并修复", "guide.md", "recieve", "receive"),
]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(("text", "path", "old", "new"), CHANGES)
def test_a_change_is_made_and_nothing_else(
    agent: str, text: str, path: str, old: str, new: str
) -> None:
    project, said = work_on(agent, text)
    assert project.files == {**FILES, path: FILES[path].replace(old, new)}
    assert new in said


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(
    "text",
    [
        'Create a file hello.txt with the content "Hello from Parcel"',
        "创建文件 hello.txt，内容为“Hello from Parcel”",
    ],
)
def test_a_file_is_created_with_its_content(agent: str, text: str) -> None:
    project, _ = work_on(agent, text)
    is_writable = any(one.kind in ("write", "run") for one in project.offers)
    created = {"hello.txt": "Hello from Parcel"} if is_writable else {}
    made = {name: held.strip() for name, held in project.files.items() if name not in FILES}
    assert made == created


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("text", ["What does this project do?", "README 里写了什么？"])
def test_a_question_is_answered_from_the_readme(agent: str, text: str) -> None:
    project, said = work_on(agent, text)
    assert project.files == FILES
    assert "Parcel counts letters" in said


@pytest.mark.parametrize("agent", AGENTS)
def test_a_command_is_run_and_reported(agent: str) -> None:
    project, said = work_on(agent, "Run the command `echo parcel` and tell me its output")
    assert project.turns == 1
    assert "parcel" in said


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("text", ["What is 17+25?", "17+25 等于多少？"])
def test_a_sum_needs_no_tool(agent: str, text: str) -> None:
    project, said = work_on(agent, text)
    assert (project.turns, project.files) == (0, FILES)
    assert "42" in said


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize(
    "text",
    [
        "Rewrite main.py completely",
        "create README.md with the content 'gone'",
        "创建 main.py，内容为“x”",
        "Fix the bug in missing.py",
        "把 notes.txt 里的 purple 改成 green",
        "clean up",
    ],
)
def test_no_file_is_lost(agent: str, text: str) -> None:
    project, said = work_on(agent, text)
    assert project.files == FILES
    assert said


KINDS = {
    "claude-code-2.1.332": {"Bash": "run", "Edit": "edit", "Read": "read", "Write": "write"},
    "qwen-code-0.24.4": {"glob": "list", "grep_search": "search", "run_shell_command": "run"},
    "cline-3.0.65": {"read_files": "read", "editor": "edit", "ask_question": "ask"},
    "codex-0.63.0": {"shell": "run", "update_plan": "plan"},
    "continue-1.5.47": {"Read": "read", "Edit": "edit", "Bash": "run", "AskQuestion": "ask"},
    "grok-cli-0.0.34": {"view_file": "read", "str_replace_editor": "edit", "bash": "run"},
    "kimi-cli-1.45.0": {"Shell": "run", "StrReplaceFile": "edit", "ReadFile": "read"},
    "mistral-vibe-3.0.2": {"bash": "run", "write_file": "write", "read_file": "read"},
    "opencode-1.18.33": {"glob": "list", "read": "read", "webfetch": "fetch", "task": "plan"},
    "pi-0.73.1": {"bash": "run", "read": "read", "edit": "edit", "write": "write"},
}


@pytest.mark.parametrize("agent", KINDS)
def test_tools_have_their_kinds(agent: str) -> None:
    kinds = {one.name: one.kind for one in Project(offered(agent)).offers}
    assert kinds.items() >= KINDS[agent].items()


@pytest.mark.parametrize("agent", AGENTS)
def test_the_tools_of_an_agent_are_known_as_such(agent: str) -> None:
    assert is_agent(Project(offered(agent)).offers)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("List the files and fix the typo in main.py", ["list", "fix"]),
        ("read a.py, then run `make`", ["read", "run"]),
        ("search for TODO in the code base", ["search"]),
        ("打开 a.py 看看", ["read"]),
        ("删除 a.txt", ["delete"]),
        ("What is the capital of France?", []),
        ("write a quicksort in Python", []),
    ],
)
def test_requests_are_read_by_kind(text: str, kinds: list[str]) -> None:
    assert [one.kind for one in read_goals(text)] == kinds


def test_a_relative_path_is_joined_after_an_error_that_wants_it() -> None:
    agent = "qwen-code-0.24.4"
    first = ask(system(f"Working directory: {HOME}"), "read main.py", tools=offered(agent)).calls
    refused = result("File path must be absolute, but was relative: main.py")
    history = [system(f"Working directory: {HOME}"), user("read main.py"), called(*first), refused]
    (again,) = ask(*history, tools=offered(agent)).calls
    assert json.loads(again.arguments)["file_path"] == str(PurePosixPath(HOME, "main.py"))


def test_a_command_that_failed_is_not_run_again_unchanged() -> None:
    shell = [function("bash", "Run a shell command", "command", command={"type": "string"})]
    (first,) = ask("read main.py", tools=shell).calls
    failed = result("cat: main.py: No such file or directory")
    assert ask("read main.py", called(first), failed, tools=shell).calls == ()


def test_a_second_error_ends_the_loop() -> None:
    agent = "qwen-code-0.24.4"
    messages: list[Body | str] = [system(f"Working directory: {HOME}"), user("read main.py")]
    for _ in range(2):
        reply = ask(*messages, tools=offered(agent))
        messages += [called(*reply.calls), result("File path must be absolute: main.py")]
    assert ask(*messages, tools=offered(agent)).calls == ()


def test_a_file_in_a_json_result_is_read_as_its_text() -> None:
    printed = json.dumps([{"query": "main.py", "result": "1 | def main():\n2 |     pritn(1)"}])
    assert read_file_text(printed) == "def main():\n    pritn(1)"


def test_the_result_in_a_json_object_is_the_text_however_short() -> None:
    printed = json.dumps([{"query": "/a/very/long/path/of/a/file.txt", "result": "1 | blue"}])
    assert read_file_text(printed) == "blue"


def test_a_readme_is_read_even_if_nothing_can_be_listed() -> None:
    agent = "qwen-code-0.24.4"
    first = ask("What does this project do?", tools=offered(agent)).calls
    failed = result("Error: no program to list files with")
    (call,) = ask("What does this project do?", called(*first), failed, tools=offered(agent)).calls
    assert "README.md" in call.arguments


def test_a_note_before_the_lines_of_a_file_is_left_out() -> None:
    printed = "<system>2 lines read from file.</system>     1\tblue\n     2\tred\n"
    assert read_file_text(printed) == "blue\nred"
