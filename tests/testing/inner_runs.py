"""Runs of pytest within a test, without the plugins of others."""

from __future__ import annotations

from textwrap import dedent

import pytest

__all__ = ["CASSETTE", "CLIENT", "ISOLATED", "SHARED_CASSETTE", "run"]

CLIENT = """
import httpx, pytest

def ask(glm, text="你好", **more):
    body = {"model": "glm-4.6", "messages": [{"role": "user", "content": text}], **more}
    headers = {"Authorization": "Bearer " + glm.api_key}
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.post(glm.chat_url, json=body, headers=headers)
"""

CASSETTE = """
format: 1
recorded: {at: 2026-11-22, from: https://open.bigmodel.cn/api/paas/v4, by: mockglm 0.1.0}
interactions:
  - request:
      path: /chat/completions
      body: {model: glm-4.6, messages: [{role: user, content: 你好}]}
    response: {json: {choices: [{index: 0, finish_reason: stop, message: {content: 录音}}]}}
"""

RECORDING = """\
  - request:
      path: /chat/completions
      body: {model: glm-4.6, messages: [{role: user, content: %s}]}
    response: {json: {choices: [{index: 0, finish_reason: stop, message: {content: %s}}]}}
"""
SHARED_CASSETTE = CASSETTE + "".join(RECORDING % (text, text) for text in "甲乙丙")
"""Four recordings, at lines 5, 9, 13 and 17."""

ISOLATED = (
    *("-p", "no:randomly"),
    *("-p", "no:hypothesispytest"),
    *("-p", "no:xdist"),
    *("-p", "no:cacheprovider"),
    *("-o", "asyncio_default_fixture_loop_scope=function"),
)


def run(pytester: pytest.Pytester, code: str, *options: str) -> pytest.RunResult:
    """Run tests in this process. Their first line is line 3 of test_it.py."""
    pytester.makepyfile(client=CLIENT, test_it="from client import *\n" + dedent(code))
    return pytester.runpytest_inprocess(*ISOLATED, *options)
