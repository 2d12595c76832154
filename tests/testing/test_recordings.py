"""Cassettes that tests record, each its own or several the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockglm import GLM
from mockglm.api_keys import KEY_VARIABLES
from mockglm.scenarios import load
from mockglm.testing import TestServer, open_handle
from tests.testing.client import ask
from tests.testing.inner_runs import CASSETTE, run


def test_recorded_cassette_is_replayed_without_the_service(
    pytester: pytest.Pytester, glm: GLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = """
        @pytest.mark.glm_cassette
        def test_it(glm):
            assert "晴" in ask(glm, "天气", stream=True).text
            assert glm.requests[0].text == "晴"
    """.replace("\n        ", "\n")
    key = "f" * 32 + "." + "s" * 16
    monkeypatch.setenv("ZAI_API_KEY", key)
    glm.reply("晴")
    options = ("--glm-upstream", glm.base_url, "--glm-allow-upstream", "127.0.0.1")
    run(pytester, code, "--glm-cassettes", "once", *options).assert_outcomes(passed=1)
    assert [call.key for call in glm.requests] == [key]
    text = (pytester.path / "cassettes" / "test_it" / "test_it.yaml").read_text("utf-8")
    assert "晴" in text
    assert key not in text
    run(pytester, code).assert_outcomes(passed=1)
    run(pytester, code, "--glm-cassettes", "once", *options).assert_outcomes(passed=1)
    assert len(glm.requests) == 1
    glm.reply("晴")
    run(pytester, code, "--glm-cassettes", "all", *options).assert_outcomes(passed=1)
    assert len(glm.requests) == 2


def test_mode_new_records_missing_requests_only(
    pytester: pytest.Pytester, glm: GLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k.k")
    (pytester.path / "mine.yaml").write_text(CASSETTE, "utf-8")
    code = """
        @pytest.mark.glm_cassette("mine.yaml")
        def test_it(glm):
            assert "录音" in ask(glm).text
            assert "新的" in ask(glm, "别的").text
    """.replace("\n        ", "\n")
    glm.when(user="别的").reply("新的")
    options = ("--glm-upstream", glm.base_url, "--glm-allow-upstream", "127.0.0.1")
    for mode in ("new", "none"):
        run(pytester, code, "--glm-cassettes", mode, *options).assert_outcomes(passed=1)
    assert [call.user for call in glm.requests] == ["别的"]


def test_recording_without_upstream_or_key_is_refused(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    code = "@pytest.mark.glm_cassette\ndef test_it(glm): ...\n"
    result = run(pytester, code, "--glm-cassettes", "once")
    result.stdout.fnmatch_lines(["*needs --glm-upstream URL"])
    upstream = ("--glm-upstream", "https://api.z.ai/api/paas/v4")
    result = run(pytester, code, "--glm-cassettes", "once", *upstream)
    result.stdout.fnmatch_lines(["*needs a key in ZAI_API_KEY or .env"])


SHARING = """
    @pytest.mark.glm_cassette("shared.yaml")
    def test_one(glm):
        assert "一" in ask(glm, "1").text

    @pytest.mark.glm_cassette("shared.yaml")
    def test_none(glm): ...

    @pytest.mark.glm_cassette("shared.yaml")
    def test_two(glm):
        assert "二" in ask(glm, "2").text
"""


@pytest.mark.parametrize(("mode", "there"), [("all", CASSETTE), ("all", ""), ("once", "")])
def test_tests_that_share_a_cassette_add_to_it(
    pytester: pytest.Pytester, glm: GLM, monkeypatch: pytest.MonkeyPatch, mode: str, there: str
) -> None:
    monkeypatch.setenv("ZAI_API_KEY", "k.k")
    shared = pytester.path / "shared.yaml"
    if there:
        shared.write_text(there, "utf-8")
    glm.when(user="1").reply("一")
    glm.when(user="2").reply("二")
    options = ("--glm-upstream", glm.base_url, "--glm-allow-upstream", "127.0.0.1")
    run(pytester, SHARING, "--glm-cassettes", mode, *options).assert_outcomes(passed=3)
    assert len(load(shared).interactions) == 2
    run(pytester, SHARING).assert_outcomes(passed=3)
    assert [call.user for call in glm.requests] == ["1", "2"]


def start_service(glm: GLM, monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Make a service that counts its requests, and a cassette with one recording."""
    monkeypatch.setenv("ZAI_API_KEY", "k.k")
    glm.when(user="你好").reply(lambda request: f"第 {len(glm.requests)}")
    path.write_text(CASSETTE, "utf-8")


def test_recordings_of_a_run_are_not_replayed_in_it(
    glm: GLM, glm_server: TestServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "shared.yaml"
    start_service(glm, monkeypatch, path)
    texts = []
    for label in ("first", "second"):
        with open_handle(glm_server, label) as other:
            other.cassette(path, "new", upstream=glm.base_url, allowed=["127.0.0.1"])
            ask(other), ask(other)
            other.play("hello")
            texts += [call.text for call in other.requests]
    assert texts == ["录音", "第 0", "录音", "第 1"]
    assert len(load(path).interactions) == 3


@pytest.mark.parametrize(("mode", "is_there"), [("all", True), ("once", False)])
def test_rerun_replaces_the_recordings_of_the_first_attempt(
    glm: GLM,
    glm_server: TestServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    mode: Any,
    is_there: bool,
) -> None:
    path = tmp_path / "mine.yaml"
    start_service(glm, monkeypatch, path)
    if not is_there:
        path.unlink()
    for label in ("same", "same", "other", "other"):
        with open_handle(glm_server, label) as one:
            one.cassette(path, mode, upstream=glm.base_url, allowed=["127.0.0.1"])
            ask(one)
    with open_handle(glm_server, "replayed") as one:
        one.cassette(path)
        ask(one), ask(one), ask(one)
        assert [call.text for call in one.requests] == ["第 1", "第 2", "第 3"]
