"""The benchmarks work: what they ask is answered whole and counted; their times are no test's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import asking
from benchmarks.figures import Figure, skipped, table
from benchmarks.load import Load, Plan, fetch
from benchmarks.servers import mockglm

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's process clocks")


def test_every_answer_is_counted() -> None:
    plain, stream = asking.http(asking.SMALL), asking.http(asking.body(stream=True))
    with Load() as load, mockglm(asking.streamed(), plain, "--speed", "0") as server:
        size = len(fetch(server.port, plain))
        asked = load.ask(Plan(port=server.port, requests=(plain,), count=20, connections=4))
        assert (asked.answers, asked.size, asked.wrong) == (20, 20 * size, {})
        plan = Plan(port=server.port, requests=(stream,), count=5, frames=asking.FRAMES)
        streamed = load.ask(plan)
        assert (streamed.answers, streamed.frames) == (5, 5 * asking.FRAMES)
        assert server.cpu > 0 < server.memory


def test_a_wrong_answer_ends_the_benchmark() -> None:
    request = asking.http(asking.SMALL)
    with Load() as load, mockglm(asking.plain(), request, "--speed", "0") as server:
        for plan in (
            Plan(port=server.port, requests=(request,), count=1, wanted=(b"snow",)),
            Plan(port=server.port, requests=(request,), count=1, status=429),
            Plan(port=server.port, requests=(request,), count=1, frames=3),
        ):
            with pytest.raises(ValueError, match="1 of 1 answers, wrong"):
                load.ask(plan)


def test_the_requests_have_the_sizes_they_are_named_for() -> None:
    assert 250 <= len(asking.SMALL) <= 350
    assert 28_000 <= len(asking.LARGE) <= 32_000


def test_questions_are_spread_over_all_that_is_loaded() -> None:
    requests, answers = asking.among(1000, 4)
    assert answers == tuple(f"答案{number}。".encode() for number in (0, 250, 500, 750))
    assert all(f"问题{n}".encode() in requests[i] for i, n in enumerate((0, 250, 500, 750)))
    assert asking.many(3).count("when:") == 3


def test_one_command_prints_a_table_and_writes_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    page = tmp_path / "performance.md"
    command = [sys.executable, "-m", "benchmarks", "--quick", "plain", "crowd"]
    command += ["--json", str(file), "--page", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    rows = json.loads(file.read_text("utf-8"))
    assert [row["case"] for row in rows] == ["plain", "plain", "plain", "crowd"]
    assert all(row["value"] > 0 for row in rows)
    assert rows[-1]["value"] == 50
    table = done.stdout[done.stdout.index("| case |") :]
    assert table.count("| plain | CPU") == 2
    written = page.read_text("utf-8")
    assert "\npython -m benchmarks plain crowd --page docs/performance.md\n" in written
    assert written.endswith(table.rstrip() + "\n")


def test_the_figures_of_the_decisions_can_be_measured() -> None:
    command = [sys.executable, "-m", "benchmarks", "--quick", "decisions"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    cases = [line.split(" | ")[0] for line in done.stdout.splitlines() if "| told |" in line]
    assert cases == [
        *["| framing"] * 2,
        *["| routing"] * 2,
        *["| structs"] * 2,
        *["| reading"] * 2,
        "| ids",
    ]


@pytest.mark.parametrize(
    ("figure", "row"),
    [
        (
            Figure(case="a", name="CPU", value=2.0, unit="×", target=2.5),
            "| a | CPU | 2 × | ≤ 2.5 × | met |  |",
        ),
        (
            Figure(case="a", name="CPU", value=2.61, unit="×", target=2.5, about="26 µs"),
            "| a | CPU | 2.61 × | ≤ 2.5 × | missed | 26 µs |",
        ),
        (
            Figure(case="a", name="whole", value=1234.5, target=1000, is_least=True),
            "| a | whole | 1,234 | ≥ 1,000 | met |  |",
        ),
        (Figure(case="a", name="load", value=0.5, unit="s"), "| a | load | 0.5 s |  | told |  |"),
        (skipped("aimock", "no Node here"), "| aimock |  |  |  | skipped | no Node here |"),
    ],
)
def test_a_figure_is_held_against_its_target(figure: Figure, row: str) -> None:
    assert table([figure]).splitlines()[2] == row
