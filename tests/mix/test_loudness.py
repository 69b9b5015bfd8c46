"""The gates and windows of BS.1770 and EBU Tech 3342, over steps of known power."""

from __future__ import annotations

import math
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.mix.heard import lufs, power_of
from avm_otio.mix.loudness import integrated, loudness_range, true_peak, windows

powers = st.lists(st.one_of(st.just(0.0), st.floats(-80, 0).map(power_of)), max_size=200)


def steps(*levels: tuple[float, float]) -> list[float]:
    """Steps of 100 ms: pairs of a loudness and how many seconds it lasts."""
    return [*chain.from_iterable([power_of(level)] * round(seconds * 10) for level, seconds in levels)]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (((-23, 20),), -23),
        (((-33, 20),), -33),
        (((-36, 10), (-23, 60), (-36, 10)), -23),
        (((-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)), -23),
        (((-26, 20), (-20, 20.1), (-26, 20)), -23),
    ],
    ids=["1", "2", "3", "4", "5"],
)
def test_integrated_loudness_of_the_cases_of_ebu_tech_3341(
    levels: tuple[tuple[float, float], ...], expected: float
) -> None:
    assert integrated(steps(*levels)) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (((-20, 20), (-30, 20)), 10),
        (((-20, 20), (-15, 20)), 5),
        (((-40, 20), (-20, 20)), 20),
        (((-50, 20), (-35, 20), (-20, 20), (-35, 20), (-50, 20)), 15),
    ],
)
def test_loudness_range_of_the_cases_of_ebu_tech_3342(
    levels: tuple[tuple[float, float], ...], expected: float
) -> None:
    assert loudness_range(steps(*levels)) == pytest.approx(expected, abs=1)


def test_the_loudest_moment_and_the_loudest_three_seconds_are_found() -> None:
    power = steps((-40, 5), (-20, 0.4), (-40, 5), (-26, 3), (-40, 5))
    assert lufs(max(windows(power, 4))) == pytest.approx(-20)
    assert lufs(max(windows(power, 30))) == pytest.approx(-26)


def test_a_short_sound_is_one_block() -> None:
    assert integrated(steps((-20, 0.2))) == pytest.approx(-20)


@pytest.mark.parametrize("power", [[], [0.0] * 50, steps((-75, 20))])
def test_what_no_gate_lets_through_has_no_loudness(power: list[float]) -> None:
    assert integrated(power) == -math.inf
    assert loudness_range(power) == 0


def test_silence_has_no_peak() -> None:
    assert true_peak([]) == true_peak([0.0, 0.0]) == -math.inf
    assert true_peak([0.1, 0.5]) == pytest.approx(-6.02, abs=0.01)


@given(powers, st.floats(-40, 0), st.sampled_from([4, 30]))
def test_a_gain_moves_all_that_is_loud_by_itself(power: list[float], gain_db: float, size: int) -> None:
    moved = windows([value * 10 ** (gain_db / 10) for value in power], size)
    for before, after in zip(windows(power, size), moved, strict=True):
        assert lufs(after) == pytest.approx(lufs(before) + gain_db)


@given(powers, st.sampled_from([4, 30]))
def test_no_window_is_louder_than_its_loudest_step_or_below_silence(power: list[float], size: int) -> None:
    for mean in windows(power, size):
        assert 0 <= mean <= max(power) * (1 + 1e-9)
    assert integrated(power) <= lufs(max(windows(power, 4), default=0.0)) + 1e-6
