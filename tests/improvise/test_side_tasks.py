from __future__ import annotations

import pytest

from mockglm.improvise.side_tasks import do_side_task, make_title
from tests.improvise.asked import Body, ask, says, scene, system

TITLE = "You are a title generator. You output ONLY a thread title. Nothing else."


def test_the_title_of_a_first_message_is_its_topic() -> None:
    asked = scene(system(TITLE), "How to fix the login bug in auth.ts?")
    assert do_side_task(asked) == "How to fix the login bug in auth.ts"


def test_the_title_is_of_the_message_not_of_the_instruction() -> None:
    asked = scene(system(TITLE), "Generate a title for this conversation:\n", "帮我写一个爬虫")
    assert do_side_task(asked) == "写一个爬虫"


def test_a_title_is_short() -> None:
    assert len(make_title(scene(system(TITLE), "very long words " * 40))) <= 40


def test_a_title_is_made_of_the_history_in_the_prompt() -> None:
    text = (
        "### Task:\nGenerate a concise, 3-5 word title summarizing the chat history.\n"
        "<chat_history>\nUSER: 帮我写一个爬虫\nASSISTANT: 好的\n</chat_history>"
    )
    assert do_side_task(scene(text)) == "写一个爬虫"


def test_a_title_is_made_of_the_quoted_content() -> None:
    assert (
        do_side_task(scene("请为下面的内容生成标题\n<content>秋天的第一杯奶茶</content>"))
        == "秋天的第一杯奶茶"
    )


def test_a_title_is_made_of_the_text_after_the_colon() -> None:
    asked = scene("Please write a 5-10 word title for: User: how do I bake bread")
    assert do_side_task(asked) == "how do I bake bread"


def test_a_title_is_made_of_the_conversation_before() -> None:
    history: list[Body | str] = ["帮我重构登录模块", says("好的。")]
    assert do_side_task(scene(*history, "为这次对话生成一个标题")) == "重构登录模块"


def test_an_empty_conversation_has_a_title() -> None:
    assert do_side_task(scene(system(TITLE), "")) == "New conversation"


def test_a_summary_lists_the_turns() -> None:
    summary = (
        do_side_task(scene("帮我重构登录模块", says("已经拆成三个文件。"), "请总结以上对话")) or ""
    )
    assert "重构登录模块" in summary
    assert "三个文件" in summary


def test_a_summary_is_in_the_requested_tag() -> None:
    text = "Create a detailed summary of the conversation. Wrap it in <summary> tags."
    summary = do_side_task(scene("Fix the parser", says("Done."), text)) or ""
    assert summary.startswith("<summary>\n")
    assert summary.endswith("\n</summary>")


def test_a_summary_of_a_long_conversation_is_bounded() -> None:
    turns = [one for i in range(50) for one in (f"Question {i}", says(f"Answer {i}"))]
    summary = do_side_task(scene(*turns, "Summarize the conversation")) or ""
    assert "Question 0" in summary
    assert "Answer 49" in summary
    assert len(summary.splitlines()) < 10


def test_a_text_that_is_given_is_summarised() -> None:
    summary = do_side_task(scene("总结一下这段话：春天来了，花开了。小鸟在唱歌。大家都很开心。"))
    assert summary == "要点：春天来了，花开了。小鸟在唱歌。大家都很开心。"


def test_a_text_in_english_is_summarised() -> None:
    assert (do_side_task(scene("Summarize: Spring is here. Birds sing.")) or "").startswith(
        "In short: Spring"
    )


@pytest.mark.parametrize(
    "text",
    [
        "你好",
        "Create a page with the title Foo",
        "What is a compact car?",
        "Explain titles of nobility",
    ],
)
def test_an_ordinary_turn_is_no_errand(text: str) -> None:
    assert do_side_task(scene(text)) is None


def test_the_long_prompt_of_an_agent_does_not_make_every_turn_an_errand() -> None:
    prompt = "You are a coding agent. Summarize your work. " + "Follow the rules. " * 400
    assert do_side_task(scene(system(prompt), "你好")) is None


def test_a_topic_is_in_the_requested_object() -> None:
    prompt = (
        "Analyze if this message indicates a new conversation topic. If it does, extract a 2-3 word"
        " title. Format your response as a JSON object with two fields: 'isNewTopic' (boolean) and"
        " 'title' (string, or null)."
    )
    content = ask(system(prompt), "fix the flaky test").content
    assert content == '{"isNewTopic":true,"title":"fix the flaky test"}'
