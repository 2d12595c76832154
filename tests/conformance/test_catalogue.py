"""The set of requirements: named for good, each with a sentence and a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from mockglm.conformance.catalogue import CATEGORIES, MUST, RETIRED, SET, Catalogue, Check
from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import _MISSING
from mockglm.conformance.listing import explain, listing
from mockglm.conformance.parts import Finding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.report.advice import advise
from mockglm.conformance.seen import Seen
from mockglm.conformance.sources import CHAT
from mockglm.errors import UsageError

GOLDEN = {
    "TRN": "MMMMSMSM",
    "SSE": "MMMMMMSN",
    "CHK": "MMSMMMMSSMN",
    "JSN": "MMMMSM",
    "EQV": "MMMMSMM",
    "RSN": "MMSMMMMM",
    "TOL": "MMMMMMMSMSN",
    "FIN": "MMMMM",
    "USE": "MMMMMMS",
    "ERR": "MMMSSMSMSMMMS",
    "AUT": "MMMMSM",
    "LIM": "MSMMS",
    "HDR": "SS",
    "TIM": "NN",
}
"""The levels of the frozen set, category by category, by the number of the check."""

checks = pytest.mark.parametrize("check", CHECKS.values(), ids=list(CHECKS))


def test_the_set_is_the_one_that_was_frozen() -> None:
    levels = {
        category: "".join(
            check.level[0] for check in sorted(CHECKS.values(), key=lambda c: c.id)
            if check.category == category
        )
        for category in CATEGORIES
    }  # fmt: skip
    assert SET == "glm-v4-2026.11"
    assert levels == GOLDEN


def test_the_levels_add_up() -> None:
    assert Counter(check.level for check in CHECKS.values()) == {
        "MUST": 72,
        "SHOULD": 22,
        "NOTE": 5,
    }


@checks
def test_a_requirement_is_one_sentence(check: Check) -> None:
    assert re.fullmatch(r"[A-Z<\[][^\n]*\.", check.title)
    assert not re.search(r"\b(must|should|shall|may not)\b", check.title)
    assert check.title.count(". ") == 0


@checks
def test_a_check_has_sources_probes_and_a_view(check: Check) -> None:
    assert check.sources
    assert all(name in PROBES for name in check.wanted)
    assert hasattr(Seen, check.needs)
    assert check.needs in _MISSING
    assert re.fullmatch(r"[A-Z]{3}-\d\d", check.id)
    assert check.category in CATEGORIES
    assert advise(check.id).endswith(".")


@checks
def test_a_check_can_be_explained(check: Check) -> None:
    text = explain(check.id)
    assert check.title in text
    assert all(str(source) in text for source in check.sources)


def test_a_must_has_more_behind_it_than_an_issue() -> None:
    for check in CHECKS.values():
        assert any(source.kind != "issue" for source in check.sources)


def test_an_unknown_id_names_the_nearest() -> None:
    with pytest.raises(UsageError, match="no check is called sse-55, SSE-05 was meant"):
        explain("sse-55")


def test_a_retired_id_says_why() -> None:
    with pytest.raises(UsageError, match="tool_choice"):
        explain("TOL-12")


def test_the_listing_has_a_line_for_each() -> None:
    lines = listing().splitlines()
    assert len(lines) == len(CHECKS)
    assert lines[0] == "TRN-01  MUST    A valid request for a stream is answered 200."


def sentence(seen: Seen) -> Iterator[Finding]:
    """A sentence."""
    yield Finding(seen.name)


def silent(seen: Seen) -> Iterator[Finding]:
    yield Finding(seen.name)


def test_an_id_that_is_taken_is_refused() -> None:
    catalogue = Catalogue()
    enter = catalogue.check("TRN-01", MUST, CHAT, probe="plain", needs="answer")
    enter(sentence)
    with pytest.raises(ValueError, match="TRN-01 is taken"):
        enter(sentence)


@pytest.mark.parametrize(
    ("id", "sentence", "message"),
    [
        (next(iter(RETIRED)), sentence, "is taken"),
        ("XXX-01", sentence, "of no category"),
        ("TRN-01", silent, "no sentence"),
    ],
)
def test_a_check_that_is_no_good_is_refused(id: str, sentence: object, message: str) -> None:
    enter = Catalogue().check(id, MUST, CHAT, probe="plain", needs="answer")
    with pytest.raises(ValueError, match=message):
        enter(sentence)  # type: ignore[arg-type]


def test_a_check_without_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="no source"):
        Catalogue().check("TRN-01", MUST, probe="plain", needs="answer")(sentence)
