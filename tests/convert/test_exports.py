"""Exports of cassettes: curl commands and pytest tests that run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockglm.convert import convert
from tests.cli.commands import HELLO, run, running
from tests.programs import needs_curl

CASSETTE = """\
format: 1
recorded: {at: 2026-07-01T12:00:00Z, from: 'http://ORIGIN/api/paas/v4', by: test}
interactions:
  - request:
      method: POST
      path: /chat/completions
      body: {model: glm-4.6, messages: [{role: user, content: It's 你好}]}
    response: {status: 200, headers: {Content-Type: application/json}, json: {choices: [], n: 1}}
  - request:
      method: POST
      path: /v1/messages
      body: {model: glm-4.6, max_tokens: 9, messages: [{role: user, content: Hi}]}
    response: {status: 529, json: {type: error}}
  - request: {method: GET, path: /api/monitor/usage/quota/limit}
    response: {status: 200, json: {code: 200, success: true}}
  - request: {method: POST, path: /embeddings, body: {model: embedding-3, input: Hi}}
    response: {status: 200, json: {object: list}}
"""
PATHS = [
    *("/chat/completions", "/v1/messages", "/api/monitor/usage/quota/limit", "/embeddings"),
]


@needs_curl
def test_curl_commands_send_the_recorded_requests(tmp_path: Path) -> None:
    with running() as server:
        origin = server.host.removeprefix("http://")
        (tmp_path / "chat.yaml").write_text(CASSETTE.replace("ORIGIN", origin), "utf-8")
        (script,) = convert([tmp_path / "chat.yaml"], tmp_path / "to", kind="curl").written
        env = {**os.environ, "ZAI_API_KEY": "any", "ANTHROPIC_AUTH_TOKEN": "any"}
        done = subprocess.run(["sh", script], capture_output=True, text=True, env=env)
        _, _, log = server.end()
    assert '"choices"' in done.stdout
    assert '"stop_reason"' in done.stdout
    assert '"limits"' in done.stdout
    assert re.findall(r"^(?:GET|POST) (\S+)", log, re.MULTILINE) == PATHS


def test_pytest_tests_pass(tmp_path: Path) -> None:
    (tmp_path / "chat.yaml").write_text(CASSETTE.replace("ORIGIN", "127.0.0.1:9"), "utf-8")
    done = run("convert", "chat.yaml", "--as", "pytest", "--to", "tests", cwd=tmp_path)
    assert done.stdout == "tests/test_chat.py\n"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert re.search(r"^4 passed", ended.stdout, re.MULTILINE), ended.stdout


@pytest.mark.parametrize("kind", ["har", "curl", "pytest"])
def test_a_file_without_recordings_is_reported(tmp_path: Path, kind: str) -> None:
    (tmp_path / "hello.yaml").write_text(HELLO, "utf-8")
    (problem,) = convert([tmp_path / "hello.yaml"], tmp_path / "to", kind=kind).problems
    assert problem.message.endswith("hello.yaml has no recorded exchange")


def test_pytest_tests_of_deep_requests_can_be_compiled(tmp_path: Path) -> None:
    deep = "[" * 90 + "]" * 90
    (tmp_path / "chat.yaml").write_text(CASSETTE.replace("model: glm-4.6", f"x: {deep}"), "utf-8")
    (made,) = convert([tmp_path / "chat.yaml"], tmp_path / "to", kind="pytest").written
    text = made.read_text("utf-8")
    compile(text, str(made), "exec")
    assert "import json\n\nimport httpx\n" in text
    assert "glm.when(body=json.loads(" in text
