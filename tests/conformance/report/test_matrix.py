"""Reports side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mockglm.conformance.report.marks import MARKS, WORDS
from mockglm.conformance.report.matrix import load_reports, matrix_lines
from mockglm.errors import FileError
from tests.conformance.report.reports import make_report


def test_reports_are_columns_of_a_table(tmp_path: Path) -> None:
    paths = []
    for number, ids in enumerate(((), ("SSE-05",))):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(make_report(*ids)[0]), encoding="utf-8")
        paths.append(path)

    lines = list(matrix_lines(load_reports(paths)))

    assert lines[0].count("http://127.0.0.1:9/api/paas/v4 glm-4.6") == 2
    assert "| SSE-05 MUST | Each event is one JSON object or [DONE]. | ✓ | ✗ |" in lines
    assert any(line.endswith("more checks passed everywhere.") for line in lines)


def test_every_invalid_file_is_reported_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a":\n]', encoding="utf-8")
    (tmp_path / "b.json").write_text("{}", encoding="utf-8")
    paths = [tmp_path / name for name in ("a.json", "b.json", "c.json")]
    with pytest.raises(FileError) as caught:
        load_reports(paths)
    assert [problem.line for problem in caught.value.problems] == [2, 1, 1]
    assert "is not a report (mockglm.report/1)" in str(caught.value)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'{"schema": "mockglm.report/1"}', "1:1: is not a report (mockglm.report/1)"),
        (b"\xff", "1:1: is not JSON: 'utf-8' codec can't decode"),
        (b"[" * 100_000, "1:1: is not JSON: "),
        (
            b'{"schema": "mockglm.report/1", "target": "", "model": "", "checks": [{"id": "A"}]}',
            "1:1: is a report with incomplete checks",
        ),
    ],
)
def test_an_incomplete_report_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    (tmp_path / "a.json").write_bytes(data)
    with pytest.raises(FileError) as caught:
        load_reports([tmp_path / "a.json"])
    assert str(caught.value).startswith(f"{tmp_path}/a.json:{sentence}")


def test_a_table_escapes_markup_and_explains_every_mark() -> None:
    one, other = make_report("RSN-04", "ERR-10")[0], make_report()[0]
    other["checks"] = [{**check, "verdict": "of tomorrow"} for check in other["checks"]]
    lines = list(matrix_lines([one, {**other, "target": "a|<b>"}]))
    assert "| RSN-04 MUST | The content has no &lt;think> tag. | ✗ | ¿ |" in lines
    assert "a&#124;&lt;b>" in lines[0]
    assert all(f"{mark} {WORDS[verdict]}" in lines[-1] for verdict, mark in MARKS.items())
    assert len(set(MARKS.values())) == len(MARKS)
