"""The environment of an isolated command."""

from __future__ import annotations

import pytest

from mockglm.cli.isolation import find_gaps, isolate

ORIGIN = "http://127.0.0.1:1"
KEY = "the-key"


@pytest.mark.parametrize(
    ("value", "isolated"),
    [
        ("https://open.bigmodel.cn/api/anthropic", f"{ORIGIN}/api/anthropic"),
        ("https://api.z.ai/api/coding/paas/v4/", f"{ORIGIN}/api/coding/paas/v4/"),
        ("https://api.z.ai", f"{ORIGIN}/api/paas/v4"),
        ("https://bigmodel.cn/console", f"{ORIGIN}/api/paas/v4"),
        ("a=https://z.ai/v1,b=2", f"a={ORIGIN}/v1,b=2"),
        ("https://example.org/v1", "https://example.org/v1"),
        ("https://not-z.ai/v1", "https://not-z.ai/v1"),
        ("0" * 32 + "." + "a" * 16, KEY),
        ("sk-other", "sk-other"),
    ],
)
def test_values_lead_to_the_server(value: str, isolated: str) -> None:
    assert isolate({"NAME": value}, ORIGIN, KEY)["NAME"] == isolated


def test_every_spelling_of_a_proxy_variable_is_replaced() -> None:
    before = {"https_proxy": "http://proxy:3128", "NO_PROXY": "open.bigmodel.cn"}
    after = isolate(before, ORIGIN, KEY)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        assert after[name] == after[name.lower()] == ORIGIN
    assert "bigmodel" not in after["NO_PROXY"] + after["no_proxy"]
    assert before == {"https_proxy": "http://proxy:3128", "NO_PROXY": "open.bigmodel.cn"}


def test_gaps_are_named() -> None:
    assert any("ignores proxy variables" in gap for gap in find_gaps())
