from __future__ import annotations

import pytest

from mockglm.improvise.parameters import find_values

FOUND: list[tuple[str, str, tuple[str, ...]]] = [
    ("place", "北京和上海的天气", ("北京", "上海")),
    ("place", "weather in Paris, London and Tokyo", ("Paris", "London", "Tokyo")),
    ("place", "What's the weather in Florence,Italy?", ("Florence,Italy",)),
    ("place", "in San Francisco, CA", ("San Francisco, CA",)),
    ("place", "hotels in Smallville and Gotham", ("Smallville", "Gotham")),
    ("place", "in Oz, Utopia and Atlantis", ("Oz", "Utopia", "Atlantis")),
    ("place", "from the beginning", ()),
    ("email", "写信给a.b@example.com吧", ("a.b@example.com",)),
    ("url", "打开https://example.com/a?b=1，谢谢", ("https://example.com/a?b=1",)),
    ("path", "读取src/main.py", ("src/main.py",)),
    ("path", "look at /etc/hosts and ./a/b", ("/etc/hosts", "./a/b")),
    ("path", "open README.md", ("README.md",)),
    ("path", "version 1.2.3 of it", ()),
    ("date", "2026-09-08 或 2026年9月8日", ("2026-09-08", "2026年9月8日")),
    ("instant", "at 2026-09-08T10:00:00Z", ("2026-09-08T10:00:00Z",)),
    ("time", "at 14:30 or 5pm", ("14:30", "5pm")),
    ("time", "下午三点半", ("下午三点半",)),
    ("relative", "明天, Tomorrow", ("明天", "Tomorrow")),
    ("quote", "named “甲” and 'b c' and 《丙》", ("甲", "b c", "丙")),
    ("quote", "it's Bob's", ()),
    ("code", "run `ls -la`", ("ls -la",)),
    ("fence", "fix\n```py\nx = 1\n```", ("x = 1",)),
    ("person", "send it to Alice Smith", ("Alice Smith",)),
    ("person", "Alice is 30 years old", ("Alice",)),
    ("person", "给张三发消息", ("张三",)),
    ("person", "This is it", ()),
    ("person", "fly to London", ()),
]


@pytest.mark.parametrize(("kind", "text", "expected"), FOUND)
def test_the_values_in_a_text_are_found(kind: str, text: str, expected: tuple[str, ...]) -> None:
    assert find_values(text).of(kind) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("add 2 and 3.5", (2, 3.5)),
        ("未来3天，前10条", (3, 10)),
        ("1,234 and -5", (1234, -5)),
        ("on 2026-09-08 at 14:30", ()),
        ("GPT-4 and v2", ()),
    ],
)
def test_numbers_are_found(text: str, expected: tuple[float, ...]) -> None:
    assert find_values(text).numbers == expected


def test_missing_values_come_from_the_whole_text() -> None:
    part = find_values("add them").within(find_values("北京: add 2 and 3"))
    assert part.of("place") == ("北京",)
    assert part.numbers == (2, 3)


def test_a_part_that_has_values_keeps_its_own() -> None:
    part = find_values("上海 5").within(find_values("北京 1"))
    assert part.of("place") == ("上海",)
    assert part.numbers == (5,)
