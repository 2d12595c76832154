"""Changes in the text of an answer, in the form that the prompt prescribes."""

from __future__ import annotations

import pytest

from tests.improvise.asked import ask, says, system, user

FILE = 'main.py\n```\ndef main():\n    pritn("hello")\n```\n'
BLOCKS = "Use blocks: <<<<<<< SEARCH\n=======\n>>>>>>> REPLACE"
DIFF = "Return edits as a unified diff."
WHOLE = "Return the entire content of the updated file."


@pytest.mark.parametrize(
    ("form", "part"),
    [
        (
            BLOCKS,
            '<<<<<<< SEARCH\ndef main():\n    pritn("hello")\n=======\n'
            'def main():\n    print("hello")\n>>>>>>> REPLACE',
        ),
        (DIFF, '-    pritn("hello")\n+    print("hello")'),
        (WHOLE, 'main.py\n```\ndef main():\n    print("hello")\n```'),
    ],
)
@pytest.mark.parametrize(
    "text", ["In main.py replace pritn with print", "Find and fix the typo in main.py"]
)
def test_a_known_change_is_written_in_the_prescribed_form(form: str, part: str, text: str) -> None:
    assert part in (ask(system(form), f"These are the files:\n\n{FILE}", text).content or "")


def test_a_change_is_not_made_up() -> None:
    content = ask(system(BLOCKS), f"Files:\n\n{FILE}", "improve main.py").content or ""
    assert "REPLACE" not in content


def test_a_file_that_is_shown_is_quoted() -> None:
    content = ask(system(BLOCKS), f"Files:\n\n{FILE}", "What is in main.py?").content or ""
    assert "def main()" in content


@pytest.mark.parametrize(
    "text", ["What does this project do?", "Fix the typo in README.md", "README 里写了什么？"]
)
def test_a_file_that_is_not_shown_is_asked_for(text: str) -> None:
    content = ask(system(BLOCKS), "Files in the repository:\n\nREADME.md", text).content or ""
    assert "README.md" in content
    assert "REPLACE" not in content


def test_the_question_stands_after_the_file_was_added() -> None:
    added = "I added these files to the chat: README.md\nLet me know if there are others."
    readme = "README.md\n```\n# Parcel\n\nParcel counts letters.\n```\n"
    history = [user("What does this project do?"), says("Please show README.md."), user(readme)]
    content = ask(system(BLOCKS), *history[:2], f"{readme}", history[0], user(added)).content or ""
    assert "Parcel counts letters" in content
