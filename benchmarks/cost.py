"""What an answer costs: CPU of the server's process, medians of runs that take turns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Asked, Load, Paced, Plan
from benchmarks.servers import Server

__all__ = ["Cost", "compare", "cpu", "measure", "seconds"]


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run: microseconds of CPU and of time for each answer, and what the client saw."""

    cpu: float
    time: float
    asked: Asked

    @property
    def paced(self) -> Paced:
        assert isinstance(self.asked, Paced)
        return self.asked


def measure(load: Load, server: Server, plan: Plan) -> Cost:
    """One run."""
    before = server.cpu
    asked = load.ask(plan)
    used = server.cpu - before
    return Cost(used / plan.count * 1e6, asked.seconds / plan.count * 1e6, asked)


def compare(
    load: Load, plans: Mapping[str, tuple[Server, Plan]], *, runs: int, warm: bool = True
) -> dict[str, list[Cost]]:
    """Runs in turn, so that what else the machine does meets all alike; the first, which warms
    up, does not count."""
    costs: dict[str, list[Cost]] = {name: [] for name in plans}
    for _ in range(runs + warm):
        for name, (server, plan) in plans.items():
            costs[name].append(measure(load, server, plan))
    return {name: each[warm:] for name, each in costs.items()}


def cpu(costs: list[Cost]) -> float:
    return median(cost.cpu for cost in costs)


def seconds(costs: list[Cost]) -> float:
    return median(cost.time for cost in costs)
