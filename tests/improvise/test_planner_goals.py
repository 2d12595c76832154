"""Goals in a message to a coding agent, in both languages."""

from __future__ import annotations

import pytest

from mockglm.improvise.planner import read_goals
from mockglm.improvise.tools import PlanStep


@pytest.mark.parametrize(
    ("text", "goals"),
    [
        ("In notes.txt, change the word blue to green", ["change"]),
        ("Please look at main.py, then fix the typo", ["read", "fix"]),
        ("What does this project do?", ["read"]),
        ("请看一下 README，这个项目是做什么的？", ["read"]),
        ("main.py and lib.py", ["read"]),
        ("你好", []),
    ],
)
def test_a_part_without_a_verb_is_no_goal_beside_others(text: str, goals: list[str]) -> None:
    assert [goal.kind for goal in read_goals(text)] == goals


def test_a_change_has_the_file_that_another_part_names() -> None:
    assert read_goals("In notes.txt, change the word blue to green") == [
        PlanStep("change", {"path": "notes.txt", "old": "blue", "new": "green"})
    ]


def test_a_change_without_touching_another_file_is_a_change() -> None:
    (goal,) = read_goals("Replace blue with green in a.txt without touching b.txt")
    assert goal == PlanStep("change", {"path": "a.txt", "old": "blue", "new": "green"})


def test_a_prohibition_behind_a_content_is_none_of_it() -> None:
    (goal,) = read_goals("Create a.txt with the content hi there. Do not create b.txt.")
    assert goal == PlanStep("create", {"path": "a.txt", "content": "hi there"})


def test_words_in_quotes_are_no_commands() -> None:
    (goal,) = read_goals('Create a.txt with the content "delete b.txt and run ls"')
    assert goal == PlanStep("create", {"path": "a.txt", "content": "delete b.txt and run ls"})


def test_many_requests_are_bounded() -> None:
    assert len(read_goals("read a.py, " * 400 + "run `ls`")) <= 5
