"""The set of requirements: frozen, each with a sentence and a source."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.probes import PROBES
from mockglm.conformance.registry import CATEGORIES, MUST, RETIRED, SET, Catalogue
from mockglm.conformance.report.advice import advise
from mockglm.conformance.sources import CHAT
from mockglm.conformance.verdicts import _MISSING
from mockglm.conformance.view import ExchangeView
from tests.conformance.mutants import MUTANTS

GOLDEN = {
    "TRN": "MMMMSMSM",
    "SSE": "MMMMMMSNM",
    "CHK": "MMSMMMMSSMNM",
    "JSN": "MMMMSMM",
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


def test_the_set_is_frozen() -> None:
    levels = {
        category: "".join(
            check.level[0] for check in sorted(CHECKS.values(), key=lambda c: c.id)
            if check.category == category
        )
        for category in CATEGORIES
        if category in {check.category for check in CHECKS.values()}
    }  # fmt: skip
    assert SET == "glm-v4-2026.11"
    assert levels == GOLDEN


def test_the_levels_add_up() -> None:
    assert Counter(check.level for check in CHECKS.values()) == {
        "MUST": 75,
        "SHOULD": 22,
        "NOTE": 5,
    }


def test_a_requirement_is_one_sentence_in_the_indicative() -> None:
    for check in CHECKS.values():
        assert re.fullmatch(r"[A-Z<\[][^\n]*\.", check.title), check.id
        assert not re.search(r"\b(must|should|shall|may not)\b", check.title), check.id
        assert check.title.count(". ") == 0, check.id


def test_a_check_has_sources_probes_and_a_view() -> None:
    for check in CHECKS.values():
        assert check.sources, check.id
        assert all(name in PROBES for name in check.required_probes), check.id
        assert hasattr(ExchangeView, check.needs), check.id
        assert check.needs in _MISSING, check.id
        assert re.fullmatch(r"[A-Z]{3}-\d\d", check.id)
        assert check.category in CATEGORIES, check.id
        assert advise(check.id).endswith("."), check.id


def test_a_check_has_changes_that_break_it() -> None:
    assert MUTANTS.keys() == CHECKS.keys()


def test_a_check_function_has_a_name_of_its_own() -> None:
    names = Counter(check.run.__name__ for check in CHECKS.values())
    assert [name for name, count in names.items() if count > 1] == []


def test_a_must_has_more_behind_it_than_an_issue() -> None:
    for check in CHECKS.values():
        assert any(source.kind != "issue" for source in check.sources)


def sentence(view: ExchangeView) -> Iterator[CheckFinding]:
    """A sentence."""
    yield CheckFinding(view.name)


def silent(view: ExchangeView) -> Iterator[CheckFinding]:
    yield CheckFinding(view.name)


def test_a_taken_id_is_refused() -> None:
    catalogue = Catalogue()
    enter = catalogue.check("TRN-01", MUST, CHAT, probe="plain", needs="answer")
    enter(sentence)
    with pytest.raises(ValueError, match="TRN-01 is taken"):
        enter(sentence)


@pytest.mark.parametrize(
    ("id", "sentence", "message"),
    [
        (next(iter(RETIRED)), sentence, "is taken"),
        ("XXX-01", sentence, "in no category"),
        ("TRN-01", silent, "no sentence"),
    ],
)
def test_an_invalid_check_is_refused(id: str, sentence: object, message: str) -> None:
    enter = Catalogue().check(id, MUST, CHAT, probe="plain", needs="answer")
    with pytest.raises(ValueError, match=message):
        enter(sentence)  # type: ignore[arg-type]


def test_a_check_without_a_source_is_refused() -> None:
    with pytest.raises(ValueError, match="no source"):
        Catalogue().check("TRN-01", MUST, probe="plain", needs="answer")(sentence)
