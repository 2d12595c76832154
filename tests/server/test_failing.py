"""A request at which mockglm itself fails: answered, written down, its slot free again."""

from __future__ import annotations

import logging

import pytest

from mockglm.exchange import Response
from mockglm.server import RequestContext, handle, pipeline
from tests.server.asking import chat, sessions
from tests.serving import KEY, serving

LIMITED = f"""
format: 1
accounts: [{{key: {KEY}, concurrency: 1}}]
interactions:
  - {{when: {{user: 坏}}, reply: {{content: x}}}}
  - {{when: {{user: 好}}, reply: {{content: 好}}}}
"""


def test_a_request_that_fails_is_answered_and_frees_its_slot(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(context: RequestContext, response: Response) -> None:
        if "坏" in (context.view.text or ""):
            raise RecursionError("too deep")

    monkeypatch.setattr(pipeline, "charge", fail)
    with caplog.at_level(logging.ERROR), serving(LIMITED) as served:
        failed = served.ask("坏")
        served.wait_until(lambda: served.slots() == 0)
        fine = served.ask("好")
        entries = list(served.session().journal)
    assert (failed.status_code, failed.headers["x-mockglm-miss"]) == (422, "1")
    assert failed.json() == {
        "error": {
            "code": "422",
            "message": "mockglm failed at this request: RecursionError('too deep')",
        }
    }
    assert fine.json()["choices"][0]["message"]["content"] == "好"
    assert [(one.source, one.outcome) for one in entries] == [
        ("miss", "done"),
        ("file.yaml:6", "done"),
    ]
    assert "RecursionError: too deep" in caplog.text


def test_an_exception_that_ends_the_server_frees_the_slot_and_is_raised() -> None:
    def stop(context: RequestContext) -> Response:
        context.release = lambda: freed.append(True)
        raise KeyboardInterrupt

    freed: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        handle(sessions().get(), chat("n"), (stop,))
    assert freed == [True]
