"""Reports side by side, and those that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mockglm.errors import FileError
from mockglm.measurement.comparison import comparison_lines, load_measurements
from mockglm.measurement.ramp import RampResult
from mockglm.measurement.run import SCHEMA
from tests.measurement.reports import make_measured


def write(folder: Path, name: str, report: Any) -> Path:
    path = folder / name
    path.write_text(json.dumps(report), "utf-8")
    return path


def test_endpoints_are_columns_and_figures_are_rows(tmp_path: Path) -> None:
    ramp = RampResult(5, "refused", 6, "1302")
    first = make_measured(target="http://a|b/v1", ramp=ramp)
    second = make_measured(target="http://c/v1", sizes=(150_000,))
    paths = [write(tmp_path, f"{n}.json", one) for n, one in enumerate((first, second))]
    lines = list(comparison_lines(load_measurements(paths)))
    assert lines[0] == "| | http://a&#124;b/v1 glm-4.6 | http://c/v1 glm-4.6 |"
    assert "| streams at once | 5 (1302) | – |" in lines
    assert "| plain: first token p50 | 800.0 ms | 800.0 ms |" in lines
    assert "| plain: tokens/s p90 | 50.0 | 50.0 |" in lines
    assert "| size-150000: first token p99 | – | 800.0 ms |" in lines
    assert "| empty stops from 140,000 tokens | – | 0.0 % |" in lines


def test_other_files_are_no_measurements(tmp_path: Path) -> None:
    other = write(tmp_path, "check.json", {"schema": "mockglm.report/1"})
    assert load_measurements([other, tmp_path / "missing.json"]) == []


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        ({"schema": SCHEMA}, "Object missing required field `target`"),
        ({"schema": "mockglm.report/1"}, "another kind of file than mockglm.measurement/1"),
        ([], "another kind of file than mockglm.measurement/1"),
    ],
)
def test_a_file_beside_measurements_that_is_none_is_named(
    tmp_path: Path, report: Any, problem: str
) -> None:
    good = write(tmp_path, "good.json", make_measured())
    bad = write(tmp_path, "bad.json", report)
    with pytest.raises(FileError) as caught:
        load_measurements([good, bad])
    assert str(caught.value) == f"{bad}:1:1: is not the report of a measurement: {problem}"
