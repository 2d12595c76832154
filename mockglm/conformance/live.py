"""Live checks: recorded traffic judged as it passes, without a request of the kit's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from mockglm.conformance.json_path import CheckFinding
from mockglm.conformance.report.terminal import printable
from mockglm.conformance.sets import CHAT_SET, SETS, CheckSet
from mockglm.conformance.verdicts import CheckResult, judge_recordings
from mockglm.conformance.view import ExchangeView
from mockglm.exchange import Exchange

_REPORTED = ("fail", "warn", "error")


class LiveChecker:
    """Judges exchanges in a thread of its own, so that no request waits for it.

    `write_line` is called with a line for each requirement that an exchange breaks.
    """

    def __init__(self, write_line: Callable[[str], None]) -> None:
        self._write_line = write_line
        self._pool = ThreadPoolExecutor(1)
        self._count = 0
        self._pending: list[Future[None]] = []
        self._broken: Counter[str] = Counter()
        self._is_conformant = True

    def add(self, exchange: Exchange) -> None:
        """Judge an exchange in its turn; exchanges of paths without a set of checks are ignored."""
        check_set = next((s for s in SETS.values() if s.judges(exchange)), None)
        if check_set is not None:
            self._count += 1
            view = check_set.view(str(self._count), exchange)
            # Those that are done are dropped, so that a recording of days needs no more memory.
            self._pending = [f for f in self._pending if not f.done() or f.exception()]
            self._pending.append(self._pool.submit(self._judge, view, check_set))

    def close(self) -> bool:
        """Wait for the last judgement and write a summary; true if no MUST is broken."""
        self._pool.shutdown()
        for future in self._pending:
            future.result()
        broken = ", ".join(f"{id} in {count}" for id, count in sorted(self._broken.items()))
        summary = f"broken: {broken}" if broken else "good"
        text = f"checked: {self._count} exchanges, {summary}"
        self._write_line(text if self._count else "nothing was judged")
        return self._is_conformant

    def _judge(self, view: ExchangeView, check_set: CheckSet) -> None:
        for result in broken_checks(view, check_set):
            self._broken[result.check.id] += 1
            self._is_conformant = self._is_conformant and result.verdict == "warn"
            self._write_line(printable(_line(result)))


def broken_checks(view: ExchangeView, check_set: CheckSet = CHAT_SET) -> tuple[CheckResult, ...]:
    """The checks that an exchange fails or warns for, and those that a bug of the kit stopped."""
    results = (judge_recordings(check, [view]) for check in check_set.checks.values())
    return tuple(result for result in results if result.verdict in _REPORTED)


def _line(result: CheckResult) -> str:
    if result.verdict == "error":
        return f"{result.check.id} {result.cause}"
    check, first = result.check, result.findings[0]
    more = len(result.findings) - 1
    tail = f", and {more} more" if more else ""
    return f"{check.id} {check.level} {check.title} Exchange {_describe(first)}{tail}"


def _describe(finding: CheckFinding) -> str:
    place = f" at byte {finding.at}" if finding.at is not None else ""
    actual = f": {finding.actual}" if finding.actual is not None else ""
    return f"{finding.exchange}{place}: {finding.message}{actual}"
