from __future__ import annotations

import pytest

from mockglm.improvise.language import detect_language
from mockglm.improvise.replies import answer_exactly
from tests.improvise.asked import IDS


def shaped(text: str) -> str | None:
    return answer_exactly(text, detect_language(text), IDS)


EXACT = [
    ("Reply with only the word PONG", "PONG"),
    ("Please reply with exactly: OK.", "OK"),
    ('Say "hello" and nothing else', "hello"),
    ("say hi", "hi"),
    ("只回复：收到", "收到"),
    ("请只回答“好的”", "好的"),
    ("重复：今天天气不错", "今天天气不错"),
    ("回复“收到”", "收到"),
    ("What is 2 + 2?", "2 + 2 = 4"),
    ("17 * 19 等于多少", "17 * 19 = 323"),
    ("7/2=", "7/2 = 3.5"),
    ("计算 3 × 4", "3 × 4 = 12"),
    ("-3 + 1", "-3 + 1 = -2"),
    ("2 - -3", "2 - -3 = 5"),
]


@pytest.mark.parametrize(("text", "expected"), EXACT)
def test_an_exact_request_has_an_exact_answer(text: str, expected: str) -> None:
    assert shaped(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "What did you say today",
        "Answer only based on the context",
        "Only answer when asked about the weather in the documents below, otherwise decline",
        "只输出 JSON",
        "What happened on 2026-10-12?",
        "call 555-1234",
        "What is 1/0",
        "What is 3 + +2",
        "What is 2 ** 9 ** 9",
        "北京怎么样",
    ],
)
def test_an_ordinary_text_asks_for_no_shape(text: str) -> None:
    assert shaped(text) is None


def test_one_of_two_answers_is_chosen() -> None:
    assert shaped("Answer with only yes or no") in ("yes", "no")
    assert shaped("Is 7 prime? Answer yes or no.") in ("yes", "no")
    assert shaped("7是质数吗？请回答是或否") in ("是", "否")


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("写一个 Python 快速排序", "```python\n"),
        ("Write a quicksort in Go", "```go\n"),
        ("write a js function to sum", "```javascript\n"),
        ("帮我写SQL", "```sql\n"),
        ("write a sql query for users", "```sql\n"),
        ("写个 shell 脚本", "```bash\n"),
    ],
)
def test_code_comes_in_a_fence_of_its_language(text: str, fence: str) -> None:
    assert fence in (shaped(text) or "")


def test_code_is_named_after_the_text() -> None:
    assert "func quicksort(" in (shaped("Write a quicksort in Go") or "")
