"""Gain key frames for formats that count in frames: a jump stays one, or is the shortest ramp."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avm_otio.timeline.gain import on_frames
from avm_otio.timeline.model import GainKey

RATE = F(25)


def keys(*pairs: tuple[F | int, float]) -> list[GainKey]:
    return [GainKey(at / RATE, gain_db) for at, gain_db in pairs]


def test_a_jump_is_two_key_frames_of_one_frame_where_a_format_can_say_them():
    line = on_frames(keys((0, 0), (10, -6), (10, -60), (20, -60)), RATE, jumps=True)
    assert line.points == ((0, 0), (10, -6), (10, -60), (20, -60))
    assert (line.ramps, line.is_moved) == (0, False)


def test_a_jump_is_a_ramp_of_one_frame_where_a_format_cannot():
    line = on_frames(keys((0, 0), (10, -6), (10, -60), (20, -60)), RATE)
    assert line.points == ((0, 0), (9, -6), (10, -60), (20, -60))
    assert line.ramps == 1


def test_a_jump_right_after_a_key_frame_runs_from_that():
    assert on_frames(keys((9, 0), (10, -6), (10, -60)), RATE).points == ((9, 0), (10, -60))


def test_key_frames_that_come_to_lie_on_one_frame_are_a_jump_from_the_first_to_the_last():
    line = on_frames(keys((F("9.6"), 0), (10, -3), (F("10.3"), -6)), RATE, jumps=True)
    assert line.points == ((10, 0), (10, -6))
    assert line.is_moved


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.sampled_from([0.0, -6.0, -60.0])), max_size=8),
    st.booleans(),
)
def test_key_frames_stay_in_order_and_the_last_of_a_frame_goes_on(pairs, jumps):
    pairs.sort(key=lambda pair: pair[0])
    points = on_frames(keys(*pairs), RATE, jumps=jumps).points
    frames = [at for at, _ in points]
    assert frames == sorted(frames)
    assert all(frames.count(at) <= (2 if jumps else 1) for at in frames)
    for at, gain_db in dict(pairs).items():
        assert [level for frame, level in points if frame == at][-1] == pytest.approx(gain_db)
