"""Which services may be asked, and with which key."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockglm.errors import UpstreamError
from mockglm.recorder import Upstream, find, is_real
from tests.recorder.service import KEY

BASE = "https://open.bigmodel.cn/api/paas/v4"


@pytest.mark.parametrize("base", [BASE, BASE + "/", "https://api.z.ai/api/coding/paas/v4"])
def test_the_hosts_of_the_service_may_be_asked(base: str) -> None:
    assert Upstream(base).base == base.rstrip("/")


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("https://example.com/v1", "example.com is not asked, for it would get the key"),
        ("http://open.bigmodel.cn/api/paas/v4", "is not encrypted"),
        ("open.bigmodel.cn", "is no base URL"),
        ("ftp://open.bigmodel.cn", "is no base URL"),
        ("https://open.bigmodel.cn:99999/", "is no base URL"),
        ("https://open.bigmodel.cn/?a=1", "is no base URL"),
        ("https://a:b@open.bigmodel.cn/", "has a user in it"),
        ("https://open.bigmodel.cn.example.com/", "is not asked"),
    ],
)
def test_others_may_not(base: str, said: str) -> None:
    with pytest.raises(UpstreamError, match=said):
        Upstream(base)


def test_a_host_that_is_named_may_be_asked() -> None:
    assert Upstream("http://127.0.0.1:8000/v1", allowed=["127.0.0.1"])
    assert Upstream("http://[::1]:8000/v1", allowed=["::1:8000"])
    with pytest.raises(UpstreamError, match="--allow-upstream"):
        Upstream("http://127.0.0.1:8000/v1", allowed=["127.0.0.1:9000"])


@pytest.mark.parametrize(
    ("text", "real"),
    [
        (KEY, True),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", True),
        ("test", False),
        ("sk-0123456789abcdef", False),
        ("0123456789abcdef.secret", False),
        ("", False),
    ],
)
def test_a_key_is_known_by_its_shape(text: str, real: bool) -> None:
    assert is_real(text) is real


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "# keys\nOTHER=1\nexport ZHIPU_API_KEY = 'of the file'  # mine\nGLM_API_KEY=\n", "utf-8"
    )
    assert find({"GLM_API_KEY": " of the environment "}, tmp_path) == "of the environment"
    assert find({"ZAI_API_KEY": ""}, tmp_path) == "of the file"
    assert find({}, tmp_path / "nowhere") == ""
    assert find({"ZAI_API_KEY": "first", "GLM_API_KEY": "last"}) == "first"
