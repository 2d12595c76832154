"""Expressions of files that explode at what a client sends."""

from __future__ import annotations

import logging

import pytest

from mockglm.errors import FileError
from mockglm.matching import expression
from tests.server.asking import recording, sessions
from tests.serving import serving

VICTIM = "a" * 60 + "!"
EXPLODING = """
format: 1
interactions:
  - {when: {user: '/^(a|a)*$/'}, reply: {content: 一}}
  - {when: {user: 'aaa'}, reply: {content: 二}}
  - {when: {header: {x-tenant: '/^(a|a)*$/'}}, reply: {content: 三}}
"""
TOLD = "took too long: /^(a|a)*$/"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expression, "SEARCH_SECONDS", 0.02)


def test_a_search_that_times_out_is_no_match_and_is_in_the_journal() -> None:
    with serving(EXPLODING) as served:
        answer = served.ask(VICTIM)
        fine = served.ask("aaaa")
        entries = list(served.session().journal)
    assert answer.json()["choices"][0]["message"]["content"] == "二"
    assert fine.json()["choices"][0]["message"]["content"] == "一"
    assert [entry.notes for entry in entries] == [(TOLD,), ()]


def test_a_miss_names_a_search_that_timed_out() -> None:
    with serving(EXPLODING.replace("aaa", "bbb")) as served:
        answer = served.ask(VICTIM)
        (entry,) = served.session().journal
    assert answer.status_code == 422
    assert "a search that was given up, in" in answer.json()["error"]["message"]
    assert entry.notes == (TOLD,)


def test_many_expressions_are_not_all_named() -> None:
    one = "  - {{when: {{user: '/^(?:{}|)(a|a)*$/'}}, reply: {{content: x}}}}\n"
    text = "format: 1\ninteractions:\n" + "".join(map(one.format, range(9)))
    with serving(text) as served:
        served.ask(VICTIM)
        (entry,) = served.session().journal
    assert entry.notes[0] == "took too long: /^(?:0|)(a|a)*$/"
    assert entry.notes[5:] == ("and 4 more took too long",)


REPLACED = "format: 1\nreplace: {'^(a|a)*$': x}\ninteractions:\n"


def test_a_recording_for_which_a_replacement_explodes_is_refused_with_its_place() -> None:
    with pytest.raises(FileError) as caught:
        sessions(REPLACED + recording(VICTIM, "{content: 一}") * 3)
    message = "file.yaml:4:15: replace: /^(a|a)*$/ takes too long here"
    assert str(caught.value) == message


def test_a_request_for_which_a_replacement_explodes_is_none_that_was_recorded(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(REPLACED + recording("aa", "{content: 一}")) as served:
        with caplog.at_level(logging.WARNING):
            answer = served.ask(VICTIM)
        fine = served.ask("aa")
    assert answer.status_code == 422
    assert "no recording can answer this request: replace: /^(a|a)*$/ takes" in caplog.text
    assert fine.json()["choices"][0]["message"]["content"] == "一"
