"""Recordings of one request: found whatever the key is, played in their order, none hidden."""

from __future__ import annotations

import httpx
import pytest

from mockglm.exchange import Request
from mockglm.server import RECORDING_CHAT, Session, explain, handle
from tests.server.asking import ask, chat, recording, said, sessions
from tests.serving import KEY, serving

HEAD = "format: 1\ninteractions:\n"
NEWS = HEAD + recording("Is there anything new in messages?", "{content: No.}")


def many(session: Session, times: int) -> list[str]:
    return [said(session, "n") for _ in range(times)]


@pytest.mark.parametrize("key", ["anything", "messages", "not-needed", "There", KEY])
def test_a_key_that_is_a_word_does_not_hide_a_recording(key: str) -> None:
    with serving(NEWS) as served:
        headers = {"Authorization": f"Bearer {key}"}
        url = f"{served.url}/chat/completions"
        for _ in range(2):
            asked = chat("Is there anything new in messages?").body
            answer = httpx.post(url, content=asked, headers=headers, trust_env=False)
            assert answer.json()["choices"][0]["message"]["content"] == "No."


def test_a_listed_key_that_is_in_a_prompt_does_not_hide_a_recording() -> None:
    session = sessions(NEWS, accept=frozenset({"anything"})).get()
    assert said(session, "Is there anything new in messages?", key="anything") == "No."
    (entry,) = session.journal
    assert b"Is there REDACTED new" in entry.request.body


def test_a_recording_whose_key_was_redacted_is_found_with_any_key() -> None:
    session = sessions(HEAD + recording("my key is REDACTED", "{content: Keep it.}")).get()
    assert said(session, f"my key is {KEY}") == "Keep it."


def test_a_sequence_is_played_to_its_end_before_the_next_recording() -> None:
    text = HEAD + recording("n", "{content: one}", "{content: two}", "{content: three}")
    session = sessions(text + recording("n", "{content: four}", "{content: five}")).get()
    assert many(session, 7) == ["one", "two", "three", "four", "five", "five", "five"]


def test_a_recording_that_is_used_up_hides_no_other() -> None:
    text = HEAD + recording("n", "{content: one}") + recording("n", "{content: two}", times=1)
    assert many(sessions(text).get(), 4) == ["one", "two", "one", "one"]


def test_a_recording_with_times_is_replayed_that_often() -> None:
    text = HEAD + recording("n", "{content: one, times: 2}") + recording("n", "{content: two}")
    assert many(sessions(text).get(), 4) == ["one", "one", "two", "two"]


def test_explain_names_recordings_that_are_used_up() -> None:
    session = sessions(HEAD + recording("n", "{content: one}", times=1)).get()
    assert many(session, 2) == ["one", "422"]
    answer = ask(session, "n").response
    assert answer is not None
    assert (
        b"file.yaml:3:\\n  it matches, but it was used 1 times, the most it allows" in answer.body
    )


def test_explain_names_a_pattern_whose_chance_failed() -> None:
    never = "format: 1\ninteractions: [{when: {user: n, chance: 0}, reply: {content: x}}]\n"
    answer = ask(sessions(never).get(), "n").response
    assert answer is not None
    assert b"it matches, but its `chance` was not drawn" in answer.body


def test_ignored_paths_are_no_difference() -> None:
    text = "format: 1\nignore: [$.temperature]\ninteractions:\n" + recording("n", "{content: a}")
    answer = ask(sessions(text).get(), "m", temperature=0.5).response
    assert answer is not None
    assert b"temperature" not in answer.body
    assert b"$.messages[0].content" in answer.body


def test_a_standing_recording_answers_as_one_of_a_file() -> None:
    session = sessions(HEAD + recording("n", "{content: file}")).get()
    rules = sessions(HEAD + recording("n", "{content: rule}")).get()
    session.add(rules.playlist.interactions)
    assert said(session, "n") == "rule"


def test_an_exhausted_recording_is_left_to_the_service() -> None:
    text = HEAD + recording("n", "{content: one}", "{content: two}")
    session = sessions(text, on_miss="record").get()
    heard = [handle(session, chat("n"), RECORDING_CHAT).entry.source for _ in range(3)]
    assert heard == ["file.yaml:3", "file.yaml:3", "upstream"]


def test_explain_names_every_interaction_but_the_one_that_answers() -> None:
    lines = [f"  - {{when: {{user: u{i}}}, reply: {{content: a}}}}\n" for i in range(38)]
    session = sessions(HEAD + "".join(lines)).get()
    said, answered = explain(session, chat("u0"))
    assert answered
    assert said[0] == "file.yaml:3 answers: 200 stop"
    assert [line.partition(" ")[0] for line in said[1:]] == [f"file.yaml:{n}" for n in range(4, 41)]


def test_explain_respects_the_ignored_paths_of_a_file() -> None:
    twice = recording("n", "{content: a}") + recording("n", "{content: b}")
    other = recording("m", "{content: c}")
    text = "format: 1\nignore: [$.temperature]\ninteractions:\n" + twice + other
    said, answered = explain(sessions(text).get(), chat("n", temperature=0.5))
    assert answered
    assert said == (
        "file.yaml:4 answers: 200 stop",
        "file.yaml:5 is a recording of this request",
        "file.yaml:6 is a recording of another request",
    )


def test_a_reply_that_is_queued_is_no_interaction_that_answers() -> None:
    session = sessions(HEAD + recording("n", "{content: a}")).get()
    session.enqueue(session.playlist.interactions[0].steps)
    said, answered = explain(session, chat("n"))
    assert (said[0], answered) == ("queued: 200 stop", False)


def test_a_request_without_a_secret_is_unchanged() -> None:
    session = sessions().get()
    request = Request("GET", "/models")
    assert session.journal.redact(request) is request


def test_a_miss_shows_no_key() -> None:
    with serving(HEAD + "- {when: {user: hello}, reply: {content: hi}}\n") as served:
        answer = served.ask(f"my key is {KEY}")
    assert answer.status_code == 422
    assert "REDACTED" in answer.text
    assert KEY not in answer.text
