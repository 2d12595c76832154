from __future__ import annotations

from mockglm.server.prompt_cache import count_cached_tokens, list_prefixes
from tests.improvise.asked import WEATHER, Body, chat, says

FIRST = ["你好，请介绍一下北京。"]
SECOND: list[Body | str] = [*FIRST, says("北京是中国的首都。"), "那上海呢？"]


def seen(*requests: list[Body | str]) -> set[int]:
    prompts = (list_prefixes(chat(*request)) for request in requests)
    return {prefix.hash for prompt in prompts for prefix in prompt}


def test_a_first_prompt_has_nothing_cached() -> None:
    assert count_cached_tokens(set(), list_prefixes(chat(*FIRST)), 100) == 0


def test_the_same_prompt_is_cached_nearly_whole() -> None:
    assert count_cached_tokens(seen([*FIRST]), list_prefixes(chat(*FIRST)), 1510) == 1508


def test_the_next_turn_finds_the_turn_before() -> None:
    cached = count_cached_tokens(seen([*FIRST]), list_prefixes(chat(*SECOND)), 100)
    assert 20 < cached < 98


def test_a_longer_common_beginning_caches_more() -> None:
    prompt = list_prefixes(chat(*SECOND))
    less = count_cached_tokens(seen([*FIRST]), prompt, 100)
    assert less < count_cached_tokens(seen([*FIRST], SECOND[:2]), prompt, 100)


def test_another_model_shares_nothing() -> None:
    other = list_prefixes(chat(*FIRST, model="glm-4.5"))
    assert count_cached_tokens(seen([*FIRST]), other, 100) == 0


def test_tools_stand_before_the_messages() -> None:
    other = list_prefixes(chat(*FIRST, tools=[WEATHER]))
    assert count_cached_tokens(seen([*FIRST]), other, 100) == 0


def test_an_earlier_message_that_changed_breaks_the_prefix() -> None:
    changed = list_prefixes(chat("你好", *SECOND[1:]))
    same_tools = count_cached_tokens(seen(SECOND), changed, 100)
    assert same_tools < count_cached_tokens(seen(SECOND), list_prefixes(chat(*SECOND)), 100)


def test_a_tiny_prompt_never_has_a_negative_count() -> None:
    assert count_cached_tokens(seen([*FIRST]), list_prefixes(chat(*FIRST)), 1) == 0
