"""`mockglm serve --improvise-with` in a process of its own."""

from __future__ import annotations

import pytest

from tests.cli.commands import run, running
from tests.language_model.upstream import KEY, delta, finish, say

LOCAL = ("--allow-upstream", "127.0.0.1")


def test_serve_lets_another_server_find_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKGLM_IMPROVISE_KEY", KEY)
    with say(delta(content="real words"), finish()) as service:
        options = ("--improvise-with", service.url, "--improvise-model", "qwen3", *LOCAL)
        with running(*options, "--log", "json") as served:
            answer = served.ask()
            _, _, log = served.end()
        (call,) = service.calls
    assert answer.json()["choices"][0]["message"]["content"] == "real words"
    assert call.header("authorization") == f"Bearer {KEY}"
    assert b'"model":"qwen3"' in call.body
    assert '"improvised"' in log
    assert KEY not in log


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--improvise-with", "http://127.0.0.1:1/v1"), "--allow-upstream 127.0.0.1"),
        (("--improvise-with", "no url"), "is no base URL"),
        (("--improvise-model", "qwen3"), "needs --improvise-with"),
        (
            ("--improvise-with", "http://127.0.0.1:1/v1", *LOCAL, "--on-miss", "error"),
            "needs --on-miss improvise",
        ),
    ],
)
def test_serve_refuses_what_cannot_be_meant(options: tuple[str, ...], said: str) -> None:
    done = run("serve", "--port", "0", *options)
    assert done.returncode == 4 or done.returncode == 2
    assert said in done.stderr


def test_serve_refuses_a_key_that_no_header_can_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCKGLM_IMPROVISE_KEY", "geh\u00e4im")
    done = run("serve", "--port", "0", "--improvise-with", "http://127.0.0.1:1/v1", *LOCAL)
    assert "MOCKGLM_IMPROVISE_KEY" in done.stderr
    assert "geh" not in done.stderr
