"""What a coding agent is told, by the parameter it goes into."""

from __future__ import annotations

import pytest

from mockglm.improvise.parameters import find_changes as orders
from mockglm.improvise.parameters import find_values


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("git status", "git status"),
        ("show me the git log, please", "git log"),
        ("运行 pytest -q tests/", "pytest -q tests/"),
        ("查看 package.json 然后运行 npm install", "npm install"),
        ("run ls -la", "ls -la"),
        ("Execute make -j4 all and tell me", "make -j4 all"),
        ("run git commit -m 'fix and test'", "git commit -m 'fix and test'"),
        ("python3 main.py --port 80 then stop", "python3 main.py --port 80"),
        ("跑一下 cargo test。", "cargo test"),
        ("docker compose up -d in the background", "docker compose up -d"),
    ],
)
def test_a_command_is_found(text: str, command: str) -> None:
    assert find_values(text).of("command") == (command,)


@pytest.mark.parametrize(
    "text",
    [
        "run the tests",
        "find all python files",
        "go to the store",
        "make a plan",
        "run tests again",
        "the git repository is large",
        "我在跑步",
        "npm is slow",
    ],
)
def test_an_ordinary_text_has_no_command(text: str) -> None:
    assert find_values(text).of("command") == ()


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("In src/app.py replace `foo()` with `bar()`", "foo()", "bar()"),
        ("replace the word cat by dog everywhere", "cat", "dog"),
        ("rename variable x to total in main.py", "x", "total"),
        ("change DEBUG = True to DEBUG = False.", "DEBUG = True", "DEBUG = False"),
        ("把 config.yaml 里的 debug: true 改成 debug: false", "debug: true", "debug: false"),
        ("将“你好”替换为“您好”。", "你好", "您好"),
    ],
)
def test_the_texts_of_a_replacement_are_found(text: str, old: str, new: str) -> None:
    assert (orders(text)["old"], orders(text)["new"]) == ((old,), (new,))


@pytest.mark.parametrize(
    ("text", "sought"),
    [
        ("search for TODO in the code base", "TODO"),
        ("look up the population of Norway", "population of Norway"),
        ("搜索最新的手机评测", "最新的手机评测"),
        ("查一下李白的资料", "李白"),
    ],
)
def test_the_object_of_a_search_is_found(text: str, sought: str) -> None:
    assert orders(text)["sought"] == (sought,)


def test_a_text_that_tells_nothing_has_no_orders() -> None:
    assert orders("今天天气不错") == {}
