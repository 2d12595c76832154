"""Faults, clock and isolation of a test's session."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from mockglm import GLM
from mockglm.errors import FaultError
from mockglm.testing import TestServer, open_handle
from tests.testing.client import ask, body, content


def test_fault_applies_to_the_next_response_only(glm: GLM) -> None:
    glm.when().reply("北京今天晴。")
    glm.fault("reset", at="2 frames")
    with pytest.raises(httpx.ReadError):
        ask(glm, stream=True)
    assert ask(glm, stream=True).text.endswith("data: [DONE]\n\n")
    broken, whole = glm.requests
    assert (broken.ended, broken.text, broken.finish) == ("cut", "北京今天晴。", "")
    assert (whole.ended, whole.text, whole.finish) == ("done", "北京今天晴。", "stop")


def test_several_faults_apply_together_and_as_often_as_their_times(glm: GLM) -> None:
    glm.when().reply("好")
    glm.fault("no-done", "comment", times=2)
    texts = [ask(glm, stream=True).text for _ in range(3)]
    assert ["[DONE]" in text for text in texts] == [False, False, True]
    assert [": keep-alive" in text for text in texts] == [True, True, False]


def test_standing_fault_applies_to_every_response(glm: GLM) -> None:
    glm.improvise()
    glm.when(user="规则").reply("好")
    glm.reply("排队")
    glm.fault("error", at="0 frames", times=None, code=1305)
    for text in ("排队", "规则", "随便说说"):
        assert '"code":"1305"' in ask(glm, text, stream=True).text


@pytest.mark.parametrize("times", [1, None])
@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/chat/completions", body(temperature="hot")),
        ("/chat/completions", body(model="glm-0")),
        ("/nowhere", body()),
    ],
    ids=["invalid request", "unknown model", "unknown path"],
)
def test_fault_applies_to_responses_that_are_no_reply(
    glm: GLM, path: str, sent: Any, times: int | None
) -> None:
    glm.fault("reset", times=times)
    headers = {"Authorization": f"Bearer {glm.api_key}"}
    with pytest.raises(httpx.TransportError):
        httpx.post(glm.base_url + path, json=sent, headers=headers, trust_env=False, verify=False)


def test_fault_applies_to_the_error_of_an_account(glm: GLM, tmp_path: Any) -> None:
    (tmp_path / "empty.yaml").write_text(
        f"format: 1\naccounts: [{{key: {glm.api_key}, balance: 0}}]\n"
    )
    glm.play(tmp_path / "empty.yaml")
    glm.improvise()
    assert ask(glm).json()["error"]["code"] == "1113"
    glm.fault("reset", times=None)
    with pytest.raises(httpx.TransportError):
        ask(glm)


def test_fault_of_streams_waits_while_errors_come(glm: GLM) -> None:
    glm.fault("garble", at="1 frames")
    glm.reply({"error": 1302}, "一二三四五六七八", "一二三四五六七八")
    statuses = [ask(glm, stream=True).status_code for _ in range(3)]
    assert statuses == [429, 200, 200]
    assert [call.finish for call in glm.requests] == ["", "", "stop"]
    assert glm.requests[0].entry.notes == ("left out: garble",)


@pytest.mark.glm(allow_misses=True)
def test_fault_does_not_apply_to_a_miss(glm: GLM) -> None:
    glm.fault("reset")
    assert ask(glm).status_code == 422
    glm.reply("好")
    with pytest.raises(httpx.TransportError):
        ask(glm)


@pytest.mark.glm(allow_misses=True)
def test_fault_of_streams_on_a_json_reply_is_an_error(glm: GLM) -> None:
    glm.fault("garble", at="1 frames")
    glm.reply("好")
    assert "garble: it applies to a stream" in ask(glm).json()["error"]["message"]


def test_unknown_fault_is_refused(glm: GLM) -> None:
    with pytest.raises(FaultError, match="did you mean reset"):
        glm.fault("rezet")


def test_fault_option_that_is_a_python_keyword_takes_an_underscore(glm: GLM) -> None:
    glm.when().reply("好的好的好的")
    glm.fault("stall", at="1 frames", for_="1ms")
    assert ask(glm, stream=True).text.endswith("[DONE]\n\n")


def test_clock_moves_the_windows_of_a_plan(glm: GLM, tmp_path: Any) -> None:
    plan = "{key: KEY, plan: [{window: 5h, requests: 1}]}".replace("KEY", glm.api_key)
    (tmp_path / "plan.yaml").write_text(f"format: 1\naccounts: [{plan}]\n")
    glm.play(tmp_path / "plan.yaml")
    glm.improvise()
    assert [ask(glm).status_code for _ in range(2)] == [200, 429]
    before = glm.clock.now()
    glm.clock.advance(hours=5)
    assert glm.clock.now() - before >= 5 * 3600
    assert ask(glm).status_code == 200
    assert [call.code for call in glm.requests] == ["", "1308", ""]


async def test_clock_moves_instead_of_sleeping(glm: GLM) -> None:
    before = glm.clock.now()
    glm.clock.sleep(60)
    assert await glm.clock.pause(60, "result") == "result"
    assert 120 <= glm.clock.now() - before < 130


def test_sessions_of_one_server_are_isolated(glm: GLM, glm_server: TestServer) -> None:
    with open_handle(glm_server, "other") as other:
        glm.when().reply("甲")
        other.when().reply("乙")
        assert (content(ask(glm)), content(ask(other))) == ("甲", "乙")
        assert glm.base_url.split("/s/")[0] == other.base_url.split("/s/")[0]
        assert (len(glm.requests), len(other.requests)) == (1, 1)
