"""docs/going-wrong.md: its scenarios and faults exist, its example passes, its advice is kept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mockglm.faults import CATALOGUE
from mockglm.scenarios import shipped_scenarios

TEXT = (Path(__file__).parents[1] / "docs" / "going-wrong.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| symptom")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_scenarios_faults_and_advice(row: list[str]) -> None:
    symptom, cause, scenarios, faults, advice = row
    assert symptom.endswith(".")
    assert cause.endswith(".")
    assert set(re.findall(r"`([^`]+)`", scenarios)) <= shipped_scenarios().keys()
    assert scenarios
    assert set(re.findall(r"`([^`]+)`", faults)) <= CATALOGUE.keys()
    assert advice


def test_each_scenario_of_the_field_is_in_a_row() -> None:
    told = {name for row in ROWS for name in re.findall(r"`([^`]+)`", row[2])}
    families = {
        *("no-balance", "rate-limit", "concurrency-limit", "overload", "quota-5h"),
        *("disconnect", "eof-without-finish", "idle-stall-tool", "huge-line", "utf8-split"),
        *("history-strict", "preserved-thinking", "prompt-too-long", "loop-cap"),
    }
    assert families <= told
    assert len(told) >= 75


def test_the_example_passes(tmp_path: Path) -> None:
    (block,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    (tmp_path / "test_example.py").write_text(block, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert re.search(r"^1 passed", done.stdout, re.MULTILINE), done.stdout
