"""A text that is to be said word for word is."""

from __future__ import annotations

import pytest

from mockglm.clock import Ids
from mockglm.improvise import improvise
from mockglm.models import MODELS
from mockglm.validation import Chat, Message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            "Repeat exactly the following line and write nothing else: 你好 😀 a\u2028b",
            "你好 😀 a\u2028b",
        ),
        ("Reply with only the word: pong", "pong"),
        ("Respond with exactly: OK", "OK"),
        ("请只回复：收到", "收到"),
        ("请原样输出下面这行：a=1; b=2", "a=1; b=2"),
    ],
)
def test_a_text_to_repeat_is_repeated(asked: str, said: str) -> None:
    chat = Chat(model="glm-4.6", messages=[Message(role="user", content=asked)])
    assert improvise(chat, MODELS["glm-4.6"], Ids("s", "t", 1)).content == said
