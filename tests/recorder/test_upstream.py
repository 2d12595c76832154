"""Services that get requests, and the keys they get."""

from __future__ import annotations

from pathlib import Path

import jwt
import pytest

from mockglm.errors import UpstreamError
from mockglm.recorder import DUMMY_ID, Upstream, is_real_key
from mockglm.testing.config import KEY as SHIPPED
from tests.recorder.service import KEY

BASE = "https://open.bigmodel.cn/api/paas/v4"


@pytest.mark.parametrize("base", [BASE, BASE + "/", "https://api.z.ai/api/coding/paas/v4"])
def test_hosts_of_the_service_are_allowed(base: str) -> None:
    assert Upstream(base).base == base.rstrip("/")


@pytest.mark.parametrize(
    ("base", "said"),
    [
        ("https://example.com/v1", "example.com is not allowed, because it would get the key"),
        ("http://open.bigmodel.cn/api/paas/v4", "is not encrypted"),
        ("open.bigmodel.cn", "is no base URL"),
        ("ftp://open.bigmodel.cn", "is no base URL"),
        ("https://open.bigmodel.cn:99999/", "is no base URL"),
        ("https://open.bigmodel.cn/?a=1", "is no base URL"),
        ("https://a:b@open.bigmodel.cn/", "has a user in it"),
        ("https://open.bigmodel.cn.example.com/", "is not allowed"),
        (f"{BASE}/chat/completions", f"is the URL of one path\nwrite {BASE}$"),
    ],
)
def test_other_base_urls_are_refused(base: str, said: str) -> None:
    with pytest.raises(UpstreamError, match=said):
        Upstream(base)


def test_named_host_is_allowed() -> None:
    assert Upstream("http://127.0.0.1:8000/v1", allowed=["127.0.0.1"])
    assert Upstream("http://[::1]:8000/v1", allowed=["::1:8000"])
    assert Upstream("http://LocalHost:8000/v1", allowed=["LOCALHOST "])
    with pytest.raises(UpstreamError, match="--allow-upstream"):
        Upstream("http://127.0.0.1:8000/v1", allowed=["127.0.0.1:9000"])


def test_unreadable_certificates_are_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing", "utf-8")
    with pytest.raises(
        UpstreamError, match=r"the certificates of .*ca.pem cannot be read: .*\n.*PEM"
    ):
        Upstream(BASE, ca=tmp_path / "ca.pem").open_client()


def test_missing_certificates_of_the_environment_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere")
    with pytest.raises(UpstreamError, match="that SSL_CERT_FILE or SSL_CERT_DIR name cannot be"):
        Upstream(BASE).open_client()


def test_unusable_proxy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://127.0.0.1:1")
    with pytest.raises(UpstreamError, match=r"the proxy of the environment .*\n.*ALL_PROXY"):
        Upstream(BASE).open_client()


@pytest.mark.parametrize(
    ("text", "real"),
    [
        (KEY, True),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.c2lnbmF0dXJl", True),
        ("eyJhbGciOiJIUzI1NiJ9.eyJhIjoxf.c2lnbmF0dXJl", True),
        (SHIPPED, False),
        (f"{DUMMY_ID}.AbCdEfGhIjKlMnOp", False),
        (jwt.encode({"api_key": DUMMY_ID, "exp": 1}, "mockglmmockglm00" * 2), False),
        (jwt.encode({"api_key": KEY[:32], "exp": 1}, "mockglmmockglm00" * 2), True),
        ("test", False),
        ("sk-0123456789abcdef", False),
        ("0123456789abcdef.secret", False),
        ("", False),
    ],
)
def test_real_key_is_known_by_its_form(text: str, real: bool) -> None:
    assert is_real_key(text) is real
