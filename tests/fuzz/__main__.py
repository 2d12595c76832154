"""Fuzz the readers of foreign bytes: `python -m tests.fuzz [TARGET…] [--minutes N | --quick]`."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, process_time
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import HypothesisWarning

from tests.fuzz.targets import TARGETS, Target

ROUND = 500
"""Examples of one seed, after which the time is checked."""

QUICK = 100
SHOWN = 2000
SLOW = 10.0
"""Seconds of processor time of one example that are a finding."""


@dataclass
class Outcome:
    """The number of examples of a target, the slowest, and the finding that ended it."""

    examples: int = 0
    slowest: float = 0.0
    finding: str = ""


def fuzz(target: Target, *, minutes: float, first_seed: int = 0, examples: int = ROUND) -> Outcome:
    """Check examples of a target, seed by seed, until the time is over or one of them fails."""
    outcome = Outcome()
    end = monotonic() + minutes * 60
    number = first_seed
    while not outcome.finding and (monotonic() < end or number == first_seed):
        _run_round(target, number, examples, outcome)
        number += 1
    return outcome


def _run_round(target: Target, number: int, examples: int, outcome: Outcome) -> None:
    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(target.inputs)
    def check(example: Any) -> None:
        started = process_time()
        try:
            target.check(example)
        except Exception as error:
            # The last failure is that of the smallest example.
            failure = f"{error!r:.{SHOWN}}\nexample: {example!r:.{SHOWN}}"
            outcome.finding = f"seed {number}: {failure}"
            raise
        took = process_time() - started
        outcome.examples += 1
        outcome.slowest = max(outcome.slowest, took)
        assert took < SLOW, f"one example takes {took:.1f} s"

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", HypothesisWarning)
        try:
            check()
        except Exception as error:
            outcome.finding = outcome.finding or f"seed {number}: {error!r:.{SHOWN}}"


def main(arguments: Sequence[str]) -> int:
    """Fuzz the targets one by one and print a line for each; returns 1 if there is a finding."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="for each target (10)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK} examples of each target")
    options = parser.parse_args(arguments)
    unknown = set(options.targets) - set(TARGETS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; targets are {', '.join(TARGETS)}")
    is_good = True
    for name in options.targets or TARGETS:
        outcome = fuzz(
            TARGETS[name],
            minutes=0 if options.quick else options.minutes,
            first_seed=options.seed,
            examples=QUICK if options.quick else ROUND,
        )
        is_good = is_good and not outcome.finding
        sys.stdout.write(
            f"{name}: {outcome.examples:,} examples of {TARGETS[name].about}, "
            f"the slowest {outcome.slowest * 1000:.0f} ms: {outcome.finding or 'no finding'}\n"
        )
        sys.stdout.flush()
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
