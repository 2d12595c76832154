from __future__ import annotations

import pytest

from mockglm.improvise.schema.formats import FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_a_sample_has_its_format(name: str) -> None:
    assert all(FORMATS[name].accepts(FORMATS[name].sample(number)) for number in range(400))


@pytest.mark.parametrize("name", FORMATS)
def test_samples_differ(name: str) -> None:
    assert len({FORMATS[name].sample(number) for number in range(20)}) == 20


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("date", "2026-02-30"),
        ("date", "20260203"),
        ("date-time", "2026-02-03 04:05:06Z"),
        ("date-time", "2026-02-03T04:05:06"),
        ("time", "24:00:00Z"),
        ("duration", "P"),
        ("duration", "PT"),
        ("email", "nobody"),
        ("hostname", "-a.example"),
        ("ipv4", "256.1.1.1"),
        ("ipv6", "::g"),
        ("uri", "example.com"),
        ("uuid", "3f2504e04f8941d39a0c000000000000"),
        ("regex", "(["),
        ("json-pointer", "a"),
    ],
)
def test_a_text_of_another_form_is_refused(name: str, text: str) -> None:
    assert not FORMATS[name].accepts(text)
