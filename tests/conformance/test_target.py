"""The requests that a target is sent."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json

import pytest

from mockglm.conformance.probes import PROBES
from mockglm.conformance.target import Target, token
from tests.conformance.reference import KEY, TARGET


def unpacked(part: str) -> object:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_a_token_is_made_as_the_sdk_makes_it() -> None:
    head, payload, signature = token(KEY, 1785283200000).split(".")
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


def test_the_likeliest_words_are_asked_for_where_they_are_compared() -> None:
    assert json.loads(TARGET.request(PROBES["plain"]).body)["do_sample"] is False
    sampled = Target("http://a", "glm-4.6", KEY).request(PROBES["plain"])
    assert "do_sample" not in json.loads(sampled.body)


def test_every_request_can_be_found_on_the_bill() -> None:
    for probe in PROBES.values():
        body = TARGET.request(probe).body
        if probe.name not in ("bad-json", "bad-method"):
            assert json.loads(body)["request_id"] == f"mockglm-a1b2c3-{probe.name}"


def test_a_flood_is_longer_than_the_context() -> None:
    body = json.loads(TARGET.request(PROBES["overflow"]).body)
    assert body["messages"][0]["content"].count("word") == 220_000


def test_without_a_key_no_header_is_sent() -> None:
    request = Target("http://a", "glm-4.6").request(PROBES["plain"])
    assert request.header("authorization") == ""
    assert not Target("http://a", "glm-4.6", "sk-local").profile.jwt


def test_the_key_is_no_part_of_what_is_shown() -> None:
    assert KEY not in repr(TARGET)
