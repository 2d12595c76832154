"""The endpoint under test: its requests, credentials, URL and headers."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from mockglm.conformance.probes import CHAT_PROBES, PROBES
from mockglm.conformance.target import Target, make_token, parse_base_url, parse_headers
from mockglm.errors import UsageError
from tests.conformance.reference import KEY, TARGET


def unpacked(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_has_the_claims_and_signature_of_the_sdk() -> None:
    head, payload, signature = make_token(KEY, 1785283200000).split(".")
    identity, _, secret = KEY.partition(".")

    assert unpacked(head) == {"alg": "HS256", "sign_type": "SIGN"}
    assert unpacked(payload) == {
        "api_key": identity,
        "exp": 1785283410000,
        "timestamp": 1785283200000,
    }
    digest = hmac.new(secret.encode(), f"{head}.{payload}".encode(), hashlib.sha256).digest()
    assert signature == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("model", "name", "fields"),
    [
        ("glm-4.6", "plain", {"max_tokens": 32, "thinking": {"type": "disabled"}}),
        ("glm-4.6", "thinking", {"max_tokens": 512, "thinking": {"type": "enabled"}}),
        ("glm-5.3", "plain", {"max_tokens": 256, "reasoning_effort": "low"}),
        ("glm-4-flash-250414", "plain", {"max_tokens": 32}),
    ],
)
def test_a_request_fits_the_model(model: str, name: str, fields: dict[str, object]) -> None:
    body = json.loads(Target("http://a", model, KEY).request(PROBES[name]).body)
    keys = {"max_tokens", "thinking", "reasoning_effort"}
    assert {key: body[key] for key in keys & body.keys()} == fields


def test_compared_probes_switch_sampling_off_for_a_deterministic_target() -> None:
    assert json.loads(TARGET.request(PROBES["plain"]).body)["do_sample"] is False
    sampled = Target("http://a", "glm-4.6", KEY).request(PROBES["plain"])
    assert "do_sample" not in json.loads(sampled.body)


def test_request_ids_name_the_run_and_the_probe() -> None:
    for probe in CHAT_PROBES:
        body = TARGET.request(probe).body
        if probe.name not in ("bad-json", "bad-method"):
            assert json.loads(body)["request_id"] == f"mockglm-a1b2c3-{probe.name}"


def test_the_overflow_probe_is_longer_than_the_context() -> None:
    body = json.loads(TARGET.request(PROBES["overflow"]).body)
    assert body["messages"][0]["content"].count("word") == 220_000


def test_a_target_without_a_key_sends_no_authorization() -> None:
    request = Target("http://a", "glm-4.6").request(PROBES["plain"])
    assert request.header("authorization") == ""
    assert not Target("http://a", "glm-4.6", "sk-local").capabilities.jwt


def test_repr_hides_the_key() -> None:
    assert KEY not in repr(TARGET)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://bob:hunter2@127.0.0.1:9/v4", "the URL has a user in it"),
        ("http://127.0.0.1:9/v4?api_key=hunter2", "is not a base URL such as https://open.big"),
        ("http://127.0.0.1:99999/v4", "is not a URL: Port out of range"),
        ("http://[::", "is not a URL: "),
        ("http://", "is not a base URL such as"),
    ],
)
def test_a_url_with_secrets_or_without_a_host_is_refused(url: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_base_url(url)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("x-team", "a header is written NAME=VALUE, not 'x-team'"),
        ("x team=a", "a header is written NAME=VALUE, not 'x team=a'"),
        ("x-team=a\nb", r"a header is written NAME=VALUE, not 'x-team=a\\nb'"),
        ("Authorization=Bearer a", "the header Authorization is the kit's own"),
    ],
)
def test_an_invalid_header_is_refused(pair: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_headers([pair])


def test_headers_are_lower_case_and_keep_equals_signs() -> None:
    assert parse_headers(["X-Route=b=c"]) == (("x-route", "b=c"),)
