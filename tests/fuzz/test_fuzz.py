"""Fuzzing: a few examples of each target, and a target with a finding."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.fuzz.__main__ import fuzz, main
from tests.fuzz.targets import TARGETS, Target

ROOT = Path(__file__).parents[2]


def test_no_target_has_a_finding() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--quick"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, ""), ended.stdout
    lines = ended.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == list(TARGETS)
    assert all(line.endswith(": no finding") for line in lines)


def test_smallest_failing_example_is_reported() -> None:
    def check(data: bytes) -> None:
        if len(data) >= 3:
            raise RuntimeError("three bytes")

    target = Target("bytes", "bytes", st.binary(), check)
    outcome = fuzz(target, minutes=0, first_seed=7)
    assert outcome.finding.startswith("seed 7: RuntimeError('three bytes')\nexample: ")
    assert outcome.finding.endswith(r"b'\x00\x00\x00'")


def test_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["nothing"])
    assert ended.value.code == 2
    assert "unknown: nothing; targets are http, request, yaml, sse, redactor" in (
        capsys.readouterr().err
    )
