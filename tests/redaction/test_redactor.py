"""Keys are redacted by value and by form, across pieces and frames, and nothing else is."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.redaction import MAX_LEARNED, REDACTED, RedactionCache, Redactor
from mockglm.redaction import redactor as redactor_module

ID = "0123456789abcdef0123456789abcdef"
SECRET = "aB3dE6gH9jK2mN5p"
KEY = f"{ID}.{SECRET}"
HEAD = "eyJhbGciOiJIUzI1NiIsInNpZ25fdHlwZSI6IlNJR04ifQ"
CLAIMS = "eyJhcGlfa2V5IjoiMDEyMzQ1Njc4OWFiY2RlZiIsImV4cCI6MTc5NTMyMTk0Njc4MX0"
JWT = f"{HEAD}.{CLAIMS}.nyLnnzLUS74G05AKq4p8_OfK4S1tif_LcT8P9xFEYO0"

HARMLESS = [
    '{"id":"202603130503035652f6eb725d4b48","created":1773349384,"code":"1113"}',
    "call_417fb00c5b2d4aada7fa6665",
    "call_-7807249954186984837",
    "call_4BgN84hpTbmswCBFSC9ggw",
    "8635243129834723621",
    ID,
    f"{ID}{ID}",
    f"{ID}.short",
    f"{ID}.png",
    f"{ID}.{SECRET}AndMore",
    "eyJhbGciOiJIUzI1NiJ9",
    "eyJhbGciOiJIUzI1NiJ9.and.more",
    "https://open.bigmodel.cn/api/paas/v4/chat/completions",
    "glm-4-32b-0414-128k",
    "你好，世界。🌍",
    "",
]


@pytest.mark.parametrize("text", HARMLESS)
def test_text_without_a_secret_stays_as_it_is(text: str) -> None:
    redactor = Redactor([KEY, JWT])
    if ID not in text:
        assert redactor.text(text) is text
    assert Redactor().text(text) is text
    data = text.encode()
    assert Redactor().bytes(data) is data


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (KEY, "REDACTED"),
        (KEY.upper(), "REDACTED"),
        (f"Bearer {KEY}", "Bearer REDACTED"),
        (f"?api_key={KEY}&x=1", "?api_key=REDACTED&x=1"),
        (f'{{"k":"\\n{KEY}\\n"}}', '{"k":"\\nREDACTED\\n"}'),
        (f"{KEY},{KEY}", "REDACTED,REDACTED"),
        (JWT, "REDACTED"),
        (f"Authorization: {JWT}", "Authorization: REDACTED"),
        (f'"token":"{JWT}"}}', '"token":"REDACTED"}'),
        (f"密钥{KEY}。", "密钥REDACTED。"),
    ],
)
def test_unknown_key_is_redacted_by_its_form(text: str, clean: str) -> None:
    assert Redactor().text(text) == clean
    assert Redactor().bytes(text.encode()) == clean.encode()


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        ("sk-my-own-key", "with sk-my-own-key!", "with REDACTED!"),
        (KEY, f"the half {SECRET} alone", "the half REDACTED alone"),
        (KEY, f"x{KEY}y", "xREDACTEDy"),
        (KEY, f"the id {ID} alone", f"the id {ID} alone"),
        ("a/key+with=signs", "?k=a%2Fkey%2Bwith%3Dsigns", "?k=REDACTED"),
        ('a"key\\quoted', '{"k":"a\\"key\\\\quoted"}', '{"k":"REDACTED"}'),
        ("密钥密钥密钥密钥", '{"k":"密钥密钥密钥密钥"}', '{"k":"REDACTED"}'),
        (f"{HEAD}.e30.x", f"{HEAD}.e30.x", "REDACTED"),
        ("test", "a test", "a test"),
    ],
)
def test_known_secret_is_redacted_by_its_value(secret: str, text: str, clean: str) -> None:
    assert Redactor([secret]).text(text) == clean
    learned = Redactor()
    learned.learn(secret)
    assert learned.text(text) == clean


def test_secret_that_contains_another_is_redacted_whole() -> None:
    redactor = Redactor(["12345678", "1234567890"])
    assert redactor.text("1234567890 12345678") == "REDACTED REDACTED"


def test_overlapping_secrets_are_redacted_whole() -> None:
    assert Redactor(["abcdefgh", "efghijkl"]).text("-abcdefghijkl-") == "-REDACTED-"


def test_oldest_learned_secrets_are_forgotten_and_given_ones_are_not() -> None:
    redactor = Redactor(["given-secret"])
    for number in range(MAX_LEARNED + 1):
        redactor.learn(f"learned-{number:04}")
    text = "given-secret learned-0000 learned-0001"
    assert redactor.text(text) == "REDACTED learned-0000 REDACTED"


def test_learning_a_secret_again_forgets_no_other() -> None:
    redactor = Redactor()
    redactor.learn("the-first-one")
    for _ in range(300):
        redactor.learn("the-second-one")
    assert redactor.text("the-first-one") == "REDACTED"


def test_cached_texts_are_redacted_by_secrets_that_are_learned_later() -> None:
    cache = RedactionCache()
    redactor, other = Redactor(cache=cache), Redactor(cache=cache)
    text = "a very-own-secret and a more-own-secret"
    with_more = redactor.with_secrets(["more-own-secret"])
    assert redactor.text(text) is redactor.text(text) is text
    assert with_more.text(text) == f"a very-own-secret and a {REDACTED}"
    redactor.learn("very-own-secret")
    assert redactor.with_secrets(["more-own-secret"]) is with_more
    assert with_more.text(text) == f"a {REDACTED} and a {REDACTED}"
    assert redactor.text(text) == f"a {REDACTED} and a more-own-secret"
    assert other.text(text) is text


def test_caches_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redactor_module, "MAX_TEXTS", 3)
    monkeypatch.setattr(redactor_module, "MAX_REDACTORS", 3)
    cache = RedactionCache()
    for number in range(10):
        redactor = Redactor(cache=cache).with_secrets([f"{SECRET}{number}"])
        assert redactor.text(f"{SECRET}{number} {number}") == f"{REDACTED} {number}"
        assert max(len(cache.texts), len(cache.redactors)) <= 3


def test_pieces_without_a_secret_are_left_as_they_are() -> None:
    assert Redactor([KEY]).pieces([b"data: ", b"", b"x\n\n"]) == (b"data: ", b"", b"x\n\n")
    assert Redactor([KEY]).pieces([]) == ()


def test_first_piece_of_a_divided_secret_has_the_replacement() -> None:
    half = len(KEY) // 2
    pieces = [b"a " + KEY[:5].encode(), KEY[5:half].encode(), b"", KEY[half:].encode() + b" z"]
    for redactor in (Redactor([KEY]), Redactor()):
        assert redactor.pieces(pieces) == (b"a REDACTED", b"", b"", b" z")


@given(st.lists(st.integers(0, 150), max_size=6), st.booleans())
def test_clean_pieces_make_up_the_clean_body(places: list[int], known: bool) -> None:
    body = f'{{"a":"{KEY}","b":"{KEY}{SECRET}"}}'.encode()
    redactor = Redactor([KEY] if known else [])
    bounds = [0, *sorted(min(place, len(body)) for place in places), len(body)]
    pieces = [body[start:end] for start, end in pairwise(bounds)]
    cleaned = redactor.pieces(pieces)
    assert len(cleaned) == len(pieces)
    assert b"".join(cleaned) == redactor.bytes(body)
    assert not known or SECRET.encode() not in redactor.bytes(body)


def frames(texts: list[str], key: str = "content") -> bytes:
    return b"".join(
        b'data: {"choices":[{"index":0,"delta":{"role":"assistant","%b":%b}}]}\n\n'
        % (key.encode(), json.dumps(text, ensure_ascii=False).encode())
        for text in texts
    )


def test_secret_divided_over_deltas_is_redacted() -> None:
    texts = ["钥匙：", KEY[:7], KEY[7:40], KEY[40:] + "。", "完"]
    assert Redactor([KEY]).bytes(frames(texts)) == frames(["钥匙：", "REDACTED", "", "。", "完"])


@pytest.mark.parametrize("key", ["content", "reasoning_content"])
@given(st.lists(st.integers(0, 60), max_size=12), st.sampled_from([KEY, JWT, "sk-my-own-key"]))
def test_known_secret_in_deltas_of_any_size_is_redacted(
    key: str, cuts: list[int], secret: str
) -> None:
    text = f'"{secret}\n好'
    bounds = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    body = frames([text[start:end] for start, end in pairwise(bounds)], key)
    clean = Redactor([secret]).bytes(body)
    chunks = [json.loads(frame.removeprefix(b"data: ")) for frame in clean.split(b"\n\n")[:-1]]
    joined = "".join(chunk["choices"][0]["delta"][key] for chunk in chunks)
    assert joined.replace("REDACTED", "") == '"\n好'
    assert len(chunks) == len(bounds) - 1


def test_secret_divided_by_texts_of_other_keys_is_redacted() -> None:
    body = frames([KEY[:20]]) + frames(["想"], "reasoning_content") + frames([KEY[20:]])
    expected = frames(["REDACTED"]) + frames(["想"], "reasoning_content") + frames([""])
    assert Redactor([KEY]).bytes(body) == expected


def test_secret_divided_by_pieces_and_deltas_is_redacted() -> None:
    body = frames([KEY[:20], KEY[20:]])
    pieces = [body[:70], body[70:100], body[100:]]
    cleaned = Redactor([KEY]).pieces(pieces)
    assert len(cleaned) == 3
    assert b"".join(cleaned) == frames(["REDACTED", ""])


def test_places_are_those_of_the_secrets() -> None:
    data = f"key {KEY} and {JWT}".encode()
    assert [data[start:end] for start, end in Redactor().places(data)] == [
        KEY.encode(),
        JWT.encode(),
    ]
    assert Redactor().places(b"none") == ()


def test_secret_among_bytes_that_are_no_text_is_redacted() -> None:
    assert Redactor().bytes(b"\xff\xfe" + KEY.encode() + b"\x00") == b"\xff\xfeREDACTED\x00"
    assert Redactor([KEY]).text(f"\ud800{KEY}") == "\ud800REDACTED"


@pytest.mark.parametrize(
    "body",
    [
        b"eyJ" * 1_000_000,
        b".eyJ" * 1_000_000,
        b".eyJaaaaaaaa" * 300_000,
        (b"eyJ" * 300 + b".eyJaaaaaaaa. ") * 3000,
    ],
    ids=["heads", "bodies", "long bodies", "both"],
)
def test_beginnings_of_tokens_are_read_once(body: bytes) -> None:
    """Each read to the end of what may follow, they took seconds."""
    assert Redactor().bytes(body) is body


def test_token_after_a_similar_text_is_redacted() -> None:
    assert Redactor().text(f"x.{JWT}") == "x.REDACTED"
    assert Redactor().text(f"eyJ.{JWT}.more") == "eyJ.REDACTED.more"


@pytest.mark.parametrize(
    ("secret", "text", "clean"),
    [
        ("fifteen-letters", "fifteen-letters", "fifteen-letters"),
        ("sixteen--letters", "sixteen--letters", "REDACTED"),
        ("a-longer-dummy.messages", "messages", "messages"),
    ],
)
def test_too_short_secret_is_not_learned(secret: str, text: str, clean: str) -> None:
    redactor = Redactor()
    redactor.learn(secret, shortest=16)
    assert redactor.text(text) == clean


def test_hostile_body_does_not_slow_the_search() -> None:
    """Without bounds each `eyJ` would be read to the end of the body: hours for a megabyte."""
    body = b"eyJ" * 100_000 + b"0123456789abcdef" * 50_000 + b'"content":"' * 50_000
    assert Redactor([KEY]).bytes(body) is body
