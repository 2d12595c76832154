"""Traffic judged as it passes, by every check that needs no probe: at no cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from mockglm.conformance.checks import CHECKS
from mockglm.conformance.judging import Result, review
from mockglm.conformance.parts import Finding
from mockglm.conformance.seen import Seen
from mockglm.exchange import Exchange

__all__ = ["Passing", "broken"]

Tell = Callable[[str], None]


class Passing:
    """Judges exchanges in a thread of its own, so that none waits for it, and tells a line for
    each requirement that one breaks."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._pool = ThreadPoolExecutor(1)
        self._judged: list[Future[tuple[Result, ...]]] = []

    def see(self, exchange: Exchange) -> None:
        """Judge one more exchange, when there is time; those of the chat path are numbered, others
        are not judged."""
        seen = Seen(str(len(self._judged) + 1), exchange)
        if seen.chats:
            self._judged.append(self._pool.submit(self._judge, seen))

    def close(self) -> bool:
        """Wait until all is judged, and sum it up; whether no exchange broke a MUST."""
        self._pool.shutdown()
        found = [future.result() for future in self._judged]
        counts = Counter(result.check.id for results in found for result in results)
        several = ", ".join(f"{id} in {count}" for id, count in sorted(counts.items()))
        verdict = f"broken: {several}" if several else "good"
        self._tell(f"checked: {len(found)} exchanges, {verdict}" if found else "nothing was judged")
        bad = ("fail", "error")
        return not any(result.verdict in bad for results in found for result in results)

    def _judge(self, seen: Seen) -> tuple[Result, ...]:
        results = broken(seen)
        for result in results:
            self._tell(_line(result))
        return results


def broken(seen: Seen) -> tuple[Result, ...]:
    """The checks that an exchange of the chat path fails or that warn of it, with the findings,
    and those that the kit failed over."""
    results = (review(check, [seen]) for check in CHECKS.values())
    return tuple(result for result in results if result.verdict in ("fail", "warn", "error"))


def _line(result: Result) -> str:
    """A line that can be written, whatever half characters the answer had."""
    return _words(result).encode(errors="backslashreplace").decode()


def _words(result: Result) -> str:
    if result.verdict == "error":
        return f"{result.check.id} {result.cause}"
    check, first = result.check, result.findings[0]
    more = len(result.findings) - 1
    tail = f", and {more} more" if more else ""
    return f"{check.id} {check.level} {check.title} Exchange {_said(first)}{tail}"


def _said(finding: Finding) -> str:
    place = f" at byte {finding.at}" if finding.at is not None else ""
    actual = f": {finding.actual}" if finding.actual is not None else ""
    return f"{finding.exchange}{place}: {finding.message}{actual}"
