"""Known secrets: their spellings, their number, and the one search that finds all."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mockglm.redaction import Redactor, known_secrets
from mockglm.redaction.known_secrets import (
    MAX_CHARACTERS,
    MAX_LEARNED,
    MAX_LENGTH,
    BlockIndex,
    KnownSecrets,
)

KEY = "0123456789abcdef0123456789abcdef.aB3dE6gH9jK2mN5p"
OPAQUE = "sk-live/Zx+81pQ77~é"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJhcGlfa2V5IjoiMDEyMzQ1Njc4OWFiY2RlZiJ9.Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(letter):04x}" for letter in text)


def percents(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@pytest.mark.parametrize("secret", [KEY, OPAQUE, "密钥密钥密钥密钥", 'a"key\\quoted%41', TOKEN])
@pytest.mark.parametrize(
    "spell",
    [
        str,
        quote,
        percents,
        escaped,
        lambda text: percents(percents(text)),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(json.dumps(text))[3:-3],
        lambda text: escaped(text).replace("\\", "\\\\"),
        lambda text: escaped(escaped(text)),
        lambda text: text.replace("/", "\\/"),
        lambda text: escaped(text[:5]) + json.dumps(text[5:])[1:-1],
    ],
    ids=range(11),
)
def test_secret_is_found_in_every_spelling(secret: str, spell: object) -> None:
    assert callable(spell)
    text = f'{{"a":"before {spell(secret)} after"}}'
    assert Redactor([secret]).text(text) == '{"a":"before REDACTED after"}'


@pytest.mark.parametrize("secret", [KEY, OPAQUE, "sk-12345"])
@pytest.mark.parametrize("code", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "x", "xy", "a longer one"])
def test_secret_is_found_in_base64_wherever_it_stands(
    secret: str, code: object, before: str
) -> None:
    assert callable(code)
    text = code(f"{before}{secret}after".encode()).decode()
    clean = Redactor([secret]).text(f'{{"file":"{text}"}}')
    assert "REDACTED" in clean
    half = secret.partition(".")[2] or secret
    for shift in range(3):
        coded = code(bytes(shift) + half.encode()).decode()
        assert coded[3:-4] not in clean


def test_json_web_token_is_found_by_its_form_and_not_learned() -> None:
    known = KnownSecrets()
    known.learn(TOKEN)
    assert list(known.find(TOKEN.encode())) == []
    assert Redactor().text(f"x {TOKEN}") == "x REDACTED"


def test_token_of_another_form_is_learned() -> None:
    odd = "eyJhbGciOiJIUzI1NiJ9.e30.Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"
    redactor = Redactor()
    redactor.learn(odd)
    assert redactor.text(odd) == "REDACTED"


def test_too_long_secret_is_not_learned() -> None:
    known = KnownSecrets()
    for secret in ("a" * MAX_LENGTH, "b" * (MAX_LENGTH + 1)):
        known.learn(secret)
    assert len(known.find(b"a" * MAX_LENGTH)) > 0
    assert list(known.find(b"b" * (MAX_LENGTH + 1))) == []


def test_learned_secrets_are_bounded_in_characters() -> None:
    known = KnownSecrets()
    longest = [f"{number:04}" * (MAX_LENGTH // 4) for number in range(100)]
    for secret in longest:
        known.learn(secret)
    kept = [secret for secret in longest if known.find(secret.encode())]
    assert kept == longest[-(MAX_CHARACTERS // MAX_LENGTH) :]


def test_pinned_secret_is_not_forgotten() -> None:
    redactor = Redactor()
    with redactor.pinned(["the-opaque-key"]), redactor.pinned(["the-opaque-key"]):
        for number in range(MAX_LEARNED + 5):
            redactor.learn(f"another-key-{number}")
        assert redactor.text("the-opaque-key another-key-0") == "REDACTED another-key-0"
    redactor.learn("one-more-key")
    assert redactor.text("the-opaque-key") == "the-opaque-key"


def test_spelling_of_two_secrets_stays_until_both_are_forgotten() -> None:
    redactor = Redactor()
    redactor.learn("one-id.the-shared-half")
    for number in range(MAX_LEARNED - 1):
        redactor.learn(f"another-key-{number}")
    assert redactor.text("the-shared-half") == "REDACTED"
    redactor.learn("two-id.the-shared-half")
    assert redactor.text("the-shared-half one-id.") == "REDACTED one-id."


@pytest.mark.parametrize("count", [1, 300])
def test_body_is_read_as_often_for_hundreds_of_keys_as_for_one(
    monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    read: list[int] = []
    compared: list[int] = []

    class Counting(BlockIndex):
        def _read(self, data: bytes) -> memoryview[int]:
            if len(data) > 1000:
                read.append(len(data))
            return super()._read(data)

        def _find_each(self, data: bytes, blocks: object) -> object:  # type: ignore[override]
            compared.append(1)
            return super()._find_each(data, blocks)  # type: ignore[arg-type]

    monkeypatch.setattr(known_secrets, "BlockIndex", Counting)
    redactor = Redactor()
    for number in range(count):
        redactor.learn(f"{number:032x}.Secret{number:010}")
    body = b"8 megabytes of something else. " * 270_000
    assert redactor.bytes(body) is body
    assert sum(read) <= 2 * len(body)
    assert not compared


def test_comparisons_are_bounded_for_blocks_that_all_keys_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(known_secrets, "MAX_CHECKS", 100)
    index = BlockIndex("Q")
    for number in range(50):
        index.add(b"%03d" % number + b"shared-by-all-of-them")
    body = b"049shared-by-all-of-them" * 100
    found = sorted(set(index.find(body)))
    assert found == [(at * 24, at * 24 + 24) for at in range(100)]


@settings(max_examples=50)
@given(
    st.sets(st.text("ab", min_size=15, max_size=20).map(str.encode), max_size=12),
    st.text("ab", max_size=80).map(str.encode),
    st.sets(st.integers(0, 11)),
)
def test_index_finds_what_a_plain_search_finds(
    texts: set[bytes], body: bytes, gone: set[int]
) -> None:
    index = BlockIndex("Q")
    for text in texts:
        index.add(text)
    left = [text for number, text in enumerate(sorted(texts)) if number not in gone]
    for text in texts.difference(left):
        index.remove(text)
    expected = {
        (start, start + len(text))
        for text in left
        for start in range(len(body))
        if body.startswith(text, start)
    }
    assert set(index.find(body)) == expected
