"""Percentiles, and the figures of many samples."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.measurement.figures import (
    percentile,
    summarise_empty_stops,
    summarise_reads,
    summarise_series,
)
from mockglm.measurement.samples import Sample


def measured(tokens: int = 10, *, is_empty: bool = False, reads: Sequence[int] = ()) -> Sample:
    return Sample(
        series="plain",
        status=200,
        prompt_tokens=tokens,
        is_empty_stop=is_empty,
        reads=tuple(reads),
        split_reads=sum(not count for count in reads),
    )


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 50, None),
        ([3.0], 99, 3.0),
        ([1.0, 2.0], 50, 1.5),
        ([4.0, 1.0, 3.0, 2.0], 50, 2.5),
        ([*map(float, range(101))], 90, 90.0),
        ([*map(float, range(101))], 99, 99.0),
    ],
)
def test_a_percentile_lies_between_its_neighbours(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.floats(0, 1e6), min_size=1), st.floats(0, 100))
def test_a_percentile_is_within_the_values(values: list[float], share: float) -> None:
    found = percentile(values, share)
    assert found is not None
    assert min(values) <= found * (1 + 1e-9) + 1e-9
    assert found <= max(values) * (1 + 1e-9)


def test_empty_stops_are_counted_by_the_size_of_the_prompt() -> None:
    samples = [measured(), *[measured(170_000, is_empty=True)] * 14, *[measured(170_000)] * 11]
    assert summarise_empty_stops(samples) == [
        {"from": 0, "to": 1_000, "measured": 1, "empty": 0, "share": 0.0},
        {"from": 160_000, "to": 180_000, "measured": 25, "empty": 14, "share": 0.56},
    ]
    (largest,) = summarise_empty_stops([measured(200_000)])
    assert (largest["from"], largest["to"]) == (180_000, None)


def test_reads_have_shares_of_those_that_complete_an_event() -> None:
    found = summarise_reads([measured(reads=[1, 1, 1, 2, 0, 3, 9])])
    assert found == {
        "reads": 7,
        "one": 0.5,
        "two": 0.16667,
        "three": 0.16667,
        "more": 0.16667,
        "inside_an_event": 0.14286,
    }
    assert summarise_reads([])["one"] is None


def test_a_series_without_samples_has_no_figures() -> None:
    found = summarise_series([])
    assert found["first"] == {"p50": None, "p90": None, "p99": None}
    assert found["cached_share"] is None
