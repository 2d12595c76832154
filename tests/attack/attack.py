"""An attack, and the judgement on it: the outcome, and the cost for the attacked process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.attack.process import Process


class NotHeldError(Exception):
    """The attack succeeded; the message tells how."""


@dataclass(frozen=True)
class Attack:
    """An attack on one process. `run` returns the outcome in words, and raises NotHeldError.

    The attack also succeeds if the process needs more than `seconds` of processor time, if it grows
    by more than `memory` MiB, if it writes a traceback, or if it does not answer afterwards.
    """

    name: str
    run: Callable[[Process], str]
    seconds: float = 5.0
    memory: float = 150.0


@dataclass(frozen=True)
class Result:
    """The outcome of an attack."""

    name: str
    outcome: str
    is_held: bool


def expect(condition: object, outcome: object) -> None:
    """Raise NotHeldError with the outcome if a condition does not hold."""
    if not condition:
        raise NotHeldError(str(outcome)[:300])


def judge(attack: Attack, process: Process) -> Result:
    """Run an attack and judge its outcome and its cost."""
    process.reset_peak()
    memory, started = process.memory, process.processor_time
    try:
        outcome = attack.run(process)
        took, grown = process.processor_time - started, max(process.peak - memory, 0)
        outcome = f"{outcome}; {took:.1f} s, {grown:.0f} MiB"
        failure = process.find_failure()
        expect(not failure, f"{outcome}; {failure}")
        expect(took <= attack.seconds, f"{outcome}; more than {attack.seconds:g} s")
        expect(grown <= attack.memory, f"{outcome}; more than {attack.memory:g} MiB")
        expect(process.is_healthy(), f"{outcome}; no answer afterwards")
    except NotHeldError as error:
        return Result(attack.name, str(error), is_held=False)
    # A process that ended, a connection that hangs: whatever it is, the attack succeeded.
    except Exception as error:
        return Result(attack.name, f"{error!r}"[:300], is_held=False)
    return Result(attack.name, outcome, is_held=True)
