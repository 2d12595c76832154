"""The ticker: in order, none early, one timer, nothing kept of those who gave up."""

from __future__ import annotations

import asyncio
from time import monotonic

import pytest

from mockglm.scheduler import Scheduler

FOREVER = 3600.0


async def test_it_wakes_in_order_and_none_early() -> None:
    ticker, woken, started = Scheduler(), [], monotonic()

    async def wait(delay: float) -> None:
        await ticker.wait(started + delay)
        woken.append((delay, monotonic() - started))

    delays = (0.02, 0.005, 0.01, 0.0151, 0.015)
    await asyncio.gather(*map(wait, delays))
    assert [delay for delay, _ in woken] == sorted(delays)
    assert all(at >= delay for delay, at in woken)
    assert len(ticker) == 0


async def test_a_callback_is_repeated_while_it_returns_a_time() -> None:
    ticker, started = Scheduler(), monotonic()
    times = iter((started + 0.002, started + 0.004, None))
    taken: list[float] = []

    def turn() -> float | None:
        taken.append(monotonic() - started)
        return next(times)

    await ticker.wait(started + 0.001, turn)
    assert len(taken) == 3
    assert all(at >= due for at, due in zip(taken, (0.001, 0.002, 0.004), strict=True))


async def test_an_exception_of_a_callback_is_raised_in_its_wait_only() -> None:
    ticker, started = Scheduler(), monotonic()

    def turn() -> float | None:
        raise ValueError("broken")

    other = asyncio.ensure_future(ticker.wait(started + 0.004))
    with pytest.raises(ValueError, match="broken"):
        await ticker.wait(started + 0.001, turn)
    await other


async def test_a_wait_ends_with_its_future_and_its_callback_is_not_called() -> None:
    ticker, gone = Scheduler(), asyncio.get_running_loop().create_future()
    taken: list[int] = []
    waiting = asyncio.ensure_future(
        ticker.wait(monotonic() + FOREVER, lambda: taken.append(1), until=gone)
    )
    await asyncio.sleep(0)
    assert len(ticker) == 1
    gone.set_result(None)
    await waiting
    assert (len(ticker), taken) == (0, [])


async def test_cancelled_waits_are_forgotten_before_they_are_due() -> None:
    ticker = Scheduler()
    for _ in range(1000):
        waiting = asyncio.ensure_future(ticker.wait(monotonic() + FOREVER))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert len(ticker) == 0
    assert ticker.queued < 100


async def test_everybody_can_be_woken_at_once() -> None:
    ticker = Scheduler()
    waiting = [asyncio.ensure_future(ticker.wait(monotonic() + FOREVER)) for _ in range(3)]
    await asyncio.sleep(0)
    ticker.wake_all()
    await asyncio.gather(*waiting)
    assert len(ticker) == 0
