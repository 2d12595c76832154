"""The handle: waiting, asynchronous clients, and servers of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
import unittest

import httpx
import pytest

import mockglm
from mockglm import GLM
from mockglm.testing import TestServer, open_handle
from tests.testing.client import ask, body, content


def test_wait_for_returns_once_the_requests_have_come(glm: GLM) -> None:
    glm.when().reply("好")
    threads = [threading.Thread(target=ask, args=(glm, text)) for text in "甲乙"]
    for thread in threads:
        thread.start()
    assert len(glm.wait_for(2)) == 2
    assert any(one.user == "乙" for one in glm.wait_for(lambda call: call.user == "乙"))
    for thread in threads:
        thread.join()


def test_wait_for_that_times_out_shows_the_journal(glm: GLM) -> None:
    glm.reply("好")
    ask(glm, "唯一")
    with pytest.raises(AssertionError, match=r"(?s)no such request within 0\.01 s.*唯一"):
        glm.wait_for(2, timeout=0.01)


async def test_asynchronous_client_is_served(glm: GLM) -> None:
    glm.when().reply("好")
    async with httpx.AsyncClient(trust_env=False, verify=False) as client:
        headers = {"Authorization": f"Bearer {glm.api_key}"}
        posts = (client.post(glm.chat_url, json=body(str(i)), headers=headers) for i in range(8))
        responses = await asyncio.gather(*posts)
    assert {content(response) for response in responses} == {"好"}
    assert sorted(str(one.user) for one in glm.requests) == list("01234567")


def test_scenario_played_later_restarts_the_others(glm: GLM) -> None:
    glm.play("rate-limit")
    assert ask(glm).status_code == 429
    glm.play("hello")
    assert [ask(glm).status_code for _ in range(3)] == [429, 429, 200]


def test_check_raises_for_problems_alone(glm_server: TestServer) -> None:
    with open_handle(glm_server, "checked") as glm:
        glm.check()
        glm.reply("never")
        with pytest.raises(AssertionError, match="Queued and never used"):
            glm.check()


def test_served_block_answers_until_its_end() -> None:
    with mockglm.serve() as glm:
        glm.when().reply("好")
        assert ask(glm).status_code == 200
        port = int(glm.base_url.split(":")[2].split("/")[0])
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_serve_takes_scenarios_and_configuration() -> None:
    with mockglm.serve("rate-limit", profile="zai") as glm:
        assert ask(glm).json()["error"]["message"] == "Rate limit reached for requests"


def test_served_block_raises_for_problems_at_its_end() -> None:
    with pytest.raises(AssertionError, match="Queued and never used"), mockglm.serve() as glm:
        glm.reply("never")


def fail(glm: GLM) -> None:
    glm.reply("never")
    raise ZeroDivisionError


def test_exception_of_a_served_block_is_not_replaced() -> None:
    with pytest.raises(ZeroDivisionError), mockglm.serve() as glm:
        fail(glm)


def test_servers_in_one_process_are_isolated() -> None:
    with mockglm.serve() as one, mockglm.serve() as other:
        one.when().reply("甲")
        other.when().reply("乙")
        assert [content(ask(glm)) for glm in (one, other)] == ["甲", "乙"]


def test_unittest_enters_a_server_as_a_context() -> None:
    class Case(unittest.TestCase):
        def setUp(self) -> None:
            self.glm = self.enterContext(mockglm.serve())

        def test_it(self) -> None:
            self.glm.reply("好")
            assert ask(self.glm).status_code == 200

    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(Case).run(result)
    assert result.testsRun == 1
    assert result.wasSuccessful()


def test_package_exports_the_handle_and_nothing_unknown() -> None:
    assert mockglm.GLM.__module__ == "mockglm.testing.glm"
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mockglm.nothing
