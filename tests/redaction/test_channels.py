"""Secrets that a stream divides into frames, with alternating choices, calls and fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mockglm.redaction import Redactor

KEY = "0123456789abcdef0123456789abcdef.aB3dE6gH9jK2mN5p"
OPAQUE = "sk-live/Zx+81pQ77"
TOKEN = "eyJhbGciOiJIUzI1NiJ9." + "eyJh" * 1500 + ".Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5"


def choice(index: int, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": index, "delta": delta}]}


def call(index: int, arguments: str) -> dict[str, Any]:
    return choice(0, tool_calls=[{"index": index, "function": {"arguments": arguments}}])


def framed(*chunks: Any, separators: tuple[str, str] = (",", ":")) -> bytes:
    return b"".join(
        b"data: %b\n\n" % json.dumps(chunk, separators=separators).encode() for chunk in chunks
    )


def halves(secret: str) -> tuple[str, str]:
    return secret[: len(secret) // 2], secret[len(secret) // 2 :]


@pytest.mark.parametrize("secret", [KEY, OPAQUE, TOKEN])
@pytest.mark.parametrize("separators", [(",", ":"), (" , ", " : ")])
def test_secret_divided_over_alternating_choices_is_redacted(
    secret: str, separators: tuple[str, str]
) -> None:
    first, second = halves(secret)
    chunks = [choice(0, content=first), choice(1, content="你好"), choice(0, content=second)]
    clean = [choice(0, content="REDACTED"), choice(1, content="你好"), choice(0, content="")]
    body = framed(*chunks, separators=separators)
    assert Redactor([secret]).bytes(body) == framed(*clean, separators=separators)


def test_secret_divided_over_alternating_calls_is_redacted() -> None:
    pieces = [OPAQUE[at : at + 3] for at in range(0, len(OPAQUE), 3)]
    chunks = [call(number, piece) for piece in pieces for number in (0, 1)]
    clean = Redactor([OPAQUE]).bytes(framed(*chunks))
    expected = [call(number, "REDACTED") for number in (0, 1)]
    expected += [call(number, "") for _ in pieces[1:] for number in (0, 1)]
    assert clean == framed(*expected)


def test_secret_divided_over_choices_with_wrong_indexes_is_redacted() -> None:
    chunks = [choice(number, content=letter) for number, letter in enumerate(OPAQUE)]
    assert Redactor([OPAQUE]).bytes(framed(*chunks)).count(b"REDACTED") == 1


@pytest.mark.parametrize("name", ["name", "text", "partial_json", "whatever"])
def test_secret_is_found_in_a_delta_of_any_name(name: str) -> None:
    chunks = [choice(0, **{name: letter}) for letter in KEY]
    clean = Redactor().bytes(framed(*chunks))
    expected = [choice(0, **{name: text}) for text in ["REDACTED", *[""] * (len(KEY) - 1)]]
    assert clean == framed(*expected)


def test_secret_is_found_in_blocks_of_the_anthropic_surface() -> None:
    chunks = [
        {"type": "content_block_delta", "index": number, "delta": {"text": letter}}
        for letter in OPAQUE
        for number in (0, 1)
    ]
    clean = Redactor([OPAQUE]).bytes(framed(*chunks))
    assert clean.count(b"REDACTED") == 2


def test_secret_is_found_in_lines_of_json() -> None:
    pieces = [KEY[at : at + 4] for at in range(0, len(KEY), 4)]
    body = b"".join(json.dumps({"content": piece}).encode() + b"\n" for piece in pieces)
    lines = Redactor([KEY]).bytes(body).split(b"\n")[:-1]
    assert [json.loads(line)["content"] for line in lines] == ["REDACTED", *[""] * 12]


def test_secret_is_found_in_events_that_are_no_json() -> None:
    body = b"".join(b"data: %b\n\n" % letter.encode() for letter in OPAQUE)
    assert Redactor([OPAQUE]).bytes(body) == b"data: REDACTED\n\n" + b"data: \n\n" * 16


def test_secret_with_half_of_it_escaped_is_redacted() -> None:
    first, second = OPAQUE[:9], OPAQUE[9:]
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in second)
    body = b'data: {"content":"%b"}\n\ndata: {"content":"%b"}\n\n'
    clean = Redactor([OPAQUE]).bytes(body % (first.replace("/", "\\/").encode(), escaped.encode()))
    assert clean == body % (b"REDACTED", b"")


def test_secret_with_a_divided_escape_is_redacted() -> None:
    """The arguments of a call are JSON in JSON, and are cut anywhere."""
    arguments = json.dumps({"key": "@"}).replace("@", "\\u0073\\u006b-live/Zx+81pQ77")
    pieces = [arguments[at : at + 4] for at in range(0, len(arguments), 4)]
    clean = Redactor([OPAQUE]).bytes(framed(*(call(0, piece) for piece in pieces)))
    frames = [json.loads(frame.removeprefix(b"data: ")) for frame in clean.split(b"\n\n")[:-1]]
    calls = [frame["choices"][0]["delta"]["tool_calls"][0] for frame in frames]
    assert json.loads("".join(one["function"]["arguments"] for one in calls)) == {"key": "REDACTED"}


def test_key_with_percent_signs_is_found_in_an_escaped_body() -> None:
    secret = "sk%41%42/live%43"
    body = b'{"a":"sk%41%42\\/live\\u002543"}'
    assert Redactor([secret]).bytes(body) == b'{"a":"REDACTED"}'


def test_members_with_the_same_name_are_both_searched() -> None:
    body = b'data: {"a":"%b","a":"\\u0020"}\n\n' % json.dumps(OPAQUE)[1:-1].encode()
    assert Redactor([OPAQUE]).bytes(body) == b'data: {"a":"REDACTED","a":"\\u0020"}\n\n'


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"a":' + b"[" * 3000 + b"]" * 3000 + b"}\n\n" + b"data: " + KEY.encode() + b"\n\n",
        b'{"a":"\\ud83d ' + KEY.encode() + b'"}',
        b"data: \xff\xfe " + KEY.encode() + b"\n\ndata: {\n\n",
        b'{"a":' * 990 + b'"' + KEY.encode() + b'"' + b"}" * 990,
    ],
    ids=["deep", "half a pair", "no text", "deep text"],
)
def test_deeply_nested_body_is_redacted(body: bytes) -> None:
    assert Redactor([KEY]).bytes(body) == body.replace(KEY.encode(), b"REDACTED")


@pytest.mark.parametrize(
    "body",
    [b"\\" * 3_000_000, b"\\u005c" * 300_000, b"%" * 3_000_000, b"%25" * 500_000],
    ids=["backslashes", "escaped backslashes", "percents", "escaped percents"],
)
def test_escapes_are_decoded_a_bounded_number_of_times(body: bytes) -> None:
    assert Redactor([OPAQUE]).bytes(body) is body
