"""The two streams of an error that the service was recorded to send break no requirement."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mockglm.cli.check import check_command

CASSETTE = """\
format: 1
interactions:
  - request:
      path: /chat/completions
      body: {{model: {model}, messages: [{{role: user, content: 你好}}], stream: true}}
    response:
      status: 200
      headers: {{Content-Type: text/event-stream;charset=UTF-8}}
      body: |+
        data: {chunk}

        data: [DONE]

"""


def chunk(model: str, reason: str, **more: object) -> str:
    """The one chunk of such a stream."""
    choice = {
        "index": 0,
        "finish_reason": reason,
        "delta": {"role": "assistant", "content": ""},
    }
    value = {
        "id": "20260708101500d1f8c2a9b3e47f01",
        "created": 1783476900,
        "model": model,
        "choices": [choice],
    }
    return json.dumps({**value, **more})


def failures(tmp_path: Path, model: str, text: str) -> dict[str, str]:
    """The checks with findings, and their verdicts, of a report on one recording."""
    path = tmp_path / "error.yaml"
    path.write_text(CASSETTE.format(model=model, chunk=text), "utf-8")
    CliRunner().invoke(check_command, [str(path), "--report", str(tmp_path / "out")])
    report = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))
    return {one["id"]: one["verdict"] for one in report["checks"] if one["findings"]}


@pytest.mark.parametrize(
    ("model", "reason"),
    [("glm-5.2", "network_error"), ("glm-5v-turbo", "model_context_window_exceeded")],
)
def test_an_error_finish_needs_neither_object_nor_usage(
    tmp_path: Path, model: str, reason: str
) -> None:
    assert failures(tmp_path, model, chunk(model, reason)) == {}


def test_another_finish_needs_both(tmp_path: Path) -> None:
    found = failures(tmp_path, "glm-5.2", chunk("glm-5.2", "stop"))
    assert {"USE-01", "CHK-03"} <= found.keys()


def test_a_wrong_object_is_found_in_an_error_finish_too(tmp_path: Path) -> None:
    text = chunk("glm-5.2", "network_error", object="chat.completion")
    assert failures(tmp_path, "glm-5.2", text).keys() == {"CHK-03"}
