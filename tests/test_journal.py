"""Journals: their shared memory budget, redaction, and the feed of entries."""

from __future__ import annotations

import pytest

from mockglm.exchange import Request, Response
from mockglm.journal import (
    ENTRY_OVERHEAD,
    MAX_DROPPED,
    Entry,
    EntryFeed,
    Journal,
    MemoryBudget,
    Source,
)
from mockglm.redaction import MAX_LEARNED, SECRET_HEADERS

EMPTY = ENTRY_OVERHEAD + len("/models")
"""What an entry without a body counts."""


def entry(ordinal: int, size: int = 10, session: str = "", path: str = "/models") -> Entry:
    return Entry(ordinal, session, 0.0, Request("POST", path, body=b"x" * size))


def ordinals(journal: Journal) -> list[int]:
    return [one.ordinal for one in journal]


def test_a_budget_that_is_exceeded_drops_the_oldest_entry_of_any_journal() -> None:
    budget = MemoryBudget(limit=3 * EMPTY + 1000)
    first, second = Journal(budget), Journal(budget)
    for ordinal, journal in enumerate([first, second, first, second], 1):
        journal.add(entry(ordinal, 300))
    assert (ordinals(first), ordinals(second), budget.used) == ([3], [2, 4], 3 * EMPTY + 900)
    second.add(entry(5, 5000))
    assert (ordinals(first), ordinals(second), budget.used) == ([], [5], EMPTY + 5000)


def test_two_hundred_journals_with_one_large_entry_each_share_the_budget() -> None:
    budget = MemoryBudget(limit=1_000_000)
    journals = [Journal(budget) for _ in range(200)]
    for journal in journals:
        journal.add(entry(1, 240_000))
    assert budget.used <= 1_000_000
    assert [len(journal) for journal in journals] == [0] * 196 + [1] * 4


def test_entries_that_are_cleared_or_dropped_leave_the_budget() -> None:
    budget = MemoryBudget(limit=10_000)
    first, second = Journal(budget, max_entries=2), Journal(budget)
    for ordinal in range(1, 6):
        first.add(entry(ordinal, 100))
    second.add(entry(1, 100))
    assert (ordinals(first), budget.used) == ([4, 5], 3 * EMPTY + 300)
    first.clear()
    assert (ordinals(first), budget.used) == ([], EMPTY + 100)


def test_the_oldest_entry_is_dropped_first_whatever_other_journals_dropped() -> None:
    budget = MemoryBudget(limit=10 * EMPTY)
    quiet, busy, last = Journal(budget), Journal(budget, max_entries=2), Journal(budget)
    quiet.add(entry(1, 0))
    for ordinal in range(1, 3 * MAX_DROPPED):
        busy.add(entry(ordinal, 0))
    last.add(entry(1, 0))
    assert budget.used == 4 * EMPTY
    for size, kept in ((7, (0, 2, 1)), (1, (0, 1, 1)), (1, (0, 0, 1)), (1, (0, 0, 0))):
        quiet.add(entry(2, size * EMPTY - EMPTY))
        assert tuple(map(len, (quiet, busy, last)))[1:] == kept[1:]
        assert budget.used <= 10 * EMPTY


def test_a_response_added_later_counts() -> None:
    budget = MemoryBudget(limit=2 * EMPTY + 1000)
    journal = Journal(budget)
    waiting = entry(2, 100)
    for one in (entry(1, 100), waiting, entry(3, 100)):
        journal.add(one)
    waiting.response = Response(200, (("x-log-id", "12"),), ((0.0, b"x" * 750),))
    journal.update_size(waiting)
    assert (ordinals(journal), budget.used) == ([2, 3], 2 * EMPTY + 960)
    journal.update_size(entry(9))  # one that is gone
    assert budget.used == 2 * EMPTY + 960


LARGE = {
    "path": Request("GET", "/" + "p" * 5000),
    "query": Request("GET", "/", query="q" * 5000),
    "body": Request("GET", "/", body=b"b" * 5000),
}


@pytest.mark.parametrize("part", LARGE)
def test_all_that_an_entry_keeps_of_its_request_counts(part: str) -> None:
    budget = MemoryBudget(limit=20_000)
    journal = Journal(budget)
    for ordinal in range(100):
        journal.add(Entry(ordinal, "", 0.0, LARGE[part]))
    assert len(journal) == 3


def test_the_name_of_the_model_counts() -> None:
    budget = MemoryBudget(limit=20_000)
    journal = Journal(budget)
    for ordinal in range(100):
        journal.add(Entry(ordinal, "", 0.0, Request("GET", "/"), model="m" * 5000))
    assert len(journal) == 3


def test_header_fields_count_once_the_size_is_updated() -> None:
    budget = MemoryBudget(limit=20_000)
    journal = Journal(budget)
    for ordinal in range(100):
        one = Entry(ordinal, "", 0.0, Request("GET", "/", headers=(("x", "v" * 5000),)))
        journal.add(one)
        journal.update_size(one)
    assert len(journal) == 3


def test_a_feed_publishes_additions_and_outcomes_of_one_session_or_all() -> None:
    feed = EntryFeed()
    journals = {name: Journal(feed=feed) for name in ("", "@a")}
    one: list[str] = []
    every: list[str] = []
    forget = feed.subscribe(lambda told: one.append(told.outcome), session="@a")
    feed.subscribe(lambda told: every.append(told.session + told.outcome))
    for name, journal in journals.items():
        asked = entry(1, session=name)
        journal.add(asked)
        asked.outcome = "done"
        journal.close(asked)
    forget()
    journals["@a"].add(entry(2, session="@a"))
    assert one == ["open", "done"]
    assert every == ["open", "done", "@aopen", "@adone", "@aopen"]


def test_summaries_are_the_newest_entries_oldest_first() -> None:
    journal = Journal()
    for ordinal in range(1, 7):
        journal.add(entry(ordinal))
    told = journal.summaries(2, lambda one: one.ordinal % 2 == 0)
    assert [one["ordinal"] for one in told] == [4, 6]
    assert journal.summaries(0) == []
    assert len(journal.summaries(100)) == 6


def test_one_entry_is_redacted_and_an_unknown_one_is_none() -> None:
    journal = Journal()
    journal.learn("sk-a-secret-of-mine")
    asked = Request("POST", "/x/sk-a-secret-of-mine", body=b"sk-a-secret-of-mine")
    journal.add(Entry(3, "", 0.0, asked))
    found = journal.get(3)
    assert found is not None
    assert (found.request.path, found.request.body) == ("/x/REDACTED", b"REDACTED")
    assert journal.summaries(1)[0]["path"] == "/x/REDACTED"
    assert journal.get(2) is None


@pytest.mark.parametrize("name", ["X-Token", "api-key", "x-goog-api-key", *sorted(SECRET_HEADERS)])
def test_a_header_that_is_a_secret_is_not_shown(name: str) -> None:
    journal = Journal()
    asked = Request("POST", "/models", headers=((name.lower(), "abc"), ("accept", "abc")))
    journal.add(
        Entry(1, "", 0.0, asked, response=Response(200, ((name, "abc"), ("Date", "x")), ()))
    )
    (shown,) = journal
    assert shown.response is not None
    assert shown.request.headers == ((name.lower(), "REDACTED"), ("accept", "abc"))
    assert shown.response.headers == ((name, "REDACTED"), ("Date", "x"))


@pytest.mark.parametrize(
    ("key", "is_listed", "shown"),
    [
        ("messages", False, "messages"),
        ("messages", True, "REDACTED"),
        ("a-dummy-key.messages", False, "messages"),
        ("sk-0123456789abc", False, "messages"),
        ("short", True, "messages"),
    ],
)
def test_a_journal_learns_keys_and_no_short_words(key: str, is_listed: bool, shown: str) -> None:
    journal = Journal()
    journal.learn(key, is_listed=is_listed)
    assert journal.redact(Request("POST", "/", body=b"messages")).body == shown.encode()


def test_a_key_in_use_is_not_forgotten() -> None:
    journal = Journal()
    own = "sk-custom-secret-1"
    for number in range(2 * MAX_LEARNED):
        journal.learn(f"0123456789abcdef-{number}")
        if number % 500 == 0:
            journal.learn(own)
    assert journal.redact(Request("POST", "/", body=own.encode())).body == b"REDACTED"


@pytest.mark.parametrize("name", ["x-auth-token", "x-api-key", "cookie", "authorization"])
def test_a_credential_of_any_header_is_redacted_in_every_entry(name: str) -> None:
    journal = Journal()
    own = "sk-custom-secret-1"
    value = f"sid={own}" if name == "cookie" else own
    journal.add(Entry(1, "", 0.0, Request("POST", "/x", body=own.encode())))
    journal.add(Entry(2, "", 0.0, Request("POST", "/x", headers=((name, value),))))
    assert [one.request.body for one in journal] == [b"REDACTED", b""]
    assert own not in repr([*journal])


def test_an_old_entry_is_redacted_of_its_own_credential() -> None:
    journal = Journal()
    own = "sk-custom-secret-1"
    asked = Request("POST", "/x", headers=(("authorization", own),), body=own.encode())
    journal.add(Entry(1, "", 0.0, asked))
    for number in range(2 * MAX_LEARNED):
        journal.learn(f"0123456789abcdef-{number}")
    (entry,) = journal
    assert entry.request.body == b"REDACTED"


def test_model_and_notes_of_a_log_line_are_redacted() -> None:
    journal = Journal()
    own = "sk-custom-secret-1"
    asked = Request("POST", "/chat/completions", headers=(("authorization", own),))
    entry = Entry(1, "", 0.0, asked, model=own, notes=(f"not recorded: {own}",))
    shown = journal.redact_for_display(entry)
    assert (shown.model, shown.notes) == ("REDACTED", ("not recorded: REDACTED",))
    plain = Entry(1, "", 0.0, asked, model="glm-4.6")
    assert journal.redact_for_display(plain) is plain


def test_a_request_has_the_forms_that_a_recorder_may_have_written() -> None:
    journal = Journal()
    asked = Request("POST", "/x", headers=(("authorization", "anything"),), body=b"anything else")
    assert [form.body for form in journal.redacted_forms(asked)] == [
        b"anything else",
        b"REDACTED else",
    ]


def test_a_source_is_written_as_its_name() -> None:
    journal = Journal()
    journal.add(Entry(1, "", 0.0, Request("GET", "/models"), source=Source.GATEWAY))
    assert f"{journal.summaries(1)[0]['source']}" == "gateway"
