"""docs/clients.md: the outcomes and the verdicts of the clients, as a table has them."""

from __future__ import annotations

import asyncio
import sys
from datetime import date
from pathlib import Path

import pytest

from mockglm.scenarios import load, shipped_scenarios
from tests.outcomes.environments import Environment
from tests.outcomes.page import Run, page
from tests.outcomes.plans import plan
from tests.outcomes.run import CLIENTS, Outcome, StartError, describe, run
from tests.outcomes.unconfigured import PROGRAMS, run_unconfigured
from tests.serving import serving

TEXT = (Path(__file__).parents[2] / "docs" / "clients.md").read_text("utf-8")
RETRIES = {
    "rate-limit": "fine",  # 1302
    "overload": "fine",  # 1305
    "error-server": "fine",  # 1234
    "disconnect-reset": "fine",
    "error-content": "fine",  # 1301
    "error-parameters": "fine",  # 1210
    "no-balance": "`retried-in-vain`",  # 1113
    "quota-5h": "`ignored-reset`",  # 1308
}


def verdicts(text: str, title: str = "The verdict") -> dict[str, dict[str, str]]:
    """What the table of verdicts says, by scenario and client."""
    lines = text.partition(f"## {title}\n")[2].partition("\n## ")[0].splitlines()
    names, _, *rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("|")]
    return {row[0].strip("`"): dict(zip(names[1:], row[1:], strict=True)) for row in rows}


def test_the_verdicts_of_zai_sdk_and_openai_are_shown() -> None:
    told = verdicts(TEXT)
    for client in ("zai-sdk", "openai (Python)"):
        assert {name: told[name][client] for name in RETRIES} == RETRIES


def test_the_verdicts_of_the_anthropic_sdks_are_shown() -> None:
    told = verdicts(TEXT, "The verdict on the Anthropic surface")
    for client in ("anthropic (Python)", "anthropic (Node)"):
        assert told["anthropic-overloaded"][client] == "fine"
        assert "`retried-in-vain`" in told["no-balance"][client]


def test_a_verdict_is_shown_for_each_failure() -> None:
    came = {
        ("hello", False): Outcome("answer", "stop", 1),
        ("no-balance", False): Outcome("Error", "", 3, True, ("retried-in-vain", "storm")),
        ("reset", False): Outcome("Error", "", 1, True, ("gave-up",)),
        ("stall", False): Outcome("waits", "", 1, True),
    }
    both = came | {(name, True): one for (name, _), one in came.items()}
    both["reset", True] = Outcome("answer", "stop", 2, True)
    missing, printed = {"ai": "9.0: SyntaxError: x"}, {"zai-sdk": "Hello | you"}
    made = Run({"zai-sdk": "0.2.3"}, date(2026, 11, 22), missing, printed)
    text = page({"zai-sdk": both}, CLIENTS[:1], made)
    assert "* zai-sdk: 0.2.3\n" in text
    assert text.endswith("| zai-sdk | Hello &#124; you |\n")
    assert "Left out:\n\n* ai: 9.0: SyntaxError: x\n" in text
    assert verdicts(text) == {
        "no-balance": {"zai-sdk": "`retried-in-vain`, `storm`"},
        "reset": {"zai-sdk": "`gave-up` / fine"},
    }


def test_scenarios_of_several_requests_got_them() -> None:
    plain = TEXT.partition("## JSON responses")[2].partition("## Streams")[0]
    cells = {line.split("`")[1]: line.split(" | ")[1] for line in plain.splitlines() if "`" in line}
    for name in ("content-newline", "content-null", "history-strict", "preserved-thinking"):
        assert cells[name] == "call → answer, stop (2)"
    assert cells["tool-loop"] == "call ×3 → answer, stop (4)"
    assert cells["concurrency-limit"] == "answer, stop ×2 (4)"
    for name in ("quota-until-reset", "overload-by-prompt", "prompt-too-long", "loop-cap"):
        assert "Error" in cells[name], name
        assert ";" in cells[name], name


def test_a_scenario_that_waits_for_a_result_has_several_turns() -> None:
    paths = shipped_scenarios()
    assert plan(load(paths["tool-call"])).turns > 1
    assert plan(load(paths["hello"])).turns == 1


def test_conversations_are_described_turn_by_turn() -> None:
    call, answer = {"outcome": "call", "finish": "tool_calls"}, {"outcome": "answer", "finish": ""}
    stop = {"outcome": "answer", "finish": "stop"}
    assert describe([[call]]) == ("call", "tool_calls")
    assert describe([[call, call, stop]]) == ("call ×2 → answer, stop", "")
    assert describe([[stop], [stop], [answer]]) == ("answer, stop ×2; answer", "")


def test_a_client_that_does_not_start_is_reported_with_the_reason() -> None:
    worker = (sys.executable, "-c", "import nothing_of_this_name")
    scenario = load(shipped_scenarios()["hello"])
    with serving() as served, pytest.raises(StartError, match=r"^ModuleNotFoundError: No module"):
        asyncio.run(run(CLIENTS[0], [scenario], served, worker))


def test_a_program_of_each_client_prints_the_reply() -> None:
    python = Environment(Path(sys.executable))
    clients = [client for client in CLIENTS if not client.is_node]
    assert PROGRAMS.keys() == {client.name for client in CLIENTS}
    printed = asyncio.run(run_unconfigured(clients[:1], {clients[0].name: python}))
    assert printed == {"zai-sdk": "Hello! How can I help you today?"}
