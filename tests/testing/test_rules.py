"""Standing rules: which requests they answer, in what order, and how often."""

from __future__ import annotations

from typing import Any

import pytest

from mockglm import GLM
from mockglm.exchange import Reply
from tests.testing.client import ask, content


def test_standing_rule_answers_all_matching_requests(glm: GLM) -> None:
    rule = glm.when(user="天气").reply("晴")
    assert content(ask(glm, "天气?")) == "晴"
    assert content(ask(glm, "北京天气怎么样")) == "晴"
    assert rule.count == 2


def test_queued_reply_is_used_once_and_before_rules(glm: GLM) -> None:
    glm.reply(error=1302)
    glm.when(user="天气").reply("晴")
    assert ask(glm, "天气?").status_code == 429
    assert content(ask(glm, "天气?")) == "晴"
    assert [call.status for call in glm.requests] == [429, 200]


def test_replies_are_a_sequence_whose_last_stays(glm: GLM) -> None:
    glm.when().reply({"error": 1302}, "一").reply(content="二")
    responses = [ask(glm) for _ in range(4)]
    assert [response.status_code for response in responses] == [429, 200, 200, 200]
    assert [content(response) for response in responses[1:]] == ["一", "二", "二"]


def test_rule_extended_after_a_request_continues_its_sequence(glm: GLM) -> None:
    rule = glm.when().reply("一")
    assert content(ask(glm)) == "一"
    rule.reply("二")
    assert content(ask(glm)) == "二"
    assert rule.count == 2


def test_rule_with_times_answers_no_more_requests(glm: GLM) -> None:
    glm.when().reply("先").times(1)
    glm.when().reply("后")
    assert [content(ask(glm)) for _ in range(3)] == ["先", "后", "后"]


def test_predicate_and_keywords_must_both_match(glm: GLM) -> None:
    glm.when(lambda request: len(request.messages) > 1, model="glm-4.6").reply("第二轮")
    glm.when().reply("第一轮")
    assert content(ask(glm)) == "第一轮"
    two = [{"role": "user", "content": "一"}, {"role": "user", "content": "二"}]
    assert content(ask(glm, messages=two)) == "第二轮"
    assert content(ask(glm, messages=two, model="glm-4.5")) == "第一轮"


@pytest.mark.glm(allow_misses=True)
def test_predicate_is_called_once_for_each_request(glm: GLM) -> None:
    calls: list[str | None] = []

    def holds(request: Any) -> bool:
        calls.append(request.user)
        return False

    glm.when(holds).reply("never")
    ask(glm, "天气")
    assert calls == ["天气"]


@pytest.mark.parametrize(
    "result",
    ["HELLO", {"content": "HELLO"}, Reply(content="HELLO")],
    ids=["text", "mapping", "Reply"],
)
def test_reply_function_returns_any_form_of_reply(glm: GLM, result: Any) -> None:
    glm.when().reply(lambda request: result)
    glm.reply(lambda request: str(request.user).upper())
    assert content(ask(glm, "hello you")) == "HELLO YOU"
    assert content(ask(glm, "hello")) == "HELLO"


def test_reply_function_may_use_the_handle(glm: GLM) -> None:
    glm.when().reply(lambda request: f"{len(glm.requests)} 次")
    assert content(ask(glm)) == "0 次"
    assert content(ask(glm)) == "1 次"


def test_verbatim_response_is_sent_as_written(glm: GLM) -> None:
    glm.response(status=502, body="<html>bad gateway</html>")
    glm.when().response(json={"odd": True}, headers={"X-Odd": "yes"})
    assert ask(glm).text == "<html>bad gateway</html>"
    response = ask(glm)
    assert (response.content, response.headers["x-odd"]) == (b'{"odd":true}', "yes")
