"""The bytes that arrive: faults of errors."""

from __future__ import annotations

import pytest

from mockglm.exchange import Answer
from mockglm.faults import apply, parse
from tests.faults.answers import DONE, ERROR

BODIES: tuple[tuple[str, Answer, bytes], ...] = (
    ("error-200", ERROR, ('{"error":{"code":"1302","message":"慢一点"}}').encode()),
    ("error-500", ERROR, ('{"error":{"code":"1302","message":"慢一点"}}').encode()),
    ("error-code-number", ERROR, ('{"error":{"code":1302,"message":"慢一点"}}').encode()),
    ("error-code-other", ERROR, ('{"error":{"code":"1200","message":"慢一点"}}').encode()),
    (
        "error-openai",
        ERROR,
        (
            '{"error":{"code":"model_not_found","message":"慢一点","type":"invalid_request_error","p'
            'aram":null}}'
        ).encode(),
    ),
    ("error-flat", ERROR, ('{"code":429,"msg":"慢一点","success":false}').encode()),
    (
        "error-trace",
        ERROR,
        (
            '{"error":{"code":"1302","message":"慢一点\\n\\tat org.springframework.web.servlet.Dispatc'
            'herServlet.doDispatch(DispatcherServlet.java)"}}'
        ).encode(),
    ),
    ("error-empty", ERROR, ("").encode()),
    (
        "error-as-stream",
        ERROR,
        ('data: {"error":{"code":"1302","message":"慢一点"}}\n\n').encode() + DONE,
    ),
)


@pytest.mark.parametrize(("name", "answer", "body"), BODIES)
def test_these_bytes_arrive(name: str, answer: Answer, body: bytes) -> None:
    assert apply(answer, parse(name)).body == body
