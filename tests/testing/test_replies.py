"""Functions of a test in the server, and the exceptions that they raise."""

from __future__ import annotations

import pytest

from mockglm import GLM
from mockglm.errors import UsageError
from mockglm.testing import TestServer, open_handle
from tests.testing.client import ask, content


@pytest.mark.glm(allow_misses=True)
def test_reply_function_cannot_return_delivery_keywords(glm: GLM) -> None:
    glm.reply(lambda request: {"content": "好", "fault": "reset"})
    assert "give fault and pace as keywords" in ask(glm).json()["error"]["message"]
    (error,) = glm.take_errors()
    assert isinstance(error, UsageError)


@pytest.mark.glm(allow_misses=True)
def test_errors_that_were_taken_do_not_fail_the_test(glm: GLM) -> None:
    glm.reply(lambda request: 1 / 0)
    assert "ZeroDivisionError" in ask(glm).json()["error"]["message"]
    assert "ZeroDivisionError" in glm.problems()
    assert [type(error) for error in glm.take_errors()] == [ZeroDivisionError]
    assert glm.take_errors() == ()
    assert glm.problems() == ""


@pytest.mark.glm(allow_misses=True)
def test_function_that_ends_a_program_fails_the_test_only(glm: GLM) -> None:
    def end(request: object) -> str:
        raise SystemExit(3)

    glm.reply(end)
    assert ask(glm).status_code == 422
    assert "SystemExit: 3" in glm.problems()
    assert [type(error) for error in glm.take_errors()] == [SystemExit]
    glm.reply("好")
    assert content(ask(glm)) == "好"


def test_predicate_that_raises_does_not_match(glm: GLM) -> None:
    glm.when(lambda request: request.nothing).reply("never")  # type: ignore[attr-defined]
    glm.when().reply("好")
    assert content(ask(glm)) == "好"
    assert [type(error) for error in glm.take_errors()] == [AttributeError]


def test_improvised_reply_is_the_same_in_every_run(glm_server: TestServer) -> None:
    texts = []
    for _ in range(2):
        with open_handle(glm_server, "same") as glm:
            glm.improvise()
            texts.append(content(ask(glm, "讲个笑话")))
            assert glm.requests[0].source == "improvised"
    assert texts[0] == texts[1]
