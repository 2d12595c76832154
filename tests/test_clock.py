"""Time that can be moved, ids that come from a seed, and the pace of a reply."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockglm.clock import AT_ONCE, Clock, Ids, Pace, local

IDS = Ids("seed", "session", 1)
NOW = 1_773_349_384.9

weights = st.lists(st.integers(0, 50), min_size=1, max_size=30)
seconds = st.floats(0, 10)


def test_a_clock_moves_with_the_wall_and_by_hand() -> None:
    wall = iter([100.0, 101.0, 102.0, 103.0])
    clock = Clock(lambda: next(wall))
    assert clock.now() == 100.0
    clock.advance(3600)
    assert clock.now() == 3701.0
    clock.advance(-3601)
    assert clock.now() == 101.0
    clock.reset()
    assert clock.now() == 103.0


def test_local_time_is_beijings() -> None:
    assert local(1773349384) == "20260313050304"
    assert local(0, "%Y-%m-%d %H:%M:%S") == "1970-01-01 08:00:00"


def test_a_log_id_is_local_time_and_sixteen_hex() -> None:
    id = IDS.log(NOW)
    assert re.fullmatch("20260313050304[0-9a-f]{16}", id)


def test_a_streams_call_id_is_24_hex() -> None:
    ids = {IDS.stream_call(index) for index in range(10)}
    assert len(ids) == 10
    assert all(re.fullmatch("call_[0-9a-f]{24}", id) for id in ids)


def test_call_ids_of_a_json_answer_are_consecutive_negative_64_bit_numbers() -> None:
    numbers = [int(IDS.plain_call(index).removeprefix("call_")) for index in range(3)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert -(2**63) <= numbers[0] < -(10**18)


def test_the_same_seed_session_and_ordinal_give_the_same_ids() -> None:
    again = Ids("seed", "session", 1)
    assert (again.log(NOW), again.stream_call(1)) == (IDS.log(NOW), IDS.stream_call(1))
    assert (again.plain_call(0), again.chance("x")) == (IDS.plain_call(0), IDS.chance("x"))


def test_ids_are_the_same_in_any_process() -> None:
    assert IDS.log(NOW) == "202603130503048a588a83b7a138ab"


@pytest.mark.parametrize(
    "other", [Ids("s", "session", 1), Ids("seed", "s", 1), Ids("seed", "session", 2)]
)
def test_another_seed_session_or_ordinal_gives_others(other: Ids) -> None:
    assert other.log(NOW) != IDS.log(NOW)
    assert other.stream_call(0) != IDS.stream_call(0)
    assert other.plain_call(0) != IDS.plain_call(0)


@given(st.text(st.characters(codec="utf-8")))
def test_a_chance_is_at_least_zero_and_below_one(what: str) -> None:
    assert 0 <= IDS.chance(what) < 1
    assert IDS.chance(what) == IDS.chance(what)


def test_chances_spread() -> None:
    drawn = [IDS.chance(str(n)) for n in range(1000)]
    assert 0.45 < sum(drawn) / 1000 < 0.55


def test_a_frame_is_due_when_its_last_token_is() -> None:
    pace = Pace(first=1.0, every=0.25)
    assert pace.schedule([1, 1, 8, 1, 0], IDS) == (1.0, 1.25, 3.25, 3.5, 3.5)
    assert pace.schedule([9, 1], IDS) == (3.0, 3.25)
    assert pace.schedule([0, 1], IDS) == (1.0, 1.25)


def test_at_once_is_at_zero() -> None:
    assert AT_ONCE.schedule([1, 5, 0], IDS) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("pace", [AT_ONCE, Pace(first=1.0)])
def test_no_frames_have_no_times(pace: Pace) -> None:
    assert pace.schedule([], IDS) == ()


@given(weights, seconds, seconds, seconds)
def test_a_schedule_has_a_time_a_frame_and_never_goes_back(
    frames: list[int], first: float, every: float, jitter: float
) -> None:
    times = Pace(first, every, jitter).schedule(frames, IDS)
    assert len(times) == len(frames)
    assert list(times) == sorted(times)
    assert times[0] >= first


@given(weights, seconds, seconds, seconds)
def test_jitter_only_delays_and_by_less_than_itself(
    frames: list[int], first: float, every: float, jitter: float
) -> None:
    even = Pace(first, every).schedule(frames, IDS)
    late = Pace(first, every, jitter).schedule(frames, IDS)
    assert all(a <= b <= a + jitter for a, b in zip(even, late, strict=True))


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(1, Pace(2, 1, 0.5)), (2, Pace(1, 0.5, 0.25)), (0.5, Pace(4, 2, 1)), (0, AT_ONCE)],
)
def test_speed_divides_a_pace_and_zero_is_at_once(speed: float, expected: Pace) -> None:
    assert Pace(2, 1, 0.5).scaled(speed) == expected


@pytest.mark.parametrize(("uncached", "first"), [(0, 3.0), (10_000, 4.5), (100_000, 18.0)])
def test_uncached_tokens_of_the_prompt_delay_the_first_token(uncached: int, first: float) -> None:
    """3.0 s and 0.15 s a thousand uncached tokens, glm-4.7, 2025-12."""
    pace = Pace(3.0, 0.021, prompt=0.15).draw(uncached, IDS)
    assert (pace.first, pace.every, pace.prompt, pace.spread) == (first, 0.021, 0, 0)


def test_a_spread_has_its_median_and_its_ninetieth_percentile() -> None:
    pace = Pace(3.0, 0.02, spread=4.5)
    drawn = [pace.draw(0, Ids("seed", "", number)) for number in range(4000)]
    firsts, rates = sorted(one.first for one in drawn), sorted(one.every for one in drawn)
    assert firsts[2000] == pytest.approx(3.0, rel=0.05)
    assert firsts[3600] == pytest.approx(3.0 * 4.5, rel=0.05)
    assert rates[2000] == pytest.approx(0.02, rel=0.05)
    assert rates[3600] == pytest.approx(0.02 * 4.5**0.5, rel=0.05)


def test_a_spread_is_drawn_by_the_seed() -> None:
    pace = Pace(3.0, 0.02, spread=4.5)
    one, same, other = (pace.draw(0, Ids(seed, "", 7)) for seed in ("a", "a", "b"))
    assert one == same != other


def test_speed_divides_the_time_of_the_prompt_and_keeps_the_spread() -> None:
    assert Pace(2, 1, 0, 0.5, 4).scaled(2) == Pace(1, 0.5, 0, 0.25, 4)
    assert Pace(prompt=0.1).scaled(0).is_none
    assert not Pace(prompt=0.1).is_none
