"""The attack suite: a small part of each attack, and attacks that succeed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.attack.attack import Attack, expect, judge
from tests.attack.process import Process, running

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")


def test_no_attack_succeeds() -> None:
    command = [sys.executable, "-m", "tests.attack", "--quick"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stderr == ""
    rows = ended.stdout.splitlines()
    assert [row for row in rows if "NOT HELD" in row] == []
    assert ended.returncode == 0
    assert len(rows) > 40


def test_attack_that_succeeds_is_not_held() -> None:
    def answer(process: Process) -> str:
        return f"{process.chat().status_code}"

    def refuse(process: Process) -> str:
        expect(False, "the key is in the file")
        return ""

    def end(process: Process) -> str:
        process.popen.kill()
        process.popen.wait()
        return "ended"

    with running("serve", "--speed", "0", "--log", "none") as process:
        held = judge(Attack("held", answer), process)
        results = [
            judge(attack, process)
            for attack in (
                Attack("slow", answer, seconds=-1),
                Attack("large", answer, memory=-1),
                Attack("wrong", refuse),
                Attack("deadly", end),
            )
        ]
    assert held.is_held
    assert held.outcome.startswith("200; ")
    assert [one.is_held for one in results] == [False] * 4
    assert "more than -1 s" in results[0].outcome
    assert "more than -1 MiB" in results[1].outcome
    assert results[2].outcome == "the key is in the file"
